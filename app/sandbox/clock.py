"""The sandbox's time: the system's, plus what a test has skipped."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Fits ``app.domain.clock.Clock``. Skipping time makes tokens, sessions and rate windows older."""

    def __init__(self) -> None:
        self._skipped = 0.0
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._skipped += seconds
        for listener in tuple(self._listeners):
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever time was skipped."""
        self._listeners.append(listener)


def body_time(moment: datetime) -> str:
    """A time as the notification bodies and the lists spell it: six fractional digits."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def envelope_time(moment: datetime) -> str:
    """A time as the envelopes spell it: three fractional digits."""
    return body_time(moment)[:-4] + "Z"
