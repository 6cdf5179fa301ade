"""What can be done with the log as a whole: adding a file, letting go of what is old."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.domain.events import Appended
from app.eventlog import EventLog
from app.settings import SettingsFile
from app.sync.importing import Imported, import_file
from app.sync.retention import OldEvents, OnProgress


class Keeping:
    """Everything of the kind, for whoever has a window or a command line. ``run`` does the daily work."""

    def __init__(
        self,
        event_log: EventLog,
        settings: SettingsFile,
        now: Callable[[], datetime],
        stored: Callable[[Appended], object],
    ) -> None:
        """``now`` tells the service's time; ``stored`` is called after each write of an import."""
        self._log = event_log
        self._settings = settings
        self._stored = stored
        self._old = OldEvents(event_log, lambda: settings.value.keep_years, now)

    async def run(self) -> None:
        """Once a day let go of what is too old, until cancelled."""
        await self._old.run()

    async def import_file(self, path: Path, progress: Callable[[Imported], object] | None = None) -> Imported:
        """Add a file's events to the log; see ``app.sync.importing``."""
        return await import_file(self._log, path, progress, self._stored)

    async def outdated(self, years: int | None) -> int:
        """How many events would go if so many years were kept (``None``: for ever)."""
        return await self._old.count(years)

    async def keep_years(self, years: int | None, progress: OnProgress | None = None) -> int:
        """Keep events so long from now on, and let go at once of what is older; how many events.

        Raises:
            BadInput: the setting cannot be saved.
            LogUnavailable: as the log does; the rest goes another day.
        """
        self._settings.update(keep_years=years)
        return await self._old.let_go(progress)
