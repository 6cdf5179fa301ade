"""What time it is at the service: its lists are asked for by its clock, and ours may be wrong."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.domain.clock import Clock

AGREEMENT = timedelta(seconds=3)
"""Clocks that differ by less agree: ``Date`` has whole seconds, and an answer takes its time."""


class ServiceTime:
    """The service's clock, set by the ``Date`` of its answers (RFC 9110, 6.6.1); ours until there is one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta(0)
        self._set_to = clock.now()
        self._set_at = clock.monotonic()

    def note(self, date: str | None) -> None:
        """Set it by the header of an answer that has just arrived. What is no date is ignored."""
        try:
            told = parsedate_to_datetime(date or "")
        except (ValueError, TypeError):
            return
        told = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        now = self._clock.now()
        self._ahead = timedelta(0) if abs(told - now) <= AGREEMENT else told - now
        self._set_to = now + self._ahead
        self._set_at = self._clock.monotonic()

    def now(self) -> datetime:
        """The time at the service if our clock has gone right since the last answer, asleep or awake."""
        return self._clock.now() + self._ahead

    def steady(self) -> datetime:
        """The time at the service if the computer has not slept since the last answer, else an earlier one.

        A clock that is set anew meanwhile does not matter. (Where the monotonic clock counts sleep, as
        on Windows, this does as well.)
        """
        return self._set_to + timedelta(seconds=self._clock.monotonic() - self._set_at)
