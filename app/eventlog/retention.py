"""Letting go of what is too old to keep, in steps so small that nobody waits for them.

The latest known consent of each customer stays, and so does the event that proves it, however old it is.
A batch goes with the last of its events. What is freed is given back to the disk: the full-text index is
merged once a good part of it is gone, and the file shrinks by its free pages.

Measured on 200,000 events, half of them let go: a step of 250 takes some 10 ms, the file ends at half its
size. Left to itself the full-text index would merge as a whole while an event waits to be stored (0.9 s);
so it is told not to, and merged here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import apsw

from app.domain.events import Family
from app.eventlog.packing import FAMILY_CODE, micros
from app.eventlog.places import first_id
from app.eventlog.sql import json_list, one, rows_of

EVENTS_A_STEP = 250
PAGES_A_STEP = 64
_MERGED_AT = 20
"""The full-text index is merged when one in so many events of the log has been let go since the last time."""

_PROOF = (
    f"event.family = {FAMILY_CODE[Family.OPTOUT]} AND EXISTS (SELECT 1 FROM consent WHERE"  # noqa: S608
    " customer = coalesce(event.customer, '') AND number = coalesce(event.number, '')"
    " AND consent.event = event.id)"
)
_OLD = "FROM event WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
_THESE = "IN (SELECT value FROM json_each(?))"
_DELETED = ".deleted"
"""Meta: events let go since the full-text index was merged."""

T = TypeVar("T")


class _Writer(Protocol):
    def aside(self, work: Callable[[apsw.Connection], T]) -> T: ...


class _Run(Protocol):
    def __call__(self, work: Callable[[], T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """What one step let go of."""

    deleted: int
    reached: int | None
    """Where the next step goes on; ``None``: nothing old is left."""


class Retention:
    """Lets go of old events. Made by ``EventLog.retention``; its methods raise as the log's do."""

    def __init__(self, writer: _Writer, run: _Run) -> None:
        self._writer = writer
        self._run = run

    async def outdated(self, before: datetime) -> int:
        """How many events of before then would be let go."""
        limit = _limit(before)
        return await self._run(lambda: self._writer.aside(lambda connection: _outdated(connection, limit)))

    async def forget_some(self, before: datetime, after: int = -1) -> Step:
        """Let go of the oldest events of before then. ``after`` is what the step before reached."""
        limit, old = _limit(before), micros(before)
        return await self._run(
            lambda: self._writer.aside(lambda connection: _forget(connection, limit, old, after))
        )

    async def give_back_some(self) -> bool:
        """Give some of what was freed back to the disk; whether there is more."""
        return await self._run(lambda: self._writer.aside(_merge) or self._writer.aside(_shrink))


def _limit(before: datetime) -> int:
    return first_id(max(micros(before), 0) // 1_000_000)


def _outdated(connection: apsw.Connection, limit: int) -> int:
    old = one(connection, "SELECT count(*) FROM event WHERE id < ?", (limit,))
    kept = one(connection, "SELECT count(*) FROM consent WHERE event < ?", (limit,))
    return int(max(0, old - kept))


def _forget(connection: apsw.Connection, limit: int, old: int, after: int) -> Step:
    _leave_merging_to_us(connection)
    rows = rows_of(connection, ("event.id", "event.batch", _PROOF), _OLD, (after, limit, EVENTS_A_STEP))
    doomed = [place for place, _, proof in rows if not proof]
    if doomed:
        places = (json_list(doomed),)
        for table, column in (("event", "id"), ("find", "rowid"), ("due", "id"), ("unread", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} {_THESE}", places)  # noqa: S608
        _drop_batches(connection, {batch for _, batch, proof in rows if batch is not None and not proof})
        connection.execute("UPDATE meta SET value = value - ? WHERE name = '.events'", (len(doomed),))
        connection.execute(
            "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = value + ?2",
            (_DELETED, len(doomed)),
        )
    if len(rows) < EVENTS_A_STEP:
        connection.execute("DELETE FROM gap WHERE closed AND ended < ?", (old,))
        connection.execute("DELETE FROM unsettled WHERE created < ?", (old,))
        return Step(len(doomed), None)
    return Step(len(doomed), rows[-1][0])


def _leave_merging_to_us(connection: apsw.Connection) -> None:
    if one(connection, "SELECT v FROM find_config WHERE k = 'deletemerge'") != 0:
        connection.execute("INSERT INTO find (find, rank) VALUES ('deletemerge', 0)")


def _drop_batches(connection: apsw.Connection, batches: set[int]) -> None:
    # No index leads from a batch to its events but the full-text index, which is quick at it.
    empty = [
        batch
        for batch in batches
        if one(connection, "SELECT 1 FROM find WHERE find MATCH ? LIMIT 1", (f"tags : k{batch}",)) is None
    ]
    # Ids are counted on from the highest: that one stays, so that none is given out twice.
    connection.execute(
        f"DELETE FROM batch WHERE id {_THESE} AND id < (SELECT max(id) FROM batch)",  # noqa: S608
        (json_list(empty),),
    )


def _merge(connection: apsw.Connection) -> bool:
    deleted = int(one(connection, "SELECT value FROM meta WHERE name = ?", (_DELETED,)) or 0)
    events = int(one(connection, "SELECT value FROM meta WHERE name = '.events'"))
    if not deleted or deleted * _MERGED_AT < events:
        return False
    before = connection.total_changes()
    connection.execute("INSERT INTO find (find, rank) VALUES ('merge', ?)", (-PAGES_A_STEP,))
    # So FTS5 tells that there was nothing left to merge (its documentation, "The 'merge' command").
    if connection.total_changes() - before >= 2:
        return True
    connection.execute("DELETE FROM meta WHERE name = ?", (_DELETED,))
    return False


def _shrink(connection: apsw.Connection) -> bool:
    before = int(connection.pragma("freelist_count"))
    connection.execute(f"PRAGMA incremental_vacuum({PAGES_A_STEP})").fetchall()
    # A file that was not made for it keeps its free pages, and fills them again.
    return 0 < int(connection.pragma("freelist_count")) < before
