"""Brings the log's gaps between the events of the table."""

from datetime import datetime

from app.domain.status import Reach, Status
from app.eventlog import LogReader
from app.ui.event_model import EventTableModel

MOST_GAPS = 500


class GapFeed:
    """Keeps the model's gaps in step with the log, where the view wants them."""

    def __init__(self, log: LogReader, model: EventTableModel) -> None:
        self._log = log
        self._model = model
        self._watching: tuple[Reach, bool] | None = None
        self._since: datetime | None = None
        self.wanted = False

    def choose(self, *, wanted: bool, since: datetime | None) -> None:
        """Whether the view has gaps, and from when on (``None``: all there are)."""
        self.wanted, self._since = wanted, since

    def may_have_changed(self, status: Status) -> bool:
        """Whether, by this status, a gap may have ended or been closed since the last call."""
        watching = (status.reach, status.catching_up is None)
        changed, self._watching = watching != self._watching, watching
        return changed and self.wanted

    async def refresh(self) -> None:
        """Show what the log holds now. Raises LogUnavailable."""
        if self.wanted:
            self._model.set_gaps(await self._log.gaps(since=self._since, limit=MOST_GAPS))
