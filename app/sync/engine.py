"""The engine: one object that signs in, watches, stores and announces until it is told to stop."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from app.domain.clock import Clock
from app.domain.events import Appended, BatchSummary, Entry
from app.domain.numbers import OwnNumber
from app.domain.status import Reach, Status
from app.eventlog import EventLog
from app.notices import wording
from app.notices.port import Notifier
from app.notices.rules import NoticeRules
from app.ringcentral.filters import FilterSet
from app.settings import FollowedNumber, Settings, SettingsFile
from app.sync.account import Account
from app.sync.completeness import Completeness
from app.sync.intake import Intake
from app.sync.keeping import Keeping
from app.sync.listeners import Listeners
from app.sync.outage import OutageWatch
from app.sync.outbox import Outbox
from app.sync.service import Address
from app.sync.session import Session
from app.sync.sign_in import OpenBrowser
from app.sync.status_board import StatusBoard
from app.sync.vigil import Vigil
from app.sync.watch import Watch
from app.transport.vault import Vault

log = logging.getLogger(__name__)


class Engine:
    """Everything the program does without a window. An async context manager; ``run`` does the work.

    Methods may be called from one thread only, the loop's. What a method raises as ``Expected`` is fit
    to show.
    """

    def __init__(
        self,
        event_log: EventLog,
        settings: SettingsFile,
        vault: Vault,
        clock: Clock,
        *,
        address: Callable[[], Address],
        open_browser: OpenBrowser,
        notifier: Notifier | None,
        folder: Path | None = None,
    ) -> None:
        """``address`` tells the server and client id in force; it is asked anew at each sign-in.
        ``folder`` belongs to all processes that use the same vault.

        Without a ``notifier`` nothing is announced, and what would have been stays owed.
        """
        self.log = event_log
        self._settings = settings
        self._clock = clock
        self._board = StatusBoard(clock)
        self._session = Session(event_log, vault, clock, address, folder)
        self._changes: Listeners[Appended] = Listeners()
        self.keeping = Keeping(event_log, settings, self._session.time.now, self._changes.tell)
        self._intake = Intake(event_log, stored=self._stored, trouble=self._board.log_trouble)
        self._outbox = (
            Outbox(event_log, notifier, clock, _rules(settings.value), self._read_batch) if notifier else None
        )
        self._account = Account(
            self._session,
            self._board,
            clock,
            self._outbox,
            settings=lambda: settings.value,
            open_browser=open_browser,
            suspended=lambda: self._vigil.suspended(),
        )
        self._completeness = Completeness(
            self.log,
            *(self._board, clock, self._session, self._intake, self._outbox),
            folder=folder,
            followed=lambda: frozenset(self._filters().numbers),
            stored=self._stored,
            slept=self.woke,
        )
        self._vigil = Vigil(
            self._board,
            resting=self._resting_reach,
            filters=self._filters,
            new_watch=self._new_watch,
            ended=self._account.ended,
        )
        self._unlisten_settings = settings.listen(self._settings_changed)

    async def __aenter__(self) -> Self:
        """Load the stored session.

        Raises:
            VaultUnavailable, LogUnavailable, BadInput: as they say.
        """
        try:
            account = await self._session.open()
        except BaseException:
            await self._close()
            raise
        self._board.change(
            account=account,
            numbers=tuple(number.own() for number in self._settings.value.follow),
            paused_until=self._settings.value.notifications.paused_until,
            reach=self._resting_reach(),
        )
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._close()

    async def _close(self) -> None:
        self._unlisten_settings()
        await self._session.aclose()

    # ------------------------------------------------------------ what is seen

    @property
    def status(self) -> Status:
        """How the program stands."""
        return self._board.status

    @property
    def signed_in(self) -> bool:
        """Whether there is a session."""
        return self._session.signed_in

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Call back after each change of the status; returns what ends that."""
        return self._board.listen(callback)

    def listen_changes(self, callback: Callable[[Appended], None]) -> Callable[[], None]:
        """Call back after each write to the log; returns what ends that."""
        return self._changes.add(callback)

    # ------------------------------------------------------------ what is asked

    async def sign_in(self, show_link: Callable[[str], None]) -> None:
        """Sign in through the browser. Cancel the task to cancel.

        ``show_link`` is given the address of the sign-in page.

        Raises:
            SignInFailed, Unreachable, ServiceError, VaultUnavailable: as they say.
        """
        await self._account.sign_in(show_link)

    async def sign_out(self) -> None:
        """End the session at the service as far as it can be reached, and forget it. The log stays.

        Raises:
            VaultUnavailable: the session could not be forgotten, and goes on.
        """
        await self._account.sign_out()

    async def list_numbers(self) -> tuple[OwnNumber, ...]:
        """The account's numbers that can send High Volume SMS.

        Raises:
            SignInNeeded, PermissionMissing, RateHeld, Unreachable, ServiceError: as they say.
        """
        return await self._session.service.api.list_numbers()

    async def choose(self, numbers: Sequence[OwnNumber]) -> None:
        """Follow exactly these numbers from now on, and remember them. No event is lost by it."""
        followed = [FollowedNumber(e164=number.e164, label=number.label) for number in numbers]
        self._settings.update(follow=[number.model_dump() for number in followed])

    async def check_now(self) -> None:
        """Do at once what would be tried later anyway."""
        self.look_again()
        self._vigil.hurry()

    def look_again(self) -> None:
        """Somebody looks at the program: notice now what another process did to the session."""
        self._account.look()

    async def caught_up(self) -> None:
        """Wait until what was missed before the connections made so far has been read back."""
        await self._completeness.caught_up()

    def going_to_sleep(self) -> None:
        """The computer is about to sleep: end the connection, so that nothing is sent into it."""
        self._vigil.rest()

    def woke(self) -> None:
        """The computer slept: trust no connection made before."""
        self._vigil.reconnect()

    def network_changed(self) -> None:
        """The connection at hand must prove that it lives, and what waits is tried at once."""
        self._vigil.doubt()

    def pause(self, until: datetime | None) -> None:
        """Announce nothing before ``until``; ``None`` ends a pause. The log goes on."""
        chosen = self._settings.value.notifications.model_copy(update={"paused_until": until})
        self._settings.update(notifications=chosen)

    async def test_notification(self) -> bool:
        """Show a notification and return whether anybody can see it."""
        if self._outbox is None:
            return False
        return await self._outbox.announce(
            wording.trial_notice(sound=self._settings.value.notifications.sound)
        )

    def attend(self, seen: Callable[[Entry], bool]) -> Callable[[], None]:
        """Ask this before an event is announced: if somebody is looking at it just then, it is not.

        ``seen`` must answer at once and not raise. Asked of a live event some milliseconds after the
        listeners of changes were told of it. Returns what ends the asking.
        """
        if self._outbox is None:
            return lambda: None
        return self._outbox.attend(seen)

    async def mark_read(self, ids: Sequence[int]) -> None:
        """The user has seen these events."""
        await self.log.mark_read(ids)

    # ------------------------------------------------------------ what is done

    async def run(self) -> None:
        """Watch, store and announce until cancelled; then store what is still queued."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._intake.run(), name="intake")
                if self._outbox is not None:
                    tasks.create_task(self._outbox.run(), name="outbox")
                    outages = OutageWatch(self._board, self._outbox, self._clock)
                    tasks.create_task(outages.run(), name="outages")
                tasks.create_task(self._completeness.run(), name="completeness")
                tasks.create_task(self._account.run(), name="account")
                tasks.create_task(self.keeping.run(), name="keeping")
                tasks.create_task(self._vigil.run(), name="watch")
        finally:
            await self._intake.drain()
            await self._completeness.end()

    def _new_watch(self) -> Watch:
        return Watch(
            self._session.service,
            self._intake,
            self.log,
            self._board,
            self._clock,
            connected=self._completeness.connected,
            lost=self._completeness.lost,
        )

    def _resting_reach(self) -> Reach:
        if not self._account.signed_in:
            return Reach.SIGNED_OUT
        if not self._settings.value.follow:
            return Reach.NO_NUMBERS
        return Reach.CONNECTING

    def _filters(self) -> FilterSet:
        return FilterSet(numbers=tuple(number.e164 for number in self._settings.value.follow))

    async def _read_batch(self, summary: BatchSummary) -> BatchSummary:
        return await self._session.service.complete(summary)

    def _stored(self, appended: Appended) -> None:
        if appended.new:
            self._board.change(last_event_at=appended.new[-1].event.received_at)
        if self._outbox is not None:
            self._outbox.offer(appended)
        self._changes.tell(appended)

    def _settings_changed(self, settings: Settings) -> None:
        if self._outbox is not None:
            self._outbox.rules = _rules(settings)
        numbers = tuple(number.own() for number in settings.follow)
        if numbers != self._board.status.numbers:
            self._vigil.choose()
        self._board.change(numbers=numbers, paused_until=settings.notifications.paused_until)
        self._vigil.reconsider()


def _rules(settings: Settings) -> NoticeRules:
    chosen = settings.notifications
    return NoticeRules(
        batch_completed=chosen.batch_completed,
        opted_out=chosen.opted_out,
        opted_in=chosen.opted_in,
        sound=chosen.sound,
        disclosure=chosen.disclosure,
        paused_until=chosen.paused_until,
        labels={number.e164: number.label for number in settings.follow if number.label},
    )
