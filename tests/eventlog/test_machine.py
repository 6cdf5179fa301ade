"""Any course of writes, repeats, reopenings and failures, against a model that keeps everything in a list."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.domain.events import Event, Family, Source
from app.domain.problems import LogUnavailable
from app.eventlog import EventLog, Query
from tests.eventlog.conftest import KEY
from tests.eventlog.events import NOON, batch, message, opt, timedelta, unknown

PAIRS = [("+16505550100", "+12125550142"), ("+16505550101", "+12125550142"), ("+16505550100", "+12125550143")]
FINAL = {"Delivered", "SendingFailed", "DeliveryFailed"}

# A minute apart: the tolerance for one change told twice has tests of its own.
moments = st.integers(0, 40).map(lambda minute: NOON + timedelta(minutes=minute))
refs = st.integers(1, 6)
events = st.one_of(
    st.builds(
        lambda ref, state, at, error, source: message(
            str(ref),
            state=state,
            at=at,
            batch_id=f"b-{ref % 3}",
            text=f"Text {ref}",
            error_code=error if state.endswith("Failed") else "",
            source=source,
        ),
        refs,
        st.sampled_from(["Queued", "Sent", *sorted(FINAL)]),
        moments,
        st.sampled_from(["", "SMS-CAR-411", "SMS-UP-430"]),
        st.sampled_from(Source),
    ),
    st.builds(lambda ref, at: message(str(ref), inbound=True, at=at), refs, moments),
    st.builds(
        lambda ref, state, at, processed, source: batch(
            f"b-{ref % 3}", state=state, at=at, processed=processed, source=source
        ),
        refs,
        st.sampled_from(["Queued", "Processing", "Completed"]),
        moments,
        st.integers(0, 3),
        st.sampled_from(Source),
    ),
    st.builds(
        lambda pair, out, at, source: opt(number=pair[0], customer=pair[1], out=out, at=at, source=source),
        st.sampled_from(PAIRS),
        st.booleans(),
        moments,
        st.sampled_from(Source),
    ),
    st.builds(lambda uuid, at: unknown(f"u{uuid}", at=at), refs, moments),
)


def sameness(event: Event) -> tuple[object, ...]:
    """What makes two events one, said once more."""
    match event.family:
        case Family.OPTOUT:
            return event.number, event.customer, event.state, event.timestamp
        case Family.UNKNOWN:
            return ("unknown", event.uuid)
        case Family.BATCH:
            return event.ref, event.state, event.modified_at, event.processed
    return event.family, event.ref, event.state, event.modified_at


class LogMachine(RuleBasedStateMachine):
    """The log beside its model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "log.db"
        self.log = self.runner.run(EventLog.open(self.path, KEY))
        self.model: dict[tuple[object, ...], Event] = {}
        self.ids: dict[int, Event] = {}
        self.due: set[int] = set()
        self.unread: set[int] = set()
        self.completed: set[str] = set()

    def teardown(self) -> None:
        self.runner.run(self.log.aclose())
        self.runner.close()
        self.folder.cleanup()

    @rule(new=st.lists(events, max_size=8), news=st.booleans(), durable=st.booleans())
    def append(self, new: list[Event], news: bool, durable: bool) -> None:
        appended = self.runner.run(self.log.append(new, news=news, durable=durable))
        expected = []
        for event in sorted(new, key=lambda event: event.timestamp):
            if sameness(event) not in self.model:
                self.model[sameness(event)] = event
                expected.append(event)
        assert [entry.event for entry in appended.new] == expected
        assert appended.known == len(new) - len(expected)
        first = []
        for entry in appended.new:
            event = entry.event
            assert entry.id not in self.ids
            self.ids[entry.id] = event
            notable = event.family is Family.OPTOUT
            if event.state == "Completed" and event.batch_id not in self.completed:
                self.completed.add(event.batch_id)
                first.append(event.batch_id)
                notable = True
            if news and notable:
                self.due.add(entry.id)
            assert entry.unread == (news and (notable or event.family is Family.INBOUND))
            if entry.unread:
                self.unread.add(entry.id)
        assert sorted(appended.first_completed) == sorted(first)
        touched = {event.batch_id for event in expected if event.batch_id}
        assert set(appended.batches_changed) <= touched

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.model:
            old = data.draw(st.lists(st.sampled_from(list(self.model.values())), max_size=8))
            # Under another uuid, except where the uuid is all there is.
            again = [event if event.family is Family.UNKNOWN else event._replace(uuid="7") for event in old]
            appended = self.runner.run(self.log.append(again))
            assert (appended.new, appended.known) == ((), len(again))
            assert appended.first_completed == appended.batches_changed == ()

    @rule(new=st.lists(events, min_size=1, max_size=5))
    def fail(self, new: list[Event]) -> None:
        """A disk that is full in the middle of a write."""
        connection = self.log._connection
        pages = connection.pragma("page_count")
        connection.pragma("max_page_count", pages)
        try:
            bulky = [event._replace(text=event.text + " and more" * 3000, raw="x" * 90_000) for event in new]
            fresh = any(sameness(event) not in self.model for event in bulky)
            if fresh:
                with pytest.raises(LogUnavailable, match="is full"):
                    self.runner.run(self.log.append(bulky))
            else:
                assert self.runner.run(self.log.append(bulky)).new == ()
        finally:
            connection.pragma("max_page_count", 4_000_000_000)

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.log.aclose())
        self.log = self.runner.run(EventLog.open(self.path, KEY))
        assert self.log.set_aside is None

    @rule(data=st.data())
    def see(self, data: st.DataObject) -> None:
        if self.ids:
            ids = data.draw(st.lists(st.sampled_from(sorted(self.ids)), max_size=4, unique=True))
            assert self.runner.run(self.log.mark_read(ids)) == len(self.unread & set(ids))
            self.runner.run(self.log.mark_noticed(ids))
            self.unread -= set(ids)
            self.due -= set(ids)

    @invariant()
    def holds_what_it_should(self) -> None:
        entries = self.runner.run(self.log.reader.page(limit=10_000)).entries
        assert {entry.id: entry.event for entry in entries} == self.ids
        assert {entry.id for entry in entries if entry.unread} == self.unread
        assert self.runner.run(self.log.reader.unread_count()) == len(self.unread)
        assert [entry.id for entry in self.runner.run(self.log.due())] == sorted(self.due)
        times = [entry.event.timestamp for entry in reversed(entries)]
        assert times == sorted(times)

    @invariant()
    def finds_what_it_should(self) -> None:
        def ids(query: Query) -> set[int]:
            return {entry.id for entry in self.runner.run(self.log.reader.page(query, limit=10_000)).entries}

        for family in Family:
            assert ids(Query(families=(family,))) == {
                place for place, e in self.ids.items() if e.family is family
            }
        assert ids(Query(words=("text", "4"))) == {
            place for place, e in self.ids.items() if e.text == "Text 4"
        }
        for pair in PAIRS:
            assert ids(Query(own_numbers=pair[:1], customers=pair[1:])) == {
                place for place, e in self.ids.items() if (e.number, e.customer) == pair
            }

    @invariant()
    def sums_up_batches(self) -> None:
        stored = list(self.ids.values())
        found = self.runner.run(self.log.reader.batches(["b-0", "b-1", "b-2"]))
        assert set(found) == {event.batch_id for event in stored if event.batch_id}
        for name, summary in found.items():
            own = [event for event in stored if event.family is Family.BATCH and event.ref == name]
            outcomes = final_states([event for event in stored if event.family is Family.OUTBOUND], name)
            assert summary.delivered == sum(event.state == "Delivered" for event in outcomes)
            assert summary.failed == sum(event.state != "Delivered" for event in outcomes)
            assert summary.errors == Counter(event.error_code for event in outcomes if event.error_code)
            finished = [event.modified_at for event in own if event.state == "Completed"]
            assert summary.completed_at == (min(time for time in finished if time) if finished else None)
            if own:
                newest = max(event.modified_at for event in own if event.modified_at)
                assert summary.state in {event.state for event in own if event.modified_at == newest}
                assert summary.modified_at == newest

    @invariant()
    def knows_the_consent(self) -> None:
        for customer in {pair[1] for pair in PAIRS}:
            known = {
                consent.number: consent for consent in self.runner.run(self.log.reader.consent(customer))
            }
            for number in {pair[0] for pair in PAIRS}:
                changes = [
                    event
                    for event in self.ids.values()
                    if event.family is Family.OPTOUT and (event.number, event.customer) == (number, customer)
                ]
                if changes:
                    latest = max(event.timestamp for event in changes)
                    assert known[number].since == latest
                    states = {event.state for event in changes if event.timestamp == latest}
                    assert known[number].state in states
                    proof = known[number].entry_id
                    assert proof is not None
                    assert self.ids[proof].timestamp == latest
                else:
                    assert number not in known


def final_states(messages: Sequence[Event], batch_id: str) -> list[Event]:
    """The latest final report of each message of a batch."""
    latest: dict[str, Event] = {}
    for event in messages:
        if event.batch_id == batch_id and event.state in FINAL:
            other = latest.get(event.ref)
            mark = (event.modified_at, event.state, event.error_code)
            if other is None or mark > (other.modified_at, other.state, other.error_code):
                latest[event.ref] = event
    return list(latest.values())


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
