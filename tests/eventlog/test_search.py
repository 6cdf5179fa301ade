"""What a search finds, in each of its ways."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.events import Event, Family
from app.eventlog import EventLog, Query, parse_query, search
from tests.eventlog.conftest import KEY
from tests.eventlog.events import NOON, batch, message, opt, timedelta, unknown

FRONT, BACK = "+16505550100", "+16505550101"
ANN, BOB, CLEO = "+12125550142", "+12125550143", "+442079460000"


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


EVENTS = {
    "batch": batch("b6f5-1", number=FRONT, at=at(0)),
    "queued": message(
        "1", state="Queued", number=FRONT, customer=ANN, batch_id="b6f5-1", text="Your order is ready!"
    ),
    "delivered": message(
        "1", number=FRONT, customer=ANN, batch_id="b6f5-1", text="Your order is ready!", at=at(2)
    ),
    "failed": message(
        "2",
        state="DeliveryFailed",
        number=FRONT,
        customer=BOB,
        batch_id="b6f5-1",
        error_code="SMS-CAR-411",
        at=at(3),
        text="Your orders are ready: 4471, call 555-0199",
    ),
    "spam": message(
        "3", state="SendingFailed", number=BACK, customer=CLEO, error_code="SMS-UP-430", at=at(4), text=""
    ),
    "thanks": message(
        "9", inbound=True, number=BACK, customer=ANN, text="Thank you, naïve café 😀", at=at(5)
    ),
    "stop": opt(number=BACK, customer=BOB, at=at(6)),
    "start": opt(number=BACK, customer=BOB, out=False, at=at(86_400)),
    "odd": unknown("u1", at=at(86_401), text="It is not JSON."),
}
NAMES = {event: name for name, event in EVENTS.items()}


@pytest.fixture
async def full(log: EventLog) -> EventLog:
    appended = await log.append(list(EVENTS.values()))
    await log.mark_read([entry.id for entry in appended.new if entry.event is not EVENTS["stop"]])
    return log


async def find(log: EventLog, query: str | Query) -> list[str]:
    wanted = parse_query(query, NOON, UTC) if isinstance(query, str) else query
    page = await log.reader.page(wanted)
    names = [NAMES[entry.event] for entry in page.entries]
    assert await log.reader.count(wanted) == len(names)
    return names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "odd start stop thanks spam failed delivered queued batch"),
        # words
        ("ready ", "failed delivered queued"),
        ("order ", "delivered queued"),
        ("order", "failed delivered queued"),
        ("READY order ", "delivered queued"),
        ("rea ", ""),
        ("cafe", "thanks"),
        ("naive café", "thanks"),
        ('"order is ready"', "delivered queued"),
        ('"is order"', ""),
        ("-ready", "odd start stop thanks spam batch"),
        ("-ready -thank", "odd start stop spam batch"),
        ("order -4471", "delivered queued"),
        ('ready -"order is"', "failed"),
        ("thank OR orders", "thanks failed"),
        ('thank OR "order is ready" your', "delivered queued"),
        ("json", "odd"),
        ("😀", "thanks"),
        ("ready 😀", ""),
        ("-😀 thank", ""),
        ("f1", ""),
        ("s1 k1", ""),
        # numbers
        ("(212) 555-0142", "thanks delivered queued"),
        ("650 555 0101", "start stop thanks spam"),
        ("212 555 0142 650 555 0101", "thanks"),
        ("+44 20 7946 0000", "spam"),
        ("5550142", "thanks delivered queued"),
        ("555-014", "start stop thanks failed delivered queued"),
        ("212555", "start stop thanks failed delivered queued"),
        ("7946", "spam"),
        ("4471", "failed"),
        ("555-0199", "failed"),
        ("555 01", "start stop thanks spam failed delivered queued batch"),
        ("number:0142", "thanks delivered queued"),
        ("number:0143,7946", "start stop spam failed"),
        ("from:6505550101", "start stop spam"),
        ("to:6505550101", "thanks"),
        ("from:2125550142", "thanks"),
        ("to:2125550142", "delivered queued"),
        ("to:0142 from:0100", "delivered queued"),
        ("number:99999", ""),
        ("-number:650555", "odd"),
        ("-from:6505550100 type:outbound", "spam"),
        # kinds, statuses, errors, batches
        ("type:optout", "start stop"),
        ("type:inbound,batch", "thanks batch"),
        ("-type:outbound", "odd start stop thanks batch"),
        ("type:outbound -type:outbound", ""),
        ("status:failed", "spam failed"),
        ("status:optedout", "stop"),
        ("status:nothing", ""),
        ("-status:nothing", "odd start stop thanks spam failed delivered queued batch"),
        ("-status:delivered type:outbound", "spam failed queued"),
        ("error:411", "failed"),
        ("error:sms", "spam failed"),
        ("error:430,411 type:outbound", "spam failed"),
        ("-error:sms type:outbound", "delivered queued"),
        ("batch:b6f5-1", "failed delivered queued batch"),
        ("batch:b6f type:batch", "batch"),
        ("batch:6f5", ""),
        # time, unread
        ("on:2026-11-04", "odd start"),
        ("after:2026-11-04", "odd start"),
        ("before:2026-11-04", "stop thanks spam failed delivered queued batch"),
        ("on:today ready ", "failed delivered queued"),
        ("-on:today", "odd start"),
        ("is:unread", "stop"),
        ("is:unread type:optout", "stop"),
        ("is:unread ready", ""),
        ("-is:unread type:optout", "start"),
    ],
)
async def test_finds(full: EventLog, query: str, names: str) -> None:
    assert await find(full, query) == names.split()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(own_numbers=(BACK,)), "start stop thanks spam"),
        (Query(own_numbers=(BACK,), customers=(ANN,)), "thanks"),
        (Query(customers=(ANN, "7946")), "thanks spam delivered queued"),
        (Query(own_numbers=(ANN,)), ""),
        (Query(families=(Family.OPTOUT, Family.UNKNOWN), after=at(100)), "odd start"),
        (
            Query(without=(Query(families=(Family.OUTBOUND,), errors=("411",)),), words=("ready",)),
            "delivered queued",
        ),
        (
            Query(without=(Query(words=("ready",), unread=True), Query(states=("Opted",)))),
            "odd thanks spam failed delivered queued batch",
        ),
        (Query(without=(Query(after=at(5)), Query(before=at(2)))), "spam failed delivered"),
    ],
)
async def test_finds_without_text(full: EventLog, query: Query, names: str) -> None:
    assert await find(full, query) == names.split()


async def test_batches_by_their_first_event(log: EventLog) -> None:
    steps = [
        batch(name, state=state, processed=done, at=at(minute))
        for minute, (name, state, done) in enumerate(
            [("b-1", "Queued", 0), ("b-2", "Queued", 0), ("b-1", "Processing", 2), ("b-2", "Completed", 3)]
        )
    ]
    await log.append(steps[:2])
    await log.append([*steps[2:], message("7001", batch_id="b-3", at=at(5))])
    query = Query(families=(Family.BATCH,), batch_starts=True)
    page = await log.reader.page(query)
    assert [(entry.event.batch_id, entry.event.state) for entry in page.entries] == [
        ("b-2", "Queued"),
        ("b-1", "Queued"),
    ]
    assert await log.reader.count(query) == 2
    others = await log.reader.page(Query(without=(query,)))
    assert [entry.event.state for entry in others.entries][-2:] == ["Completed", "Processing"]


async def test_a_fragment_of_very_many_numbers(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_TAGS", 5)
    events = [message(str(number), customer=f"+1212555{number:04}", at=at(number)) for number in range(40)]
    await log.append(events)
    for query, count in (("212555", 40), ("number:21255500", 40), ("to:21255500", 40), ("from:21255500", 0)):
        assert await log.reader.count(parse_query(query)) == count
    assert await log.reader.count(parse_query("2125550039")) == 1
    assert await log.reader.count(parse_query("thank 21255500")) == 40
    assert await log.reader.count(parse_query("-number:21255500")) == 0


async def test_three_hundred_numbers_at_once(log: EventLog) -> None:
    await log.append(
        [message(str(number), customer=f"+1212555{number:04}", at=at(number)) for number in range(299)]
    )
    assert await log.reader.count(parse_query("number:212555 type:outbound")) == 299


texts = st.lists(st.sampled_from(["red", "reds", "green", "blue", "fine"]), max_size=4).map(" ".join)
PARTS = (
    *("red", "red ", "green", '"red green"', "-blue", "-red", "red OR blue", "is:unread", "-is:unread"),
    *(
        "type:inbound",
        "-type:optout",
        "type:batch",
        "status:deliv",
        "-status:failed",
        "error:411",
        "-error:411",
    ),
    *("0142", "650 555 0100", "number:0143", "from:0142", "to:0142", "-from:0100"),
    *("on:2026-11-03", "after:2026-11-04", "-on:2026-11-04"),
)
parts = st.sampled_from(PARTS)
NUMBERS = ("0142", "650 555 0100")
"""Side by side they would be one."""


def matches(part: str, event: Event, unread: bool) -> bool:
    """What one part of a query means, said once more and simply."""
    if part.startswith("-"):
        return not matches(part[1:] + " ", event, unread)
    name, _, value = part.strip().partition(":")
    inbound = event.family is Family.INBOUND
    words = event.text.split()
    match name:
        case "type":
            return event.family == value
        case "status":
            return value in event.state.lower()
        case "error":
            return value in event.error_code
        case "number" | "0142":
            return any((value or name) in number for number in (event.number, event.customer))
        case "650 555 0100":
            return FRONT in (event.number, event.customer)
        case "from":
            return value in (event.customer if inbound else event.number)
        case "to":
            return value in (event.number if inbound else event.customer)
        case "is":
            return unread
        case "on":
            return event.timestamp.date().isoformat() == value
        case "after":
            return event.timestamp.date().isoformat() >= value
        case "red OR blue":
            return "red" in words or "blue" in words
        case '"red green"':
            return "red green" in " ".join(words)
    return any(word.startswith(name) if part == part.rstrip() else word == name for word in words)


some_events = st.lists(
    st.one_of(
        st.builds(
            message,
            st.integers(1, 10**6).map(str),
            state=st.sampled_from(["Delivered", "DeliveryFailed"]),
            error_code=st.sampled_from(["", "SMS-CAR-411"]),
            inbound=st.booleans(),
            number=st.sampled_from([FRONT, BACK]),
            customer=st.sampled_from([ANN, BOB]),
            text=texts,
            at=st.integers(0, 200_000).map(at),
        ),
        st.builds(
            opt,
            out=st.booleans(),
            number=st.sampled_from([FRONT, BACK]),
            customer=st.sampled_from([ANN, BOB]),
            at=st.integers(0, 200_000).map(at),
        ),
        st.builds(batch, st.uuids().map(str), at=st.integers(0, 200_000).map(at)),
    ),
    max_size=25,
)


@given(some_events, st.lists(st.lists(parts, min_size=1, max_size=4), min_size=1, max_size=12))
@settings(max_examples=60)
async def test_finds_what_a_look_at_every_event_finds(
    tmp_path_factory: pytest.TempPathFactory, events: Sequence[Event], queries: list[list[str]]
) -> None:
    async with await EventLog.open(tmp_path_factory.mktemp("log") / "log.db", KEY) as log:
        await log.append(events)
        everything = (await log.reader.page(limit=100)).entries
        for query in queries:
            # What is at the end, or before an operator, is not being typed any more.
            query = [part for part in query if part not in NUMBERS or part is query[0]]
            text = " ".join(part.rstrip() for part in query) + " "
            kinds = {value for value in query if value.startswith("type:")}
            found = (await log.reader.page(parse_query(text, NOON, UTC), limit=100)).entries
            expected = tuple(
                entry
                for entry in everything
                if (not kinds or any(matches(kind, entry.event, entry.unread) for kind in kinds))
                and all(
                    matches(part.rstrip() + " ", entry.event, entry.unread)
                    for part in query
                    if not part.startswith("type:")
                )
            )
            assert found == expected, text
