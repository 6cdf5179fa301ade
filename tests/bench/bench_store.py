"""How fast the log takes events in, next to the bare inserts of the same rows, and how fast it answers.

``python -m tests.bench.bench_store [N]`` (100,000 events unless said). All is done in turns in the same
run, on files on the same disk, so their ratio means something even on a busy machine; the figures
themselves are this machine's.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

import apsw

from app.domain.events import Event
from app.eventlog import LogReader, parse_query
from app.eventlog.encode import COLUMNS
from app.eventlog.storage import open_log
from app.eventlog.writer import LogWriter
from tests.eventlog.events import batch, message, opt

KEY = "5a" * 32
CHUNK = 500
TARGET = 0.75
ERRORS = ("SMS-CAR-411", "SMS-CAR-413", "SMS-UP-430", "SMS-CAR-430", "SMS-RC-410", "SMS-CAR-199")
WORDS = [
    "your",
    "order",
    "appointment",
    "is",
    "ready",
    "tomorrow",
    "reply",
    "stop",
    "to",
    "end",
    "holiday",
    "hours",
    "sale",
    "table",
    "booked",
    "thank",
    "you",
    "please",
    "call",
    "back",
    "invoice",
    "paid",
    "doctor",
    "visit",
    "reminder",
    "delivery",
    "driver",
    "parcel",
    "winter",
    "offer",
    "gift",
    "friends",
]


class Business:
    """Makes up the traffic of a business with 20 numbers and 50,000 customers, seeded."""

    def __init__(self, seed: int, events: int) -> None:
        self._random = random.Random(seed)
        self._now = datetime(2024, 11, 1, tzinfo=UTC)
        self._step = 2 * 365 * 86_400 / events
        self._own = [f"+1650555{number:04d}" for number in range(20)]
        self._customers = [f"+1{2_120_000_000 + number * 7919}" for number in range(50_000)]
        self._rare = [f"{first}{second}" for first in WORDS for second in WORDS]
        self._ref = 7_000_000

    def chunks(self, events: int) -> Iterator[list[Event]]:
        """``events`` events in pieces of 500, in the order of time."""
        made = 0
        while made < events:
            piece = []
            while len(piece) < CHUNK:
                piece += self._some()
            yield piece[:CHUNK]
            made += CHUNK

    def _at(self) -> datetime:
        self._now += timedelta(milliseconds=int(self._random.expovariate(1 / self._step) * 1000))
        return self._now

    def _text(self) -> str:
        words = self._random.choices(WORDS, k=24) + self._random.choices(self._rare, k=3)
        return " ".join(words).capitalize()

    def _some(self) -> list[Event]:
        roll, pick = self._random.random(), self._random.choice
        number, customer = pick(self._own), pick(self._customers)
        self._ref += 1
        if roll < 0.02:
            return [opt(out=roll < 0.015, at=self._at(), number=number, customer=customer)]
        if roll < 0.22:
            return [
                message(
                    str(self._ref),
                    inbound=True,
                    at=self._at(),
                    number=number,
                    customer=customer,
                    text=self._text(),
                )
            ]
        name = f"{self._ref:08x}-5ff1-4273-8a8d-e3742ba4e683"
        text = self._text()
        made = [batch(name, state="Processing", processed=0, size=10, at=self._at(), number=number)]
        for _ in range(10):
            self._ref += 1
            customer = pick(self._customers)
            failed = self._random.random() < 0.05
            made += [
                message(
                    str(self._ref),
                    state=state,
                    at=self._at(),
                    number=number,
                    customer=customer,
                    text=text,
                    batch_id=name,
                    error_code=pick(ERRORS) if state == "DeliveryFailed" else "",
                )
                for state in ("Queued", "Sent", "DeliveryFailed" if failed else "Delivered")
            ]
        made.append(batch(name, size=10, at=self._at(), number=number))
        return made


Write = tuple[str, Any]
"""A statement and its values."""


class Recorder:
    """A connection that also keeps what was written through it, for writing it again elsewhere."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.writes: list[Write] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, values: Any = ()) -> Any:
        """As the connection's, and kept if it writes."""
        if sql.startswith(("INSERT", "UPDATE")):
            self.writes.append((sql, values))
        return self._connection.execute(sql, values)


def plainly(writes: list[Write], events: dict[int, Event]) -> list[Write]:
    """The same writes with each event's JSON and text in full, as a plain log would keep them."""
    width, text, shape, raw = len(COLUMNS), *map(COLUMNS.index, ("text", "shape", "raw"))
    plain: list[Write] = []
    for sql, values in writes:
        if sql.startswith("INSERT INTO event"):
            values = list(values)
            for start in range(0, len(values), width):
                event = events[values[start]]
                values[start + text], values[start + shape], values[start + raw] = event.text, None, event.raw
        plain.append((sql, values))
    return plain


def replay(connection: apsw.Connection, writes: list[Write]) -> float:
    """Do the writes as one transaction; the seconds it took."""
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for sql, values in writes:
        connection.execute(sql, values)
    connection.execute("COMMIT")
    return time.perf_counter() - start


def ingest(folder: Path, events: int) -> dict[str, float]:
    """Fill logs in turns: through the program, with its bare rows, with plain rows; seconds each took."""
    logs = {name: open_log(folder / f"{name}.db", KEY) for name in ("log", "bare", "plain")}
    recorder = Recorder(logs["log"].writer)
    writer = LogWriter(recorder)  # type: ignore[arg-type]
    seconds = dict.fromkeys(logs, 0.0)
    for piece in Business(1, events).chunks(events):
        start = time.perf_counter()
        appended = writer.append(piece, None, durable=True, news=True)
        seconds["log"] += time.perf_counter() - start
        writes, recorder.writes = recorder.writes, []
        seconds["bare"] += replay(logs["bare"].writer, writes)
        plain = plainly(writes, {entry.id: entry.event for entry in appended.new})
        seconds["plain"] += replay(logs["plain"].writer, plain)
    for opened in logs.values():
        opened.reader.close()
        opened.writer.close()
    return seconds


async def search(path: Path) -> None:
    """Time some searches, each for many different values."""
    opened = open_log(path, KEY)
    reader = LogReader(opened.reader, path)
    chance = random.Random(2)
    newest = (await reader.page(limit=2000)).entries
    customers = [entry.event.customer for entry in newest if entry.event.customer]
    texts = [entry.event.text for entry in newest if entry.event.text]
    kinds: dict[str, Callable[[], str]] = {
        "newest page": str,
        "exact number": lambda: chance.choice(customers),
        "number fragment, 5 digits": lambda: f"number:{chance.choice(customers)[4:9]}",
        "word": lambda: chance.choice(chance.choice(texts).split()) + " ",
        "rare word": lambda: chance.choice(texts).split()[-1] + " ",
        "two words and kind": lambda: " ".join([*chance.choice(texts).split()[1:3], "type:inbound"]),
        "phrase": lambda: '"' + " ".join(chance.choice(texts).split()[3:6]) + '"',
        "error code": lambda: f"error:{chance.choice(ERRORS)}",
        "nothing found": lambda: "zzxyzzy ",
    }
    print(f"\n{'search, first 100 rows (ms)':<30} {'p50':>8} {'p95':>8} {'rows':>6}")
    for kind, make in kinds.items():
        times, rows = [], []
        for _ in range(60):
            query = parse_query(make())
            start = time.perf_counter()
            page = await reader.page(query)
            times.append((time.perf_counter() - start) * 1000)
            rows.append(len(page.entries))
        cuts = quantiles(times, n=20)
        print(f"{kind:<30} {cuts[9]:8.2f} {cuts[18]:8.2f} {mean(rows):6.0f}")
    await reader.aclose()
    opened.writer.close()


def main() -> None:
    """Run both and print the figures."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="textbell-bench-") as name:
        seconds = ingest(Path(name), events)
        print(f"{events:,} events, {CHUNK} a transaction   events/s   bytes each   the log's speed beside it")
        for kind, title in (
            ("log", "through the log"),
            ("bare", "its rows, inserted bare"),
            ("plain", "plain rows, texts in full"),
        ):
            size = (Path(name) / f"{kind}.db").stat().st_size / events
            ratio = seconds[kind] / seconds["log"]
            print(f"{title:<34}{events / seconds[kind]:10,.0f}   {size:10,.0f}   {ratio:10.2f}")
        print(f"(target: {TARGET} of the bare inserts; 430 bytes)")
        asyncio.run(search(Path(name) / "log.db"))


if __name__ == "__main__":
    main()
