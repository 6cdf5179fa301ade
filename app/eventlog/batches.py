"""The rolling summary of each batch, kept up to date in the transaction of the events themselves."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import apsw

from app.domain.events import (
    BATCH_COMPLETED,
    DELIVERED,
    FAILED_STATES,
    BatchSummary,
    Event,
)
from app.eventlog.packing import BIGGEST, micros, moment
from app.eventlog.sql import Insert, json_list, one, rows_of

_COLUMNS = (
    "id",
    "ref",
    "number",
    "state",
    "size",
    "processed",
    "rejected",
    "delivered",
    "failed",
    "cost",
    "text",
    "errors",
    "created",
    "modified",
    "completed",
    "as_of",
)
_MADE = "coalesce(created, modified, as_of, 0)"
_BY_REFS = "FROM batch WHERE ref IN (SELECT value FROM json_each(?))"
_SAVE = Insert(
    f"INSERT INTO batch ({', '.join(_COLUMNS)})",
    len(_COLUMNS),
    "ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:]),
)

FINAL_STATES = FAILED_STATES | {DELIVERED}


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch about which more is to come, as far as the log knows."""

    batch_id: str
    made: datetime
    """When it was made, or else when it was first heard of."""
    completed: bool
    """It was handed on as a whole; what is missing is what became of its messages."""
    looked: str
    """What ``EventLog.looked_at`` last noted for it."""


class Outcome:
    """What became of one outbound message, from all reports on it.

    It counts once in its batch: for the latest of its final states. Which batch that is, any of its
    reports may say.
    """

    __slots__ = ("_as_of", "_batch", "_final", "counted")

    def __init__(self) -> None:
        self._batch: int | None = None
        self._final: tuple[str, str] | None = None
        self._as_of = 0
        self.counted: tuple[int, str, str] | None = None
        """What it counts as: batch, state, error code; ``None``: not yet."""

    def report(self, state: str, as_of: int, error: str, batch: int | None) -> tuple[int, str, str] | None:
        """Take in a report, true at ``as_of`` (microseconds since 1970); what it counts as now."""
        if state in FINAL_STATES:
            final = (state, error)
            if self._final is None or (as_of, final) > (self._as_of, self._final):
                self._as_of, self._final = as_of, final
        if self._batch is None:
            self._batch = batch
        if self._final is not None and self._batch is not None:
            self.counted = (self._batch, *self._final)
        return self.counted

    @property
    def settled(self) -> bool:
        """Whether one of its final states was reported."""
        return self._final is not None


@dataclass(slots=True)
class Tally:
    """One row of the table ``batch``, being changed. Times are microseconds since 1970."""

    id: int
    ref: str
    number: str = ""
    state: str = ""
    size: int = 0
    processed: int = 0
    rejected: int = 0
    delivered: int = 0
    failed: int = 0
    cost: str | None = None
    text: str = ""
    errors: dict[str, int] = field(default_factory=dict)
    created: int | None = None
    modified: int | None = None
    completed: int | None = None
    as_of: int | None = None
    changed: bool = False
    first_completed: bool = False

    def report(self, event: Event, at: int) -> None:
        """Take in an event of the batch itself, true at that time.

        An older one never undoes what a newer one said.
        """
        if event.state == BATCH_COMPLETED:
            if self.completed is None:
                self.first_completed = True
            if self.completed is None or at < self.completed:
                self.completed = at
                self.changed = True
        done = event.state == BATCH_COMPLETED
        if self.as_of is not None and (at, done) < (self.as_of, self.state == BATCH_COMPLETED):
            return
        self.as_of = self.modified = at
        self.state = event.state
        self.number = _clean(event.number) or self.number
        self.size = _figure(event.size, self.size)
        self.processed = _figure(event.processed, self.processed)
        self.rejected = _figure(event.rejected, self.rejected)
        if event.cost is not None:
            self.cost = str(event.cost)
        if event.created_at is not None:
            self.created = micros(event.created_at)
        self.changed = True

    def message(self, event: Event) -> None:
        """Take in what a message of the batch tells of it besides its own state."""
        if not self.text and event.text:
            self.text = _clean(event.text)
            self.changed = True
        if not self.number and event.number:
            self.number = _clean(event.number)
            self.changed = True
        if self.created is None and event.created_at is not None:
            # Nothing but its messages may ever be heard of it: they tell how old it is.
            self.created = micros(event.created_at)
            self.changed = True

    def count(self, state: str, error: str, step: int) -> None:
        """Count a message in (``step`` 1) or out again (-1)."""
        if state == DELIVERED:
            self.delivered += step
        else:
            self.failed += step
            if error:
                count = self.errors.get(error, 0) + step
                if count > 0:
                    self.errors[error] = count
                else:
                    self.errors.pop(error, None)
        self.changed = True

    def summary(self) -> BatchSummary:
        """The same as the rest of the program sees it."""
        return BatchSummary(
            batch_id=self.ref,
            number=self.number,
            size=self.size,
            state=self.state,
            text=self.text,
            delivered=self.delivered,
            failed=self.failed,
            processed=self.processed,
            rejected=self.rejected,
            cost=None if self.cost is None else Decimal(self.cost),
            created_at=None if self.created is None else moment(self.created),
            modified_at=None if self.modified is None else moment(self.modified),
            completed_at=None if self.completed is None else moment(self.completed),
            errors=dict(self.errors),
        )


def load_open(connection: apsw.Connection, after: int, limit: int) -> tuple[OpenBatch, ...]:
    """Batches made after then (microseconds since 1970) that are not settled, newest first."""
    rows = rows_of(
        connection,
        ("ref", _MADE, "completed IS NOT NULL", "looked"),
        f"FROM batch WHERE {_MADE} > ? AND (completed IS NULL OR size - rejected - delivered - failed > 0)"
        f" ORDER BY {_MADE} DESC LIMIT ?",
        (after, limit),
    )
    return tuple(OpenBatch(ref, moment(made), bool(done), looked or "") for ref, made, done, looked in rows)


def set_looked(connection: apsw.Connection, looked: Mapping[str, str]) -> None:
    """Remember how batches stood when their messages were last read as a whole."""
    connection.executemany(
        "UPDATE batch SET looked = ? WHERE ref = ?", [(value, ref) for ref, value in looked.items()]
    )


def load_by_ref(connection: apsw.Connection, refs: tuple[str, ...]) -> dict[str, BatchSummary]:
    """The summaries of these batches, by the service's ids; unknown ones are absent."""
    rows = rows_of(connection, _COLUMNS, _BY_REFS, (json_list(map(_clean, refs)),))
    return {row[1]: _tally(row).summary() for row in rows}


class Tallies:
    """The summaries touched by one transaction."""

    def __init__(self, connection: apsw.Connection, refs: Iterable[str]) -> None:
        """Load those of ``refs`` that there are."""
        self._connection = connection
        rows = rows_of(connection, _COLUMNS, _BY_REFS, (json_list(refs),))
        self._by_ref = {tally.ref: tally for tally in map(_tally, rows)}
        self._by_id = {tally.id: tally for tally in self._by_ref.values()}
        self._last_id: int = one(connection, "SELECT coalesce(max(id), 0) FROM batch")

    @property
    def changed(self) -> list[Tally]:
        """Those that are not what they were."""
        return [tally for tally in self._by_id.values() if tally.changed]

    def of(self, ref: str) -> Tally:
        """The summary of this batch, which gets its row by ``save`` if it has none."""
        tally = self._by_ref.get(ref)
        if tally is None:
            self._last_id += 1
            tally = Tally(self._last_id, ref, changed=True)
            self._by_ref[ref] = self._by_id[tally.id] = tally
        return tally

    def recount(self, before: tuple[int, str, str] | None, after: tuple[int, str, str] | None) -> None:
        """A message no longer counts as ``before`` but as ``after``: batch, state, error code."""
        if before is not None:
            self._with_id(before[0]).count(before[1], before[2], -1)
        if after is not None:
            self._with_id(after[0]).count(after[1], after[2], 1)

    def save(self) -> None:
        """Write the changed ones."""
        rows = [
            (
                tally.id,
                tally.ref,
                tally.number,
                tally.state,
                tally.size,
                tally.processed,
                tally.rejected,
                tally.delivered,
                tally.failed,
                tally.cost,
                tally.text,
                json.dumps(tally.errors),
                tally.created,
                tally.modified,
                tally.completed,
                tally.as_of,
            )
            for tally in self.changed
        ]
        _SAVE.run(self._connection, rows)

    def _with_id(self, number: int) -> Tally:
        tally = self._by_id.get(number)
        if tally is None:
            rows = rows_of(self._connection, _COLUMNS, "FROM batch WHERE id = ?", (number,))
            tally = self._by_id[number] = _tally(rows[0])
            self._by_ref[tally.ref] = tally
        return tally


def _tally(row: list[Any]) -> Tally:
    row[11] = json.loads(row[11])
    return Tally(*row)


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _figure(new: int | None, old: int) -> int:
    return old if new is None or abs(new) > BIGGEST else new
