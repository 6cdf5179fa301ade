"""Where an event goes in the log: ids that ascend with time."""

import apsw

from app.domain.events import Event
from app.eventlog.codec import micros

_DAY = 86_400_000_000
_LATEST = 2**33 * 1_000_000
"""The year 2242: nothing is placed later, whatever clocks say."""

_NEXT = "SELECT min(id) FROM event WHERE id >= ?"
_RUN_END = """
SELECT id FROM event AS taken
WHERE id >= ? AND NOT EXISTS (SELECT 1 FROM event WHERE id = taken.id + 1) ORDER BY id LIMIT 1
"""


def first_id(second: int) -> int:
    """The first id that belongs to a second since 1970."""
    return second << 8


def placed_at(event: Event) -> int:
    """The time at which an event is placed, microseconds since 1970: its own.

    A time more than a day ahead of the arrival is an error of somebody's and would stay on top of the
    log for ever, so such an event is placed where it arrived; times before 1970 are placed at 1970.
    """
    at = micros(event.timestamp)
    arrived = micros(event.received_at)
    if at > arrived + _DAY:
        at = arrived
    return min(max(at, 0), _LATEST)


def end_of_run(connection: apsw.Connection, start: int) -> int:
    """The first free id at or after ``start``."""
    taken = connection.execute(_NEXT, (start,)).fetchone()
    if taken is None or taken[0] != start:
        return start
    last = connection.execute(_RUN_END, (start,)).fetchone()
    assert last is not None
    return int(last[0]) + 1


class Places:
    """Gives out ids for one transaction's events, which must be asked for in ascending order of time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        newest = connection.execute("SELECT max(id) FROM event").fetchone()
        self._newest: int = -1 if newest is None or newest[0] is None else newest[0]
        self._last = -1
        self._free_until = -1

    def take(self, second: int) -> int:
        """The first free id of this second, or after it if the second is full."""
        place = max(second << 8, self._last + 1)
        if place <= self._newest and place >= self._free_until:
            place = end_of_run(self._connection, place)
            following = self._connection.execute(_NEXT, (place,)).fetchone()
            taken = None if following is None else following[0]
            self._free_until = self._newest + 1 if taken is None else taken
        self._last = place
        return place
