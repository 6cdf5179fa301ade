"""A little of everything, in every run of the tests. ``python -m tests.chaos`` does it in earnest."""

import pytest

from tests.chaos.scenario import FAULTS, make
from tests.chaos.trial import run_trial

EVENTS = 1_500


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_and_nothing_comes_twice(seed: int) -> None:
    outcome = run_trial(seed, EVENTS)
    assert outcome.verdict.failures == {}
    assert outcome.kills >= 1
    assert outcome.verdict.events >= EVENTS * 0.8
    assert outcome.verdict.notices > 0


def test_a_seed_always_makes_the_same_schedule() -> None:
    assert make(3, EVENTS) == make(3, EVENTS)
    assert make(3, EVENTS) != make(4, EVENTS)


def test_a_full_schedule_has_every_fault() -> None:
    verbs = {step.verb for step in make(1, 20_000).faults}
    assert verbs == {
        *("drop", "forget_sessions", "dark", "light", "away", "expire_access", "expire_refresh", "revoke"),
        *("fail", "penalty", "disorder", "hostile", "lag", "slow", "kill", "start", "quit", "stop"),
        *("go_on", "jump", "false_frames", "too_large", "start_another", "end_another"),
    }
    assert len(FAULTS) == 25
