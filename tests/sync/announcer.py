"""A process that stores events and announces them, writes down what it does, and dies when it is told to.

``python -m tests.sync.announcer LOG RECORD STORY [POINT NUMBER]``: the story is a function of this module;
at the point of that number (the first is 1) the process kills itself. Every line of the record is flushed
before the next thing is done: the system keeps it, whatever becomes of the process.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.domain.events import BatchSummary, Entry, Event, Source
from app.eventlog import EventLog
from app.notices.port import Notice
from app.notices.rules import NoticeRules
from app.sync.outbox import Outbox
from app.transport.clock import SystemClock
from tests.eventlog.events import NOON, batch, opt

KEY = "a1" * 32
POINTS = ("before the mark", "after the mark", "after showing")


class Record:
    """What was done, in a file, and when to die."""

    def __init__(self, path: Path, point: str, number: int) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._point = point
        self._left = number

    def write(self, what: str, **more: Any) -> None:
        self._file.write(json.dumps({"run": os.getpid(), "what": what, **more}) + "\n")
        self._file.flush()

    def passes(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class RecordingNotifier:
    def __init__(self, record: Record) -> None:
        self._record = record

    async def show(self, notice: Notice) -> bool:
        self._record.passes("after the mark")
        self._record.write("show", tag=notice.tag, title=notice.title, ids=notice.entry_ids)
        self._record.passes("after showing")
        return True

    async def withdraw(self, tag: str) -> None:
        self._record.write("withdraw", tag=tag)


class RecordedLog(EventLog):
    """The log, with a witness of what is struck off."""

    record: Record

    async def mark_noticed(self, ids: Iterable[int]) -> None:
        struck = tuple(ids)
        self.record.passes("before the mark")
        self.record.write("strike", ids=struck)
        await super().mark_noticed(struck)


async def no_batch(summary: BatchSummary) -> BatchSummary:
    return summary


class Announcer:
    """A log and an outbox that runs."""

    def __init__(self, log: RecordedLog, outbox: Outbox) -> None:
        self.log = log
        self.outbox = outbox

    async def store(self, *events: Event) -> tuple[Entry, ...]:
        appended = await self.log.append(events)
        self.outbox.offer(appended)
        return appended.new

    async def told(self, but: int = 0) -> None:
        """Wait until no more than so many events are owed."""
        while len(await self.log.due()) > but:
            await asyncio.sleep(0.002)


def _opt(number: int, source: Source = Source.LIVE) -> Event:
    return opt(customer=f"+1212555{number:04}", at=NOON + timedelta(seconds=number), source=source)


def _batch(number: int, source: Source = Source.LIVE) -> Event:
    return batch(f"b-{number}", at=NOON + timedelta(seconds=number), source=source)


async def a_day(announcer: Announcer) -> None:
    """News, then a gap, then more news that waits for its turn."""
    outbox = announcer.outbox
    outbox.connected()
    outbox.sum_up()
    await asyncio.sleep(0.05)  # what is stored from here on is found by nobody, and comes live
    await announcer.store(_opt(1))
    await announcer.told()
    await announcer.store(_batch(2))
    await announcer.told()
    outbox.lost()
    outbox.connected()
    late = [_opt(3, Source.READ_BACK), _opt(4, Source.READ_BACK), _batch(5, Source.READ_BACK)]
    await announcer.store(*late)
    outbox.sum_up()
    await announcer.told()
    await announcer.store(_opt(6), _opt(7))


async def half_a_gap(announcer: Announcer) -> None:
    """A gap is being closed, and the process dies in the middle of it."""
    announcer.outbox.connected()
    await announcer.store(_opt(1, Source.READ_BACK), _batch(2, Source.READ_BACK))
    await announcer.store(_opt(3, Source.READ_BACK))
    announcer.log.record.write("stored")
    os.kill(os.getpid(), signal.SIGKILL)


async def the_other_half(announcer: Announcer) -> None:
    """The next run closes it."""
    announcer.outbox.connected()
    await announcer.store(_opt(3, Source.READ_BACK), _opt(4, Source.READ_BACK))
    announcer.outbox.sum_up()
    await announcer.told()


async def a_storm(announcer: Announcer) -> None:
    """Whatever comes, until somebody kills the process."""
    chance = random.Random(os.getpid())
    base = chance.randrange(10**6)
    for step in range(10**6):
        number = base + step
        source = chance.choice((Source.LIVE, Source.REPLAYED, Source.READ_BACK))
        event = opt(customer=f"+1212{number:07}", at=datetime.now(UTC), source=source)
        if chance.random() < 0.3:
            event = batch(f"b-{number}", at=datetime.now(UTC), source=source)
        await announcer.store(event)
        what = chance.random()
        if what < 0.1:
            announcer.outbox.lost()
        elif what < 0.3:
            announcer.outbox.connected()
        elif what < 0.5:
            announcer.outbox.sum_up()
        await asyncio.sleep(chance.random() * 0.01)


async def the_end(announcer: Announcer) -> None:
    """A run in which everything that is owed is told."""
    announcer.outbox.connected()
    announcer.outbox.sum_up()
    await announcer.told()


async def main(log_path: str, record_path: str, story: str, point: str = "", number: str = "0") -> None:
    record = Record(Path(record_path), point, int(number))
    async with await RecordedLog.open(Path(log_path), KEY) as log:
        log.record = record
        outbox = Outbox(log, RecordingNotifier(record), SystemClock(), NoticeRules(), no_batch)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(outbox.run())
            await globals()[story](Announcer(log, outbox))
            running.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
