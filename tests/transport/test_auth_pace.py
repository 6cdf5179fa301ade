"""Five requests a minute, counted across processes and restarts."""

import json
import os
from pathlib import Path

import pytest

from app.domain.problems import RateHeld
from app.transport.auth_pace import LIMIT, MARGIN, WINDOW, AuthPace, Urgency
from app.transport.process_lock import lock_file, unlock_file
from tests.transport.conftest import ManualClock

ANYBODY, SOMEBODY = Urgency.NOBODY_WAITS, Urgency.SOMEBODY_WAITS


def spend(pace: AuthPace, urgency: Urgency) -> int:
    """How many requests may be sent right now."""
    sent = 0
    while not pace.ask(urgency):
        sent += 1
    return sent


def test_never_more_than_the_limit_in_any_window(clock: ManualClock) -> None:
    pace = AuthPace(clock)
    sent: list[float] = []
    while clock.passed < 600:
        wait = pace.ask(SOMEBODY)
        if wait:
            assert 0 < wait <= WINDOW + MARGIN
            clock.passed += min(wait, 7.3)
        else:
            sent.append(clock.passed)
    for first, last in zip(sent, sent[LIMIT:], strict=False):
        assert last - first >= WINDOW, "a sixth request within a minute"
    assert len(sent) >= 9 * LIMIT, "and not many fewer than allowed"


def test_what_nobody_waits_for_leaves_one_to_whoever_does(clock: ManualClock) -> None:
    pace = AuthPace(clock)
    assert spend(pace, ANYBODY) == LIMIT - 1
    assert spend(pace, SOMEBODY) == 1
    clock.passed = 30.0
    assert pace.ask(SOMEBODY) == pytest.approx(WINDOW + MARGIN - 30)


def test_other_processes_and_restarts_go_on_counting(clock: ManualClock, tmp_path: Path) -> None:
    file = tmp_path / "not yet there" / "auth.json"
    tray, console = AuthPace(clock, file), AuthPace(clock, file)
    assert tray.ask(SOMEBODY) == 0
    assert console.ask(SOMEBODY) == 0
    assert spend(AuthPace(clock, file), SOMEBODY) == LIMIT - 2
    assert tray.ask(SOMEBODY) > 0
    assert console.ask(SOMEBODY) > 0
    console.hold(90)
    assert tray.ask(SOMEBODY) == pytest.approx(90)


def test_a_request_that_never_left_does_not_count(clock: ManualClock, tmp_path: Path) -> None:
    pace = AuthPace(clock, tmp_path / "auth.json")
    for _ in range(50):
        assert pace.ask(ANYBODY) == 0
        pace.unsent()
    pace.unsent()
    assert spend(pace, SOMEBODY) == LIMIT


def test_the_wait_is_told(clock: ManualClock) -> None:
    pace = AuthPace(clock)
    pace.hold(40)
    with pytest.raises(RateHeld) as held:
        pace.turn(SOMEBODY)
    assert (held.value.until - clock.now()).total_seconds() == pytest.approx(40)
    clock.passed = 41
    pace.turn(SOMEBODY)


class TestAnswers:
    def test_a_penalty_holds(self, clock: ManualClock) -> None:
        pace = AuthPace(clock)
        pace.note({"Retry-After": "17"}, 429)
        assert pace.ask(SOMEBODY) == pytest.approx(17)

    def test_without_a_length_it_is_half_a_minute(self, clock: ManualClock) -> None:
        pace = AuthPace(clock)
        pace.note({}, 429)
        assert pace.ask(SOMEBODY) == pytest.approx(30)

    def test_what_other_computers_sent_counts(self, clock: ManualClock) -> None:
        pace = AuthPace(clock)
        assert pace.ask(SOMEBODY) == 0
        headers = {"X-Rate-Limit-Group": "auth", "X-Rate-Limit-Limit": "5", "X-Rate-Limit-Remaining": "1"}
        pace.note(headers, 200)
        assert spend(pace, SOMEBODY) == 1

    def test_another_limit(self, clock: ManualClock) -> None:
        pace = AuthPace(clock)
        pace.note({"X-Rate-Limit-Limit": "2", "X-Rate-Limit-Window": "10"}, 200)
        assert spend(pace, ANYBODY) == 1
        assert spend(pace, SOMEBODY) == 1
        assert pace.ask(SOMEBODY) == pytest.approx(10 + MARGIN)
        pace.note({"X-Rate-Limit-Limit": "1"}, 200)
        clock.passed = 13
        assert spend(pace, ANYBODY) == 1, "one may always be sent"

    def test_another_groups_headers_say_nothing(self, clock: ManualClock) -> None:
        pace = AuthPace(clock)
        pace.note({"X-Rate-Limit-Group": "light", "X-Rate-Limit-Limit": "50"}, 200)
        assert spend(pace, SOMEBODY) == LIMIT


class TestTheFile:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "nonsense",
            "[]",
            "{}",
            '{"sent": 5, "held": 0, "limit": 5, "window": 60}',
            '{"sent": ["x"], "held": 0, "limit": 5, "window": 60}',
            '{"sent": [], "held": 1e400, "limit": 1e400, "window": 60}',
            "[" * 60_000,
        ],
    )
    def test_damaged(self, clock: ManualClock, tmp_path: Path, text: str) -> None:
        file = tmp_path / "auth.json"
        file.write_text(text)
        assert spend(AuthPace(clock, file), SOMEBODY) == LIMIT
        assert len(json.loads(file.read_text())["sent"]) == LIMIT

    def test_written_by_a_wrong_clock(self, clock: ManualClock, tmp_path: Path) -> None:
        file = tmp_path / "auth.json"
        later = clock.now().timestamp() + 1e6
        file.write_text(json.dumps({"sent": [later] * 5, "held": later, "limit": 5, "window": 60}))
        assert spend(AuthPace(clock, file), SOMEBODY) == LIMIT

    def test_it_never_grows(self, clock: ManualClock, tmp_path: Path) -> None:
        file = tmp_path / "auth.json"
        pace = AuthPace(clock, file)
        pace.note({"X-Rate-Limit-Limit": "100000"}, 200)
        for _ in range(1500):
            pace.ask(SOMEBODY)
        assert file.stat().st_size < 65_536
        clock.passed = 100
        assert pace.ask(SOMEBODY) == 0
        assert file.stat().st_size < 200

    def test_a_folder_that_cannot_be_written(self, clock: ManualClock, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        pace = AuthPace(clock, tmp_path / "file" / "auth.json")
        assert spend(pace, SOMEBODY) == LIMIT, "it is counted in memory"

    def test_a_process_stopped_in_the_middle_of_counting(self, clock: ManualClock, tmp_path: Path) -> None:
        file = tmp_path / "auth.json"
        pace = AuthPace(clock, file)
        assert pace.ask(SOMEBODY) == 0
        other = os.open(file, os.O_RDWR)
        try:
            assert lock_file(other)
            assert spend(pace, SOMEBODY) == LIMIT - 1
            unlock_file(other)
        finally:
            os.close(other)
