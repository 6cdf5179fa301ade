"""The record of when nobody was watching, and what is known to be unfinished."""

from datetime import UTC, datetime
from itertools import count

import pytest

from app.domain.events import Source
from app.domain.gaps import Gap, GapReason
from app.eventlog import EventLog
from tests.eventlog.events import NOON, batch, message, opt, timedelta

_ids = count(7000)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def receive(log: EventLog, *minutes: float, source: Source = Source.READ_BACK) -> None:
    await log.append(
        [message(str(next(_ids)), at=at(minute), inbound=True, source=source) for minute in minutes]
    )


async def gap(log: EventLog, began: float, ended: float | None, reason: GapReason = GapReason.OFFLINE) -> Gap:
    opened = await log.open_gap(at(began), reason)
    if ended is not None:
        await log.change_gap(opened.id, ended=at(ended))
    [found] = [each for each in await log.reader.gaps() if each.id == opened.id] or [opened]
    return found


async def late(log: EventLog) -> list[int]:
    """How many events came late, per gap, oldest first."""
    return [each.late for each in reversed(await log.reader.gaps())]


async def test_a_gap_from_its_beginning_to_its_end(log: EventLog) -> None:
    opened = await log.open_gap(at(0), GapReason.OFFLINE)
    assert opened == Gap(opened.id, at(0), None, GapReason.OFFLINE)
    assert await log.reader.gaps() == await log.unfinished_gaps() == (opened,)
    await log.change_gap(opened.id, began=at(-1), reason=GapReason.ASLEEP)
    await log.change_gap(opened.id, ended=at(90))
    [ended] = await log.reader.gaps()
    assert ended == Gap(opened.id, at(-1), at(90), GapReason.ASLEEP)
    assert [each.closed for each in await log.reader.gaps()] == [False]
    await log.close_gaps([opened.id])
    assert [each.closed for each in await log.reader.gaps()] == [True]
    assert await log.unfinished_gaps() == ()


async def test_a_gap_that_goes_on_is_not_closed(log: EventLog) -> None:
    found = await gap(log, 0, None)
    await log.close_gaps([found.id])
    assert await log.unfinished_gaps() == (found,)


async def test_a_gap_does_not_end_before_it_began(log: EventLog) -> None:
    found = await gap(log, 5, None)
    await log.change_gap(found.id, ended=at(1))
    [found] = await log.unfinished_gaps()
    assert found.ended == found.began == at(5)


@pytest.mark.parametrize("source", [Source.READ_BACK, Source.REPLAYED])
async def test_what_comes_late_is_counted_where_it_belongs(log: EventLog, source: Source) -> None:
    await gap(log, 0, 60)
    await gap(log, 120, None, GapReason.CLOSED)
    await receive(log, 1, 2, 59, source=source)
    await receive(log, 130, source=source)
    await receive(log, 90, source=source)  # When we were watching: of no gap.
    assert await late(log) == [3, 1]
    await receive(log, -1.5, 61, 119, source=source)  # So near that only the clocks differ.
    assert await late(log) == [5, 2]


async def test_what_comes_live_and_what_is_known_is_not_late(log: EventLog) -> None:
    await gap(log, 0, 60)
    await receive(log, 30, source=Source.LIVE)
    known = opt(at=at(10), source=Source.READ_BACK)
    await log.append([known])
    await log.append([known])
    assert await late(log) == [1]


async def test_a_gap_may_be_closed_already_when_something_turns_up(log: EventLog) -> None:
    found = await gap(log, 0, 60)
    await log.close_gaps([found.id])
    await receive(log, 30)
    assert await late(log) == [1]


async def test_a_short_gap_is_kept_only_if_something_was_lost_in_it(log: EventLog) -> None:
    await gap(log, 5, 5.9)
    await gap(log, 10, 10.9)
    await gap(log, 20, 21)
    await receive(log, 10.5)
    assert [each.began for each in await log.reader.gaps()] == [at(20), at(10)]
    await log.close_gaps([each.id for each in await log.unfinished_gaps()])
    assert await log.unfinished_gaps() == ()
    # Something may still turn up for the one that does not show.
    await receive(log, 5.5)
    assert len(await log.reader.gaps()) == 3


async def test_one_that_was_short_and_lost_nothing_is_forgotten_in_the_end(log: EventLog) -> None:
    short = await gap(log, 0, 0.9)
    later = await gap(log, 60, 70)
    await log.close_gaps([short.id, later.id])
    await receive(log, 0.5)
    assert short.id not in {each.id for each in await log.reader.gaps()}


async def test_parts_of_one_interruption_become_one(log: EventLog) -> None:
    first = await gap(log, 0, 30, GapReason.ASLEEP)
    second = await gap(log, 30, 31)
    await receive(log, 10, 30.5)
    await log.join_gap(second.id, first.id)
    assert await log.reader.gaps() == (Gap(first.id, at(0), at(31), GapReason.ASLEEP, late=2),)


async def test_gaps_of_a_time(log: EventLog) -> None:
    for hour in range(5):
        await gap(log, hour * 60, hour * 60 + 30)
    await gap(log, 300, None)
    found = await log.reader.gaps(since=at(70), until=at(130))
    assert [each.began for each in found] == [at(120), at(60)]
    assert [each.began for each in await log.reader.gaps(since=at(600))] == [at(300)]
    assert [each.began for each in await log.reader.gaps(limit=2)] == [at(300), at(240)]
    assert await log.reader.gaps(until=datetime(2020, 1, 1, tzinfo=UTC)) == ()


# ------------------------------------------------------------------ what is unfinished


async def test_a_text_of_no_batch_is_unsettled_until_its_end(log: EventLog) -> None:
    day_before = NOON - timedelta(days=1)
    await log.append([message("1", state="Queued"), message("2", state="Sent"), message("x-3", state="Sent")])
    assert set(await log.reader.unsettled_messages(day_before, NOON)) == {"1", "2", "x-3"}
    assert await log.reader.unsettled_messages(NOON, NOON + timedelta(days=1)) == ()
    await log.append([message("1", state="Sent", at=at(1)), message("2", state="Delivered", at=at(1))])
    await log.append([message("x-3", state="SendingFailed", at=at(1))])
    assert await log.reader.unsettled_messages(day_before, NOON) == ("1",)
    # What is known to have come to its end does not become unsettled by what is told late.
    await log.append([message("2", state="Queued", at=at(-1), source=Source.READ_BACK)])
    assert await log.reader.unsettled_messages(day_before, NOON) == ("1",)


async def test_texts_of_batches_and_texts_of_customers_are_not_asked_for_by_id(log: EventLog) -> None:
    await log.append([message("1", state="Sent", batch_id="77"), message("2", inbound=True)])
    assert await log.reader.unsettled_messages(NOON - timedelta(days=1), at(60)) == ()
    [found] = await log.reader.open_batches(NOON - timedelta(days=1))
    assert (found.batch_id, found.completed, found.looked) == ("77", False, "")


async def test_how_a_batch_stood_when_it_was_read_is_remembered(log: EventLog) -> None:
    await log.append([batch("77", size=2, processed=2), batch("78", state="Processing", at=at(1))])
    await log.looked_at({"77": "one delivered", "unknown": "?"})
    first, second = await log.reader.open_batches(NOON - timedelta(days=1))
    assert (first.batch_id, first.completed, first.looked) == ("78", False, "")
    assert (second.batch_id, second.completed, second.looked) == ("77", True, "one delivered")
    await log.append([message("1", batch_id="77"), message("2", batch_id="77")])
    assert [each.batch_id for each in await log.reader.open_batches(NOON - timedelta(days=1))] == ["78"]


async def test_notes_are_kept_with_the_events(log: EventLog) -> None:
    await log.append([message("1")], notes={"read until": "noon"})
    assert await log.meta("read until") == "noon"
    await log.keep({"read until": None, "other": "x"})
    assert (await log.meta("read until"), await log.meta("other")) == (None, "x")
