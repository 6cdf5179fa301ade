"""The board and a log beside it, through any course of events, crashes and clocks."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.events import Appended, BatchSummary, Entry, Source
from app.notices.board import NoticeBoard
from app.notices.lateness import BLIP
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules
from tests.notices.builders import NOON, completed, opt, stored, summary

OUT, IN, BATCH = NoticeKind.OPTED_OUT, NoticeKind.OPTED_IN, NoticeKind.BATCH
KINDS = st.lists(st.sampled_from([OUT, OUT, OUT, IN, BATCH, BATCH]), min_size=1, max_size=5)
SECONDS = st.sampled_from([0.0, 0.1, 1.0, 4.0, 5.0, 9.0, 11.0, 31.0, 59.0, 61.0, 130.0, 901.0])


class BoardMachine(RuleBasedStateMachine):
    """What the log, the outbox and the user do, as little of it as there is to know."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0  # of a clock that nobody sets
        self.set_back = 0.0
        self.entries: dict[int, Entry] = {}
        self.kinds: dict[int, NoticeKind] = {}
        self.due: set[int] = set()
        self.shown_in: dict[int, tuple[int, str]] = {}
        self.excused: set[int] = set()
        self.rules = NoticeRules(opted_in=True)
        self.looked_at: set[int] = set()
        self.doom = ""
        self.run = 0
        self.start()

    def start(self) -> None:
        """A new run of the program."""
        self.run += 1
        self.board = NoticeBoard(self.rules)
        self.board.seen = lambda entry: entry.id in self.looked_at
        self.owing: set[int] = set()
        self.apart: set[int] = set()  # what is told afterwards: it came late, or during a pause
        self.spoken: dict[str, list[float]] = defaultdict(list)
        self.lost_at: float | None = None
        self.away = True
        self.watched = False
        self.recall()

    # ------------------------------------------------------------------ the outbox

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds - self.set_back)

    def act(self, notices: list[Notice]) -> list[Notice]:
        """Strike off what the board does not hold any more, then show; or die at one of these points."""
        if self.rules.paused(self.now):
            assert notices == []
        done = self.owing - self.board.held
        doom = self.doom
        if doom and notices:
            self.doom = ""
            if doom == "after the mark":
                self.due -= done
                self.excused |= done
            if doom != "after showing":
                self.start()
                return []
        self.due -= done
        self.owing -= done
        for notice in notices:
            self.show(notice)
        if doom == "after showing" and notices:
            self.start()
        return notices

    def show(self, notice: Notice) -> None:
        ids = set(notice.entry_ids)
        assert len(ids) == len(notice.entry_ids) > 0
        here = (self.run, notice.tag)
        fresh = {entry_id for entry_id in ids if entry_id not in self.shown_in}
        for entry_id in ids - fresh:
            assert self.shown_in[entry_id] == here, "told twice"
        if notice.quiet:
            assert not fresh
            return
        assert fresh, "nothing new in it"
        assert not fresh & self.due, "shown before it was struck off"
        for entry_id in ids:
            self.shown_in[entry_id] = here
        digest = notice.tag.startswith("digest-") or ids <= self.apart
        if not digest:
            assert {self.kinds[entry_id] for entry_id in ids} == {notice.kind}
            assert not ids & self.apart, "what is told afterwards is apart"
        assert all(self.rules.announces(self.kinds[entry_id]) for entry_id in fresh)
        assert not (fresh <= self.looked_at if digest else fresh & self.looked_at), "seen already"
        group = "digest" if digest else notice.kind.value
        times = self.spoken[group]
        assert len(times) < 3 or self.seconds - times[-3] > 59.99, f"four in a minute: {group}"
        assert not times or self.seconds - times[-1] > 4.99, f"too close: {group}"
        times.append(self.seconds)

    def excuse(self) -> None:
        """What nobody wants to be told of, or somebody looks at, need not be."""
        for entry_id in self.due:
            if not self.rules.announces(self.kinds[entry_id]) or entry_id in self.looked_at:
                self.excused.add(entry_id)

    def store(self, kinds: list[NoticeKind], source: Source, age: float = 0.0) -> list[Entry]:
        """Write events to the log."""
        made = []
        for kind in kinds:
            entry_id = len(self.entries) + 1
            when = self.now - timedelta(seconds=age)
            if kind is BATCH:
                entry = completed(entry_id, f"b{entry_id}", when=when, source=source)
            else:
                entry = opt(entry_id, out=kind is OUT, when=when, source=source)
            entry = entry._replace(event=entry.event._replace(received_at=self.now))
            self.entries[entry_id], self.kinds[entry_id] = entry, kind
            self.due.add(entry_id)
            if self.rules.paused(self.now):
                self.apart.add(entry_id)
            made.append(entry)
        self.excuse()
        return made

    def offer(self, entries: list[Entry]) -> list[Notice]:
        self.owing |= {entry.id for entry in entries}
        return self.act(self.board.offer(stored(*entries), self.summaries(entries), self.now))

    def summaries(self, entries: list[Entry]) -> dict[str, BatchSummary]:
        return {
            entry.event.batch_id: summary(entry.event.batch_id) for entry in entries if entry.event.batch_id
        }

    def recall(self, *fresh: Entry) -> None:
        """Take in what is owed, though some of it is on the board; what was stored just now is live."""
        owed = [self.entries[entry_id] for entry_id in sorted(self.due)]
        self.owing |= {entry.id for entry in owed}
        self.apart |= {entry.id for entry in owed if entry not in fresh} - self.board.held
        self.act(self.board.owe(owed, self.summaries(owed), self.now))

    # ------------------------------------------------------------------ what happens

    @initialize(first=st.booleans())
    def begin(self, first: bool) -> None:
        if first:
            self.connect()
            self.close_gap()

    @rule(kinds=KINDS, looking=st.booleans())
    def live(self, kinds: list[NoticeKind], looking: bool) -> None:
        self.looked_at = {len(self.entries) + 1} if looking else set()
        self.news(kinds, Source.LIVE)

    @rule(kinds=KINDS, age=st.sampled_from([0.5, 9.0, 40.0]))
    def replayed(self, kinds: list[NoticeKind], age: float) -> None:
        self.away = self.away or timedelta(seconds=age) > BLIP
        if self.away:
            self.came_late(kinds, Source.REPLAYED, age)
        else:
            self.news(kinds, Source.REPLAYED, age)

    @rule(kinds=KINDS)
    def read_back(self, kinds: list[NoticeKind]) -> None:
        self.came_late(kinds, Source.READ_BACK)

    def came_late(self, kinds: list[NoticeKind], source: Source, age: float = 0.0) -> None:
        entries = self.store(kinds, source, age)
        self.apart |= {entry.id for entry in entries}
        self.offer(entries)

    def news(self, kinds: list[NoticeKind], source: Source, age: float = 0.0) -> None:
        """What is announced at once if it is the first of its kind in a quiet time."""
        waiting = {self.kinds[entry_id] for entry_id in self.board.held - self.apart}
        quiet = {kind for kind in (OUT, IN, BATCH) if kind not in waiting and self.rested(kind.value)}
        run = self.run
        entries = self.store(kinds, source, age)
        told = {entry_id for notice in self.offer(entries) for entry_id in notice.entry_ids}
        if self.run != run or self.rules.paused(self.now):
            return
        for entry in entries:
            kind = self.kinds[entry.id]
            if kind in quiet and self.rules.announces(kind) and entry.id not in self.looked_at:
                assert entry.id in told, "the first of a quiet time waits for nothing"

    def rested(self, group: str) -> bool:
        return not self.spoken[group] or self.seconds - self.spoken[group][-1] >= 60

    @precondition(lambda self: self.watched)
    @rule(kinds=KINDS)
    def another_process_stores(self, kinds: list[NoticeKind]) -> None:
        self.recall(*self.store(kinds, Source.LIVE))

    @rule(kinds=KINDS, source=st.sampled_from([Source.LIVE, Source.READ_BACK]))
    def recalled_before_it_is_offered(self, kinds: list[NoticeKind], source: Source) -> None:
        entries = self.store(kinds, source)
        run, live = self.run, source is Source.LIVE
        self.recall(*(entries if live and self.watched else []))
        if self.run != run:
            return
        if live and not self.rules.paused(self.now):
            self.apart -= {entry.id for entry in entries}
        self.offer(entries)

    @precondition(lambda self: any(kind is BATCH for kind in self.kinds.values()))
    @rule(delivered=st.integers(0, 1163), data=st.data())
    def a_sum_changes(self, delivered: int, data: st.DataObject) -> None:
        batches = [entry_id for entry_id, kind in self.kinds.items() if kind is BATCH]
        name = f"b{data.draw(st.sampled_from(batches))}"
        self.act(self.board.offer(Appended(), {name: summary(name, delivered=delivered)}, self.now))

    @rule()
    def lose(self) -> None:
        self.lost_at = self.seconds if self.lost_at is None else self.lost_at
        self.board.lost(self.now)

    @rule()
    def connect(self) -> None:
        self.away = self.lost_at is None or self.seconds - self.lost_at > BLIP.total_seconds()
        self.lost_at = None
        self.watched = True
        self.board.connected(self.now)

    @rule()
    def close_gap(self) -> None:
        run = self.run
        self.away = False
        self.act(self.board.sum_up(self.now))
        if self.run == run and not self.rules.paused(self.now) and not self.spoken["digest"]:
            assert not self.board.held & self.apart, "a first digest waits for nothing more"

    @rule(kinds=KINDS, seconds=st.sampled_from([1.0, 20.0]))
    def a_gap(self, kinds: list[NoticeKind], seconds: float) -> None:
        run = self.run
        for step in (
            self.lose,
            lambda: self.wait(seconds),
            self.connect,
            lambda: self.read_back(kinds),
            self.close_gap,
        ):
            if self.run == run:
                step()

    @rule()
    def give_up(self) -> None:
        self.board.gave_up(self.now)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        end = self.seconds + seconds
        for _ in range(200):
            deadline = self.board.next_deadline()
            if deadline is None or deadline > self.now + timedelta(seconds=end - self.seconds):
                break
            self.seconds += max(0.0, (deadline - self.now).total_seconds())
            self.act(self.board.tick(self.now))
        else:
            raise AssertionError("the board asks to be called again and again")
        self.seconds = end

    @rule(seconds=st.sampled_from([0.5, 7.0, 3600.0, 86_400.0]))
    def set_clock_back(self, seconds: float) -> None:
        self.act(self.board.tick(self.now))
        self.set_back += seconds
        self.act(self.board.tick(self.now))

    @rule(seconds=st.sampled_from([1.0, 30.0, 600.0]))
    def pause(self, seconds: float) -> None:
        self.choose(replace(self.rules, paused_until=self.now + timedelta(seconds=seconds)))

    @rule()
    def resume(self) -> None:
        self.choose(replace(self.rules, paused_until=None))

    @rule(batch=st.booleans(), out=st.booleans(), back_in=st.booleans())
    def other_kinds(self, batch: bool, out: bool, back_in: bool) -> None:
        self.choose(replace(self.rules, batch_completed=batch, opted_out=out, opted_in=back_in))

    def choose(self, rules: NoticeRules) -> None:
        self.rules = self.board.rules = rules
        self.excuse()
        self.act(self.board.tick(self.now))

    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        ids = sorted(self.board.held)
        self.looked_at = set(data.draw(st.lists(st.sampled_from(ids), max_size=4))) if ids else set()
        self.excuse()

    @rule()
    def crash(self) -> None:
        self.start()

    @rule(point=st.sampled_from(["before the mark", "after the mark", "after showing"]))
    def die_at(self, point: str) -> None:
        self.doom = point

    # ------------------------------------------------------------------ what always holds

    @invariant()
    def what_is_held_is_owed_and_has_its_time(self) -> None:
        held = self.board.held
        assert held <= self.due
        assert held == self.due, "what is owed and not held is forgotten"
        assert (self.board.next_deadline() is not None) or not held

    def teardown(self) -> None:
        self.doom = ""
        self.looked_at = set()
        self.choose(replace(self.rules, paused_until=None))
        self.wait(2000)
        assert self.due == set()
        missing = set(self.entries) - set(self.shown_in)
        assert missing <= self.excused, "never told"


TestBoard = BoardMachine.TestCase
TestBoard.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
