"""Business days of the United States."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.business_days import business_days_after, federal_holidays, is_business_day


def test_the_holidays_of_a_year() -> None:
    assert sorted(federal_holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 1, 19),
        date(2026, 2, 16),
        date(2026, 5, 25),
        date(2026, 6, 19),
        date(2026, 7, 3),  # the 4th is a Saturday
        date(2026, 9, 7),
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 12, 25),
    ]


def test_new_years_day_may_be_kept_in_the_year_before() -> None:
    assert date(2021, 12, 31) in federal_holidays(2021)
    assert not [day for day in federal_holidays(2022) if day.month == 1 and day.day < 10]
    assert date(2023, 1, 2) in federal_holidays(2023)  # the 1st is a Sunday


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 23), 10, date(2026, 12, 8)),  # Thanksgiving between
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # of a Saturday
        (date(2026, 12, 18), 10, date(2027, 1, 5)),  # Christmas and New Year between
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
    ],
)
def test_counting(day: date, count: int, expected: date) -> None:
    assert business_days_after(day, count) == expected


@given(st.dates(date(1, 1, 1), date(9998, 1, 1)), st.integers(1, 30))
def test_what_was_counted_is_a_business_day_and_there_are_so_many(day: date, count: int) -> None:
    end = business_days_after(day, count)
    assert is_business_day(end)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(map(is_business_day, between)) == count


@given(st.integers(1, 9999))
def test_every_year_has_its_holidays_on_working_weekdays(year: int) -> None:
    kept = federal_holidays(year)
    assert 10 <= len(kept) <= 12
    assert all(day.weekday() < 5 for day in kept)


def test_the_calendar_ends() -> None:
    with pytest.raises(OverflowError):
        business_days_after(date(9999, 12, 30), 10)
