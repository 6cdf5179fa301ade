"""Until when it is certain that nothing was missed, whatever crash, sleep or dead connection follows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.domain.clock import Clock
from app.transport.service_time import ServiceTime

DETECTION = timedelta(seconds=60)
"""A connection may have been dead for so long before that was noticed."""

BEAT = 30.0
"""Seconds between two looks at the clocks."""

SLEEP = 30.0
"""Seconds by which the clocks may disagree before the computer must have slept."""


class Proof:
    """Tells until when everything that happened is stored, or known to be still to be read back.

    It moves forward only while a connection is alive and the clocks go on together: a computer that sleeps
    receives nothing, whatever its connection looks like afterwards. All times are the service's.
    """

    def __init__(
        self,
        clock: Clock,
        time: ServiceTime,
        oldest_unstored: Callable[[], datetime | None],
        *,
        beat: float = BEAT,
    ) -> None:
        """``oldest_unstored`` tells when the oldest event was received that is not stored yet."""
        self.beat_every = beat
        self._clock = clock
        self._time = time
        self._oldest_unstored = oldest_unstored
        self._until: datetime | None = None
        self._certain: datetime | None = None
        self._wall = clock.now()
        self._steady = clock.monotonic()
        self._alive = False

    @property
    def until(self) -> datetime | None:
        """Until when; ``None`` before the first connection."""
        self._move()
        return self._until

    def covered(self, until: datetime) -> None:
        """A connection is alive, and what it cannot have told, up to then, is noted as still to be read."""
        self._certain = None
        self._until = until if self._until is None else max(self._until, until)
        self._alive = True
        self._set_clocks()

    def lost(self) -> None:
        """The connection is gone, or may be."""
        self._move()
        self._alive = False

    def beat(self) -> float:
        """Look at the clocks, every ``beat_every`` seconds; for how many seconds the computer slept, or 0.

        After a sleep nothing more is proven until the next connection.
        """
        slept = self._asleep_for()
        if slept > SLEEP:
            self._alive = False
        self._move()
        self._set_clocks()
        return slept if slept > SLEEP else 0.0

    def _move(self) -> None:
        if self._alive and self._asleep_for() <= SLEEP:
            self._certain = self._time.steady()
        if self._until is not None and self._certain is not None:
            self._until = max(self._until, self._certain - DETECTION - self._unstored_for())

    def _asleep_for(self) -> float:
        wall = (self._clock.now() - self._wall).total_seconds()
        steady = self._clock.monotonic() - self._steady
        # Where the steady clock counts sleep as well, the beat itself comes late. A clock that is set
        # forward looks like a sleep; one that is set back is none.
        return max(wall - steady, steady - self.beat_every)

    def _set_clocks(self) -> None:
        self._wall = self._clock.now()
        self._steady = self._clock.monotonic()

    def _unstored_for(self) -> timedelta:
        oldest = self._oldest_unstored()
        return timedelta(0) if oldest is None else max(timedelta(0), self._clock.now() - oldest)
