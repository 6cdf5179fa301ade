"""Where an event goes in the log: ids that ascend with time."""

import apsw

from app.eventlog.sql import one

_NEXT = "SELECT min(id) FROM event WHERE id >= ?"
_RUN_END = """
SELECT id FROM event AS taken
WHERE id >= ? AND NOT EXISTS (SELECT 1 FROM event WHERE id = taken.id + 1) ORDER BY id LIMIT 1
"""


def first_id(second: int) -> int:
    """The first id that belongs to a second since 1970."""
    return second << 8


def end_of_run(connection: apsw.Connection, start: int) -> int:
    """The first free id at or after ``start``."""
    if one(connection, _NEXT, (start,)) != start:
        return start
    return int(one(connection, _RUN_END, (start,))) + 1


class Places:
    """Gives out ids for one transaction's events, which must be asked for in ascending order of time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        newest = one(connection, "SELECT max(id) FROM event")
        self._newest: int = -1 if newest is None else newest
        self._last = -1
        self._free_until = -1

    def take(self, second: int) -> int:
        """The first free id of this second, or after it if the second is full."""
        place = second << 8
        if place <= self._last:
            place = self._last + 1
        if self._free_until <= place <= self._newest:
            place = end_of_run(self._connection, place)
            following = one(self._connection, _NEXT, (place,))
            self._free_until = self._newest + 1 if following is None else following
        self._last = place
        return place
