"""How often a kind of notice may draw attention."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notices.pace import Burst, Pace
from tests.notices.builders import at

STEPS = (timedelta(seconds=10), timedelta(seconds=60))


@pytest.mark.parametrize(
    ("spoken", "now", "allowed"),
    [
        ([], 0, 0),
        ([0], 1, 10),
        ([0], 30, 30),
        ([0, 10], 11, 60),
        ([0, 10, 60], 61, 120),
        ([0, 59], 60, 64),
        ([0, 59, 64], 65, 124),
        ([0], 60, 60),
        ([0, 10, 60, 120], 121, 130),
    ],
)
def test_distances(spoken: list[int], now: int, allowed: int) -> None:
    pace = Pace(*STEPS)
    for moment in spoken:
        pace.speak(at(moment))
    assert pace.allowed_at(at(now)) == at(allowed)


@given(
    st.sampled_from([STEPS, (timedelta(0), timedelta(seconds=10))]),
    st.lists(st.floats(0, 90), max_size=60),
)
def test_never_four_within_a_minute(steps: tuple[timedelta, timedelta], pauses: list[float]) -> None:
    burst: Burst[int] = Burst(*steps)
    now, spoken, taken = 0.0, [], []
    for i, pause in enumerate(pauses):
        # Acts at every deadline on the way, as a caller does.
        end = now + pause
        while (due := burst.due_at(at(now))) is not None and due <= at(end):
            fresh, _ = burst.take(due)
            assert fresh
            spoken.append(due)
            taken.extend(fresh)
        now = end
        burst.add([i])
    taken.extend(burst.waiting)
    assert taken == list(range(len(pauses)))
    for first, fourth in zip(spoken, spoken[3:], strict=False):
        assert (fourth - first).total_seconds() >= 60


def test_the_clock_is_set_back() -> None:
    burst: Burst[int] = Burst(*STEPS)
    burst.add([1])
    assert burst.take(at(0)) == ((1,), (1,))
    burst.add([2])
    burst.clock_went_back(timedelta(hours=1))
    assert burst.due_at(at(-3599)) == at(-3590)
