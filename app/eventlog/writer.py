"""The writing half of the log: one transaction per call, in the writer's thread."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from app.domain.events import OPTED_OUT, Appended, Entry, Event, Family, ResumePoint, Source
from app.eventlog import batches
from app.eventlog.batches import Outcome, Tally, counted
from app.eventlog.codec import COLUMNS, INSERT, Codec, Stored, micros, pack_number, tame
from app.eventlog.identity import Identity, identity_of
from app.eventlog.known import Known
from app.eventlog.places import Places, placed_at
from app.eventlog.words import Interned, Shapes

_FIND = "INSERT INTO find (rowid, text, tags) VALUES (?, ?, ?)"
_CONSENT = """
INSERT INTO consent (customer, number, opted_out, at, event, as_of) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (customer, number) DO UPDATE SET
    opted_out = excluded.opted_out, at = excluded.at, event = coalesce(excluded.event, event),
    as_of = max(as_of, excluded.as_of)
WHERE excluded.at >= at
"""
_DUE = f"""
SELECT {COLUMNS}, EXISTS (SELECT 1 FROM unread WHERE unread.id = event.id)
FROM due CROSS JOIN event USING (id) ORDER BY id
"""  # noqa: S608
_RESUME = "gateway resume point"
_MOST_NUMBERS = 20_000

_Gathered = tuple[Event, Event, dict[str, Any] | None, Identity]
"""An event as it came, the same without what SQLite cannot keep, that, and what it is known by."""


class LogWriter:
    """Writes to the log through one connection. Every public method is one transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._words = Interned(connection, "word", "text")
        self._batches = Interned(connection, "batch", "ref")
        templates = Interned(connection, "shape", "template")
        self._codec = Codec(self._words, self._batches, Shapes(connection), templates)
        self._numbers: set[Stored] = set()
        self._full = True

    def append(
        self, events: Sequence[Event], resume: ResumePoint | None, *, durable: bool, news: bool
    ) -> Appended:
        """Store what is new of the events, and everything that follows from it."""
        self._sync(full=durable)
        try:
            return self._append([(event, event, None) for event in events], resume, news=news)
        except (UnicodeEncodeError, OverflowError):
            # The common path does not look for these, for speed.
            return self._append([(event, *tame(event)) for event in events], resume, news=news)

    def due(self) -> tuple[Entry, ...]:
        """The events that somebody may still have to be told of, oldest first."""
        return tuple(map(self._codec.decode, self._connection.execute(_DUE)))

    def mark_noticed(self, ids: Iterable[int]) -> None:
        """Somebody was told of these, or need not be."""
        with self._transaction():
            self._connection.executemany("DELETE FROM due WHERE id = ?", [(place,) for place in ids])

    def mark_read(self, ids: Iterable[int] | None) -> int:
        """These (``None``: all) were seen; how many of them were unread."""
        before = self._connection.total_changes()
        with self._transaction():
            if ids is None:
                self._connection.execute("DELETE FROM unread WHERE true")
            else:
                self._connection.executemany("DELETE FROM unread WHERE id = ?", [(place,) for place in ids])
        return self._connection.total_changes() - before

    def meta(self, name: str) -> str | None:
        """A value kept under a name."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

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
        events: Sequence[tuple[Event, Event, dict[str, Any] | None]],
        resume: ResumePoint | None,
        *,
        news: bool,
    ) -> Appended:
        gathered: list[_Gathered] = [
            (event, clean, extra, identity_of(clean)) for event, clean, extra in events
        ]
        gathered.sort(key=lambda item: placed_at(item[1]))
        with self._transaction():
            appended = _Transaction(self._connection, self._codec, self._words, self._batches, gathered)
            done = appended.run(news=news)
            self._add_numbers(appended.numbers)
            if resume is not None:
                self._put_meta(_RESUME, json.dumps([resume.token, resume.sequence]))
        return done

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
            self._codec.forget()
            self._numbers.clear()
            raise


class _Transaction:
    """The work on one transaction's events, in ascending order of time."""

    def __init__(
        self,
        connection: apsw.Connection,
        codec: Codec,
        words: Interned,
        batch_ids: Interned,
        gathered: Sequence[_Gathered],
    ) -> None:
        self._connection = connection
        self._codec = codec
        self._gathered = gathered
        self._known = Known(connection, words, [identity for *_, identity in gathered])
        self._places = Places(connection)
        self._batch_ids = batch_ids
        self._tallies = batches.load(
            connection,
            {batch_ids.id_of(clean.batch_id) for _, clean, _, _ in gathered if _in_batch(clean)},
        )
        self.numbers: set[Stored] = set()
        self._rows: list[tuple[Any, ...]] = []
        self._finds: list[tuple[Any, ...]] = []
        self._consents: list[tuple[Any, ...]] = []
        self._due: list[tuple[int]] = []
        self._unread: list[tuple[int]] = []

    def run(self, *, news: bool) -> Appended:
        """Store what is new, and say what was."""
        new: list[Entry] = []
        for event, clean, extra, identity in self._gathered:
            place = self._add(clean, extra, identity, news=news)
            if place is not None:
                new.append(Entry(place, event, bool(self._unread) and self._unread[-1][0] == place))
        changed = [tally for tally in self._tallies.values() if tally.changed]
        self._write(changed)
        return Appended(
            new=tuple(new),
            known=len(self._gathered) - len(new),
            first_completed=tuple(tally.ref for tally in changed if tally.first_completed),
            batches_changed=tuple(tally.ref for tally in changed),
        )

    def _add(
        self, event: Event, extra: dict[str, Any] | None, identity: Identity, *, news: bool
    ) -> int | None:
        is_new = self._known.add(event, identity)
        if event.family is Family.OPTOUT and not is_new:
            # Seen before, but perhaps at a slightly later time: what counts is the latest.
            self._consent(event, None)
        if not is_new:
            return None
        place = self._places.take(placed_at(event) // 1_000_000)
        values, tags = self._codec.encode(place, event, identity, extra)
        self._rows.append(values)
        self._finds.append((place, event.text or None, tags))
        self._note_numbers(values)
        notable, unread = self._follow(event, identity, place)
        if news:
            if notable and event.source is not Source.READ_BACK:
                self._due.append((place,))
            if notable or unread:
                self._unread.append((place,))
        return place

    def _note_numbers(self, values: tuple[Any, ...]) -> None:
        if values[7] is not None:
            self.numbers.add(values[7])
        if values[8] is not None:
            self.numbers.add(values[8])

    def _follow(self, event: Event, identity: Identity, place: int) -> tuple[bool, bool]:
        """Draw the consequences; whether to tell somebody, and whether to mark as unread besides."""
        family = event.family
        if family is Family.OUTBOUND:
            self._count(event, identity)
        elif family is Family.INBOUND:
            return False, True
        elif family is Family.OPTOUT:
            self._consent(event, place)
            return True, False
        elif family is Family.BATCH and event.batch_id:
            tally = self._tally(event)
            was_first = tally.first_completed
            tally.report(event)
            return tally.first_completed and not was_first, False
        return False, False

    def _count(self, event: Event, identity: Identity) -> None:
        """Keep the sums of the message's batch: it counts once, for its latest final state."""
        reports = self._known.reports(identity.key)
        before = counted(reports)
        batch = self._batch_ids.id_of(event.batch_id) if event.batch_id else None
        as_of = micros(event.modified_at or event.timestamp)
        reports.append(Outcome(event.state, as_of, event.error_code, batch))
        after = counted(reports)
        if event.batch_id:
            self._tally(event).message(event)
        if before == after:
            return
        for change, step in ((before, -1), (after, 1)):
            if change is not None:
                self._tally_of(change[0]).count(change[1], change[2], step)

    def _tally(self, event: Event) -> Tally:
        return self._tally_of(self._batch_ids.id_of(event.batch_id))

    def _tally_of(self, batch: int) -> Tally:
        tally = self._tallies.get(batch)
        if tally is None:
            tally = self._tallies[batch] = batches.load(self._connection, {batch})[batch]
        return tally

    def _consent(self, event: Event, place: int | None) -> None:
        at = placed_at(event)
        self._consents.append(
            (
                pack_number(event.customer) or "",
                pack_number(event.number) or "",
                event.state == OPTED_OUT,
                at,
                place,
                at,
            )
        )

    def _write(self, changed: list[Tally]) -> None:
        write = self._connection.executemany
        write(INSERT, self._rows)
        write(_FIND, self._finds)
        if self._consents:
            write(_CONSENT, self._consents)
        if changed:
            batches.save(self._connection, changed)
        if self._due:
            write("INSERT INTO due VALUES (?)", self._due)
        if self._unread:
            write("INSERT INTO unread VALUES (?)", self._unread)


def _in_batch(event: Event) -> bool:
    return bool(event.batch_id) and event.family in (Family.BATCH, Family.OUTBOUND)
