"""Killed at any moment: what was acknowledged is there, what follows from it agrees with it."""

import random
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from app.eventlog import EventLog
from tests.eventlog.conftest import KEY

INGEST = """
import asyncio, sys
from pathlib import Path
from app.domain.events import ResumePoint
from app.eventlog import EventLog
from tests.eventlog.events import NOON, batch, message, opt, timedelta

async def main(path, key, start):
    async with await EventLog.open(Path(path), key) as log:
        print("ready", flush=True)
        number = start
        while True:
            size = number % 7 + 1
            events = [
                message(str(r), at=NOON + timedelta(seconds=r), batch_id=f"b-{r % 5}", text=str(r % 5))
                for r in range(number, number + size)
            ]
            events.append(opt(at=NOON + timedelta(minutes=number), out=number % 2 == 0))
            number += size
            await log.append(events, resume=ResumePoint("R", number))
            print(number, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.mark.parametrize("seed", range(3))
async def test_killed_while_writing(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", INGEST, path, KEY, str(acknowledged)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(1, 60)):
            acknowledged = int(process.stdout.readline())
        process.kill()
        # Lines that were written before the kill count too.
        for line in process.stdout:
            if line.endswith("\n"):
                acknowledged = int(line)
        process.wait()
        process.stdout.close()
        acknowledged = await whole(path, acknowledged)


async def whole(path: Path, acknowledged: int) -> int:
    """Check the log of a killed process; the number of messages that it holds."""
    async with await EventLog.open(path, KEY) as log:
        assert log.set_aside is None
        resume = await log.resume_point()
        assert resume is not None
        stored = resume.sequence
        # The last write may have been done, though nobody heard of it.
        assert acknowledged <= stored <= acknowledged + 7
        entries = [entry async for piece in log.reader.stream() for entry in piece]
        messages = [entry.event for entry in entries if entry.event.ref]
        assert sorted(int(event.ref) for event in messages) == list(range(stored))
        summaries = await log.reader.batches([f"b-{number}" for number in range(5)])
        assert sum(summary.delivered for summary in summaries.values()) == stored
        due = await log.due()
        assert [entry.event for entry in due] == [
            entry.event for entry in reversed(entries) if not entry.event.ref
        ]
        (consent,) = await log.reader.consent(due[0].event.customer)
        assert consent.since == due[-1].event.timestamp
        assert consent.state == due[-1].event.state
    database = apsw.Connection(str(path))
    database.pragma("key", f"raw:{KEY}")
    assert database.pragma("quick_check") == "ok"
    database.close()
    return stored
