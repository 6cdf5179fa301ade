"""From the log to the desktop: which stored events are announced, once, and by whom."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from app.domain.clock import Clock
from app.domain.events import Appended, BatchSummary, Entry, Family, Source
from app.domain.problems import Expected, LogUnavailable
from app.eventlog import EventLog
from app.notices.board import NoticeBoard
from app.notices.port import Notice, Notifier
from app.notices.rules import NoticeRules

log = logging.getLogger(__name__)

NAME_PATIENCE = 2.0
"""Seconds that a finished batch's announcement waits for the service to tell its text."""

_ANNOUNCED = frozenset({Family.BATCH, Family.OPTOUT})

ReadBatch = Callable[[BatchSummary], Awaitable[BatchSummary]]
"""Completes what the log knows of a batch by asking the service. May raise ``Expected``."""


class Outbox:
    """Feeds the board of notices and shows what it decides."""

    def __init__(
        self, event_log: EventLog, notifier: Notifier, clock: Clock, rules: NoticeRules, read_batch: ReadBatch
    ) -> None:
        self._log = event_log
        self._notifier = notifier
        self._clock = clock
        self._board = NoticeBoard(rules)
        self._read_batch = read_batch
        self._waiting: list[Appended] = []
        self._wake = asyncio.Event()
        self._completed: dict[str, BatchSummary] = {}
        self._debts_settled = False
        self._late: dict[int, Entry] = {}
        self._sum_up = False

    @property
    def rules(self) -> NoticeRules:
        return self._board.rules

    @rules.setter
    def rules(self, rules: NoticeRules) -> None:
        self._board.rules = rules
        self._wake.set()

    def offer(self, appended: Appended) -> None:
        """Consider what was just stored. Returns at once."""
        if appended.new:
            self._waiting.append(appended)
            self._wake.set()

    def sum_up(self) -> None:
        """A gap is closed: tell in one notice what happened in it."""
        self._sum_up = True
        self._wake.set()

    async def announce(self, notice: Notice) -> bool:
        """Show a notice that stands for no event (a test, a sign-in needed)."""
        return await self._notifier.show(notice)

    async def withdraw(self, tag: str) -> None:
        """Take such a notice away again."""
        await self._notifier.withdraw(tag)

    async def run(self) -> None:
        """Announce, for ever: first what an earlier run of the program owed, then what comes."""
        await self._settle_debts()
        while True:
            await self._rest()
            waiting, self._waiting = self._waiting, []
            for appended in waiting:
                batches = await self._batches(appended)
                self._late.update(_late(appended))
                await self._show(self._board.offer(appended, batches, self._clock.now()), appended.new)
            if self._sum_up:
                self._sum_up = False
                late, self._late = tuple(self._late.values()), {}
                await self._announce_late(late)
            await self._show(self._board.tick(self._clock.now()))

    async def _rest(self) -> None:
        deadline = self._board.next_deadline()
        timeout = None if deadline is None else max(0.0, (deadline - self._clock.now()).total_seconds())
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _settle_debts(self) -> None:
        if self._debts_settled:
            return  # begun again after a fault: what is still due is on the board already
        self._debts_settled = True
        try:
            due = await self._log.due()
            if not due:
                return
            ids = tuple({entry.event.batch_id for entry in due if entry.event.family is Family.BATCH})
            batches = await self._log.reader.batches(ids)
        except LogUnavailable:
            return
        await self._show(self._board.restore(due, batches, self._clock.now()), due)

    async def _announce_late(self, late: tuple[Entry, ...]) -> None:
        ids = tuple({entry.event.batch_id for entry in late if entry.event.family is Family.BATCH})
        try:
            batches = await self._log.reader.batches(ids)
        except LogUnavailable:
            batches = {}
        await self._show(self._board.restore(late, batches, self._clock.now()), late)

    async def _batches(self, appended: Appended) -> Mapping[str, BatchSummary]:
        if not appended.batches_changed:
            return {}
        try:
            batches = dict(await self._log.reader.batches(appended.batches_changed))
        except LogUnavailable:
            return {}
        if self.rules.batch_completed:
            finished = [batches[each] for each in appended.first_completed if each in batches]
            # All at once: several batches that finish together wait no longer than one.
            for told in await asyncio.gather(*(self._complete(each) for each in finished if not each.text)):
                self._completed[told.batch_id] = told
        return {batch_id: self._with_name(summary) for batch_id, summary in batches.items()}

    async def _complete(self, summary: BatchSummary) -> BatchSummary:
        try:
            async with asyncio.timeout(NAME_PATIENCE):
                return await self._read_batch(summary)
        except (Expected, TimeoutError):
            return summary

    def _with_name(self, summary: BatchSummary) -> BatchSummary:
        """Add what the service told of the batch to what the log knows of it."""
        told = self._completed.get(summary.batch_id)
        if told is None:
            return summary
        if summary.settled:
            del self._completed[summary.batch_id]
        return replace(
            summary,
            text=summary.text or told.text,
            delivered=max(summary.delivered, told.delivered),
            failed=max(summary.failed, told.failed),
        )

    async def _show(self, notices: list[Notice], offered: tuple[Entry, ...] = ()) -> None:
        # The debt is struck off before the daemon is asked: after a crash in between an event is at
        # worst not announced (it stays unread in the log), but never announced twice.
        ids = {entry.id for entry in offered if entry.event.family in _ANNOUNCED} - self._board.held
        ids.update(i for notice in notices for i in notice.entry_ids)
        if ids:
            try:
                await self._log.mark_noticed(sorted(ids))
            except LogUnavailable:
                log.warning("the log could not note that %d events were announced", len(ids))
        for notice in notices:
            if not await self._notifier.show(notice):
                log.warning("nobody could see a notification (%s)", notice.kind)


def _late(appended: Appended) -> dict[int, Entry]:
    """What was read back and is worth a word once the gap is closed."""
    return {
        entry.id: entry
        for entry in appended.new
        if entry.event.source is Source.READ_BACK
        and (
            entry.event.family is Family.OPTOUT
            or (entry.event.family is Family.BATCH and entry.event.batch_id in appended.first_completed)
        )
    }
