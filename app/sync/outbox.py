"""From the log to the desktop: which stored events are announced, once, and by whom."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from app.domain.clock import Clock
from app.domain.events import Appended, BatchSummary, Entry, Family, Source
from app.domain.problems import LogUnavailable
from app.eventlog import EventLog
from app.notices.board import NoticeBoard
from app.notices.port import Notice, Notifier
from app.notices.rules import NoticeRules
from app.sync.batch_names import BatchNames, ReadBatch

log = logging.getLogger(__name__)

NAMED_AT_ONCE = 3
"""More batches that finish together share a notice, which names none of them."""
RETRY_DELAY = 5.0
"""Seconds between attempts to strike a debt off in a log that refuses."""

_ANNOUNCED = frozenset({Family.BATCH, Family.OPTOUT})


@dataclass(frozen=True, slots=True)
class _Offer:
    """What was stored, and whether the service was asked about the batches in it."""

    appended: Appended
    named: bool = False


class Outbox:
    """Feeds the board of notices and shows what it decides.

    What is to be announced is owed: the log says so (``EventLog.due``) from the transaction that
    stores the event until just before the notification is shown. So whatever ends the program, each
    event is announced once at most, by the next run if not by this one. Only when it ends between
    the striking off and the showing is an event not announced; it stays new in the log.
    """

    def __init__(
        self, event_log: EventLog, notifier: Notifier, clock: Clock, rules: NoticeRules, read_batch: ReadBatch
    ) -> None:
        self._log = event_log
        self._notifier = notifier
        self._clock = clock
        self._board = NoticeBoard(rules)
        self._names = BatchNames(read_batch)
        self._waiting: deque[_Offer] = deque()
        self._wake = asyncio.Event()
        self._owing: set[int] = set()
        self._being_named: set[int] = set()
        self._recall = True
        self._sum_up = False

    @property
    def rules(self) -> NoticeRules:
        return self._board.rules

    @rules.setter
    def rules(self, rules: NoticeRules) -> None:
        self._board.rules = rules
        self._wake.set()

    def attend(self, seen: Callable[[Entry], bool]) -> Callable[[], None]:
        """Ask this before an event is announced: if somebody is looking at it just then, it is not.

        Called in the loop's thread; must answer at once and not raise. Returns what ends the asking.
        """
        before, self._board.seen = self._board.seen, seen

        def leave() -> None:
            self._board.seen = before

        return leave

    def offer(self, appended: Appended) -> None:
        """Consider what was just stored. Returns at once."""
        if appended.known:
            # Perhaps stored by another process, one that announces nothing.
            self._recall = True
        if appended.new:
            self._waiting.append(_Offer(appended))
        self._wake.set()

    def lost(self) -> None:
        """Events do not come any more."""
        self._board.lost(self._clock.now())
        self._wake.set()

    def connected(self) -> None:
        """Events come again. What was missed is told when ``sum_up`` says that it is known."""
        self._board.connected(self._clock.now())
        self._wake.set()

    def gave_up(self) -> None:
        """A gap could not be closed, for now."""
        self._board.gave_up(self._clock.now())
        self._wake.set()

    def sum_up(self) -> None:
        """A gap is closed: tell in one notice what happened in it."""
        self._sum_up = True
        self._recall = True  # another process may have helped to close it
        self._wake.set()

    async def announce(self, notice: Notice) -> bool:
        """Show a notice that stands for no event (a test, a sign-in needed)."""
        return await self._notifier.show(notice)

    async def withdraw(self, tag: str) -> None:
        """Take such a notice away again."""
        await self._notifier.withdraw(tag)

    async def run(self) -> None:
        """Announce, until cancelled: what an earlier run of the program owed, and what comes."""
        self._recall = True  # begun again after a fault, something may have been dropped
        self._being_named.clear()
        self._wake.set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._rest()
                sum_up, self._sum_up = self._sum_up, False
                while self._waiting:
                    await self._take_in(self._waiting.popleft(), tasks)
                if self._recall:
                    await self._recall_debts()
                now = self._clock.now()
                await self._show(self._board.sum_up(now) if sum_up else self._board.tick(now))

    async def _rest(self) -> None:
        deadline = self._board.next_deadline()
        timeout = None if deadline is None else max(0.0, (deadline - self._clock.now()).total_seconds())
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _take_in(self, offer: _Offer, tasks: asyncio.TaskGroup) -> None:
        appended = offer.appended
        batches = await self._batches(appended.batches_changed)
        if not offer.named:
            unnamed = [
                entry
                for entry in appended.new
                if entry.unread
                and entry.event.family is Family.BATCH
                and entry.event.source is not Source.READ_BACK
                and entry.event.batch_id in batches
                and not batches[entry.event.batch_id].text
            ]
            if self.rules.batch_completed and 0 < len(unnamed) <= NAMED_AT_ONCE:
                appended, later = _split(appended, unnamed)
                self._being_named.update(entry.id for entry in later.new)
                tasks.create_task(self._name(later, [batches[i] for i in later.first_completed]))
        self._being_named.difference_update(entry.id for entry in appended.new)
        self._owing.update(entry.id for entry in appended.new if _is_owed(entry))
        named = {batch_id: self._names.of(summary) for batch_id, summary in batches.items()}
        await self._show(self._board.offer(appended, named, self._clock.now()))

    async def _name(self, appended: Appended, summaries: list[BatchSummary]) -> None:
        """Ask the service about batches, and consider them then: nothing else waits for that."""
        await self._names.ask(summaries)
        self._waiting.append(_Offer(appended, named=True))
        self._wake.set()

    async def _recall_debts(self) -> None:
        """Take in what is owed and was not offered here: by an earlier run, or stored by another process."""
        known = self._board.held | self._being_named
        known |= {entry.id for offer in self._waiting for entry in offer.appended.new}
        self._recall = False
        try:
            owed = await self._log.due(known)
        except LogUnavailable:
            self._recall = True  # with the next event
            return
        batches = await self._batches({e.event.batch_id for e in owed if e.event.family is Family.BATCH})
        self._owing.update(entry.id for entry in owed)
        await self._show(self._board.owe(owed, batches, self._clock.now()))

    async def _batches(self, ids: Iterable[str]) -> dict[str, BatchSummary]:
        wanted = tuple(ids)
        if not wanted:
            return {}
        try:
            return dict(await self._log.reader.batches(wanted))
        except LogUnavailable:
            return {}

    async def _show(self, notices: list[Notice]) -> None:
        """Show these. Cancelled in the middle, it comes to its end first: they are owed no longer."""
        while True:
            done = self._owing - self._board.held
            if not done and not notices:
                return
            showing = asyncio.get_running_loop().create_task(self._strike_off_and_show(done, notices))
            try:
                await asyncio.shield(showing)
            except asyncio.CancelledError:
                await asyncio.wait({showing})
                if not showing.cancelled() and showing.exception() is not None:
                    log.info("a notification is left to the next start")
                raise
            except LogUnavailable:
                # Shown now, it would be shown again by the next run.
                log.warning("the log could not note that %d events were announced", len(done))
                await asyncio.sleep(RETRY_DELAY)
            else:
                return

    async def _strike_off_and_show(self, done: set[int], notices: list[Notice]) -> None:
        if done:
            await self._log.mark_noticed(sorted(done))
            self._owing -= done
        for notice in notices:
            if not await self._notifier.show(notice):
                log.warning("nobody could see a notification (%s)", notice.kind)


def _is_owed(entry: Entry) -> bool:
    return entry.unread and entry.event.family in _ANNOUNCED


def _split(appended: Appended, apart: list[Entry]) -> tuple[Appended, Appended]:
    """What was stored, without some of its finished batches, and these."""
    ids = {entry.id for entry in apart}
    batches = tuple(entry.event.batch_id for entry in apart)
    rest = replace(
        appended,
        new=tuple(entry for entry in appended.new if entry.id not in ids),
        first_completed=tuple(each for each in appended.first_completed if each not in batches),
    )
    return rest, Appended(tuple(apart), 0, batches, batches)
