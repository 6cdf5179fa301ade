"""Business days of the United States: Monday to Friday without the federal holidays.

The holidays are those of 5 U.S.C. 6103(a), computed for any year. One that falls on a Saturday is kept on
the Friday before, one that falls on a Sunday on the Monday after (5 U.S.C. 6103(b), Executive Order 11582).
"""

from datetime import date, timedelta
from functools import lru_cache

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6

_ON_A_DATE = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
"""New Year's Day, Juneteenth, Independence Day, Veterans Day, Christmas Day."""

_ON_A_WEEKDAY = (
    (1, _MONDAY, 3),  # birthday of Martin Luther King, Jr.
    (2, _MONDAY, 3),  # Washington's birthday
    (5, _MONDAY, -1),  # Memorial Day
    (9, _MONDAY, 1),  # Labor Day
    (10, _MONDAY, 2),  # Columbus Day
    (11, _THURSDAY, 4),  # Thanksgiving Day
)
"""Month, weekday, and the how-manieth of them; -1 is the last."""


def is_business_day(day: date) -> bool:
    """Whether it is a day on which US federal offices work."""
    return day.weekday() < _SATURDAY and day not in federal_holidays(day.year)


def business_days_after(day: date, count: int) -> date:
    """The ``count``-th business day after this one; the day itself is not counted.

    Raises:
        OverflowError: the calendar ends before that, in the year 9999.
    """
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


@lru_cache(maxsize=64)
def federal_holidays(year: int) -> frozenset[date]:
    """The days in this year on which a federal holiday is kept.

    The next year's New Year's Day is among them when it is kept on the last day of this one.
    """
    kept = {_nth_weekday(year, *rule) for rule in _ON_A_WEEKDAY}
    for month, day in _ON_A_DATE:
        kept.add(_observed(date(year, month, day)))
    if year < date.max.year:
        kept.add(_observed(date(year + 1, 1, 1)))
    return frozenset(day for day in kept if day.year == year)


def _observed(holiday: date) -> date:
    if holiday.weekday() == _SATURDAY and holiday > date.min:
        return holiday - timedelta(days=1)
    if holiday.weekday() == _SUNDAY:
        return holiday + timedelta(days=1)
    return holiday


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    if nth < 0:
        last = date(year, month, 31)  # only May is asked for
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
