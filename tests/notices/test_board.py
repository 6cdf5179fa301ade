"""What is announced, when, and that nothing is lost or said too often."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Appended, Entry
from app.notices.board import NoticeBoard
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules
from tests.notices.builders import NOON, at, completed, customer, opt, stored, summary

ALL = NoticeRules(opted_in=True)


def told(notices: list[Notice]) -> list[tuple[str, tuple[int, ...], bool]]:
    return [(notice.title, notice.entry_ids, notice.quiet) for notice in notices]


# ------------------------------------------------------------------ customers


def test_the_first_at_once_and_the_next_in_the_same_notice() -> None:
    board = NoticeBoard(NoticeRules(sound=True))
    (first,) = board.offer(stored(opt(1)), {}, at(0))
    assert first.kind is NoticeKind.OPTED_OUT
    assert first.sound
    assert not first.quiet
    assert board.next_deadline() is None
    assert board.offer(stored(opt(2)), {}, at(3)) == []
    assert board.held == {2}
    assert board.next_deadline() == at(10)
    assert board.tick(at(9.9)) == []
    (second,) = board.tick(at(10))
    assert second.tag == first.tag
    assert second.entry_ids == (2, 1)
    assert board.held == frozenset()
    assert board.offer(stored(opt(3), opt(4)), {}, at(20)) == []
    assert board.next_deadline() == at(60)
    (third,) = board.tick(at(61))
    assert third.entry_ids == (4, 3, 2, 1)
    assert third.tag == first.tag


def test_200_in_a_minute_are_three_calls_and_one_notice() -> None:
    board = NoticeBoard(NoticeRules())
    notices = []
    for i in range(200):
        notices += board.offer(stored(opt(i)), {}, at(i * 0.3))
    while (deadline := board.next_deadline()) is not None:
        notices += board.tick(deadline)
    assert len(notices) <= 3
    assert len({notice.tag for notice in notices}) == 1
    assert notices[-1].title == "200 customers opted out"
    assert set(notices[-1].entry_ids) == set(range(200))


def test_a_later_one_does_not_replace_the_earlier() -> None:
    board = NoticeBoard(NoticeRules())
    (first,) = board.offer(stored(opt(1)), {}, at(0))
    (second,) = board.offer(stored(opt(2)), {}, at(60))
    assert first.tag != second.tag
    assert second.entry_ids == (2,)


def test_out_and_in_are_told_apart() -> None:
    board = NoticeBoard(ALL)
    notices = board.offer(stored(opt(1), opt(2, out=False)), {}, at(0))
    assert [notice.kind for notice in notices] == [NoticeKind.OPTED_OUT, NoticeKind.OPTED_IN]
    assert len({notice.tag for notice in notices}) == 2


def test_back_in_is_silent_unless_wanted() -> None:
    board = NoticeBoard(NoticeRules())
    assert board.offer(stored(opt(1, out=False)), {}, at(0)) == []
    assert board.held == frozenset()


# ------------------------------------------------------------------ batches


def test_only_the_first_completed_is_news() -> None:
    board = NoticeBoard(NoticeRules())
    (notice,) = board.offer(stored(completed(5)), {"b1": summary()}, at(0))
    assert (notice.kind, notice.title, notice.entry_ids) == (
        NoticeKind.BATCH,
        "Batch finished: 1,204 texts",
        (5,),
    )
    again = stored(completed(6), first_completed=())
    assert board.offer(again, {"b1": summary()}, at(1)) == []
    assert board.tick(at(100)) == []


def test_the_sum_is_updated_quietly_and_ever_more_rarely() -> None:
    board = NoticeBoard(NoticeRules(sound=True))
    (first,) = board.offer(stored(completed(5)), {"b1": summary(delivered=0, failed=0)}, at(0))
    shown = []
    for second in range(1, 100):
        known = {"b1": summary(delivered=second, failed=0)}
        shown += [(second, notice) for notice in board.offer(Appended(), known, at(second))]
    assert [second for second, _ in shown] == [5, 15, 35, 75]
    for second, notice in shown:
        assert (notice.tag, notice.quiet, notice.sound, notice.entry_ids) == (first.tag, True, False, (5,))
        assert f"{second} delivered" in notice.body
    # Settled: the last word comes as soon as 5 s have passed, whatever the gap has grown to.
    (last,) = board.offer(Appended(), {"b1": summary(delivered=1163)}, at(101))
    assert "1,163 delivered, 41 failed." in last.body
    assert board.offer(Appended(), {"b1": summary(delivered=1164)}, at(200)) == []
    assert board.next_deadline() is None


def test_the_last_word_keeps_its_distance() -> None:
    board = NoticeBoard(NoticeRules())
    board.offer(stored(completed(5)), {"b1": summary()}, at(0))
    assert board.offer(Appended(), {"b1": summary(delivered=1163)}, at(1)) == []
    assert board.next_deadline() == at(5)
    (last,) = board.tick(at(5))
    assert last.quiet


def test_the_same_words_are_not_said_twice() -> None:
    board = NoticeBoard(NoticeRules())
    board.offer(stored(completed(5)), {"b1": summary()}, at(0))
    assert board.offer(Appended(), {"b1": summary(cost=None, processed=1)}, at(50)) == []
    assert board.next_deadline() is None


def test_a_batch_nothing_is_known_of() -> None:
    board = NoticeBoard(NoticeRules())
    (notice,) = board.offer(stored(completed(5, size=30)), {}, at(0))
    assert notice.title == "Batch finished: 30 texts"
    assert "No delivery reports yet." in notice.body


def test_many_batches_at_once_share_a_notice() -> None:
    board = NoticeBoard(NoticeRules())
    known = {f"b{i}": summary(f"b{i}", size=1, delivered=0, failed=0) for i in range(50)}
    notices = []
    for i in range(50):
        batch = stored(completed(i, f"b{i}", size=1))
        notices += board.offer(batch, {f"b{i}": known[f"b{i}"]}, at(i * 0.1))
    notices += board.tick(at(20))
    assert told(notices) == [
        ("Batch finished: 1 text", (0,), False),
        ("49 batches finished: 49 texts", tuple(range(49, 0, -1)), False),
    ]
    (update,) = board.offer(Appended(), {"b7": summary("b7", size=1, delivered=1, failed=0)}, at(30))
    assert update.tag == notices[-1].tag
    assert "1 delivered, 48 still waiting." in update.body


def test_twenty_batches_in_a_minute_are_three_notices_at_most() -> None:
    board = NoticeBoard(NoticeRules())
    notices: list[tuple[float, Notice]] = []
    for i in range(60):
        appended = stored(completed(i, f"b{i}")) if i % 3 == 0 else Appended()
        known = {f"b{i}": summary(f"b{i}", delivered=1163)} if i % 3 == 0 else {}
        notices += [(i, notice) for notice in board.offer(appended, known, at(i))]
    assert [(second, len(notice.entry_ids)) for second, notice in notices] == [(0, 1), (5, 1), (20, 5)]
    (last,) = board.tick(at(80))
    assert len(last.entry_ids) == 13
    assert board.next_deadline() is None


def test_sums_that_change_before_the_announcement_are_in_it() -> None:
    board = NoticeBoard(NoticeRules())
    board.offer(stored(completed(1, "a1")), {}, at(0))
    assert board.offer(stored(completed(5)), {"b1": summary(delivered=0)}, at(1)) == []
    board.offer(Appended(), {"b1": summary(delivered=700)}, at(2))
    (notice,) = board.tick(at(5))
    assert "700 delivered" in notice.body


def test_no_end_of_notices_followed() -> None:
    board = NoticeBoard(NoticeRules())
    for i in range(150):
        board.offer(stored(completed(i, f"b{i}")), {f"b{i}": summary(f"b{i}")}, at(i * 60))
    late = {f"b{i}": summary(f"b{i}", delivered=1152) for i in range(150)}
    assert len(board.offer(Appended(), late, at(100_000))) == 100


# ------------------------------------------------------------------ the user's choices


def test_choices_count_at_once() -> None:
    board = NoticeBoard(NoticeRules())
    board.offer(stored(opt(1)), {}, at(0))
    board.offer(stored(opt(2)), {}, at(1))
    board.offer(stored(completed(3)), {"b1": summary()}, at(1))
    board.rules = NoticeRules(opted_out=False, batch_completed=False, opted_in=True)
    assert board.tick(at(10)) == []
    assert board.held == frozenset()
    assert board.offer(stored(opt(4), completed(5, "b2")), {"b1": summary(delivered=1)}, at(20)) == []
    assert len(board.offer(stored(opt(6, out=False)), {}, at(21))) == 1


def test_paused_means_nothing_and_one_summary_afterwards() -> None:
    board = NoticeBoard(NoticeRules(paused_until=at(3600)))
    assert board.offer(stored(opt(1), opt(2), completed(3)), {"b1": summary()}, at(0)) == []
    assert board.offer(stored(opt(4, out=False), opt(5)), {}, at(1)) == []
    assert board.held == {1, 2, 3, 5}
    assert board.next_deadline() == at(3600)
    assert board.tick(at(3599)) == []
    (digest,) = board.tick(at(3600))
    assert (digest.title, digest.body) == (
        "While Textbell was quiet",
        "1 batch finished, 3 customers opted out.",
    )
    assert digest.entry_ids == (5, 3, 2, 1)
    assert board.held == frozenset()
    assert board.next_deadline() is None


def test_one_thing_during_a_pause_is_told_in_full() -> None:
    board = NoticeBoard(NoticeRules(paused_until=at(3600)))
    board.offer(stored(opt(1, who=customer(1))), {}, at(0))
    board.rules = NoticeRules()  # resumed by hand
    assert board.next_deadline() == at(0)
    (notice,) = board.tick(at(5))
    assert notice.title == "(212) 555-0001 opted out"


def test_updates_wait_for_the_end_of_a_pause() -> None:
    board = NoticeBoard(NoticeRules())
    board.offer(stored(completed(5)), {"b1": summary()}, at(0))
    board.rules = NoticeRules(paused_until=at(600))
    assert board.offer(Appended(), {"b1": summary(delivered=1163)}, at(60)) == []
    assert board.next_deadline() == at(600)
    (update,) = board.tick(at(600))
    assert update.quiet


# ------------------------------------------------------------------ the clock


def test_a_clock_set_back_holds_nothing_up() -> None:
    board = NoticeBoard(NoticeRules())
    board.offer(stored(opt(1), completed(2)), {"b1": summary()}, at(0))
    board.offer(stored(opt(3)), {}, at(2))
    board.tick(at(-3600))
    deadline = board.next_deadline()
    assert deadline is not None
    assert deadline <= at(-3590)
    (notice,) = board.tick(deadline)
    assert notice.entry_ids == (3, 1)
    assert len(board.offer(Appended(), {"b1": summary(delivered=1)}, at(-3580))) == 1


# ------------------------------------------------------------------ any course of events

STEP = st.one_of(
    st.tuples(st.just("out"), st.integers(1, 8)),
    st.tuples(st.just("in"), st.integers(1, 4)),
    st.tuples(st.just("batch"), st.integers(1, 4)),
    st.tuples(st.just("change"), st.integers(0, 1200)),
    st.tuples(st.just("pause"), st.integers(0, 400)),
    st.tuples(st.just("resume"), st.just(0)),
    st.tuples(st.just("rules"), st.integers(0, 7)),
)


class Course:
    """A board driven as the engine drives it, and what came of it."""

    def __init__(self, rules: NoticeRules) -> None:
        self.board = NoticeBoard(rules)
        self.now = NOON
        self.shown: list[tuple[float, Notice]] = []
        self.next_id = 0
        self.batches = 0

    def entry_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def note(self, notices: list[Notice]) -> None:
        if self.board.rules.paused(self.now):
            assert notices == []
        for notice in notices:
            assert self.board.rules.announces(notice.kind)
            self.shown.append(((self.now - NOON).total_seconds(), notice))

    def wait(self, seconds: float) -> None:
        end = self.now + timedelta(seconds=seconds)
        for _ in range(1000):
            deadline = self.board.next_deadline()
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
            self.note(self.board.tick(self.now))
        else:
            pytest.fail("the board asks to be called again and again")
        self.now = end

    def offer(self, entries: list[Entry], known: dict) -> None:
        self.note(self.board.offer(stored(*entries), known, self.now))


@given(st.lists(st.tuples(STEP, st.sampled_from([0.0, 0.1, 1.0, 4.9, 9.0, 31.0, 61.0])), max_size=60))
def test_any_course(steps: list[tuple[tuple[str, int], float]]) -> None:
    course = Course(ALL)
    owed: dict[NoticeKind, set[int]] = defaultdict(set)
    switched_off: set[NoticeKind] = set()
    pauses = 0
    for (what, count), pause in steps:
        if what in ("out", "in"):
            entries = [opt(course.entry_id(), out=what == "out") for _ in range(count)]
            owed[NoticeKind.OPTED_OUT if what == "out" else NoticeKind.OPTED_IN] |= {e.id for e in entries}
            course.offer(entries, {})
        elif what == "batch":
            names = [f"b{course.batches + i}" for i in range(count)]
            course.batches += count
            entries = [completed(course.entry_id(), name) for name in names]
            owed[NoticeKind.BATCH] |= {e.id for e in entries}
            course.offer(entries, {name: summary(name) for name in names})
        elif what == "change" and course.batches:
            name = f"b{count % course.batches}"
            course.offer([], {name: summary(name, delivered=min(count, 1163))})
        elif what == "pause":
            pauses += 1
            until = course.now + timedelta(seconds=count)
            course.board.rules = replace(course.board.rules, paused_until=until)
            course.note(course.board.tick(course.now))
        elif what == "resume":
            course.board.rules = replace(course.board.rules, paused_until=None)
            course.note(course.board.tick(course.now))
        elif what == "rules":
            kinds = (NoticeKind.BATCH, NoticeKind.OPTED_OUT, NoticeKind.OPTED_IN)
            switched_off |= {kind for bit, kind in enumerate(kinds) if count & 1 << bit}
            course.board.rules = replace(
                course.board.rules,
                batch_completed=not count & 1,
                opted_out=not count & 2,
                opted_in=not count & 4,
            )
            course.note(course.board.tick(course.now))
        course.wait(pause)
    course.wait(1000)
    assert course.board.held == frozenset()
    _check(course, owed, switched_off, pauses)


def _check(
    course: Course, owed: dict[NoticeKind, set[int]], switched_off: set[NoticeKind], pauses: int
) -> None:
    spoken: dict[str, list[float]] = defaultdict(list)
    updates: dict[str, list[float]] = defaultdict(list)
    announced: set[int] = set()
    for second, notice in course.shown:
        (updates[notice.tag] if notice.quiet else spoken[notice.tag.split("-")[0]]).append(second)
        if notice.quiet:
            assert notice.tag in {other.tag for _, other in course.shown if not other.quiet}
            assert not notice.sound
        announced |= set(notice.entry_ids)
    for group, seconds in spoken.items():
        if group == "digest":
            assert len(seconds) <= pauses
            continue
        for first, fourth in zip(seconds, seconds[3:], strict=False):
            assert fourth - first >= 60, group
    for seconds in updates.values():
        for one, next_one in pairwise(seconds):
            assert next_one - one >= 4.999
    for kind, ids in owed.items():
        if kind not in switched_off:
            assert ids <= announced, kind
