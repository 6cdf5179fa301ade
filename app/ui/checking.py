"""“Check now”, from wherever it is asked: once at a time, and menu and window say that it runs."""

from collections.abc import Callable

from app.ui.ports import EngineView
from app.ui.tasks import Tasks


class Checking:
    """Tries at once what would be tried later anyway."""

    def __init__(
        self,
        engine: EngineView,
        tasks: Tasks,
        running: Callable[[bool], object],
        worked: Callable[[], object],
    ) -> None:
        """``running`` is told when it begins, and when it is over however it ended; ``worked`` is called
        before that if all went well."""
        self._engine = engine
        self._tasks = tasks
        self._running = running
        self._worked = worked

    def start(self) -> None:
        """Begin, unless it is under way."""
        if not self._tasks.running("check-now"):
            self._tasks.latest("check-now", self._check)

    async def _check(self) -> None:
        self._running(True)
        try:
            await self._engine.check_now()
            self._worked()
        finally:
            self._running(False)
