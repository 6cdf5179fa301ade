"""Which events are still new: what was looked at is not."""

from collections.abc import Sequence

from app.eventlog import LogReader
from app.ui.event_model import EventTableModel
from app.ui.filters import NEW_ONLY
from app.ui.ports import EngineView
from app.ui.tasks import Tasks

_AT_ONCE = 500


class ReadMarks:
    """Takes the marks off rows and log alike."""

    def __init__(self, model: EventTableModel, engine: EngineView, log: LogReader, tasks: Tasks) -> None:
        self._model = model
        self._engine = engine
        self._log = log
        self._tasks = tasks

    def looked_at(self, ids: Sequence[int]) -> None:
        """Somebody saw these."""
        if ids:
            self._model.set_read(ids)
            self._tasks.start("mark-read", self._engine.mark_read, tuple(ids))

    def all_looked_at(self) -> None:
        """Nothing in the whole log is new any more."""
        self._tasks.latest("mark-all-read", self._all)

    async def _all(self) -> None:
        while (page := await self._log.page(NEW_ONLY.query, limit=_AT_ONCE)).entries:
            ids = [entry.id for entry in page.entries]
            await self._engine.mark_read(ids)
            self._model.set_read(ids)
