"""When the next request may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ringcentral.rates import Group, RateWindows

LIGHT, AUTH = Group.LIGHT, Group.AUTH


def spend(rates: RateWindows, group: Group, now: float, *, interactive: bool = False) -> int:
    """How many requests may be sent at once."""
    count = 0
    while rates.ask(group, now, interactive) == 0:
        count += 1
    return count


@pytest.mark.parametrize(
    ("group", "background", "reserve"),
    [(Group.LIGHT, 45, 5), (Group.MEDIUM, 36, 4), (Group.HEAVY, 9, 1), (Group.AUTH, 4, 1)],
)
def test_the_default_limits_and_their_reserve(group: Group, background: int, reserve: int) -> None:
    rates = RateWindows()
    assert spend(rates, group, 0.0) == background
    assert spend(rates, group, 0.0, interactive=True) == reserve


@pytest.mark.parametrize(("group", "background", "reserve"), [(Group.LIGHT, 39, 10), (Group.HEAVY, 7, 2)])
def test_more_is_kept_for_somebody_who_is_there(group: Group, background: int, reserve: int) -> None:
    rates = RateWindows()
    assert rates.ask(group, 0.0, interactive=True) == 0
    assert spend(rates, group, 10.0) == background
    assert spend(rates, group, 10.0, interactive=True) == reserve
    # Some minutes later nobody is there any more.
    spend(rates, group, 320.0)
    assert spend(rates, group, 320.0, interactive=True) == reserve // 2


def test_groups_do_not_know_each_other() -> None:
    rates = RateWindows()
    spend(rates, AUTH, 0.0, interactive=True)
    assert rates.ask(LIGHT, 0.0, interactive=False) == 0


def test_room_comes_back_as_the_window_slides() -> None:
    rates = RateWindows({AUTH: 3})
    for now in (0.0, 10.0, 20.0):
        assert rates.ask(AUTH, now, interactive=True) == 0
    assert rates.ask(AUTH, 30.0, interactive=True) == 30.0
    assert rates.ask(AUTH, 60.0, interactive=True) == 0
    assert rates.ask(AUTH, 60.0, interactive=True) == 10.0


def test_background_waits_until_there_is_room_beside_the_reserve() -> None:
    rates = RateWindows({AUTH: 3})
    for now in (0.0, 10.0, 20.0):
        rates.ask(AUTH, now, interactive=True)
    wait = rates.ask(AUTH, 30.0, interactive=False)
    assert wait == 40.0
    assert rates.ask(AUTH, 30.0 + wait, interactive=False) == 0


def test_a_group_of_one_still_serves_the_background() -> None:
    assert spend(RateWindows({AUTH: 1}), AUTH, 0.0) == 1


class TestAnswers:
    def test_limits_are_learnt(self) -> None:
        rates = RateWindows()
        rates.note(
            {"X-Rate-Limit-Group": "Light", "X-Rate-Limit-Limit": "5", "X-Rate-Limit-Window": "10"}, 200, 0.0
        )
        assert spend(rates, LIGHT, 0.0, interactive=True) == 5
        assert rates.ask(LIGHT, 4.0, interactive=True) == 6.0

    def test_what_others_used_counts(self) -> None:
        rates = RateWindows()
        rates.ask(LIGHT, 0.0, interactive=True)
        rates.note({"x-rate-limit-group": "light", "x-rate-limit-remaining": "3"}, 200, 1.0)
        assert spend(rates, LIGHT, 1.0, interactive=True) == 3

    def test_more_remaining_than_we_counted_changes_nothing(self) -> None:
        rates = RateWindows({AUTH: 2})
        spend(rates, AUTH, 0.0, interactive=True)
        rates.note({"X-Rate-Limit-Remaining": "2"}, 200, 0.0, AUTH)
        assert rates.ask(AUTH, 0.0, interactive=True) > 0

    def test_a_penalty_holds_everybody(self) -> None:
        rates = RateWindows()
        rates.note({"Retry-After": "12"}, 429, 100.0, LIGHT)
        assert rates.ask(LIGHT, 100.0, interactive=True) == 12.0
        assert rates.ask(LIGHT, 105.0, interactive=False) == 7.0
        assert rates.held(LIGHT, 105.0) == 7.0
        assert rates.ask(LIGHT, 112.0, interactive=True) == 0
        assert rates.held(LIGHT, 112.0) == 0.0
        assert rates.held(AUTH, 100.0) == 0.0

    def test_a_penalty_without_a_time_lasts_30_seconds(self) -> None:
        rates = RateWindows()
        rates.note({}, 429, 0.0, AUTH)
        assert rates.ask(AUTH, 0.0, interactive=True) == 30.0

    def test_a_shorter_penalty_does_not_end_a_longer_one(self) -> None:
        rates = RateWindows()
        rates.hold(AUTH, 60.0, 0.0)
        rates.note({"Retry-After": "1"}, 429, 0.0, AUTH)
        assert rates.held(AUTH, 0.0) == 60.0

    def test_the_named_group_and_the_asked_one_are_both_held(self) -> None:
        rates = RateWindows()
        rates.note({"X-Rate-Limit-Group": "heavy"}, 429, 0.0, LIGHT)
        assert rates.held(Group.HEAVY, 0.0) == rates.held(LIGHT, 0.0) == 30.0

    @pytest.mark.parametrize("headers", [{}, {"X-Rate-Limit-Group": "feather"}])
    def test_an_answer_without_a_group_teaches_nothing(self, headers: dict[str, str]) -> None:
        rates = RateWindows()
        rates.note(headers, 429, 0.0)
        assert all(rates.held(group, 0.0) == 0.0 for group in Group)

    @pytest.mark.parametrize("odd", ["", "many", "-1", "1.5", "9" * 20, "٣"])
    def test_odd_numbers_are_ignored(self, odd: str) -> None:
        rates = RateWindows()
        names = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Window")
        rates.note(dict.fromkeys(names, odd), 200, 0.0, AUTH)
        assert spend(rates, AUTH, 0.0, interactive=True) == 5


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=80))
def test_never_more_than_the_limit_in_any_window(steps: list[tuple[float, bool]]) -> None:
    rates = RateWindows()
    sent: list[float] = []
    now = 0.0
    for pause, interactive in steps:
        now += pause
        wait = rates.ask(AUTH, now, interactive)
        assert wait >= 0
        if wait == 0:
            sent.append(now)
            assert len([t for t in sent if t > now - 60.0]) <= 5
        else:
            # Who waits as long as told is let through, if nobody else comes.
            now += wait + 1e-6
            assert rates.ask(AUTH, now, interactive) == 0
            sent.append(now)
