"""What happened reaches the log in any order, any number of times, by any way, with crashes in between.

The changes are made by the sandbox's model of a business and take the forms in which they really come: as
notifications (live or replayed, under any uuid) and as the records of the lists. Whatever the order, the
log holds each change that it was told of once, and what follows from them is the same.
"""

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.domain.events import OPTED_OUT, Event, Family, Source
from app.eventlog import EventLog
from app.ringcentral.bodies import batch_from_rest, consent_from_rest, message_from_rest, read_notification
from app.sandbox.clock import SandboxClock, body_time, envelope_time
from app.sandbox.consents import OPT_IN, OPT_OUT
from app.sandbox.model import Change, OutcomeMix
from app.sandbox.world import World
from tests.eventlog.conftest import KEY
from tests.eventlog.events import NOON

FRONT, APPOINTMENTS = "+16505550100", "+16505550101"
ACCOUNT = "/restapi/v1.0/account/405151939033/a2p-sms"
FINAL = {"Delivered", "SendingFailed", "DeliveryFailed"}
MIX = OutcomeMix(delivered=0.6, delivery_failed=0.2, sending_failed=0.1)

Identity = tuple[str, ...]


class _Clock(SandboxClock):
    """Stands still until it is set forward."""

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._skipped, microseconds=700)


@dataclass(frozen=True)
class Happened:
    """A change, and the record by which a list shows it."""

    change: Change
    record: dict[str, Any]

    @property
    def identity(self) -> Identity:
        change = self.change
        if change.family == "optout":
            return (change.number, change.customer, change.state, change.at.isoformat())
        modified = datetime.fromisoformat(change.body["lastModifiedTime"])
        counts = str(change.body.get("processedCount", ""))
        return (change.family, change.ref, change.state, modified.isoformat(), counts)

    def told(self, source: Source, uuid: int) -> Event:
        """As it reaches the program by one way or another."""
        if source is Source.READ_BACK:
            build: Callable[..., Event] = {
                "batch": batch_from_rest,
                "optout": consent_from_rest,
            }.get(self.change.family, message_from_rest)
            return build(self.record, received_at=NOON)
        paths = {"batch": "batches", "optout": "opt-outs", "inbound": "messages?direction=Inbound"}
        envelope = {
            "uuid": str(uuid),
            "event": f"{ACCOUNT}/{paths.get(self.change.family, 'messages?direction=Outbound')}",
            "timestamp": envelope_time(self.change.at),
            "subscriptionId": "s",
            "ownerId": "1",
            "body": self.change.body,
        }
        return read_notification(envelope, received_at=NOON, source=source)


def identity_of(event: Event) -> Identity:
    """The same of an event of a message or batch."""
    assert event.modified_at is not None
    counts = "" if event.processed is None else str(event.processed)
    return (event.family.value, event.ref, event.state, event.modified_at.isoformat(), counts)


class TellingMachine(RuleBasedStateMachine):
    """A business, and a log that is told of what happens there."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="textbell-log-"))
        self.copies = 0
        self.path = self.folder / "0" / "log.db"
        self.path.parent.mkdir()
        self.log = self.runner.run(EventLog.open(self.path, KEY))
        self.clock = _Clock()
        self.world = World(self.clock, 7)
        self.world.journal.listen(self._note)
        self.happened: list[Happened] = []
        self.batches: list[str] = []
        self.uuid = 0
        self.stored: dict[Identity, Happened] = {}
        self.first_completed: Counter[str] = Counter()
        self.noticed: set[int] = set()

    def teardown(self) -> None:
        self.runner.run(self.log.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def _note(self, change: Change) -> None:
        journal = self.world.journal
        if change.family == "optout":
            record = self.world.consents.history[-1].described("createdAt")
            # The history's time and the stream's differ slightly.
            slightly = timedelta(seconds=(len(self.happened) % 5 - 2) * 0.7)
            record["createdAt"] = body_time(change.at + slightly)
        elif change.family == "batch":
            record = journal.batches[change.ref].described()
        else:
            record = journal.messages[int(change.ref)].listed(detailed=True)
        self.happened.append(Happened(change, dict(record)))

    def _identity(self, event: Event) -> Identity:
        if event.family is not Family.OPTOUT:
            return identity_of(event)
        wanted = (event.number, event.customer, event.state)
        [found] = [
            happened.identity
            for happened in self.happened
            if happened.identity[:3] == wanted
            and abs(happened.change.at - event.timestamp) < timedelta(seconds=3)
        ]
        return found

    # ---- what happens

    @rule(size=st.integers(1, 3), number=st.sampled_from([FRONT, APPOINTMENTS]))
    def send(self, size: int, number: str) -> None:
        self.batches.append(self.world.create_batch("Hello", size=size, number=number, mix=MIX).id)
        self.clock.skip(1)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), count=st.integers(1, 3), settle=st.booleans())
    def get_on(self, data: st.DataObject, count: int, settle: bool) -> None:
        batch_id = data.draw(st.sampled_from(self.batches))
        self.world.progress_batch(batch_id, count)
        if settle:
            self.clock.skip(1)
            self.world.settle_batch(batch_id, count)
        self.clock.skip(1)

    @rule(customer=st.integers(0, 1), number=st.sampled_from([FRONT, APPOINTMENTS]), by_text=st.booleans())
    def change_mind(self, customer: int, number: str, by_text: bool) -> None:
        # Further apart than the stream's and the history's times of one change may be.
        self.clock.skip(15)
        person = self.world.customers[customer]
        out = self.world.consents.opted_out(number, person)
        if by_text:
            (self.world.opt_in if out else self.world.opt_out)(person, number=number)
        else:
            self.world.set_consent(number, person, OPT_IN if out else OPT_OUT)

    # ---- what the log is told

    def _draw(self, data: st.DataObject) -> list[tuple[Happened, Event]]:
        chosen = data.draw(
            st.lists(
                st.tuples(st.sampled_from(self.happened), st.sampled_from(Source), st.integers(0, 3)),
                max_size=12,
            )
        )
        told = []
        for happened, source, uuid in chosen:
            self.uuid += 1
            told.append((happened, happened.told(source, uuid or 100 + self.uuid)))
        return told

    def _learn(self, told: list[tuple[Happened, Event]]) -> None:
        for happened, _ in told:
            self.stored.setdefault(happened.identity, happened)

    @precondition(lambda self: self.happened)
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        told = self._draw(data)
        appended = self.runner.run(self.log.append([event for _, event in told]))
        assert len(appended.new) + appended.known == len(told)
        assert {self._identity(entry.event) for entry in appended.new} == {
            happened.identity for happened, _ in told if happened.identity not in self.stored
        }
        self.first_completed.update(appended.first_completed)
        self._learn(told)

    @precondition(lambda self: self.happened)
    @rule(data=st.data())
    def tell_everything_backwards(self, data: st.DataObject) -> None:
        """As a reading back does: newest first, page by page."""
        size = data.draw(st.integers(1, 7))
        told = [(each, each.told(Source.READ_BACK, 0)) for each in reversed(self.happened)]
        for start in range(0, len(told), size):
            piece = told[start : start + size]
            appended = self.runner.run(self.log.append([event for _, event in piece]))
            self.first_completed.update(appended.first_completed)
        self._learn(told)

    # ---- what goes wrong

    def _copy(self) -> Path:
        """The files as they are on the disk at this moment: what a crash leaves behind."""
        self.copies += 1
        folder = self.folder / str(self.copies)
        folder.mkdir()
        for name in ("log.db", "log.db-wal"):
            if (self.path.parent / name).exists():
                shutil.copyfile(self.path.parent / name, folder / name)
        return folder / "log.db"

    def _go_on_with(self, path: Path) -> None:
        self.runner.run(self.log.aclose())
        shutil.rmtree(self.path.parent)
        self.path = path
        self.log = self.runner.run(EventLog.open(path, KEY))
        assert self.log.set_aside is None

    @rule()
    def crash(self) -> None:
        self._go_on_with(self._copy())

    @precondition(lambda self: self.happened)
    @rule(data=st.data())
    def crash_before_the_commit(self, data: st.DataObject) -> None:
        told = self._draw(data)
        copies: list[Path] = []

        def commit() -> bool:
            copies.append(self._copy())
            return False  # go on

        connection = self.log._connection
        connection.set_commit_hook(commit)
        try:
            self.runner.run(self.log.append([event for _, event in told]))
        finally:
            connection.set_commit_hook(None)
        self._go_on_with(copies[0] if copies else self._copy())
        # The program begins again; what was not stored is told again.
        appended = self.runner.run(self.log.append([event for _, event in told]))
        self.first_completed.update(appended.first_completed)
        self._learn(told)

    @rule()
    def notice(self) -> None:
        due = self.runner.run(self.log.due())
        ids = {entry.id for entry in due}
        assert not ids & self.noticed, "somebody was told of these already"
        self.runner.run(self.log.mark_noticed(ids))
        self.noticed |= ids

    # ---- what must hold

    @invariant()
    def each_change_is_one_row(self) -> None:
        entries = self.runner.run(self.log.reader.page(limit=10_000)).entries
        found = Counter(self._identity(entry.event) for entry in entries)
        assert found == Counter(self.stored.keys())
        assert len({entry.id for entry in entries}) == len(entries)

    @invariant()
    def a_batch_completes_once(self) -> None:
        completed = {
            happened.change.ref
            for happened in self.stored.values()
            if (happened.change.family, happened.change.state) == ("batch", "Completed")
        }
        assert self.first_completed == Counter(completed)

    @invariant()
    def batches_are_summed_up_whatever_the_order(self) -> None:
        outcomes: defaultdict[str, dict[str, Change]] = defaultdict(dict)
        latest: dict[str, Change] = {}
        for happened in self.stored.values():
            change = happened.change
            if change.family == "outbound" and change.state in FINAL:
                outcomes[change.body["batchId"]][change.ref] = change
            elif change.family == "batch" and (
                change.ref not in latest or latest[change.ref].seq < change.seq
            ):
                latest[change.ref] = change
        for summary in self.runner.run(self.log.reader.batches(self.batches)).values():
            states = Counter(change.state for change in outcomes[summary.batch_id].values())
            assert summary.delivered == states["Delivered"]
            assert summary.failed == states["SendingFailed"] + states["DeliveryFailed"]
            if summary.batch_id in latest:
                body = latest[summary.batch_id].body
                assert (summary.state, summary.processed) == (body["status"], body["processedCount"])

    @invariant()
    def consent_is_the_latest_that_was_told(self) -> None:
        latest: dict[tuple[str, str], Change] = {}
        for happened in self.stored.values():
            change = happened.change
            if change.family == "optout":
                pair = (change.number, change.customer)
                if pair not in latest or latest[pair].seq < change.seq:
                    latest[pair] = change
        for customer in {pair[1] for pair in latest}:
            found = {each.number: each.state for each in self.runner.run(self.log.reader.consent(customer))}
            wanted = {number: change.state for (number, other), change in latest.items() if other == customer}
            assert found == wanted
            assert set(found.values()) <= {OPTED_OUT, "OptedIn"}


TestTellingMachine = TellingMachine.TestCase
TestTellingMachine.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
