"""How often one kind of notice may draw attention."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

BREATH = timedelta(seconds=5)
"""At least so long between any two announcements of one kind."""
REST = timedelta(minutes=1)

T = TypeVar("T")


class Pace:
    """At most three announcements within any minute: the first at once, two more to gather the rest.

    An *episode* begins with an announcement after a minute of silence. Its second and third are
    allowed at fixed distances from its beginning, some seconds apart; what comes later waits for a
    minute of silence and begins the next episode.
    """

    def __init__(self, second: timedelta, third: timedelta) -> None:
        """``second`` and ``third`` are distances from the episode's beginning, at most a minute."""
        self._steps = (second, third)
        self._start: datetime | None = None
        self._last: datetime | None = None
        self._spoken = 0

    def allowed_at(self, now: datetime) -> datetime:
        """When the next announcement may be made: ``now`` or later."""
        if self._start is None or self._last is None or now - self._last >= REST:
            return now
        if self._spoken <= len(self._steps):
            return max(now, self._start + self._steps[self._spoken - 1], self._last + BREATH)
        return self._last + REST

    def speak(self, now: datetime) -> bool:
        """Note an announcement. Returns whether it began an episode."""
        begins = self._last is None or now - self._last >= REST
        if begins:
            self._start, self._spoken = now, 0
        self._spoken += 1
        self._last = now
        return begins

    def clock_went_back(self, by: timedelta) -> None:
        """Keep the distances when the computer's clock was set back."""
        if self._start is not None and self._last is not None:
            self._start -= by
            self._last -= by


class Burst(Generic[T]):
    """What waits to be announced in one kind of notice, and what the episode has announced so far."""

    def __init__(self, second: timedelta, third: timedelta) -> None:
        self._pace = Pace(second, third)
        self._said: list[T] = []
        self._waiting: list[T] = []

    @property
    def waiting(self) -> tuple[T, ...]:
        return tuple(self._waiting)

    def add(self, items: Iterable[T]) -> None:
        self._waiting.extend(items)

    def drop(self) -> None:
        """Forget what waits: it is not wanted any more."""
        self._waiting.clear()

    def drop_those(self, unwanted: Callable[[T], bool]) -> tuple[T, ...]:
        """Forget some of what waits; returns them."""
        kept: list[T] = []
        dropped: list[T] = []
        for item in self._waiting:
            (dropped if unwanted(item) else kept).append(item)
        self._waiting = kept
        return tuple(dropped)

    def due_at(self, now: datetime) -> datetime | None:
        """When what waits may be announced; ``None`` while nothing waits."""
        return self._pace.allowed_at(now) if self._waiting else None

    def ready(self, now: datetime) -> bool:
        """Whether ``take`` has something to give."""
        due = self.due_at(now)
        return due is not None and due <= now

    def take(self, now: datetime) -> tuple[tuple[T, ...], tuple[T, ...]]:
        """What may be announced now: what waited, and all of the episode with it. Empty if not yet."""
        if not self.ready(now):
            return (), ()
        if self._pace.speak(now):
            self._said.clear()
        fresh = tuple(self._waiting)
        self._said.extend(fresh)
        self._waiting.clear()
        return fresh, tuple(self._said)

    def clock_went_back(self, by: timedelta) -> None:
        self._pace.clock_went_back(by)
