"""Time as an argument: the shape of the clocks that the rooms are given."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time. Code that decides never reads the system's clock by itself."""

    def now(self) -> datetime:
        """The wall time, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; meaningful only as differences."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def isoformat(moment: datetime) -> str:
    """A time as the JSON lines spell it: ``2026-11-03T16:12:00.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
