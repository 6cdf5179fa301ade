"""The pace of requests of the group ``Auth``: five a minute, shared by every process of an installation.

Passing the limit locks the user out for a while, and every request sent meanwhile begins that anew. So what
was sent is written down in a file: a program that is started again and again, or a command beside the tray,
goes on counting where the other stopped.
"""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from app.domain.clock import Clock
from app.ringcentral.errors import RATE_PENALTY, header, judge, rate_held
from app.ringcentral.rates import Group
from app.transport.process_lock import lock_file, open_shared, unlock_file

_log = logging.getLogger("app.transport.auth")

LIMIT = 5
WINDOW = 60.0
MARGIN = 2.0
"""Seconds added to the window: requests take different times on their way to the service's own count."""


_LONGEST_PENALTY = 3600.0


class Urgency(IntEnum):
    """How many requests a window a kind of request leaves to those that matter more."""

    NOBODY_WAITS = 1
    SOMEBODY_WAITS = 0


class AuthPace:
    """Says when the next request of the group may be sent, and counts it.

    Times in the file are wall times, for that is what processes and restarts have in common; what a wrong
    clock wrote is not believed for longer than a window.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        """``path``: where to write down what was sent; ``None``: in memory only."""
        self._clock = clock
        self._path = path
        self._kept = _Count()

    def ask(self, urgency: Urgency) -> float:
        """Return 0 and count the request as sent, or return the seconds to wait before asking again."""
        with self._count() as count:
            wait = count.wait(max(1, count.limit - urgency))
            if not wait:
                count.sent.append(count.now)
        return wait

    def wait(self, urgency: Urgency) -> float:
        """The same without counting anything."""
        with self._count() as count:
            return count.wait(max(1, count.limit - urgency))

    def turn(self, urgency: Urgency) -> None:
        """Count a request as sent.

        Raises:
            RateHeld: it must not be sent yet; nothing was counted.
        """
        if wait := self.ask(urgency):
            raise rate_held(wait, self._clock.now())

    def unsent(self) -> None:
        """The request counted last never left this computer."""
        with self._count() as count:
            del count.sent[-1:]

    def hold(self, seconds: float) -> None:
        """Send nothing for that long."""
        with self._count() as count:
            count.hold(seconds)

    def note(self, headers: Mapping[str, str], status: int) -> None:
        """Learn from an answer how the service counts."""
        with self._count() as count:
            if header(headers, "X-Rate-Limit-Group").lower() in ("", Group.AUTH):
                count.learn(
                    _whole(header(headers, "X-Rate-Limit-Limit")),
                    _whole(header(headers, "X-Rate-Limit-Remaining")),
                    _whole(header(headers, "X-Rate-Limit-Window")),
                )
            if status == 429:
                wait = judge(status, headers, None).retry_after
                count.hold(RATE_PENALTY if wait is None else wait)

    @contextmanager
    def _count(self) -> Iterator["_Count"]:
        """The count as it stands, for nobody but us to change; written down at the end."""
        now = self._clock.now().timestamp()
        handle = self._open()
        if handle is None:
            count = self._kept.aged(now)
            yield count
            self._kept = count
            return
        try:
            locked = _lock_soon(handle)
            try:
                count = (_read(handle) or self._kept).aged(now)
                yield count
                self._kept = count
                _write(handle, count)
            finally:
                if locked:
                    unlock_file(handle)
        finally:
            os.close(handle)

    def _open(self) -> int | None:
        if self._path is None:
            return None
        try:
            return open_shared(self._path)
        except OSError as error:
            # Counting in memory is better than not to sign in.
            _log.debug("the pace cannot be written down: %s", type(error).__name__)
            return None


@dataclass(slots=True)
class _Count:
    """What was sent lately. Times are seconds since 1970."""

    now: float = 0.0
    sent: list[float] = field(default_factory=list)
    held: float = 0.0
    limit: int = LIMIT
    window: float = WINDOW

    def aged(self, now: float) -> "_Count":
        """What counts of it by now. Times to come are what a wrong clock wrote."""
        sent = [at for at in self.sent if now - self.window - MARGIN < at <= now]
        held = self.held if now < self.held <= now + _LONGEST_PENALTY else 0.0
        return _Count(now, sorted(sent), held, self.limit, self.window)

    def wait(self, usable: int) -> float:
        """Seconds until one more request may be sent, of which so many may be in a window."""
        if self.held:
            return self.held - self.now
        if len(self.sent) < usable:
            return 0.0
        return max(0.001, self.sent[len(self.sent) - usable] + self.window + MARGIN - self.now)

    def hold(self, seconds: float) -> None:
        """Send nothing for that long."""
        self.held = max(self.held, self.now + min(seconds, _LONGEST_PENALTY))

    def learn(self, limit: int | None, remaining: int | None, window: int | None) -> None:
        """Take over what the service says of its own count."""
        self.limit = limit or self.limit
        self.window = float(window or self.window)
        if limit and remaining is not None:
            # Other computers of the same user draw on the same window.
            unseen = min(limit - remaining, limit) - len(self.sent)
            self.sent += [self.now] * max(0, min(unseen, limit))


def _lock_soon(handle: int) -> bool:
    for _ in range(50):  # Whoever has it needs a moment only, unless it was stopped in that very moment.
        if lock_file(handle):
            return True
        time.sleep(0.002)
    return False


def _read(handle: int) -> _Count | None:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        found = json.loads(os.read(handle, 65_536))
        return _Count(
            sent=[float(at) for at in found["sent"]][-1000:],
            held=float(found["held"]),
            limit=max(1, int(found["limit"])),
            window=min(3600.0, max(1.0, float(found["window"]))),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _write(handle: int, count: _Count) -> None:
    kept = {"sent": count.sent[-1000:], "held": count.held, "limit": count.limit, "window": count.window}
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        os.ftruncate(handle, os.write(handle, json.dumps(kept).encode("ascii")))
    except OSError as error:
        _log.debug("the pace was not written down: %s", type(error).__name__)


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 6 else None
