"""What is still to be read back, as a value."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sync.to_read import Listing, Span, ToRead, from_json

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def span(since: int, until: int) -> Span:
    return Span(NOON + timedelta(minutes=since), NOON + timedelta(minutes=until))


def test_nothing_to_read() -> None:
    assert not ToRead()
    assert from_json(None) == from_json(ToRead().to_json()) == ToRead()


def test_a_gap_is_asked_for_in_every_list_and_done_in_pieces() -> None:
    plan = ToRead().asked_for(span(0, 60))
    assert all(plan.of(listing) == (span(0, 60),) for listing in Listing)
    plan = plan.minus(Listing.CONSENTS, span(0, 60)).minus(Listing.BATCHES, span(0, 60))
    plan = plan.minus(Listing.MESSAGES, span(40, 60))
    assert plan.of(Listing.MESSAGES) == (span(0, 40),)
    plan = plan.minus(Listing.MESSAGES, span(0, 40))
    assert plan, "what is unfinished is still to be asked for"
    assert not plan.spans
    assert not plan.with_unfinished_settled()


def test_gaps_that_overlap_are_read_once() -> None:
    plan = ToRead().asked_for(span(0, 30)).minus(Listing.MESSAGES, span(20, 30))
    plan = plan.asked_for(span(25, 50)).asked_for(span(80, 90))
    assert plan.of(Listing.MESSAGES) == (span(80, 90), span(25, 50), span(0, 20))
    assert plan.of(Listing.BATCHES) == (span(80, 90), span(0, 50))
    assert plan.newest == span(80, 90)


def test_a_moment_is_read_as_well() -> None:
    plan = ToRead().plus(span(5, 5), [Listing.CONSENTS])
    assert plan.of(Listing.CONSENTS) == (span(5, 5),)
    assert not plan.minus(Listing.CONSENTS, span(5, 5))
    assert not plan.minus(Listing.CONSENTS, span(0, 5))


@pytest.mark.parametrize("text", ["[]", "{}", "1", '{"spans": [["x", "y", "z"]]}', "nothing"])
def test_what_is_none_of_ours(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own, or ours
        from_json(text)


_spans = st.builds(lambda since, length: span(since, since + length), st.integers(0, 50), st.integers(1, 20))


def minutes_of(each: Span) -> set[int]:
    minute = timedelta(minutes=1)
    return set(range((each.since - NOON) // minute, (each.until - NOON) // minute))


@given(st.lists(st.tuples(st.booleans(), _spans), max_size=12))
def test_it_holds_what_was_added_and_not_taken_out(steps: list[tuple[bool, Span]]) -> None:
    plan = ToRead()
    minutes: set[int] = set()
    for add, each in steps:
        if add:
            plan = plan.plus(each, [Listing.MESSAGES])
            minutes |= minutes_of(each)
        else:
            plan = plan.minus(Listing.MESSAGES, each)
            minutes -= minutes_of(each)
        assert from_json(plan.to_json()) == plan
        held = [minute for part in plan.of(Listing.MESSAGES) for minute in minutes_of(part)]
        assert set(held) == minutes
        assert len(held) == len(minutes)
        assert not plan.of(Listing.BATCHES)
