"""A time that passes faster, the same in every process: for loops, clocks and the service."""

import asyncio
import mmap
import selectors
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.sandbox.clock import SandboxClock


class Lapse:
    """Time since an origin, so many times faster than life.

    Processes that are given the same origin agree: the monotonic clock is the computer's.
    """

    def __init__(self, rate: float, origin: float | None = None, wall: float | None = None) -> None:
        self.rate = rate
        self.origin = time.monotonic() if origin is None else origin
        self.wall = time.time() if wall is None else wall

    def monotonic(self) -> float:
        return self.origin + (time.monotonic() - self.origin) * self.rate

    def now(self) -> datetime:
        moment = self.wall + (time.monotonic() - self.origin) * self.rate
        return datetime.fromtimestamp(moment, UTC)

    def loop(self) -> asyncio.AbstractEventLoop:
        """An event loop in which this time passes: a loop factory."""
        return _LapseLoop(self)


class _LapseSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type] # another class per system
    rate = 1.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / self.rate if timeout else timeout)


class _LapseLoop(asyncio.SelectorEventLoop):
    def __init__(self, lapse: Lapse) -> None:
        self._lapse = lapse
        selector = _LapseSelector()
        selector.rate = lapse.rate
        super().__init__(selector)

    def time(self) -> float:
        return self._lapse.monotonic()


class LapseClock(SandboxClock):
    """The service's time."""

    def __init__(self, lapse: Lapse) -> None:
        super().__init__()
        self._lapse = lapse

    @property
    def rate(self) -> float:
        """How many of its seconds are one of ours."""
        return self._lapse.rate

    def now(self) -> datetime:
        return self._lapse.now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return self._lapse.monotonic() + self._skipped


class Shift:
    """By how much the wall clock of the program's computer is wrong: seconds, kept in a shared file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        self._file = path.open("r+b")
        self._memory = mmap.mmap(self._file.fileno(), 8)

    @property
    def seconds(self) -> float:
        found: float = struct.unpack("d", self._memory[:8])[0]
        return found

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._memory[:8] = struct.pack("d", value)

    def close(self) -> None:
        self._memory.close()
        self._file.close()


class WrongClock:
    """The clock of the program's computer: fits ``app.domain.clock.Clock``, and jumps."""

    def __init__(self, lapse: Lapse, shift: Shift) -> None:
        self._lapse = lapse
        self._shift = shift

    def now(self) -> datetime:
        return self._lapse.now() + timedelta(seconds=self._shift.seconds)

    def monotonic(self) -> float:
        return self._lapse.monotonic()
