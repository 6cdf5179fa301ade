"""Keeping an event's JSON text without keeping it twice.

Nearly all of a notification's text is either in the log's columns already or the same in every
notification of its kind. So the text is stored as a *shape*, the text with marks where the columns'
values stood, and is put together again byte for byte when it is read. A text for which that does not
work is stored whole.
"""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from operator import itemgetter

from app.domain.clock import EPOCH

# JSON text never contains a control character (RFC 8259, section 7); a text that does is stored whole.
_SIGN = "\x01"
# In the order of the values given to Shape.fill; the last two are the text as JSON, and as ASCII JSON.
_MARKS = tuple(_SIGN + letter for letter in "unctbamdxy")
_UUID, _NUMBER, _CUSTOMER, _REF, _BATCH, _AT, _CREATED, _MODIFIED, _TEXT, _TEXT_ASCII = _MARKS
_FIGURE = _SIGN + "f"
_QUOTED = frozenset((_UUID, _REF, _BATCH))
_SPLIT = re.compile(f"({_SIGN}.)")
_FIGURES = re.compile(r"(?<=[:\s])\d+(?:\.\d+)?(?=\s*[,}])")
_SHORTEST_NUMBER = 5
_MOST = 5_000
_DAY = 86_400_000_000

_ascii_json = json.JSONEncoder(ensure_ascii=True).encode
_json = json.JSONEncoder(ensure_ascii=False).encode

_days: dict[int, str] = {}
_MINUTES = tuple(f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440))
_MILLISECONDS = tuple(f'{millisecond:03d}Z"' for millisecond in range(1000))
_SECONDS = tuple(f"{second:02d}." for second in range(60))

Values = tuple[str, str, str, str, str, str, str, str, str]
"""uuid, number, customer, ref, batch id, the three times as ``time_texts`` spells them, the text."""


def time_texts(at: int, created: int | None, modified: int | None) -> tuple[str, str, str]:
    """Three times (since 1970) as the service spells them in JSON, ``""`` for ``None``.

    Milliseconds where they suffice, else microseconds.
    """
    day, rest = divmod(at, _DAY)
    date = _days.get(day) or _date(day)
    start = at - rest
    at_text = _time_text(date, rest)
    created_text = modified_text = ""
    # Mostly all three are of one day.
    if created is not None:
        rest = created - start
        if not 0 <= rest < _DAY:
            day, rest = divmod(created, _DAY)
            created_text = _time_text(_days.get(day) or _date(day), rest)
        else:
            created_text = _time_text(date, rest)
    if modified is not None:
        rest = modified - start
        if not 0 <= rest < _DAY:
            day, rest = divmod(modified, _DAY)
            modified_text = _time_text(_days.get(day) or _date(day), rest)
        else:
            modified_text = _time_text(date, rest)
    return at_text, created_text, modified_text


def _time_text(date: str, rest: int) -> str:
    second, fraction = divmod(rest, 1_000_000)
    if fraction % 1000:
        # Quicker than a format of six digits.
        return f'{date}{_MINUTES[second // 60]}{_SECONDS[second % 60]}{str(fraction + 1_000_000)[1:]}Z"'
    return f"{date}{_MINUTES[second // 60]}{_SECONDS[second % 60]}{_MILLISECONDS[fraction // 1000]}"


def _date(day: int) -> str:
    if len(_days) >= _MOST:
        _days.clear()
    date = _days[day] = f'"{(EPOCH + timedelta(days=day)).date().isoformat()}'
    return date


class Shape:
    """A template, ready to be filled with an event's values."""

    __slots__ = ("_ascii", "_figures", "_form", "_pick", "template")

    def __init__(self, template: str) -> None:
        self.template = template
        form: list[str] = []
        places: list[int] = []
        figures = 0
        for part in _SPLIT.split(template):
            if part == _FIGURE:
                places.append(len(_MARKS) + figures)
                figures += 1
                form.append("%s")
            elif part in _MARKS:
                places.append(_MARKS.index(part))
                form.append('"%s"' if part in _QUOTED else "%s")
            else:
                form.append(part.replace("%", "%%"))
        self._form = "".join(form)
        self._figures = figures
        self._ascii = _TEXT_ASCII in template
        self._pick = itemgetter(*places) if places else None

    @property
    def has_figures(self) -> bool:
        """The template leaves figures open, which no column holds."""
        return self._figures > 0

    def fill(self, values: Values, rest: str | None = None) -> str:
        """The text; ``rest`` is what ``to_template`` returned beside the template."""
        if self._pick is None:
            return self.template
        text = values[8]
        quoted = _json(text) if text else ""
        ascii_quoted = quoted if not self._ascii or text.isascii() else _ascii_json(text)
        filled: Sequence[str] = (*values[:8], quoted, ascii_quoted)
        if rest:
            filled = (*filled, *rest.split(","))
        return str(self._form % self._pick(filled))


def to_template(raw: str, values: Values, *, figures: bool) -> tuple[str, str | None] | None:
    """Return the text with the values replaced by marks, and what the values do not hold.

    ``figures``: also take the bare figures out (a batch's counts, which change with every event).
    ``None``: the text must be kept whole.
    """
    if _SIGN in raw:
        return None
    uuid, number, customer, ref, batch, at, created, modified, text = values
    # Each step can be undone exactly, because the text before it does not contain the step's mark.
    if at:
        raw = raw.replace(at, _AT)
    if modified:
        raw = raw.replace(modified, _MODIFIED)
    if created:
        raw = raw.replace(created, _CREATED)
    if text:
        quoted = _json(text)
        raw = raw.replace(quoted, _TEXT) if quoted in raw else raw.replace(_ascii_json(text), _TEXT_ASCII)
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
    return _FIGURES.sub(_FIGURE, raw), ",".join(rest) or None
