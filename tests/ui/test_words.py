from datetime import UTC, datetime, timedelta

import pytest

from app.domain.numbers import OwnNumber
from app.ui import words
from tests.ui.conftest import ZONE
from tests.ui.shop import NOW


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (1234, "1,234 events")]
)
def test_counts_have_separators_and_real_plurals(n: int, said: str) -> None:
    assert words.counted(n, "event") == said


def test_a_big_result_is_not_counted_to_its_end() -> None:
    assert words.total(10_000) == "10,000 events"
    assert words.total(words.COUNT_LIMIT) == "more than 10,000 events"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW, "Today 4:30 pm"),
        (NOW - timedelta(hours=16), "Today 12:30 am"),
        (NOW - timedelta(hours=17), "Yesterday 11:30 pm"),
        (NOW - timedelta(hours=4, minutes=30), "Today 12:00 pm"),
        # Across the end of summer time, on the Sunday before.
        (NOW - timedelta(days=3), "Sat 31 Oct, 5:30 pm"),
        (NOW.replace(year=2025), "Mon 3 Nov 2025, 4:30 pm"),
    ],
)
def test_times_as_people_say_them(at: datetime, said: str) -> None:
    assert words.moment(at, NOW, ZONE) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "just now"), (59, "just now"), (60, "1 min ago"), (3599, "59 min ago"), (7200, "2 h ago")],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == said


def test_long_ago_says_nothing_beside_the_date() -> None:
    assert words.ago(NOW - timedelta(days=2), NOW) == ""


def test_exact_times_carry_their_offset() -> None:
    assert words.exact(datetime(2026, 11, 3, 21, 12, tzinfo=UTC), ZONE) == "2026-11-03T16:12:00-05:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi! Our hours", "Hi! Our hours"),
        ("two\n lines ", "two lines"),
        ("Hi! Our holiday hours: closed", "Hi! Our holiday…"),
        ("x" * 40, "x" * 20 + "…"),
    ],
)
def test_first_words_end_between_words(text: str, said: str) -> None:
    assert words.first_words(text, 20) == said


def test_own_numbers_have_names() -> None:
    labels = words.Labels((OwnNumber("+16505550100", "Front desk"), OwnNumber("+16505550101")))
    assert labels.short("+16505550100") == "Front desk"
    assert labels.full("+16505550100") == "Front desk (650) 555-0100"
    assert labels.full("+16505550101") == labels.short("+16505550101") == "(650) 555-0101"
