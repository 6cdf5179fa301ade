"""What the windows need of the rest of the program, as shapes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.events import Appended
from app.domain.numbers import OwnNumber
from app.domain.status import Status

Unlisten = Callable[[], None]


class EngineView(Protocol):
    """The engine as the windows see it. Coroutines raise ``Expected`` with a sentence to show."""

    @property
    def status(self) -> Status:
        """How the program stands now."""

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
