"""A small engine without a network: the windows' side of it, over a real log."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.events import Appended, Event
from app.domain.numbers import OwnNumber
from app.domain.problems import Expected
from app.domain.status import Reach, Status
from app.eventlog import EventLog
from app.settings import SettingsFile
from app.sync.keeping import Keeping
from tests.ui import shop

LINK = "https://sign-in.example/authorize?state=abc"


class DeskEngine:
    """Does what it is asked, at once or when the test allows it, and remembers that it was asked."""

    def __init__(self, log: EventLog, status: Status, numbers: Sequence[OwnNumber] = ()) -> None:
        self.log = log
        self.settings: SettingsFile | None = None
        """Set by who has one: the setting for how long events are kept is in it."""
        self.status = status
        self.numbers = tuple(numbers)
        self.browser_done = asyncio.Event()
        """Set: whoever signs in has finished in the browser."""
        self.refusal: Expected | None = None
        """Raised by the next calls, until it is ``None`` again."""
        self.notifications_work = True
        self.checks = 0
        self.tests = 0
        self.read: list[int] = []
        self._keeping: Keeping | None = None
        self._listeners: list[Callable[[Status], None]] = []
        self._change_listeners: list[Callable[[Appended], None]] = []

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def listen_changes(self, callback: Callable[[Appended], None]) -> Callable[[], None]:
        self._change_listeners.append(callback)
        return lambda: self._change_listeners.remove(callback)

    @property
    def keeping(self) -> Keeping:
        if self._keeping is None:
            assert self.settings is not None
            self._keeping = Keeping(self.log, self.settings, lambda: shop.NOW, self._tell)
        return self._keeping

    def _tell(self, appended: Appended) -> None:
        for listener in tuple(self._change_listeners):
            listener(appended)

    @property
    def listeners(self) -> int:
        return len(self._listeners) + len(self._change_listeners)

    def become(self, **changes: object) -> None:
        """Change the status and tell."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        for listener in tuple(self._listeners):
            listener(self.status)

    async def happen(self, *events: Event) -> Appended:
        """Store events as if they had come from the service, and tell."""
        appended = await self.log.append(events)
        for listener in tuple(self._change_listeners):
            listener(appended)
        return appended

    async def sign_in(self, show_link: Callable[[str], None]) -> None:
        self._refuse()
        before = self.status.reach
        self.become(reach=Reach.SIGNING_IN)
        show_link(LINK)
        try:
            await self.browser_done.wait()
            self._refuse()
        except (asyncio.CancelledError, Expected):
            self.become(reach=before)
            raise
        self.become(reach=Reach.NO_NUMBERS, account="Pat Smith", problem=None)

    async def sign_out(self) -> None:
        self._refuse()
        self.become(reach=Reach.SIGNED_OUT, account="")

    async def list_numbers(self) -> tuple[OwnNumber, ...]:
        self._refuse()
        return self.numbers

    async def choose(self, numbers: Sequence[OwnNumber]) -> None:
        self._refuse()
        self.become(reach=Reach.LIVE if numbers else Reach.NO_NUMBERS, numbers=tuple(numbers))

    async def check_now(self) -> None:
        self._refuse()
        self.checks += 1

    def pause(self, until: datetime | None) -> None:
        self.become(paused_until=until)

    async def test_notification(self) -> bool:
        self._refuse()
        self.tests += 1
        return self.notifications_work

    async def mark_read(self, ids: Sequence[int]) -> None:
        self.read.extend(ids)
        await self.log.mark_read(ids)

    def _refuse(self) -> None:
        if self.refusal is not None:
            raise self.refusal


class LoginSwitch:
    """The system's switch for starting at login, kept in memory."""

    def __init__(self, *, on: bool = False) -> None:
        self.on = on
        self.refusal: Expected | None = None

    @property
    def enabled(self) -> bool:
        return self.on

    def enable(self) -> None:
        self._switch(on=True)

    def disable(self) -> None:
        self._switch(on=False)

    def _switch(self, *, on: bool) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.on = on
