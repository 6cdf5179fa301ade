"""The work on the events of one write."""

from collections.abc import Sequence
from typing import Any

import apsw

from app.domain.events import BATCH_COMPLETED, OPTED_OUT, Entry, Event, Family
from app.eventlog.batches import Tallies, Tally
from app.eventlog.encode import COLUMNS, Encoder
from app.eventlog.known import Known
from app.eventlog.measure import Measured
from app.eventlog.packing import BATCH_START, Stored, pack_number
from app.eventlog.places import Places
from app.eventlog.sql import Insert, json_list, one

_EVENTS = Insert(f"INSERT INTO event ({', '.join(COLUMNS)})", len(COLUMNS))
_FINDS = Insert("INSERT INTO find (rowid, text, tags)", 3)
_CONSENTS = Insert(
    "INSERT INTO consent (customer, number, opted_out, at, event, as_of)",
    6,
    """ON CONFLICT (customer, number) DO UPDATE SET
        opted_out = excluded.opted_out, at = excluded.at, event = coalesce(excluded.event, event),
        as_of = max(as_of, excluded.as_of)
    WHERE excluded.at >= at""",
)
_COUNT = "UPDATE meta SET value = value + ? WHERE name = '.events'"
_DUE = "INSERT INTO due SELECT value FROM json_each(?)"
_UNREAD = "INSERT INTO unread SELECT value FROM json_each(?)"
_UNSETTLED = Insert("INSERT OR IGNORE INTO unsettled (key, created)", 2)
_SETTLED = "DELETE FROM unsettled WHERE key IN (SELECT value FROM json_each(?))"

_NUMBER = COLUMNS.index("number")
_CUSTOMER = COLUMNS.index("customer")


class Transaction:
    """Takes in events in ascending order of their places, then writes everything that follows from them.

    To be used inside a transaction of the database, once.
    """

    def __init__(
        self, connection: apsw.Connection, encoder: Encoder, events: Sequence[Measured], *, news: bool
    ) -> None:
        """``news``: mark what somebody should be told of or look at."""
        self._connection = connection
        self._encoder = encoder
        self._events = events
        self._news = news
        self._known = Known(connection, encoder.words, [measured.key for measured in events])
        self._places = Places(connection)
        self.tallies = Tallies(connection, {measured.event.batch_id for measured in events})
        self._rows: list[tuple[Any, ...]] = []
        self._finds: list[tuple[int, str | None, str]] = []
        self._consents: list[tuple[Any, ...]] = []
        self._due: list[int] = []
        self._unread: list[int] = []
        self._unsettled: dict[Any, int] = {}
        self._settled: set[Any] = set()
        self.new: list[Entry] = []
        """What was stored."""
        self.numbers: set[Stored] = set()
        """The numbers of both sides, as stored."""

    def run(self) -> None:
        """Store what is new."""
        for measured in self._events:
            mark = measured.mark
            if self._known.add(mark) if mark is not None else self._is_new_consent(measured):
                self._add(measured)
        self._write()

    def _is_new_consent(self, measured: Measured) -> bool:
        event = measured.event
        pair = self._known.pair(str(measured.key))
        if pair.has(measured.at, event.state, event.source):
            # Known already, but perhaps as of an earlier moment: what counts is the latest.
            self._consent(measured, None)
            return False
        pair.add(measured.at, event.state, event.source)
        return True

    def _add(self, measured: Measured) -> None:
        placed, original, event, _, _, _, at, _, _, modified = measured
        family, text, batch_id = event.family, event.text, event.batch_id
        batch = self.tallies.of(batch_id) if batch_id else None
        place = self._places.take(placed // 1_000_000)
        notable = unread = starts = False
        if family is Family.OUTBOUND:
            self._count(measured, batch)
        elif family is Family.INBOUND:
            unread = True
        elif family is Family.OPTOUT:
            self._consent(measured, place)
            notable = True
        elif family is Family.BATCH and batch is not None:
            notable = event.state == BATCH_COMPLETED and batch.completed is None
            starts = batch.as_of is None
            batch.report(event, at if modified is None else modified)
        row, tags = self._encoder.encode(place, measured, batch)
        self._rows.append(row)
        self._finds.append((place, text or None, f"{tags} {BATCH_START}" if starts else tags))
        self.numbers.add(row[_NUMBER])
        self.numbers.add(row[_CUSTOMER])
        unread = self._news and (unread or notable)
        if unread:
            self._unread.append(place)
            if notable:
                self._due.append(place)
        self.new.append(Entry(place, original, unread))

    def _count(self, measured: Measured, batch: Tally | None) -> None:
        """Keep the sums of an outbound message's batch."""
        event: Event = measured.event
        if batch is not None:
            batch.message(event)
        outcome = self._known.outcome(measured.key)
        before = outcome.counted
        after = outcome.report(
            event.state,
            measured.at if measured.modified is None else measured.modified,
            event.error_code,
            None if batch is None else batch.id,
        )
        if outcome.settled:
            self._settled.add(measured.key)
        elif batch is None and measured.mark is not None and event.ref:
            # Nobody else knows that there is more to come of it.
            self._unsettled.setdefault(measured.key, measured.created or measured.placed)
        if after != before:
            self.tallies.recount(before, after)

    def _consent(self, measured: Measured, place: int | None) -> None:
        event = measured.event
        at = measured.placed
        self._consents.append(
            (_side(event.customer), _side(event.number), event.state == OPTED_OUT, at, place, at)
        )

    def _write(self) -> None:
        _EVENTS.run(self._connection, self._rows)
        _FINDS.run(self._connection, self._finds)
        _CONSENTS.run(self._connection, self._consents)
        self.tallies.save()
        if self._rows:
            self._connection.execute(_COUNT, (len(self._rows),))
        if self._due:
            self._connection.execute(_DUE, (json_list(self._due),))
        if self._unread:
            self._connection.execute(_UNREAD, (json_list(self._unread),))
        if self._unsettled:
            _UNSETTLED.run(self._connection, list(self._unsettled.items()))
        if self._settled and one(self._connection, "SELECT EXISTS (SELECT 1 FROM unsettled)"):
            self._connection.execute(_SETTLED, (json_list(self._settled),))


def _side(number: str) -> Stored:
    return pack_number(number) or ""
