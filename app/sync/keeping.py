"""What can be done with the log as a whole: adding a file, letting go of what is old, backups."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.domain.events import Appended
from app.eventlog import EventLog, LogStats
from app.eventlog.backup import Restored
from app.settings import SettingsFile
from app.sync import backups
from app.sync.importing import Imported, import_file
from app.sync.listeners import Listeners
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
        self._gone: Listeners[int] = Listeners()
        self._old = OldEvents(event_log, lambda: settings.value.keep_years, now, self._gone.tell)

    async def run(self) -> None:
        """Once a day let go of what is too old, until cancelled."""
        await self._old.run()

    def listen_gone(self, callback: Callable[[int], object]) -> Callable[[], None]:
        """Call back with how many old events went, after each time; returns what ends that."""
        return self._gone.add(callback)

    async def import_file(self, path: Path, progress: Callable[[Imported], object] | None = None) -> Imported:
        """Add a file's events to the log; see ``app.sync.importing``."""
        return await import_file(self._log, path, progress, self._stored)

    async def stats(self) -> LogStats:
        """How much there is, since when. Raises LogUnavailable."""
        return await self._log.reader.stats()

    def check_passphrase(self, passphrase: str) -> None:
        """Raises BadInput if it is too weak for a backup."""
        backups.check_passphrase(passphrase)

    async def save_backup(
        self, path: Path, passphrase: str, progress: Callable[[float], object] | None = None
    ) -> None:
        """Write the log as one encrypted file; see ``app.sync.backups``."""
        await backups.save_backup(self._log, path, passphrase, progress)

    async def restore_backup(
        self, path: Path, passphrase: str, progress: Callable[[float], object] | None = None
    ) -> Restored:
        """Have such a file take the log's place when it is opened next; see ``app.sync.backups``."""
        return await backups.restore_backup(self._log, path, passphrase, progress)

    @property
    def restore_waits(self) -> bool:
        """Whether a restored log waits for that."""
        return backups.restore_waits(self._log)

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
