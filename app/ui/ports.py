"""What the windows need of the rest of the program, as shapes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from app.domain.events import Appended
from app.domain.numbers import OwnNumber
from app.domain.status import Status
from app.eventlog import LogStats
from app.eventlog.backup import Restored
from app.sync.importing import Imported

Unlisten = Callable[[], None]


class LogKeeping(Protocol):
    """What can be done with the log as a whole. Coroutines raise ``Expected``, and may be cancelled."""

    @property
    def restore_waits(self) -> bool:
        """A restored log takes over when the program is started next."""

    def listen_gone(self, callback: Callable[[int], object]) -> Unlisten:
        """Call back with how many old events went, after each time."""

    async def stats(self) -> LogStats:
        """How much there is."""

    async def import_file(self, path: Path, progress: Callable[[Imported], object]) -> Imported:
        """Add a file's events."""

    async def outdated(self, years: int | None) -> int:
        """How many events would go if so many years were kept (``None``: for ever)."""

    async def keep_years(
        self, years: int | None, progress: Callable[[int, int], object] | None = None
    ) -> int:
        """Keep events so long, and let go of what is older; how many."""

    def check_passphrase(self, passphrase: str) -> None:
        """Raises ``Expected`` if it is too weak for a backup."""

    async def save_backup(
        self, path: Path, passphrase: str, progress: Callable[[float], object] | None = None
    ) -> None:
        """Write the log as one encrypted file."""

    async def restore_backup(
        self, path: Path, passphrase: str, progress: Callable[[float], object] | None = None
    ) -> Restored:
        """Have such a file take the log's place at the next start."""


class EngineView(Protocol):
    """The engine as the windows see it. Coroutines raise ``Expected`` with a sentence to show."""

    @property
    def status(self) -> Status:
        """How the program stands now."""

    @property
    def keeping(self) -> LogKeeping:
        """What can be done with the log as a whole."""

    def listen(self, callback: Callable[[Status], None]) -> Unlisten:
        """Call back after every change of ``status``, on the windows' thread."""

    def listen_changes(self, callback: Callable[[Appended], None]) -> Unlisten:
        """Call back after every write to the log, on the windows' thread."""

    async def sign_in(self, show_link: Callable[[str], None]) -> None:
        """Open the system browser and wait for the sign-in to end. Cancel the task to give up.

        ``show_link`` is given the address as soon as it is known, to be opened again or copied.
        """

    async def sign_out(self) -> None:
        """End the session and forget its secrets. The log stays."""

    async def list_numbers(self) -> tuple[OwnNumber, ...]:
        """The account's numbers that can send High Volume SMS."""

    async def choose(self, numbers: Sequence[OwnNumber]) -> None:
        """Follow exactly these numbers from now on, and remember them."""

    async def check_now(self) -> None:
        """Try at once what would be tried later anyway."""

    def pause(self, until: datetime | None) -> None:
        """Hold notifications back until then; ``None`` resumes. The log goes on."""

    async def test_notification(self) -> bool:
        """Show a notification; whether anybody can have seen it."""

    async def mark_read(self, ids: Sequence[int]) -> None:
        """These events of the log are not new any more."""


class StartAtLogin(Protocol):
    """The system's own switch for starting the program at login."""

    @property
    def enabled(self) -> bool:
        """Whether the program starts at login now."""

    def enable(self) -> None:
        """Start it at login from now on. Raises ``Expected`` if the system refuses."""

    def disable(self) -> None:
        """No longer. Raises as ``enable`` does."""


OpenLink = Callable[[str], Awaitable[object]]
"""Opens an address in the system's browser."""
