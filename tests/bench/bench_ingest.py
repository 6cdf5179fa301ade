"""How fast frames become stored events, next to bare inserts of the same events into the same tables.

``python -m tests.bench.bench_ingest [N]`` (50,000 events unless said). The whole path in one process, as in
the program: frame, protocol, queue, encrypted log, durable in groups. The floor inserts the finished rows
of a plain log, each with its JSON in full. Our own rows are a third of that, because reading and packing
them is a part of the path; what inserting those alone would cost is told as well. All take turns in the
same run, on the same disk.
"""

import asyncio
import gc
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from app.compose import SWITCH_INTERVAL
from app.domain.events import Appended, Event
from app.eventlog import EventLog
from app.eventlog.storage import open_log
from app.eventlog.writer import LogWriter
from app.program.start import GARBAGE
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import Delivered, GatewayProtocol
from app.sync.intake import LARGEST_GROUP, Intake
from tests.bench.bench_store import KEY, Business, Recorder, Write, plainly, replay
from tests.bench.report import Line, print_table

TARGET = 0.5
TURNS = 3
AT_ONCE = 200
"""Frames that the socket hands over before anything else gets its turn: asyncio reads 256 KiB at once."""
_DETAILS = json.dumps([{"type": "ConnectionDetails", "messageId": "1", "status": 200}, {}])


def _frame(event: Event) -> str:
    meta = {"type": "ServerNotification", "messageId": event.uuid, "status": 200}
    return f"[{json.dumps(meta)},{event.raw}]"


async def _whole_path(path: Path, frames: list[str]) -> float:
    """Seconds from the first frame until the last event is stored."""
    protocol = GatewayProtocol(FilterSet(account_wide=True), new_id=lambda: "2")
    now = time.monotonic()
    protocol.receive_frame(_DETAILS, now, datetime.now(UTC))
    stored = 0

    def count(appended: Appended) -> None:
        nonlocal stored
        stored += len(appended.new)

    async with await EventLog.open(path, KEY) as log, asyncio.TaskGroup() as tasks:
        intake = Intake(log, stored=count, trouble=lambda _: None)
        storing = tasks.create_task(intake.run())
        start = time.perf_counter()
        for number, text in enumerate(frames):
            protocol.receive_frame(text, time.monotonic(), datetime.now(UTC))
            for event in protocol.events_received():
                if isinstance(event, Delivered):
                    intake.put(event.event, event.resume)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        await intake.settled()
        seconds = time.perf_counter() - start
        storing.cancel()
    assert stored == len(frames), f"{stored} of {len(frames)} were stored"
    return seconds


Rows = list[list[Write]]
"""What is written, by transaction."""


def _rows(path: Path, events: list[Event]) -> tuple[Rows, Rows]:
    """What the log writes for these events, and what a plain log would."""
    opened = open_log(path, KEY)
    recorder = Recorder(opened.writer)
    writer = LogWriter(recorder)  # type: ignore[arg-type]
    packed, plain = [], []
    for start in range(0, len(events), LARGEST_GROUP):
        appended = writer.append(events[start : start + LARGEST_GROUP], None, durable=True, news=True)
        packed.append(recorder.writes)
        plain.append(plainly(recorder.writes, {entry.id: entry.event for entry in appended.new}))
        recorder.writes = []
    opened.reader.close()
    opened.writer.close()
    return packed, plain


def _inserted(path: Path, rows: Rows) -> float:
    opened = open_log(path, KEY)
    seconds = sum(replay(opened.writer, transaction) for transaction in rows)
    opened.reader.close()
    opened.writer.close()
    return seconds


async def measure(count: int = 50_000) -> list[Line]:
    """Store the same events each way, in turns."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    events = [event for piece in Business(5, count).chunks(count) for event in piece]
    frames = [_frame(event) for event in events]
    ours, floors, packs = [], [], []
    with tempfile.TemporaryDirectory(prefix="textbell-bench-") as name:
        folder = Path(name)
        packed, plain = _rows(folder / "rows.db", events)
        # As the program does after its start; here it takes the material out of the collector's sight.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        for turn in range(TURNS):
            floors.append(_inserted(folder / f"plain{turn}.db", plain))
            ours.append(await _whole_path(folder / f"ours{turn}.db", frames))
            packs.append(_inserted(folder / f"packed{turn}.db", packed))
        gc.unfreeze()
    speed, floor, pack = (TURNS * len(events) / sum(seconds) for seconds in (ours, floors, packs))
    ratio = speed / floor
    what = f"frames to stored events, of {len(events):,}"
    return [
        Line(what, f"{speed:,.0f} /s", f"{floor:,.0f} /s", ratio, f">= {TARGET}", ratio >= TARGET),
        Line("  beside its own rows, packed before", f"{speed:,.0f} /s", f"{pack:,.0f} /s", speed / pack),
    ]


if __name__ == "__main__":
    print_table(asyncio.run(measure(*map(int, sys.argv[1:2]))))
