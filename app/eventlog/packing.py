"""The small forms in which the log keeps times, numbers, ids and kinds."""

from datetime import UTC, datetime, timedelta

from app.domain.clock import EPOCH
from app.domain.events import Family, Source

FAMILY_CODE = {
    Family.BATCH: 1,
    Family.INBOUND: 2,
    Family.OUTBOUND: 3,
    Family.OPTOUT: 4,
    Family.UNKNOWN: 5,
}
SOURCE_CODE = {Source.LIVE: 1, Source.REPLAYED: 2, Source.READ_BACK: 3}
FAMILIES = {code: family for family, code in FAMILY_CODE.items()}
SOURCES = {code: source for source, code in SOURCE_CODE.items()}

BATCH_START = "start"
"""In the full-text index, among the tags: the first event of the batch itself."""
BATCH_TEXT = 1
"""In the column ``text``: the text is that of the batch."""

BIGGEST = 2**63 - 1
DAY = 86_400_000_000
"""Microseconds of a day."""

_from_timestamp = datetime.fromtimestamp
_EXACT_AS_FLOAT = 2**32 * 1_000_000
"""Until 2106 a float's seconds are exact to a quarter of a microsecond, and three times as quick."""

Stored = int | str | None
"""A number or an id as the log keeps it: digits as an integer, which is half as long."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = moment - EPOCH
    return since.days * DAY + since.seconds * 1_000_000 + since.microseconds


def moment(micros_since_1970: int) -> datetime:
    """The inverse of ``micros``."""
    if 0 <= micros_since_1970 < _EXACT_AS_FLOAT:
        return _from_timestamp(micros_since_1970 / 1e6, UTC)
    return EPOCH + timedelta(microseconds=micros_since_1970)


def pack_id(text: str) -> Stored:
    """A decimal id as an integer; ``None`` for ``""``; anything else as it is."""
    if text.isdecimal() and text.isascii() and len(text) < 20 and text[0] != "0":
        number = int(text)
        if number <= BIGGEST:
            return number
    return text or None


def pack_number(number: str) -> Stored:
    """An E.164 number as an integer, ``None`` for an empty text, anything else as it is."""
    digits = number[1:]
    if (
        number[:1] == "+"
        and digits.isdecimal()
        and digits.isascii()
        and len(digits) < 19
        and digits[0] != "0"
    ):
        return int(digits)
    return number or None


def unpack_number(stored: Stored) -> str:
    """The inverse of ``pack_number``."""
    return f"+{stored}" if isinstance(stored, int) else stored or ""


def number_tag(stored: Stored) -> str:
    """The one token by which the full-text index finds a number, on either side."""
    return f"n{stored}" if isinstance(stored, int) else "nx" + str(stored).encode().hex()
