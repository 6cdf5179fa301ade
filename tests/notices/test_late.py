"""What came late is told in one notice once all of it is known, and holds up nothing that is live."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from app.domain.events import Appended, Entry, Source
from app.notices.board import NoticeBoard
from app.notices.port import Notice, NoticeKind
from app.notices.rules import NoticeRules
from tests.notices.builders import NOON, at, completed, customer, opt, stored, summary

READ_BACK, REPLAYED = Source.READ_BACK, Source.REPLAYED
BATCHES = {name: summary(name) for name in ("b1", "b2")}


def late(*ids: int) -> list[Entry]:
    return [opt(entry_id, source=READ_BACK) for entry_id in ids]


def watching(**rules: object) -> NoticeBoard:
    """A board that has been connected for an hour."""
    board = NoticeBoard(NoticeRules(**rules))  # type: ignore[arg-type]
    board.connected(at(-3600))
    assert board.sum_up(at(-3600)) == []
    return board


def interrupted(seconds: float) -> NoticeBoard:
    """A board that is connected again after so long; it is noon."""
    board = watching()
    board.lost(at(-seconds))
    board.connected(at(0))
    return board


def ids(notices: Sequence[Notice]) -> list[tuple[int, ...]]:
    return [notice.entry_ids for notice in notices]


def received(entry: Entry, when: datetime) -> Entry:
    return entry._replace(event=entry.event._replace(received_at=when))


# ------------------------------------------------------------------ the digest


def test_what_was_read_back_is_one_digest_when_the_gap_is_closed() -> None:
    board = interrupted(600)
    assert board.offer(stored(*late(1, 2)), {}, at(1)) == []
    batches = [completed(3, source=READ_BACK), completed(4, "b2", source=READ_BACK)]
    assert board.offer(stored(*batches), BATCHES, at(2)) == []
    assert board.offer(stored(opt(5, out=False, source=READ_BACK)), {}, at(3)) == []
    assert board.held == {1, 2, 3, 4}
    (digest,) = board.sum_up(at(90))
    assert (digest.title, digest.body) == (
        "While you were away",
        "2 batches finished, 2 customers opted out.",
    )
    assert digest.entry_ids == (4, 3, 2, 1)
    assert board.held == frozenset()
    assert board.next_deadline() is None
    # What becomes of the batches is nothing that a digest tells.
    assert board.offer(Appended(), {"b1": summary(delivered=1163)}, at(200)) == []


@pytest.mark.parametrize(("seconds", "told_at"), [(11, 4.0), (600, 4.0)])
def test_what_was_replayed_after_an_outage_is_in_it(seconds: float, told_at: float) -> None:
    board = interrupted(seconds)
    replayed = [opt(1, source=REPLAYED, when=at(-1)), completed(2, source=REPLAYED, when=at(-1))]
    assert board.offer(stored(*replayed), BATCHES, at(0)) == []
    assert board.offer(stored(*late(3)), {}, at(1)) == []
    (digest,) = board.sum_up(at(told_at))
    assert digest.entry_ids == (3, 2, 1)


def test_a_blip_is_no_outage() -> None:
    board = interrupted(9)
    (notice,) = board.offer(stored(opt(1, source=REPLAYED, when=at(-8))), {}, at(0))
    assert notice.kind is NoticeKind.OPTED_OUT
    (notice,) = board.offer(stored(completed(2, source=REPLAYED, when=at(-8))), BATCHES, at(0))
    assert notice.kind is NoticeKind.BATCH
    assert board.sum_up(at(2)) == []


def test_a_dead_connection_was_lost_long_before_that_was_noticed() -> None:
    board = interrupted(1)
    old = received(opt(1, source=REPLAYED, when=at(-40)), at(0))
    young = opt(2, source=REPLAYED, when=at(-2))
    assert board.offer(stored(old, young), {}, at(0)) == []
    assert ids(board.sum_up(at(3))) == [(2, 1)]


def test_a_blip_after_an_outage_is_a_blip() -> None:
    board = interrupted(600)
    board.sum_up(at(2))
    board.lost(at(100))
    board.lost(at(101))  # an attempt that came to nothing
    board.connected(at(103))
    assert len(board.offer(stored(opt(1, source=REPLAYED, when=at(102))), {}, at(103))) == 1


def test_a_connection_that_is_handed_over_is_no_outage() -> None:
    board = interrupted(600)
    board.sum_up(at(2))
    assert len(board.offer(stored(opt(1, source=REPLAYED, when=at(7200))), {}, at(7200))) == 1


def test_the_first_connection_ends_the_time_before_the_start() -> None:
    board = NoticeBoard(NoticeRules())
    board.connected(at(0))
    assert board.offer(stored(opt(1, source=REPLAYED)), {}, at(0)) == []
    assert len(board.offer(stored(opt(2)), {}, at(1))) == 1
    assert ids(board.sum_up(at(2))) == [(1,)]


@pytest.mark.parametrize("first", [late(1), late(1, 2), [completed(1, source=READ_BACK)]])
def test_it_holds_up_nothing_that_happens_now(first: list[Entry]) -> None:
    board = interrupted(600)
    board.offer(stored(*first), BATCHES, at(0))
    (older,) = board.sum_up(at(0))
    news = board.offer(stored(opt(8), completed(9, "b2")), BATCHES, at(0.5))
    assert [(notice.kind, notice.entry_ids) for notice in news] == [
        (NoticeKind.OPTED_OUT, (8,)),
        (NoticeKind.BATCH, (9,)),
    ]
    assert older.tag not in {notice.tag for notice in news}


def test_nor_do_things_wait_that_happen_while_a_gap_is_being_closed() -> None:
    board = interrupted(600)
    board.offer(stored(*late(1, 2)), {}, at(0))
    assert ids(board.offer(stored(opt(3)), {}, at(1))) == [(3,)]
    assert ids(board.sum_up(at(2))) == [(2, 1)]


def test_one_thing_is_told_in_full_and_a_batch_follows_its_sum() -> None:
    board = interrupted(600)
    board.offer(stored(completed(3, source=READ_BACK)), {"b1": summary(delivered=0, text="")}, at(0))
    board.offer(Appended(), {"b1": summary(delivered=700)}, at(1))
    (notice,) = board.sum_up(at(2))
    assert notice.title == "Batch finished: 1,204 texts"
    assert "Hi! Our holiday hours" in notice.body
    assert "700 delivered" in notice.body
    (update,) = board.offer(Appended(), {"b1": summary(delivered=1163)}, at(12))
    assert (update.tag, update.quiet) == (notice.tag, True)


def test_gaps_that_follow_each_other_closely_do_not_storm() -> None:
    board = interrupted(600)
    told: list[tuple[float, Notice]] = []
    for i in range(40):
        notices = board.offer(stored(*late(2 * i, 2 * i + 1)), {}, at(i))
        told += [(i, notice) for notice in notices + board.sum_up(at(i))]
    told += [(60, notice) for notice in board.tick(at(60))]
    assert [second for second, _ in told] == [0, 10, 60]
    assert sorted(i for _, notice in told for i in notice.entry_ids) == list(range(80))


# ------------------------------------------------------------------ nobody closes the gap


def test_after_a_minute_without_a_connection_what_is_known_is_told() -> None:
    board = interrupted(600)
    board.offer(stored(*late(1, 2)), {}, at(0))
    board.lost(at(5))
    assert board.next_deadline() == at(65)
    assert board.tick(at(64)) == []
    assert ids(board.tick(at(65))) == [(2, 1)]
    board.connected(at(100))
    board.offer(stored(*late(3, 4)), {}, at(101))
    assert ids(board.sum_up(at(110))) == [(4, 3)]


def test_or_after_a_minute_in_which_reading_back_did_not_succeed() -> None:
    board = interrupted(600)
    board.offer(stored(*late(1, 2)), {}, at(0))
    board.gave_up(at(3))
    assert ids(board.tick(at(63))) == [(2, 1)]


def test_reading_back_may_take_longer_but_not_for_ever() -> None:
    board = interrupted(600)
    board.offer(stored(*late(1)), {}, at(0))
    board.offer(stored(*late(2)), {}, at(800))
    assert board.tick(at(899)) == []
    assert board.next_deadline() == at(900)
    assert ids(board.tick(at(900))) == [(2, 1)]
    board.offer(stored(*late(3)), {}, at(901))
    assert ids(board.sum_up(at(902))) == []
    assert ids(board.tick(at(910))) == [(3,)]


def test_a_clock_set_back_meanwhile() -> None:
    board = interrupted(600)
    board.offer(stored(*late(1, 2)), {}, at(0))
    board.lost(at(5))
    board.tick(at(-86_400))
    assert board.next_deadline() == at(-86_400 + 60)


# ------------------------------------------------------------------ after a start


def test_what_is_owed_from_before_waits_for_the_first_gap_to_be_closed() -> None:
    board = NoticeBoard(NoticeRules())
    entries = (opt(1), opt(2, who=customer(1)), completed(3), completed(4), opt(5, out=False))
    assert board.owe(entries, {"b1": summary()}, at(30)) == []
    board.connected(at(32))
    board.offer(stored(*late(6)), {}, at(33))
    (digest,) = board.sum_up(at(34))
    assert digest.title == "While you were away"
    assert digest.body == "1 batch finished, 2 customers opted out."
    assert digest.entry_ids == (6, 3, 2, 1)


def test_without_a_connection_it_is_told_after_a_minute() -> None:
    board = NoticeBoard(NoticeRules())
    board.owe((completed(3),), {"b1": summary()}, at(30))
    assert board.next_deadline() == at(90)
    (notice,) = board.tick(at(90))
    assert notice.title == "Batch finished: 1,204 texts"
    assert NoticeBoard(NoticeRules()).owe((), {}, at(0)) == []


def test_what_another_process_stored_a_moment_ago_is_told_at_once() -> None:
    board = watching()
    assert ids(board.owe((opt(1),), {}, at(5))) == [(1,)]
    assert board.owe((opt(2),), {}, at(15)) == []
    assert ids(board.tick(at(75))) == [(2,)]


@pytest.mark.parametrize("seconds", [0, 30])
def test_owed_and_offered_is_told_once(seconds: float) -> None:
    board = NoticeBoard(NoticeRules())
    told = board.owe((opt(1), completed(2)), BATCHES, at(seconds))
    told += board.offer(stored(opt(1), completed(2)), BATCHES, at(seconds + 1))
    assert ids(told) == [(1,), (2,)], "what is live after all does not wait"
    told = board.sum_up(at(200)) + board.tick(at(400))
    assert told == []


def test_owed_twice_is_told_once() -> None:
    board = NoticeBoard(NoticeRules())
    board.owe((opt(1), opt(2)), {}, at(30))
    board.owe((opt(1), opt(2)), {}, at(40))
    assert ids(board.sum_up(at(41))) == [(2, 1)]


def test_owed_and_waiting_for_its_turn_is_told_once() -> None:
    board = watching()
    board.offer(stored(opt(1)), {}, at(0))
    board.offer(stored(opt(2), completed(3)), BATCHES, at(1))
    board.owe((opt(2),), {}, at(2))
    assert ids(board.tick(at(10))) == [(2, 1)]


def test_two_reports_of_one_batch_in_one_write_are_one_thing() -> None:
    board = interrupted(600)
    first, second = completed(1, source=READ_BACK), completed(2)._replace(unread=False)
    assert board.offer(stored(first, second), BATCHES, at(0)) == []
    assert ids(board.sum_up(at(1))) == [(1,)]


# ------------------------------------------------------------------ the user's choices


def test_kinds_switched_off_meanwhile_are_not_in_it() -> None:
    board = interrupted(600)
    board.offer(stored(*late(1, 2), completed(3, source=READ_BACK)), BATCHES, at(0))
    board.rules = NoticeRules(opted_out=False)
    (notice,) = board.sum_up(at(1))
    assert notice.entry_ids == (3,)


def test_a_gap_closed_during_a_pause_is_told_after_it() -> None:
    board = interrupted(600)
    board.rules = NoticeRules(paused_until=at(1000))
    board.offer(stored(*late(1, 2)), {}, at(0))
    assert board.sum_up(at(1)) == []
    assert board.next_deadline() == at(1000)
    (digest,) = board.tick(at(1000))
    assert (digest.title, digest.entry_ids) == ("While you were away", (2, 1))


# ------------------------------------------------------------------ what somebody is looking at


def test_what_is_seen_is_not_announced() -> None:
    board = watching()
    board.seen = lambda entry: entry.id in (1, 3)
    told = board.offer(stored(opt(1), opt(2), completed(3), completed(4, "b2")), BATCHES, at(0))
    assert ids(told) == [(2,), (4,)]
    assert board.held == frozenset()
    # Neither is what becomes of it.
    assert board.offer(Appended(), {"b1": summary(delivered=1163)}, at(50)) == []


def test_nor_what_is_seen_while_it_waits() -> None:
    board = watching()
    board.offer(stored(opt(1), completed(2)), BATCHES, at(0))
    board.offer(stored(opt(3), opt(4), completed(5, "b2")), BATCHES, at(1))
    board.seen = lambda entry: entry.id in (3, 5)
    assert ids(board.tick(at(10))) == [(4, 1)]
    assert board.held == frozenset()


def test_the_next_one_is_announced_at_once() -> None:
    board = watching()
    board.seen = lambda entry: entry.id == 1
    board.offer(stored(opt(1)), {}, at(0))
    assert ids(board.offer(stored(opt(2)), {}, at(1))) == [(2,)]


def test_a_digest_is_left_out_only_if_all_of_it_is_seen() -> None:
    board = interrupted(600)
    board.seen = lambda entry: entry.id < 3
    board.offer(stored(*late(1, 2)), {}, at(0))
    assert board.sum_up(at(1)) == []
    assert board.held == frozenset()
    board.offer(stored(*late(2, 3)), {}, at(2))
    assert ids(board.sum_up(at(3))) == [(3, 2)]


def test_what_is_seen_during_a_pause_is_not_told_after_it() -> None:
    board = watching(paused_until=NOON)
    board.seen = lambda entry: entry.id == 1
    board.offer(stored(opt(1), opt(2)), {}, at(-60))
    assert ids(board.tick(at(0))) == [(2,)]
