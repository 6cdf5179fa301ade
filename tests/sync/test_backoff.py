"""Delays between attempts."""

import pytest

from app.sync.backoff import Backoff


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_delays_double_up_to_the_longest(chance: float, factor: float) -> None:
    backoff = Backoff(lambda: chance, first=2.0, longest=60.0)
    assert [backoff.next() for _ in range(7)] == [each * factor for each in (2, 4, 8, 16, 32, 60, 60)]


def test_success_begins_afresh() -> None:
    backoff = Backoff(lambda: 1.0, first=2.0, longest=60.0)
    for _ in range(4):
        backoff.next()
    assert backoff.failures == 4
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next() == 2.0


def test_a_week_of_failures_is_no_trouble() -> None:
    backoff = Backoff(lambda: 1.0)
    assert {backoff.next() for _ in range(20_000)} == {2.0, 4.0, 8.0, 16.0, 32.0, 60.0}
