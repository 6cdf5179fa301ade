"""Letting go of what is too old, and nothing else."""

from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from app.domain.events import BATCH_COMPLETED, Event
from app.domain.gaps import GapReason
from app.eventlog import EventLog, Query, parse_query, retention
from tests.eventlog.conftest import KEY
from tests.eventlog.events import CUSTOMER, NOON, batch, message, opt, unknown

YEAR = timedelta(days=365)
NOW = NOON + timedelta(days=100)
CUT = NOW - YEAR
OLD, NEW = CUT - timedelta(days=30), CUT + timedelta(days=30)
OTHER = "+12125550999"


async def forget(log: EventLog, before: object = CUT) -> int:
    """All steps; how many events went."""
    keeper, deleted, reached = log.retention(), 0, -1
    while True:
        step = await keeper.forget_some(before, reached)  # type: ignore[arg-type]
        deleted += step.deleted
        if step.reached is None:
            break
        reached = step.reached
    while await keeper.give_back_some():
        pass
    return deleted


async def stored(log: EventLog) -> list[Event]:
    return [entry.event async for chunk in log.reader.stream() for entry in chunk]


async def test_what_is_old_goes_and_the_rest_is_as_it_was(log: EventLog) -> None:
    old = [message(str(n), at=OLD + timedelta(seconds=n), text="spring offer") for n in range(600)]
    old += [unknown("u-old", at=OLD)]
    new = [message(str(n), at=NEW + timedelta(seconds=n), text="autumn offer") for n in range(1000, 1200)]
    await log.append([*old, *new])
    before = (await stored(log))[:200]
    assert await log.retention().outdated(CUT) == 601
    assert await forget(log) == 601
    assert await log.retention().outdated(CUT) == 0
    assert await stored(log) == before
    assert (await log.reader.stats()).events == 200
    assert await log.reader.count(parse_query("spring")) == 0
    assert await log.reader.count(parse_query("autumn")) == 200
    assert await forget(log) == 0
    # What went may come back: from an export, say.
    assert len((await log.append(old[:3])).new) == 3
    assert await log.reader.count(parse_query("spring")) == 3


async def test_the_moment_itself_stays(log: EventLog) -> None:
    await log.append([message("1", at=CUT - timedelta(seconds=1)), message("2", at=CUT)])
    assert await forget(log) == 1
    [left] = await stored(log)
    assert left.ref == "2"


async def test_the_latest_consent_and_its_proof_stay_however_old(log: EventLog) -> None:
    out_then_in = [opt(at=OLD), opt(out=False, at=OLD + timedelta(hours=1))]
    still_out = opt(at=OLD, customer=OTHER)
    overtaken = [opt(at=OLD, customer="+12125550777"), opt(out=False, at=NEW, customer="+12125550777")]
    elsewhere = opt(at=OLD, customer=OTHER, number="+16505550199")
    await log.append([*out_then_in, still_out, *overtaken, elsewhere, message("1", at=OLD)])
    customers = (CUSTOMER, OTHER, "+12125550777")
    consents = {customer: await log.reader.consent(customer) for customer in customers}
    assert await log.retention().outdated(CUT) == 3
    assert await forget(log) == 3
    assert {customer: await log.reader.consent(customer) for customer in customers} == consents
    left = await stored(log)
    assert {event.uuid for event in left} == {
        event.uuid for event in (out_then_in[1], still_out, overtaken[1], elsewhere)
    }
    for known in consents.values():
        for consent in known:
            assert consent.entry_id is not None
            assert await log.reader.entry(consent.entry_id) is not None


async def test_a_batch_goes_with_the_last_of_its_events(log: EventLog) -> None:
    gone = [
        batch("gone", at=OLD, size=2),
        message("1", batch_id="gone", at=OLD, text="Hello"),
        message("2", batch_id="gone", at=OLD, text="Hello"),
    ]
    across = [batch("across", at=OLD, size=2), message("3", batch_id="across", at=NEW, text="Hi there")]
    newest = [batch("newest", at=OLD, size=1)]
    await log.append([*gone, *across, *newest])
    assert await forget(log) == 5
    summaries = await log.reader.batches(("gone", "across", "newest"))
    # The newest row of the table stays for its number.
    assert set(summaries) == {"across", "newest"}
    assert summaries["across"].size == 2
    assert summaries["across"].delivered == 1
    [left] = await stored(log)
    assert left.text == "Hi there"
    again = batch("after", at=NEW, state=BATCH_COMPLETED)
    await log.append([again])
    assert {event.batch_id for event in await stored(log)} == {"across", "after"}


async def test_nobody_is_told_of_what_is_gone(log: EventLog) -> None:
    await log.append(
        [batch("b", at=OLD), message("1", inbound=True, at=OLD), message("2", inbound=True, at=NEW)]
    )
    assert len(await log.due()) == 1
    await forget(log)
    assert await log.due() == ()
    assert await log.reader.unread_count() == 1
    assert await log.reader.count(Query(unread=True)) == 1


async def test_the_record_of_gaps_goes_as_far(log: EventLog) -> None:
    for began in (OLD, NEW):
        gap = await log.open_gap(began, GapReason.CLOSED)
        await log.change_gap(gap.id, ended=began + timedelta(hours=3))
        await log.close_gaps([gap.id])
    await forget(log)
    assert [gap.began for gap in await log.reader.gaps()] == [NEW]


async def test_the_space_is_given_back(path: Path) -> None:
    async with await EventLog.open(path, KEY) as log:
        await log.append(
            [message(str(n), at=OLD + timedelta(seconds=n), text=f"Offer {n} " * 9) for n in range(9000)]
        )
        await log.append([message(str(n), at=NEW + timedelta(seconds=n)) for n in range(10_000, 10_500)])
    full = path.stat().st_size
    async with await EventLog.open(path, KEY) as log:
        await forget(log)
        assert await log.reader.count(parse_query("offer")) == 0
    assert path.stat().st_size < full / 8
    connection = apsw.Connection(str(path))
    try:
        connection.pragma("key", f"raw:{KEY}")
        assert connection.pragma("integrity_check") == "ok"
        connection.execute("INSERT INTO find (find) VALUES ('integrity-check')")
        assert connection.pragma("freelist_count") == 0
    finally:
        connection.close()


async def test_little_is_let_go_without_merging(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day's worth: rewriting the whole index for it would be a waste."""
    await log.append([message(str(n), at=NEW + timedelta(seconds=n)) for n in range(1000)])
    await log.append([message(str(n), at=OLD + timedelta(seconds=n)) for n in range(2000, 2040)])
    await forget(log)
    assert await log.meta(retention._DELETED) == "40"
    await log.append([message(str(n), at=OLD + timedelta(seconds=n)) for n in range(3000, 3020)])
    await forget(log)
    assert await log.meta(retention._DELETED) is None
    assert await log.reader.count() == 1000


async def test_events_are_stored_between_the_steps(log: EventLog) -> None:
    await log.append([message(str(n), at=OLD + timedelta(seconds=n)) for n in range(600)])
    keeper = log.retention()
    first = await keeper.forget_some(CUT)
    assert first.deleted == retention.EVENTS_A_STEP
    await log.append([message("9000", at=NOW), message("9001", at=OLD - timedelta(days=1))])
    assert first.reached is not None
    assert (await keeper.forget_some(CUT, first.reached)).deleted == retention.EVENTS_A_STEP
    assert await forget(log) == 101
    assert [event.ref for event in await stored(log)] == ["9000"]


async def test_a_file_that_cannot_shrink(path: Path) -> None:
    async with await EventLog.open(path, KEY) as log:
        await log.append([message(str(n), at=OLD + timedelta(seconds=n)) for n in range(3000)])
    connection = apsw.Connection(str(path))
    connection.pragma("key", f"raw:{KEY}")
    connection.pragma("journal_mode", "delete")
    connection.pragma("auto_vacuum", 0)
    connection.execute("VACUUM")
    assert connection.pragma("auto_vacuum") == 0
    connection.close()
    async with await EventLog.open(path, KEY) as log:
        assert await forget(log) == 3000
        assert (await log.reader.stats()).events == 0
