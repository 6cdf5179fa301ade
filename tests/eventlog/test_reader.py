"""Pages, streams, and reading while others write."""

import asyncio
import sys
import time
from pathlib import Path

import apsw
import pytest

from app.domain.problems import LogUnavailable
from app.eventlog import EventLog, Query, parse_query
from tests.eventlog.conftest import KEY
from tests.eventlog.events import NOON, message, opt, timedelta

CRITERIA = [
    Query(),
    Query(words=("even",)),
    parse_query("type:outbound -odd"),
    parse_query("number:0142 is:unread"),
]


async def fill(log: EventLog, count: int, start: int = 0) -> None:
    await log.append(
        [
            message(
                str(number),
                at=NOON + timedelta(seconds=number // 3),
                inbound=number % 5 == 0,
                text="odd" if number % 2 else "even",
            )
            for number in range(start, start + count)
        ]
    )


@pytest.mark.parametrize("query", CRITERIA, ids=str)
async def test_pages_towards_the_past_show_everything_once(log: EventLog, query: Query) -> None:
    await fill(log, 200)
    everything = (await log.reader.page(query, limit=1000)).entries
    assert len(everything) > 30
    assert list(everything) == sorted(everything, key=lambda entry: -entry.id)
    for limit in (1, 7, len(everything) - 1, len(everything)):
        seen, before = [], None
        while True:
            page = await log.reader.page(query, before=before, limit=limit)
            assert len(page.entries) <= limit
            seen += page.entries
            if not page.more:
                break
            before = page.entries[-1].id
        assert tuple(seen) == everything


@pytest.mark.parametrize("query", CRITERIA, ids=str)
async def test_pages_towards_the_present_show_everything_once(log: EventLog, query: Query) -> None:
    await fill(log, 200)
    everything = (await log.reader.page(query, limit=1000)).entries
    for limit in (1, 7, 1000):
        seen, after = [], everything[-1].id
        while True:
            page = await log.reader.page(query, after=after, limit=limit)
            seen += reversed(page.entries)
            if not page.more:
                break
            after = page.entries[0].id
        assert tuple(reversed(seen)) == everything[:-1]


async def test_a_page_between_two_ids(log: EventLog) -> None:
    await fill(log, 20)
    everything = (await log.reader.page()).entries
    page = await log.reader.page(after=everything[15].id, before=everything[3].id, limit=5)
    assert page.entries == everything[4:9]
    assert page.more


async def test_counting_stops_at_the_limit(log: EventLog) -> None:
    await fill(log, 50)
    assert await log.reader.count(limit=10) == 10
    assert await log.reader.count(Query(words=("even",)), limit=10) == 10
    assert await log.reader.count(Query(words=("even",))) == 25


async def test_one_entry(log: EventLog) -> None:
    appended = await log.append([opt()])
    assert await log.reader.entry(appended.new[0].id) == appended.new[0]
    assert await log.reader.entry(7) is None


async def test_the_log_as_a_whole(log: EventLog) -> None:
    empty = await log.reader.stats()
    assert (empty.events, empty.oldest, empty.newest) == (0, None, None)
    await fill(log, 31)
    stats = await log.reader.stats()
    assert (stats.events, stats.oldest, stats.newest) == (31, NOON, NOON + timedelta(seconds=10))
    assert stats.bytes > 10_000
    await fill(log, 40)
    assert (await log.reader.stats()).events == 40 == await log.reader.count()


async def test_a_stream_is_everything_in_pieces(log: EventLog) -> None:
    await fill(log, 95)
    query = Query(words=("even",))
    pieces = [piece async for piece in log.reader.stream(query, chunk=10)]
    assert [len(piece) for piece in pieces] == [10, 10, 10, 10, 8]
    assert tuple(entry for piece in pieces for entry in piece) == (await log.reader.page(query)).entries


async def test_a_stream_does_not_hold_the_log(log: EventLog) -> None:
    await fill(log, 50)
    seen = 0
    async for piece in log.reader.stream(chunk=20):
        seen += len(piece)
        await fill(log, 30, start=1000 + 100 * seen)
        log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert seen == 50


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


async def endless(log: EventLog) -> None:
    await log.reader._run(lambda: log.reader._connection.execute(ENDLESS).fetchall())


async def test_an_endless_search_is_cancelled_at_once(log: EventLog) -> None:
    await fill(log, 300)
    async with asyncio.TaskGroup() as group:
        search = group.create_task(endless(log))
        waiting = group.create_task(log.reader.page())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        start = time.monotonic()
        search.cancel()
    # Who waits in the queue is not touched by it.
    assert len(waiting.result().entries) == 100
    assert time.monotonic() - start < 2


async def test_closing_does_not_wait_for_an_endless_search(path: Path) -> None:
    log = await EventLog.open(path, KEY)

    async def refused() -> None:
        with pytest.raises(LogUnavailable, match="being closed"):
            await endless(log)

    async with asyncio.TaskGroup() as group:
        group.create_task(refused())
        await asyncio.sleep(0.05)
        await log.aclose()
        await log.aclose()


async def test_reading_goes_on_while_somebody_writes(log: EventLog) -> None:
    await fill(log, 10)
    log._connection.execute("BEGIN IMMEDIATE")
    log._connection.execute("DELETE FROM event")
    assert len((await log.reader.page()).entries) == 10
    log._connection.execute("ROLLBACK")


OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from app.eventlog import EventLog
from tests.eventlog.events import NOON, batch, message, timedelta

async def main():
    async with await EventLog.open(Path(sys.argv[1]), sys.argv[2]) as log:
        for number in range(0, 400, 10):
            at = NOON + timedelta(seconds=number)
            events = [
                message(str(ref), at=at, batch_id=f"b-{ref % 7}", text=f"Text {ref % 7}")
                for ref in range(number, number + 10)
            ]
            await log.append([*events, batch(f"b-{number % 7}", at=at)])

asyncio.run(main())
"""


async def test_two_processes_write_to_one_log(path: Path) -> None:
    """Both begin with no log, and write the same events: each is there once, whoever was first."""
    others = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER_PROCESS, path, KEY) for _ in range(2)
    ]
    assert [await other.wait() for other in others] == [0, 0]
    async with await EventLog.open(path, KEY) as log:
        entries = (await log.reader.page(limit=1000)).entries
        assert len(entries) == 440
        assert {int(entry.event.ref) for entry in entries if entry.event.size is None} == set(range(400))
        assert all(
            entry.event.text == f"Text {int(entry.event.ref) % 7}" for entry in entries if entry.event.text
        )
        summaries = await log.reader.batches([f"b-{number}" for number in range(7)])
        assert sum(summary.delivered for summary in summaries.values()) == 400
        assert log._connection.execute("SELECT count(*) FROM word").fetchone() == (5,)


async def test_what_another_process_wrote_is_seen(path: Path) -> None:
    async with await EventLog.open(path, KEY) as one, await EventLog.open(path, KEY) as other:
        await one.append([message("1", batch_id="b-1")])
        assert (await other.append([message("1", batch_id="b-1"), opt()])).known == 1
        assert len((await one.reader.page()).entries) == 2
        assert [entry.event for entry in await one.due()] == [opt()]


def test_the_index_and_the_table_agree(path: Path) -> None:
    """A full check of the file by SQLite itself, after all kinds of writes."""

    async def write() -> None:
        async with await EventLog.open(path, KEY) as log:
            for start in range(0, 3000, 300):
                await fill(log, 400, start)

    asyncio.run(write())
    database = apsw.Connection(str(path))
    database.pragma("key", f"raw:{KEY}")
    assert database.pragma("integrity_check") == "ok"
    database.execute("INSERT INTO find (find) VALUES ('integrity-check')")
    assert database.execute("SELECT count(*) FROM find('tags : f2 OR tags : f3')").fetchone() == (3100,)
    database.close()
