"""The record of when nobody was watching, and of what was received late for it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import apsw

from app.domain.events import Event, Source
from app.domain.gaps import SHORTEST, Gap, GapReason
from app.eventlog.packing import micros, moment
from app.eventlog.sql import json_list, rows_of

_COLUMNS = ("id", "began", "ended", "reason", "late", "closed")

TOLERANCE = 120_000_000
"""Microseconds. An event belongs to a gap if its time is so close to it: what is written into a connection
that is dead already is older than the last proof that it was alive."""

_SHORTEST = SHORTEST // SHORTEST.resolution

# Not one that is over, was too short to speak of and lost nothing.
_KEPT = f"(ended IS NULL OR late > 0 OR ended - began >= {_SHORTEST})"


def load(
    connection: apsw.Connection, since: datetime | None, until: datetime | None, limit: int
) -> tuple[Gap, ...]:
    """The gaps that touch the time from ``since`` to ``until``, newest first."""
    where, values = [_KEPT], []
    if since is not None:
        where.append("(ended IS NULL OR ended >= ?)")
        values.append(micros(since))
    if until is not None:
        where.append("began <= ?")
        values.append(micros(until))
    rest = f"FROM gap WHERE {' AND '.join(where)} ORDER BY began DESC, id DESC LIMIT ?"
    return tuple(_gap(row) for row in rows_of(connection, _COLUMNS, rest, (*values, limit)))


def load_unfinished(connection: apsw.Connection) -> tuple[Gap, ...]:
    """The gaps that go on or have not been closed, oldest first."""
    rows = rows_of(connection, _COLUMNS, "FROM gap WHERE ended IS NULL OR NOT closed ORDER BY began, id", ())
    return tuple(map(_gap, rows))


def open_gap(connection: apsw.Connection, began: datetime, reason: GapReason) -> Gap:
    """Begin a gap."""
    connection.execute("INSERT INTO gap (began, reason) VALUES (?, ?)", (micros(began), reason.value))
    return Gap(connection.last_insert_rowid(), began, None, reason)


def change(
    connection: apsw.Connection,
    gap_id: int,
    *,
    began: datetime | None,
    ended: datetime | None,
    reason: GapReason | None,
) -> None:
    """Set what is given. A gap never ends before it began."""
    connection.execute(
        "UPDATE gap SET began = coalesce(?, began), reason = coalesce(?, reason) WHERE id = ?",
        (None if began is None else micros(began), None if reason is None else reason.value, gap_id),
    )
    if ended is not None:
        connection.execute("UPDATE gap SET ended = max(began, ?) WHERE id = ?", (micros(ended), gap_id))


def join(connection: apsw.Connection, gap_id: int, to: int) -> None:
    """Make a gap a part of the one before it."""
    connection.execute(
        "UPDATE gap SET ended = part.ended, late = gap.late + part.late, closed = part.closed"
        " FROM (SELECT * FROM gap WHERE id = ?) AS part WHERE gap.id = ?",
        (gap_id, to),
    )
    connection.execute("DELETE FROM gap WHERE id = ?", (gap_id,))


def close(connection: apsw.Connection, ids: Sequence[int]) -> None:
    """Everything there was in these gaps has been read back."""
    connection.execute(
        "UPDATE gap SET closed = 1 WHERE ended IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        (json_list(ids),),
    )
    # What comes late all the same, soon after, still makes a short one worth keeping.
    connection.execute(
        "DELETE FROM gap WHERE closed AND ended < (SELECT max(ended) FROM gap) - ?"  # noqa: S608
        f" AND NOT {_KEPT}",
        (10 * TOLERANCE,),
    )


def count_late(connection: apsw.Connection, events: Iterable[Event]) -> None:
    """Count events that were just stored, and came late, for the gaps they belong to."""
    moments = [micros(event.timestamp) for event in events if event.source is not Source.LIVE]
    if not moments:
        return
    rows = connection.execute(
        "SELECT id, began, coalesce(ended, 9e18) FROM gap"
        " WHERE began <= ? AND coalesce(ended, 9e18) >= ? ORDER BY began DESC",
        (max(moments) + TOLERANCE, min(moments) - TOLERANCE),
    ).fetchall()
    counts: dict[int, int] = {}
    for at in moments:
        found = _belonging(rows, at)
        if found is not None:
            counts[found] = counts.get(found, 0) + 1
    for gap_id, count in counts.items():
        connection.execute("UPDATE gap SET late = late + ? WHERE id = ?", (count, gap_id))


def _belonging(rows: list[Any], at: int) -> int | None:
    """The gap that holds this moment, else the nearest that is near enough."""
    nearest, distance = None, TOLERANCE + 1
    for gap_id, began, ended in rows:
        away = max(began - at, at - ended, 0)
        if away < distance:
            nearest, distance = gap_id, away
    return nearest


def _gap(row: list[Any]) -> Gap:
    gap_id, began, ended, reason, late, closed = row
    try:
        why = GapReason(reason)
    except ValueError:
        why = GapReason.OFFLINE
    return Gap(gap_id, moment(began), None if ended is None else moment(ended), why, late, bool(closed))
