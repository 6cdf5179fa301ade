"""The rolling summary of each batch, kept up to date in the transaction of the events themselves."""

import json
from dataclasses import dataclass, field
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
from app.eventlog.codec import micros, moment
from app.eventlog.sql import Insert, json_list, rows_of

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
_BY_IDS = "FROM batch WHERE id IN (SELECT value FROM json_each(?))"
_BY_REFS = "FROM batch WHERE ref IN (SELECT value FROM json_each(?))"
_SAVE = Insert(
    f"INSERT INTO batch ({', '.join(_COLUMNS)})",
    len(_COLUMNS),
    "ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:]),
)

FINAL_STATES = FAILED_STATES | {DELIVERED}
_BIGGEST = 2**63 - 1


@dataclass(slots=True)
class Outcome:
    """One report on an outbound message, as far as its batch's sums are concerned."""

    state: str
    as_of: int
    """When the message was last modified, microseconds since 1970."""
    error: str
    batch: int | None
    """Its batch's row, where the report names it."""


def counted(reports: list[Outcome]) -> tuple[int, str, str] | None:
    """What a message with these reports counts as: ``(batch, state, error code)``; ``None``: nothing yet.

    The latest of its final states, in whichever batch one of its reports puts it.
    """
    final = [report for report in reports if report.state in FINAL_STATES]
    if not final:
        return None
    batch = next((report.batch for report in reports if report.batch is not None), None)
    if batch is None:
        return None
    last = max(final, key=lambda report: (report.as_of, report.state))
    return batch, last.state, last.error


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


def load(connection: apsw.Connection, ids: set[int]) -> dict[int, Tally]:
    """The summaries with these row ids, by row id."""
    if not ids:
        return {}
    rows = rows_of(connection, _COLUMNS, _BY_IDS, (json_list(ids),))
    return {row[0]: _tally(row) for row in rows}


def load_by_ref(connection: apsw.Connection, refs: tuple[str, ...]) -> dict[str, BatchSummary]:
    """The summaries of these batches, by the service's ids; unknown ones are absent."""
    rows = rows_of(connection, _COLUMNS, _BY_REFS, (json_list(map(_clean, refs)),))
    return {row[1]: _tally(row).summary() for row in rows}


def save(connection: apsw.Connection, tallies: list[Tally]) -> None:
    """Write the summaries back."""
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
        for tally in tallies
    ]
    _SAVE.run(connection, rows)


def _tally(row: list[Any]) -> Tally:
    row[11] = json.loads(row[11])
    return Tally(*row)


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _figure(new: int | None, old: int) -> int:
    return old if new is None or abs(new) > _BIGGEST else new
