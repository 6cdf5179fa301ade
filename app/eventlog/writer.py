"""The writing half of the log: one transaction per call, in the writer's thread."""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

import apsw

from app.domain.events import OPTED_OUT, Appended, Entry, Event, ResumePoint
from app.domain.gaps import Gap, GapReason
from app.eventlog import batches, gaps
from app.eventlog.decode import READ_COLUMNS, Decoder
from app.eventlog.encode import Encoder
from app.eventlog.measure import Measured, measure, measure_carefully
from app.eventlog.packing import Stored, micros, pack_number
from app.eventlog.sql import Insert, json_list, one, rows_of
from app.eventlog.transaction import Transaction

_LEARNED = Insert("INSERT OR IGNORE INTO consent (customer, number, opted_out, at, as_of)", 5)
_RESUME = ".resume"
_MOST_NUMBERS = 20_000

T = TypeVar("T")

_by_place = itemgetter(0)
_ADD_NUMBERS = "INSERT OR IGNORE INTO num SELECT value FROM json_each(?)"


class LogWriter:
    """Writes to the log through one connection. Every public method is one transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._encoder = Encoder(connection)
        self._numbers: set[Stored] = set()
        self._full = True

    def append(
        self,
        events: Sequence[Event],
        resume: ResumePoint | None,
        *,
        durable: bool,
        news: bool,
        notes: Mapping[str, str] | None = None,
    ) -> Appended:
        """Store what is new of the events, and everything that follows from it."""
        self._sync(full=durable)
        try:
            return self._append(measure(events), resume, news=news, notes=notes)
        except (UnicodeEncodeError, OverflowError):
            # The common path does not look for what SQLite cannot keep, for speed.
            return self._append(measure_carefully(events), resume, news=news, notes=notes)

    def due(self, known: Container[int]) -> tuple[Entry, ...]:
        """The events that somebody may still have to be told of, oldest first, but for the known ones."""
        marked: list[int] = json.loads(one(self._connection, "SELECT json_group_array(id) FROM due"))
        wanted = [place for place in marked if place not in known]
        if not wanted:
            return ()
        where = "FROM event WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
        rows = rows_of(self._connection, READ_COLUMNS, where, (json_list(wanted),))
        return tuple(map(Decoder(self._connection).entry, rows))

    def mark_noticed(self, ids: Iterable[int]) -> None:
        """Somebody was told of these, or need not be."""
        self._sync(full=True)
        with self._transaction():
            self._connection.execute(
                "DELETE FROM due WHERE id IN (SELECT value FROM json_each(?))", (json_list(ids),)
            )

    def mark_read(self, ids: Iterable[int] | None) -> int:
        """These (``None``: all) were seen; how many of them were unread."""
        before = self._connection.total_changes()
        with self._transaction():
            if ids is None:
                self._connection.execute("DELETE FROM unread WHERE true")
            else:
                self._connection.execute(
                    "DELETE FROM unread WHERE id IN (SELECT value FROM json_each(?))", (json_list(ids),)
                )
        return self._connection.total_changes() - before

    def meta(self, name: str) -> str | None:
        """A value kept under a name."""
        value: str | None = one(self._connection, "SELECT value FROM meta WHERE name = ?", (name,))
        return value

    def set_meta(self, values: Mapping[str, str | None]) -> None:
        """Keep values under their names; ``None`` removes one."""
        with self._transaction():
            for name, value in values.items():
                self._put_meta(name, value)

    def alter_meta(
        self, name: str, change: Callable[[str | None], str | None], others: Mapping[str, str]
    ) -> str | None:
        """Keep what ``change`` makes of the value that is there, and others; the new value."""
        with self._transaction():
            kept: str | None = self.meta(name)
            value = change(kept)
            for each, other in others.items():
                self._put_meta(each, other)
            self._put_meta(name, value)
        return value

    def resume_point(self) -> ResumePoint | None:
        """The newest that was given with an append."""
        text = self.meta(_RESUME)
        if text is None:
            return None
        token, sequence = json.loads(text)
        return ResumePoint(token, sequence)

    def clear_resume_point(self) -> None:
        """There is nothing to resume any more."""
        self.set_meta({_RESUME: None})

    def learn_consents(self, events: Sequence[Event]) -> None:
        """Take in how consents stand, where nothing is known yet; no event tells of it."""
        rows = [
            (
                pack_number(event.customer) or "",
                pack_number(event.number) or "",
                event.state == OPTED_OUT,
                micros(event.timestamp),
                micros(event.received_at),
            )
            for event in events
        ]
        with self._transaction():
            _LEARNED.run(self._connection, rows)

    def looked_at(self, looked: Mapping[str, str]) -> None:
        """Note how batches stood when all their messages were read."""
        with self._transaction():
            batches.set_looked(self._connection, looked)

    def unfinished_gaps(self) -> tuple[Gap, ...]:
        """The gaps that go on or have not been closed, oldest first."""
        return gaps.load_unfinished(self._connection)

    def open_gap(self, began: datetime, reason: GapReason) -> Gap:
        """Begin a gap."""
        with self._transaction():
            return gaps.open_gap(self._connection, began, reason)

    def change_gap(
        self, gap_id: int, *, began: datetime | None, ended: datetime | None, reason: GapReason | None
    ) -> None:
        """Set what is given."""
        with self._transaction():
            gaps.change(self._connection, gap_id, began=began, ended=ended, reason=reason)

    def join_gap(self, gap_id: int, to: int) -> None:
        """Make a gap a part of the one before it."""
        with self._transaction():
            gaps.join(self._connection, gap_id, to)

    def close_gaps(self, ids: Sequence[int]) -> None:
        """Everything there was in these gaps has been read back."""
        with self._transaction():
            gaps.close(self._connection, ids)

    def aside(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do ``work`` in a transaction. What it changes may be lost if the computer crashes."""
        self._sync(full=False)
        with self._transaction():
            return work(self._connection)

    def _append(
        self,
        events: list[Measured],
        resume: ResumePoint | None,
        *,
        news: bool,
        notes: Mapping[str, str] | None,
    ) -> Appended:
        # Rows that ascend within a transaction are quicker to insert.
        events.sort(key=_by_place)
        with self._transaction():
            transaction = Transaction(self._connection, self._encoder, events, news=news)
            transaction.run()
            self._add_numbers(transaction.numbers)
            if resume is not None:
                self._put_meta(_RESUME, json.dumps([resume.token, resume.sequence]))
            gaps.count_late(self._connection, [entry.event for entry in transaction.new])
            for name, value in (notes or {}).items():
                self._put_meta(name, value)
        changed = transaction.tallies.changed
        return Appended(
            new=tuple(transaction.new),
            known=len(events) - len(transaction.new),
            first_completed=tuple([tally.ref for tally in changed if tally.first_completed]),
            batches_changed=tuple([tally.ref for tally in changed]),
        )

    def _add_numbers(self, numbers: set[Stored]) -> None:
        new = numbers - self._numbers
        if new:
            # As one value, for one step: see sql.py.
            self._connection.execute(
                _ADD_NUMBERS, (json_list(number for number in new if number is not None),)
            )
            if len(self._numbers) > _MOST_NUMBERS:
                self._numbers.clear()
            self._numbers |= new

    def _put_meta(self, name: str, value: str | None) -> None:
        if value is None:
            self._connection.execute("DELETE FROM meta WHERE name = ?", (name,))
        else:
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _sync(self, *, full: bool) -> None:
        if full is not self._full:
            self._connection.pragma("synchronous", "FULL" if full else "NORMAL")
            self._full = full

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._encoder.forget()
            self._numbers.clear()
            raise
