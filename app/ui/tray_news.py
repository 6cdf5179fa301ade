"""What the tray tells of the log: the newest events in its menu, and whether any was not looked at."""

import logging
from collections.abc import Callable
from datetime import tzinfo

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.events import Family
from app.domain.problems import Expected
from app.eventlog import LogReader
from app.ui import event_words
from app.ui.filters import NEWS
from app.ui.tasks import Tasks
from app.ui.tray import RecentEvent, Tray

_SHOWN = 5
_WAIT_MS = 1_000

_log = logging.getLogger("app.ui.tray_news")


class TrayNews(QObject):
    """Reads the log at most once a second, and only after it was written to.

    The menu is not filled when it opens: a panel that draws the menu itself does not tell.
    """

    changed = Signal()
    """``unseen`` changed."""

    def __init__(
        self,
        tray: Tray,
        log: LogReader,
        tasks: Tasks,
        watched: Callable[[], bool],
        zone: tzinfo | None = None,
    ) -> None:
        """``watched`` says whether somebody has the log before their eyes."""
        super().__init__(tray)
        self._tray = tray
        self._log = log
        self._tasks = tasks
        self._watched = watched
        self._zone = zone
        self.unseen = False
        """Something arrived that nobody looked at."""
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setInterval(_WAIT_MS)
        self._due.timeout.connect(self._fill)

    def refresh(self) -> None:
        """The log was written to."""
        if not self._due.isActive():
            self._due.start()

    def looked_at(self) -> None:
        """Somebody looks at the log."""
        self._set(False)

    def _fill(self) -> None:
        self._tasks.latest("recent", self._load, failed=self._failed)

    async def _load(self) -> None:
        self._set(not self._watched() and await self._log.unread_count() > 0)
        page = await self._log.page(NEWS, limit=_SHOWN)
        ids = [e.event.batch_id for e in page.entries if e.event.family is Family.BATCH]
        batches = await self._log.batches(ids) if ids else {}
        self._tray.show_recent(
            [
                RecentEvent(e.id, event_words.brief(e, batches.get(e.event.batch_id), self._zone))
                for e in page.entries
            ]
        )

    def _failed(self, error: Expected) -> None:
        # The window says it too, where it can be read; a menu without its last lines still works.
        _log.warning("The recent events cannot be read: %s", error)

    def _set(self, unseen: bool) -> None:
        if unseen != self.unseen:
            self.unseen = unseen
            self.changed.emit()
