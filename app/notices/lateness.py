"""What is news, and what came late: after a gap that is told as a whole, not event by event."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from app.domain.events import Entry, Source

BLIP = timedelta(seconds=10)
"""So short an interruption is none to the user: what is replayed after it is announced like live events."""
PATIENCE = timedelta(minutes=1)
"""What came late is told after so long without anybody closing the gap, though it may not be all."""
LONGEST = timedelta(minutes=15)
"""What came late is told after so long even while the gap is still being closed."""

T = TypeVar("T")


class Presence:
    """Knows how long nobody was watching before the connection at hand."""

    def __init__(self) -> None:
        self._lost_at: datetime | None = None
        # Before the first connection the program was not running.
        self._away = True
        self._began: datetime | None = None

    def lost(self, now: datetime) -> None:
        """Nothing comes any more."""
        if self._lost_at is None:
            self._lost_at = now

    def connected(self, now: datetime) -> None:
        """Events come again, the missed ones first."""
        self._away = self._lost_at is None or now - self._lost_at > BLIP
        self._lost_at = None
        self._began = self._began or now

    def closed(self) -> None:
        """The time of absence is over: what is replayed from now on belongs to no gap but a blip."""
        self._away = False

    def late(self, entry: Entry) -> bool:
        """Whether this belongs to what happened while nobody was watching."""
        event = entry.event
        if event.source is not Source.REPLAYED:
            return event.source is Source.READ_BACK
        # A dead connection, or a sleep, is noticed later than it began.
        self._away = self._away or event.received_at - event.timestamp > BLIP
        return self._away

    def owed_late(self, entry: Entry, now: datetime) -> bool:
        """The same of an event that was stored by an earlier run, or just now by another process."""
        received = entry.event.received_at
        if self._began is None or received < self._began or now - received > BLIP:
            return True
        return self.late(entry)

    def clock_went_back(self, by: timedelta) -> None:
        """Keep the distances when the computer's clock was set back."""
        if self._lost_at is not None:
            self._lost_at -= by
        if self._began is not None:
            self._began -= by


class Backlog(Generic[T]):
    """What came late, by its id, until the gap is closed or that takes too long."""

    def __init__(self) -> None:
        self._things: dict[int, T] = {}
        self._closing = False
        self._since = self._touched = datetime.min.replace(tzinfo=UTC)

    def __contains__(self, entry_id: int) -> bool:
        return entry_id in self._things

    def __iter__(self) -> Iterator[int]:
        return iter(self._things)

    def add(self, entry_id: int, thing: T, now: datetime) -> None:
        """One more thing."""
        if not self._things:
            self._since = now
        self._touched = now
        self._things[entry_id] = thing

    def pop(self, entry_id: int) -> T:
        """This one is not late after all."""
        return self._things.pop(entry_id)

    def keep(self, wanted: Callable[[T], bool]) -> None:
        """Forget what is not wanted any more."""
        self._things = {entry_id: thing for entry_id, thing in self._things.items() if wanted(thing)}

    def take(self) -> dict[int, T]:
        """All of it; nothing is left."""
        things, self._things = self._things, {}
        return things

    def gap(self, now: datetime, *, closing: bool) -> None:
        """Whether somebody is closing the gap from now on."""
        self._closing = closing
        self._touched = now

    def due_at(self) -> datetime | None:
        """When it is to be told, closed or not; ``None`` while there is nothing."""
        if not self._things:
            return None
        last = self._since + LONGEST
        return last if self._closing else min(last, self._touched + PATIENCE)

    def clock_went_back(self, by: timedelta) -> None:
        """Keep the distances when the computer's clock was set back."""
        if self._things:
            self._since -= by
            self._touched -= by
