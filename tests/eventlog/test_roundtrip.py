"""What is read is what was written, to the last byte."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.events import Entry, Event
from app.eventlog import EventLog, Query
from tests.eventlog.conftest import KEY
from tests.eventlog.events import NOON, batch, message, opt, timedelta, unknown
from tests.eventlog.strategies import absurd, plausible


async def stored(events: list[Event]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """What the log says it stored of the events, and what another opening of it reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        async with await EventLog.open(path, KEY) as log:
            # In two writes, so that what is remembered from the first is used by the second.
            half = len(events) // 2
            appended = [await log.append(events[:half]), await log.append(events[half:])]
        async with await EventLog.open(path, KEY) as log:
            page = await log.reader.page(limit=1000)
        new = sorted((entry for part in appended for entry in part.new), key=lambda entry: -entry.id)
        assert len(new) + sum(part.known for part in appended) == len(events)
        return tuple(new), page.entries


@given(st.lists(plausible, max_size=12))
@settings(max_examples=60)
async def test_plausible_events_come_back_exactly(events: list[Event]) -> None:
    new, read = await stored(events)
    assert read == new


@given(st.lists(absurd | plausible, max_size=6))
@settings(max_examples=80)
async def test_absurd_events_come_back_exactly(events: list[Event]) -> None:
    new, read = await stored(events)
    assert read == new


async def test_raw_text_is_kept_by_its_shape(log: EventLog, path: Path) -> None:
    events = [
        event
        for number in range(200)
        for event in (
            message(
                f"{7000 + number}", at=NOON + timedelta(seconds=number), text=f"Order {number} — “ready”"
            ),
            message(
                f"{8000 + number}", at=NOON + timedelta(seconds=number), inbound=True, text=f"no {number}\n"
            ),
            opt(at=NOON + timedelta(seconds=20 * number), customer=f"+1212555{number:04}"),
            batch(f"b-{number}", at=NOON + timedelta(seconds=number), processed=number, size=3 * number),
        )
    ]
    kept = sum(len(event.raw) for event in events)
    await log.append(events)
    assert {entry.event.raw for entry in (await log.reader.page(limit=1000)).entries} == {
        event.raw for event in events
    }
    whole = log.reader._connection.execute("SELECT sum(length(raw)) FROM event").fetchone()
    assert whole is not None
    assert int(whole[0]) < kept / 20


async def test_text_of_a_batch_is_kept_once(log: EventLog) -> None:
    text = "We are closed on Monday. " * 6
    events = [
        message(f"{7000 + number}", at=NOON + timedelta(seconds=number), text=text, batch_id="b-1")
        for number in range(50)
    ]
    await log.append(events[:10])
    await log.append(events[10:])
    page = await log.reader.page(Query(phrases=("closed on Monday",)))
    assert [entry.event for entry in reversed(page.entries)] == events
    assert log.reader._connection.execute("SELECT count(*) FROM event WHERE text <> 1").fetchone() == (0,)


async def test_a_raw_text_with_marks_of_its_own(log: EventLog) -> None:
    event = message("7001")
    odd = unknown("u1", raw=f"\x01n{event.raw}\x01")
    changed = [
        message(f"{number}", at=NOON + timedelta(seconds=number), text="\x01n \x01x %s %(a)s {}")
        for number in range(5)
    ]
    await log.append([event, odd, *changed])
    assert {entry.event for entry in (await log.reader.page()).entries} == {event, odd, *changed}
