"""“Check now”, from wherever it is asked: once at a time, and the menu says that it runs."""

from collections.abc import Callable

from app.ui.ports import EngineView
from app.ui.tasks import Tasks
from app.ui.tray import Tray


class Checking:
    """Tries at once what would be tried later anyway."""

    def __init__(self, engine: EngineView, tasks: Tasks, tray: Tray, done: Callable[[], object]) -> None:
        """``done`` is called when it is over, however it ended."""
        self._engine = engine
        self._tasks = tasks
        self._tray = tray
        self._done = done

    def start(self) -> None:
        """Begin, unless it is under way."""
        if not self._tasks.running("check-now"):
            self._tasks.latest("check-now", self._check)

    async def _check(self) -> None:
        self._tray.show_checking(True)
        try:
            await self._engine.check_now()
        finally:
            self._tray.show_checking(False)
            self._done()
