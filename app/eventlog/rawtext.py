"""Keeping an event's JSON text without keeping it twice.

Nearly all of a notification's text is either in the log's columns already or the same in every
notification of its kind. So the text is stored as a *shape*, the text with marks where the columns'
values stood, and is put together again byte for byte when it is read. A text for which that does not
work is stored whole.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from app.domain.clock import EPOCH

# The marks are control characters: JSON text never contains them (RFC 8259, section 7), and a text that
# does contain one is stored whole.
_UUID, _NUMBER, _CUSTOMER, _REF, _BATCH = "\x01", "\x02", "\x03", "\x04", "\x05"
_AT, _CREATED, _MODIFIED = "\x06", "\x07", "\x0b"
_TEXT, _TEXT_ASCII, _FIGURE = "\x0e", "\x0f", "\x10"
_MARKS = (_UUID, _NUMBER, _CUSTOMER, _REF, _BATCH, _AT, _CREATED, _MODIFIED, _TEXT, _TEXT_ASCII, _FIGURE)
_SHORTEST_NUMBER = 5
_FIGURES = re.compile(r"(?<=[:\s])\d+(?:\.\d+)?(?=\s*[,}])")

_ascii_json = json.JSONEncoder(ensure_ascii=True).encode
_json = json.JSONEncoder(ensure_ascii=False).encode

_seconds: dict[int, str] = {}


def time_text(micros: int) -> str:
    """A time as the service spells it: milliseconds where they suffice, else microseconds."""
    seconds, fraction = divmod(micros, 1_000_000)
    head = _seconds.get(seconds)
    if head is None:
        if len(_seconds) > 5000:
            _seconds.clear()
        head = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
        head = _seconds[seconds] = head.rjust(19, "0")
    if fraction % 1000:
        return f'"{head}.{fraction:06d}Z"'
    return f'"{head}.{fraction // 1000:03d}Z"'


def to_template(
    raw: str,
    *,
    uuid: str,
    number: str,
    customer: str,
    ref: str,
    batch: str,
    text: str,
    at: int,
    created: int | None,
    modified: int | None,
    figures: bool,
) -> tuple[str, str | None] | None:
    """Return the text with its values replaced by marks, and what the columns do not hold.

    ``figures``: also take the bare figures out (a batch's counts, which change with every event).
    ``None``: the text contains a mark of its own and must be kept whole.
    """
    for mark in _MARKS:
        if mark in raw:
            return None
    # Each step can be undone exactly, because the text before it does not contain the step's mark.
    raw = raw.replace(time_text(at), _AT)
    if modified is not None:
        raw = raw.replace(time_text(modified), _MODIFIED)
    if created is not None:
        raw = raw.replace(time_text(created), _CREATED)
    if text:
        needle = _json(text)
        if needle in raw:
            raw = raw.replace(needle, _TEXT)
        else:
            raw = raw.replace(_ascii_json(text), _TEXT_ASCII)
    if uuid:
        raw = raw.replace(f'"{uuid}"', _UUID)
    if batch:
        raw = raw.replace(f'"{batch}"', _BATCH)
    if ref:
        raw = raw.replace(f'"{ref}"', _REF)
    if len(number) >= _SHORTEST_NUMBER:
        raw = raw.replace(number, _NUMBER)
    if len(customer) >= _SHORTEST_NUMBER:
        raw = raw.replace(customer, _CUSTOMER)
    if not figures:
        return raw, None
    rest = _FIGURES.findall(raw)
    return _FIGURES.sub(_FIGURE, raw), ",".join(rest)


def from_template(
    template: str,
    rest: str | None,
    *,
    uuid: str,
    number: str,
    customer: str,
    ref: str,
    batch: str,
    text: str,
    at: int,
    created: int | None,
    modified: int | None,
) -> str:
    """Put the text together again: the exact inverse of ``to_template``."""
    raw = template
    if rest:
        raw = re.sub(_FIGURE, _each(rest), raw)
    if _CUSTOMER in raw:
        raw = raw.replace(_CUSTOMER, customer)
    if _NUMBER in raw:
        raw = raw.replace(_NUMBER, number)
    if _REF in raw:
        raw = raw.replace(_REF, f'"{ref}"')
    if _BATCH in raw:
        raw = raw.replace(_BATCH, f'"{batch}"')
    if _UUID in raw:
        raw = raw.replace(_UUID, f'"{uuid}"')
    if _TEXT in raw:
        raw = raw.replace(_TEXT, _json(text))
    if _TEXT_ASCII in raw:
        raw = raw.replace(_TEXT_ASCII, _ascii_json(text))
    if created is not None and _CREATED in raw:
        raw = raw.replace(_CREATED, time_text(created))
    if modified is not None and _MODIFIED in raw:
        raw = raw.replace(_MODIFIED, time_text(modified))
    return raw.replace(_AT, time_text(at))


def _each(rest: str) -> Callable[[re.Match[str]], str]:
    figures: Iterator[str] = iter(rest.split(","))
    return lambda _match: next(figures)
