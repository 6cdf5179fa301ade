"""The writing half of the log: one transaction per call, in the writer's thread."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter

import apsw

from app.domain.events import Appended, Entry, Event, ResumePoint
from app.eventlog.decode import READ_COLUMNS, Decoder
from app.eventlog.encode import Encoder
from app.eventlog.measure import Measured, measure, measure_carefully
from app.eventlog.packing import Stored
from app.eventlog.sql import json_list, one, rows_of
from app.eventlog.transaction import Transaction

_RESUME = ".resume"
_MOST_NUMBERS = 20_000

_by_place = itemgetter(0)


class LogWriter:
    """Writes to the log through one connection. Every public method is one transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._encoder = Encoder(connection)
        self._numbers: set[Stored] = set()
        self._full = True

    def append(
        self, events: Sequence[Event], resume: ResumePoint | None, *, durable: bool, news: bool
    ) -> Appended:
        """Store what is new of the events, and everything that follows from it."""
        self._sync(full=durable)
        try:
            return self._append(measure(events), resume, news=news)
        except (UnicodeEncodeError, OverflowError):
            # The common path does not look for what SQLite cannot keep, for speed.
            return self._append(measure_carefully(events), resume, news=news)

    def due(self) -> tuple[Entry, ...]:
        """The events that somebody may still have to be told of, oldest first."""
        rows = rows_of(self._connection, READ_COLUMNS, "FROM due CROSS JOIN event USING (id) ORDER BY id")
        return tuple(map(Decoder(self._connection).entry, rows))

    def mark_noticed(self, ids: Iterable[int]) -> None:
        """Somebody was told of these, or need not be."""
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

    def set_meta(self, name: str, value: str | None) -> None:
        """Keep a value under a name; ``None`` removes it."""
        with self._transaction():
            self._put_meta(name, value)

    def resume_point(self) -> ResumePoint | None:
        """The newest that was given with an append."""
        text = self.meta(_RESUME)
        if text is None:
            return None
        token, sequence = json.loads(text)
        return ResumePoint(token, sequence)

    def clear_resume_point(self) -> None:
        """There is nothing to resume any more."""
        self.set_meta(_RESUME, None)

    def _append(
        self,
        events: list[Measured],
        resume: ResumePoint | None,
        *,
        news: bool,
    ) -> Appended:
        # Rows that ascend within a transaction are quicker to insert.
        events.sort(key=_by_place)
        with self._transaction():
            transaction = Transaction(self._connection, self._encoder, events, news=news)
            transaction.run()
            self._add_numbers(transaction.numbers)
            if resume is not None:
                self._put_meta(_RESUME, json.dumps([resume.token, resume.sequence]))
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
            self._connection.executemany(
                "INSERT OR IGNORE INTO num VALUES (?)", [(number,) for number in new]
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
