"""``python -m tests.bench.day_program``: the program of ``tests.chaos``, which notes what it holds in use.

It begins with a log of some age, and has read and searched it once; and SQLite keeps no more than two
megabytes of pages, where otherwise it would take days to keep its 24. So caches that have a limit are full,
and what grows afterwards grows without one.
"""

import asyncio
import json
import sys
from pathlib import Path

import apsw
import psutil

from app.domain.events import Source
from app.eventlog import EventLog, parse_query
from app.ringcentral.bodies import read_notification
from app.sync.engine import Engine
from tests.bench.bench_store import Business
from tests.chaos.lapse import Lapse
from tests.chaos.program import run

EVENTS = 60_000
OTHER = "+14155550188"
"""A number that the account no longer has."""
EVERY = 60.0
"""Seconds of the service between two looks."""


async def have_been_in_use(log: EventLog) -> None:
    """Put some weeks of a number that nobody follows any more into the log, and look at them."""
    for piece in Business(3, EVENTS).chunks(500):
        events = [
            read_notification(
                event.raw.replace(event.number, OTHER), received_at=event.received_at, source=Source.LIVE
            )
            for event in piece
        ]
        await log.append(events, news=False, durable=False)
        await asyncio.sleep(0)
    async for _ in log.reader.stream():
        await asyncio.sleep(0)
    for words in ("appointment", "555-01", "type:optout", "your order is ready"):
        await log.reader.page(parse_query(words))


def _keep_few_pages(log: EventLog) -> None:
    for connection in (log._connection, log.reader._connection):
        connection.pragma("cache_size", -1_000)


async def look(engine: Engine, path: Path, lapse: Lapse) -> None:
    """Note memory, files, threads, tasks and timers, for ever."""
    _keep_few_pages(engine.log)
    await have_been_in_use(engine.log)
    process = psutil.Process()
    loop = asyncio.get_running_loop()
    with path.open("w", encoding="utf-8") as file:
        while True:
            await asyncio.sleep(EVERY)
            sample = {
                "at": lapse.monotonic(),
                "rss": process.memory_info().rss,
                "sqlite": apsw.memory_used(),
                "blocks": sys.getallocatedblocks(),
                "files": process.num_fds(),
                "threads": process.num_threads(),
                "tasks": len(asyncio.all_tasks()),
                "timers": len(loop._scheduled),  # type: ignore[attr-defined] # asyncio tells nobody
            }
            file.write(json.dumps(sample) + "\n")
            file.flush()


def main() -> None:
    """See above."""
    folder, rate, origin, wall, number = sys.argv[1:]
    lapse = Lapse(float(rate), float(origin), float(wall))

    samples = Path(folder) / "samples.jsonl"
    with asyncio.Runner(loop_factory=lapse.loop) as runner:
        runner.run(run(Path(folder), lapse, int(number), lambda engine: look(engine, samples, lapse)))


if __name__ == "__main__":
    main()
