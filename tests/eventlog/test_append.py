"""What one write does: once, in order, with everything that follows from it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from app.domain.events import OPTED_IN, OPTED_OUT, Event, Family, ResumePoint, Source
from app.domain.problems import LogUnavailable
from app.eventlog import EventLog, Query, parse_query
from tests.eventlog.conftest import KEY
from tests.eventlog.events import CUSTOMER, NOON, OWN, batch, message, opt, unknown


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def again(event: Event, **changes: object) -> Event:
    """The same change under another uuid."""
    return event._replace(uuid=f"9{event.uuid}"[:19], raw=event.raw + " ", **changes)


async def read(log: EventLog) -> list[Event]:
    return [entry.event for entry in reversed((await log.reader.page(limit=10_000)).entries)]


# ------------------------------------------------------------------ once


@pytest.mark.parametrize(
    "event",
    [
        message("7086"),
        message("7119", inbound=True),
        batch("b-1"),
        opt(),
        unknown("u-1"),
        message("", uuid="123"),
        batch("", uuid="124"),
        opt(number="", customer="", uuid="125"),
    ],
    ids=["outbound", "inbound", "batch", "opt-out", "unknown", "no id", "no batch id", "no numbers"],
)
async def test_the_same_notification_twice_is_one_row(log: EventLog, event: Event) -> None:
    first = await log.append([event, event])
    second = await log.append([event])
    assert (len(first.new), first.known) == (1, 1)
    assert (len(second.new), second.known) == (0, 1)
    assert await read(log) == [event]


@pytest.mark.parametrize(
    "event",
    [message("7086"), message("7119", inbound=True), batch("b-1"), opt()],
    ids=lambda event: event.family,
)
@pytest.mark.parametrize("source", list(Source))
async def test_the_same_change_under_two_uuids_is_one_row(
    log: EventLog, event: Event, source: Source
) -> None:
    await log.append([event])
    appended = await log.append([again(event, source=source)])
    assert appended.known == 1
    assert await read(log) == [event]


async def test_the_same_change_after_the_log_was_opened_anew(path: Path) -> None:
    events = [message("7086", batch_id="b-1"), batch("b-1"), opt(), unknown("u-1")]
    async with await EventLog.open(path, KEY) as log:
        await log.append(events)
    async with await EventLog.open(path, KEY) as log:
        assert (await log.append(events)).known == 4


async def test_each_status_and_each_modification_is_a_row(log: EventLog) -> None:
    events = [
        message("7086", state="Queued", at=seconds(0)),
        message("7086", state="Sent", at=seconds(1)),
        message("7086", state="Delivered", at=seconds(2)),
        message("7086", state="Delivered", at=seconds(3)),
        message("7087", state="Delivered", at=seconds(3)),
        message("7086", state="Delivered", at=seconds(2), inbound=True),
    ]
    assert len((await log.append(events)).new) == 6


async def test_each_count_of_a_batch_is_a_row(log: EventLog) -> None:
    first = batch("b-1", state="Processing", processed=1)
    same_time = first._replace(processed=2, uuid="77")
    later = batch("b-1", state="Processing", processed=2, at=seconds(1))
    assert len((await log.append([first, same_time, later])).new) == 3


async def test_ids_of_different_families_do_not_meet(log: EventLog) -> None:
    at = seconds(0)
    events = [
        message("12125550142", at=at),
        message("12125550142", at=at, inbound=True),
        unknown("12125550142"),
        batch("12125550142", at=at, state="Delivered"),
        message("", uuid="12125550142"),
    ]
    assert len((await log.append(events)).new) == 5


async def test_an_opt_out_from_the_history_is_the_one_from_the_stream(log: EventLog) -> None:
    await log.append([opt(at=seconds(0)), opt(out=False, at=seconds(60)), opt(at=seconds(120))])
    history = [
        opt(at=seconds(3), source=Source.READ_BACK),
        opt(out=False, at=seconds(58), source=Source.READ_BACK),
        opt(at=seconds(121), source=Source.READ_BACK),
        opt(at=seconds(4000), source=Source.READ_BACK),
    ]
    appended = await log.append(history)
    assert [entry.event for entry in appended.new] == [history[3]]


@pytest.mark.parametrize(("apart", "rows"), [(1.9, 1), (2.1, 2)])
async def test_an_opt_out_that_the_stream_tells_twice(log: EventLog, apart: float, rows: int) -> None:
    await log.append([opt(at=seconds(0))])
    await log.append([opt(at=seconds(apart))])
    assert len(await read(log)) == rows


@pytest.mark.parametrize(("apart", "rows"), [(-9, 1), (9, 1), (-11, 2), (11, 2)])
async def test_how_far_the_history_may_differ(log: EventLog, apart: float, rows: int) -> None:
    await log.append([opt(at=seconds(apart), source=Source.READ_BACK)])
    await log.append([opt(at=seconds(0))])
    assert len(await read(log)) == rows


async def test_consent_is_that_of_the_latest_telling(log: EventLog) -> None:
    """The history is read from its end: the opt-in between is told last."""
    await log.append([opt(at=seconds(0))])
    await log.append([opt(at=seconds(8), source=Source.READ_BACK)])
    await log.append([opt(out=False, at=seconds(4), source=Source.READ_BACK)])
    (consent,) = await log.reader.consent(CUSTOMER)
    assert consent.state == OPTED_OUT


async def test_an_opt_in_between_makes_a_second_opt_out(log: EventLog) -> None:
    events = [opt(at=seconds(0)), opt(out=False, at=seconds(0.5)), opt(at=seconds(1))]
    assert len((await log.append(events)).new) == 3
    assert (await log.append([again(event) for event in events])).known == 3


async def test_the_pair_opts_out_not_the_customer(log: EventLog) -> None:
    events = [opt(), opt(number="+16505550101"), opt(customer="+12125550143")]
    assert len((await log.append(events)).new) == 3


# ------------------------------------------------------------------ in order


async def test_ids_are_in_the_order_of_time_whatever_the_order_of_arrival(log: EventLog) -> None:
    late = [message(str(number), at=seconds(number)) for number in (5, 3, 9)]
    await log.append(late)
    await log.append([message("4", at=seconds(4)), message("1", at=seconds(1))])
    assert [event.ref for event in await read(log)] == ["1", "3", "4", "5", "9"]


async def test_more_events_than_a_second_has_ids(log: EventLog) -> None:
    crowd = [message(f"{number}", at=seconds(0)) for number in range(600)]
    after = message("600", at=seconds(1))
    before = message("601", at=seconds(-1))
    await log.append([after])
    await log.append(crowd[:300])
    await log.append([before])
    await log.append(crowd[300:])
    entries = (await log.reader.page(limit=1000)).entries
    assert len({entry.id for entry in entries}) == len(entries) == 602
    assert entries[-1].event == before
    found = await log.reader.count(Query(after=seconds(0), before=seconds(0.5)))
    assert found == 600
    assert await log.reader.count(Query(after=seconds(1))) == 1
    assert await log.reader.count(Query(before=seconds(0))) == 1


@pytest.mark.parametrize(
    ("timestamp", "placed"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), 0),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), NOON.timestamp()),
        (seconds(86_000), NOON.timestamp() + 86_000),
        (seconds(87_000), NOON.timestamp()),
    ],
)
async def test_absurd_times_have_a_place_and_stay_what_they_are(
    log: EventLog, timestamp: datetime, placed: float
) -> None:
    event = message("7086")._replace(timestamp=timestamp, received_at=NOON)
    (entry,) = (await log.append([event])).new
    assert entry.id >> 8 == placed
    assert (await read(log)) == [event]


# ------------------------------------------------------------------ batches


async def test_a_batch_is_summed_up(log: EventLog) -> None:
    errors = ["SMS-CAR-411", "SMS-CAR-411", "SMS-UP-430"]
    outcomes = [("Delivered", "")] * 4 + [("DeliveryFailed", error) for error in errors]
    events: list[Event] = [batch("b-1", state="Processing", processed=0, size=10)]
    for number, (state, error) in enumerate(outcomes):
        ref = f"{7000 + number}"
        events += [
            message(ref, state="Queued", at=seconds(1), batch_id="b-1", text="Hi! Our holiday hours"),
            message(ref, state="Sent", at=seconds(2), batch_id="b-1", text="Hi! Our holiday hours"),
            message(ref, state=state, at=seconds(3), batch_id="b-1", error_code=error),
        ]
    events.append(batch("b-1", processed=10, rejected=1, size=10, at=seconds(4)))
    for start in range(0, len(events), 5):
        await log.append(events[start : start + 5])
    await log.append([again(event) for event in events])
    summary = await log.reader.batch("b-1")
    assert summary is not None
    assert summary.number == OWN
    assert summary.state == "Completed"
    assert (summary.size, summary.processed, summary.rejected) == (10, 10, 1)
    assert (summary.delivered, summary.failed, summary.waiting) == (4, 3, 2)
    assert summary.errors == {"SMS-CAR-411": 2, "SMS-UP-430": 1}
    assert summary.text == "Hi! Our holiday hours"
    assert summary.cost == Decimal("0.07")
    assert summary.completed_at == events[-1].modified_at
    assert summary.created_at == events[-1].created_at
    assert not summary.settled


async def test_a_message_counts_once_for_its_latest_final_status(log: EventLog) -> None:
    failed = message("7086", state="DeliveryFailed", at=seconds(5), batch_id="b-1", error_code="SMS-CAR-412")
    delivered = message("7086", state="Delivered", at=seconds(2), batch_id="b-1")
    await log.append([delivered])
    summary = await log.reader.batch("b-1")
    assert summary is not None
    assert (summary.delivered, summary.failed) == (1, 0)
    await log.append([failed])
    # An older report, and one without the batch's id, change nothing.
    await log.append(
        [message("7086", state="Delivered", at=seconds(4)), message("7086", state="Sent", at=seconds(9))]
    )
    summary = await log.reader.batch("b-1")
    assert summary is not None
    assert (summary.delivered, summary.failed, dict(summary.errors)) == (0, 1, {"SMS-CAR-412": 1})


async def test_a_message_counts_in_one_batch(log: EventLog) -> None:
    await log.append([message("7086", state="Sent", batch_id="b-1")])
    await log.append([message("7086", at=seconds(1), batch_id="b-2"), message("7087", at=seconds(1))])
    found = await log.reader.batches(["b-1", "b-2"])
    assert {name: summary.delivered for name, summary in found.items()} == {"b-1": 1, "b-2": 0}


async def test_only_the_first_completed_is_news(log: EventLog) -> None:
    running = batch("b-1", state="Processing", processed=3)
    first = batch("b-1", at=seconds(5))
    second = batch("b-1", at=seconds(9), processed=11)
    appended = await log.append([running])
    assert (appended.first_completed, appended.batches_changed) == ((), ("b-1",))
    appended = await log.append([first])
    assert (appended.first_completed, appended.batches_changed) == (("b-1",), ("b-1",))
    appended = await log.append([first, second])
    assert (appended.first_completed, appended.batches_changed) == ((), ("b-1",))
    assert (await log.append([second])).batches_changed == ()
    assert [entry.event for entry in await log.due()] == [first]


async def test_an_old_event_of_a_batch_does_not_undo_a_new_one(log: EventLog) -> None:
    await log.append([batch("b-1", at=seconds(9))])
    await log.append([batch("b-1", state="Processing", processed=3, at=seconds(5))])
    summary = await log.reader.batch("b-1")
    assert summary is not None
    assert (summary.state, summary.processed) == ("Completed", 10)


async def test_summaries_of_several_batches(log: EventLog) -> None:
    await log.append([batch("b-1"), batch("b-2", size=3), batch("ü\ud800\0", size=4)])
    found = await log.reader.batches(["b-1", "b-2", "b-3"])
    assert {name: summary.size for name, summary in found.items()} == {"b-1": 10, "b-2": 3}
    assert await log.reader.batch("b-3") is None


# ------------------------------------------------------------------ consent


async def test_consent_is_that_of_the_latest_change(log: EventLog) -> None:
    await log.append([opt(at=seconds(50)), opt(number="+16505550101", out=False, at=seconds(3))])
    await log.append([opt(out=False, at=seconds(20))])
    first, second = await log.reader.consent(CUSTOMER)
    assert (first.number, first.state, first.since) == (OWN, OPTED_OUT, seconds(50))
    assert (second.number, second.state, second.since) == ("+16505550101", OPTED_IN, seconds(3))
    assert first.entry_id is not None
    proof = await log.reader.entry(first.entry_id)
    assert proof is not None
    assert proof.event.timestamp == seconds(50)
    assert await log.reader.consent("+12125559999") == ()


async def test_a_time_far_ahead_does_not_settle_consent_for_ever(log: EventLog) -> None:
    wrong = opt()._replace(timestamp=datetime(9999, 1, 1, tzinfo=UTC))
    await log.append([wrong])
    await log.append([opt(out=False, at=seconds(60))])
    (consent,) = await log.reader.consent(CUSTOMER)
    assert consent.state == OPTED_IN


# ------------------------------------------------------------------ due and unread


async def test_what_is_due_stays_due_until_it_is_noticed(path: Path) -> None:
    events = [
        opt(),
        opt(out=False, at=seconds(1)),
        batch("b-1", at=seconds(2), source=Source.REPLAYED),
        batch("b-2", state="Processing", at=seconds(3)),
        message("7086", at=seconds(4)),
        message("7087", inbound=True, at=seconds(5)),
        opt(customer="+12125550143", at=seconds(6), source=Source.READ_BACK),
    ]
    async with await EventLog.open(path, KEY) as log:
        await log.append(events)
    async with await EventLog.open(path, KEY) as log:
        due = await log.due()
        assert [entry.event for entry in due] == [*events[:3], events[6]]
        assert await log.due({due[1].id}) == (due[0], *due[2:])
        await log.mark_noticed([entry.id for entry in due[:2]])
        assert await log.due() == due[2:]
        await log.append(events)
        assert await log.due() == due[2:]


async def test_unread_until_read(log: EventLog) -> None:
    events = [
        opt(),
        batch("b-1", at=seconds(2)),
        message("7086", at=seconds(4)),
        message("7087", inbound=True, at=seconds(5)),
        opt(customer="+12125550143", at=seconds(6), source=Source.READ_BACK),
    ]
    appended = await log.append(events)
    assert [entry.unread for entry in appended.new] == [True, True, False, True, True]
    assert await log.reader.unread_count() == 4
    page = await log.reader.page(Query(unread=True))
    assert [entry.id for entry in page.entries] == [
        entry.id for entry in reversed(appended.new) if entry.unread
    ]
    assert all(entry.unread for entry in page.entries)
    assert await log.mark_read([page.entries[0].id, appended.new[2].id, 12345]) == 1
    assert await log.reader.unread_count() == 3
    assert await log.mark_read() == 3
    assert (await log.reader.page(Query(unread=True))).entries == ()


async def test_an_import_is_no_news(log: EventLog) -> None:
    async with log.bulk():
        appended = await log.append([opt(), batch("b-1"), message("1", inbound=True)], news=False)
    assert len(appended.new) == 3
    assert appended.first_completed == ("b-1",)
    assert await log.due() == ()
    assert await log.reader.unread_count() == 0


# ------------------------------------------------------------------ small things


async def test_the_resume_point_is_stored_with_the_events(path: Path) -> None:
    async with await EventLog.open(path, KEY) as log:
        assert await log.resume_point() is None
        await log.append([opt()], resume=ResumePoint("R1", 1))
        await log.append([], resume=ResumePoint("R2", 7))
    async with await EventLog.open(path, KEY) as log:
        assert await log.resume_point() == ResumePoint("R2", 7)
        await log.clear_resume_point()
        assert await log.resume_point() is None


async def test_values_under_names(log: EventLog) -> None:
    assert await log.meta("shown until") is None
    await log.set_meta("shown until", "17")
    await log.set_meta("shown until", "18")
    assert await log.meta("shown until") == "18"
    await log.set_meta("shown until", None)
    assert await log.meta("shown until") is None


async def test_nothing_to_append(log: EventLog) -> None:
    assert (await log.append([])).new == ()


async def test_an_absurd_event_does_not_harm_its_neighbours(log: EventLog) -> None:
    absurd = batch("b-1")._replace(size=2**80, text="half \ud83d pair", number="\ud83d")
    events = [message("1", at=seconds(1)), absurd, opt(at=seconds(3))]
    assert len((await log.append(events)).new) == 3
    assert (await log.append(events)).known == 3
    assert {event.family for event in await read(log)} == {Family.OUTBOUND, Family.BATCH, Family.OPTOUT}
    assert absurd in await read(log)
    summary = await log.reader.batch("b-1")
    assert summary is not None
    assert summary.state == "Completed"


async def test_nothing_is_remembered_of_a_write_that_failed(log: EventLog) -> None:
    """Words, numbers, batches and shapes that it brought are new again for the next."""
    events = [
        message(
            str(number),
            at=seconds(number),
            state="Delivered" if number % 2 else "Waiting",
            customer="+13105550177",
            batch_id=f"b-{number % 3}",
            text="Our holiday hours",
        )
        for number in range(20)
    ]
    too_much = message("999", text="x", at=seconds(999))
    connection = log._connection
    connection.pragma("max_page_count", connection.pragma("page_count") + 5)
    with pytest.raises(LogUnavailable, match="is full"):
        await log.append([*events, too_much._replace(raw="x" * 100_000)])
    connection.pragma("max_page_count", 4_000_000_000)
    connection.set_commit_hook(lambda: True)
    with pytest.raises(apsw.ConstraintError):
        await log.append(events)
    connection.set_commit_hook(None)
    assert (await log.reader.stats()).events == 0
    # Something else comes first, so that other rows get the ids that the failed write had given out.
    await log.append([batch("b-9"), opt(customer="+13105550188")])
    await log.append(events)
    assert (await read(log))[2:] == events
    assert await log.reader.count(parse_query("number:550177")) == 20
    assert await log.reader.count(parse_query("status:waiting")) == 10
    assert await log.reader.count(parse_query("batch:b-1")) == 7
