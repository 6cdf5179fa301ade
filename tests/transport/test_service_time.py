"""The service's clock, as its answers tell it."""

from datetime import UTC, datetime, timedelta

import pytest

from app.transport.service_time import ServiceTime

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


class Clock:
    """Wall and monotonic time, each set by hand."""

    def __init__(self) -> None:
        self.wall = NOON
        self.seconds = 100.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


def test_ours_until_it_is_set() -> None:
    clock = Clock()
    time = ServiceTime(clock)
    clock.passes(5)
    assert time.now() == time.steady() == NOON + timedelta(seconds=5)


@pytest.mark.parametrize("date", [None, "", "soon", "Tue, 99 Nov 2026 12:00:00 GMT"])
def test_what_is_no_date_sets_nothing(date: str | None) -> None:
    time = ServiceTime(Clock())
    time.note(date)
    assert time.now() == NOON


def test_clocks_that_agree_are_left_as_they_are() -> None:
    clock = Clock()
    clock.passes(0.7)
    time = ServiceTime(clock)
    time.note("Tue, 03 Nov 2026 12:00:00 GMT")
    assert time.now() == time.steady() == NOON + timedelta(seconds=0.7)


def test_a_clock_of_ours_that_is_wrong_does_not_matter() -> None:
    clock = Clock()
    time = ServiceTime(clock)
    time.note("Tue, 03 Nov 2026 15:00:00 GMT")
    clock.passes(10)
    assert time.now() == time.steady() == NOON + timedelta(hours=3, seconds=10)


def test_over_a_sleep() -> None:
    clock = Clock()
    time = ServiceTime(clock)
    time.note("Tue, 03 Nov 2026 12:00:00 GMT")
    clock.wall += timedelta(hours=9)
    clock.passes(5)
    assert time.now() == NOON + timedelta(hours=9, seconds=5)
    assert time.steady() == NOON + timedelta(seconds=5)
    time.note("Tue, 03 Nov 2026 21:00:06 GMT")
    assert time.steady() == time.now()


def test_a_clock_that_is_set_right_meanwhile() -> None:
    clock = Clock()
    clock.wall -= timedelta(hours=1)
    time = ServiceTime(clock)
    time.note("Tue, 03 Nov 2026 12:00:00 GMT")
    clock.wall += timedelta(hours=1)
    clock.passes(5)
    assert time.steady() == NOON + timedelta(seconds=5)
