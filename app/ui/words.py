"""Times, counts and numbers as people read them. Every window takes its wording from here."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from app.domain.numbers import OwnNumber, format_number

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COUNT_LIMIT = 10_001
"""Counting stops here: more is shown as “more than 10,000”."""


def counted(n: int, one: str, many: str = "") -> str:
    """``1 event``, ``1,234 events``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def total(n: int, one: str = "event", many: str = "events") -> str:
    """The size of a result: ``1,234 events``, ``more than 10,000 events``."""
    return f"more than {COUNT_LIMIT - 1:,} {many}" if n >= COUNT_LIMIT else counted(n, one, many)


def size(bytes_: int) -> str:
    """What something takes on the disk: ``340 KB``, ``4.2 MB``, ``1.3 GB``, in steps of a thousand."""
    amount, unit = bytes_ / 1000, "KB"
    for larger in ("MB", "GB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}" if amount < 9.95 and unit != "KB" else f"{max(1, amount):,.0f} {unit}"


def clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """The time of day: ``4:12 pm``. ``zone`` is the computer's unless given."""
    local = moment.astimezone(zone)
    return f"{local.hour % 12 or 12}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"


def day(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """``Today``, ``Yesterday``, ``Tue 3 Nov``, or with the year where it is another one."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return "Today"
    if local.date() == today.date() - timedelta(days=1):
        return "Yesterday"
    shown = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"
    return shown if local.year == today.year else f"{shown} {local.year}"


def moment(at: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """``Today 4:12 pm``, ``Tue 3 Nov, 4:12 pm``."""
    shown = day(at, now, zone)
    return f"{shown}{'' if shown in ('Today', 'Yesterday') else ','} {clock(at, zone)}"


def until(at: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """An end, for “until ...” and “since ...”: the time alone if it is today."""
    shown = day(at, now, zone)
    return clock(at, zone) if shown == "Today" else f"{shown}, {clock(at, zone)}"


def ago(at: datetime, now: datetime) -> str:
    """``just now``, ``2 min ago``, ``3 h ago``; ``""`` beyond a day. Stands beside a real time only."""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else ""


def exact(at: datetime, zone: tzinfo | None = None) -> str:
    """ISO with seconds and offset, for details: ``2026-11-03T16:12:00-05:00``."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def first_words(text: str, limit: int = 60) -> str:
    """The beginning of a text on one line, cut between words: ``Hi! Our holiday hours…``."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    words = line[: limit + 1].rsplit(" ", 1)[0].rstrip(",.;:-")
    return f"{words if limit // 2 < len(words) <= limit else line[:limit]}…"


class Labels:
    """The names of the account's own numbers."""

    def __init__(self, numbers: Sequence[OwnNumber] = ()) -> None:
        self._names: Mapping[str, str] = {number.e164: number.label for number in numbers if number.label}

    def short(self, e164: str) -> str:
        """The name, else the number as people read it."""
        return self._names.get(e164) or format_number(e164)

    def full(self, e164: str) -> str:
        """``Front desk (650) 555-0100``."""
        name, shown = self._names.get(e164), format_number(e164)
        return f"{name} {shown}" if name else shown
