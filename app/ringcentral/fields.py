"""Single values of the service's JSON, read as far as they can be: none of these raises."""

import math
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_MOST = 2**31 - 1
_DEAREST = Decimal(10**9)
_LONGEST_WORD = 200


def read_time(value: Any) -> datetime | None:
    """Read an ISO 8601 time, in UTC where it names no zone; ``None`` if there is no such time."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not UTC:
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    # A year before the service existed, or after this century, is a mistake that would sort for ever wrong.
    return moment if 2000 <= moment.year < 2100 else None


def read_word(value: Any) -> str:
    """A name, id or state: text as it came, or a number's digits; ``""`` for anything else."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_WORD else value[:_LONGEST_WORD]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _LONGEST_WORD:
        return str(value)
    return ""


def read_text(value: Any) -> str:
    """Text as it came; ``""`` for anything else."""
    return value if isinstance(value, str) else ""


def read_number(value: Any) -> str:
    """A telephone number, given plainly, as the first of a list, or as ``{"phoneNumber": …}``."""
    if isinstance(value, str):
        return read_word(value)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("phoneNumber")
    return read_word(value)


def read_count(value: Any) -> int | None:
    """A number of things, given as such or as its digits; ``None`` for anything else."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return value
    return None


def read_cost(value: Any) -> Decimal | None:
    """An amount of money, exactly as it was spelt; ``None`` for anything else."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value):
        return _price(value)
    if isinstance(value, int) or (isinstance(value, str) and len(value) <= 30):
        try:
            amount = Decimal(value)
        except InvalidOperation:
            return None
        if not amount.is_finite():
            return None
    else:
        return None
    return amount if abs(amount) < _DEAREST else None


@lru_cache(1_000)
def _price(value: float) -> Decimal | None:
    # By way of its shortest spelling: 0.007 is meant, not the binary fraction nearest to it.
    amount = Decimal(repr(value))
    return amount if abs(amount) < _DEAREST else None
