"""The work on the events of one write."""

from collections.abc import Sequence
from typing import Any

import apsw

from app.domain.events import OPTED_OUT, Family, Source
from app.eventlog import batches
from app.eventlog.batches import FINAL_STATES, Outcome, Tally, counted
from app.eventlog.codec import COLUMNS, Codec, Measured, Stored, pack_number
from app.eventlog.known import Known
from app.eventlog.places import Places
from app.eventlog.sql import Insert, json_list

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
_DUE = "INSERT INTO due SELECT value FROM json_each(?)"
_UNREAD = "INSERT INTO unread SELECT value FROM json_each(?)"

_NUMBER = COLUMNS.index("number")
_CUSTOMER = COLUMNS.index("customer")


class Transaction:
    """Takes in events in ascending order of their places, then writes everything that follows from them.

    To be used inside a transaction of the database, once.
    """

    def __init__(self, connection: apsw.Connection, codec: Codec, events: Sequence[Measured]) -> None:
        self._connection = connection
        self._codec = codec
        self._events = events
        self._known = Known(connection, codec.words, [measured.key for measured in events])
        self._places = Places(connection)
        refs = {measured.event.batch_id for measured in events}
        self._tallies = batches.load(connection, {codec.batches.id_of(ref) for ref in refs if ref})
        self._rows: list[tuple[Any, ...]] = []
        self._finds: list[tuple[int, str | None, str]] = []
        self._consents: list[tuple[Any, ...]] = []
        self._due: list[int] = []
        self._unread: list[int] = []
        self.new: list[tuple[int, Measured, bool]] = []
        """What was stored: where, what, whether it is unread."""
        self.numbers: set[Stored] = set()
        """The numbers of both sides, as stored."""

    @property
    def changed(self) -> list[Tally]:
        """The batches whose summaries changed."""
        return [tally for tally in self._tallies.values() if tally.changed]

    def run(self, *, news: bool) -> None:
        """Store what is new. ``news``: mark what somebody should be told of or look at."""
        for measured in self._events:
            if self._is_new(measured):
                self._add(measured, news=news)
        self._write()

    def _is_new(self, measured: Measured) -> bool:
        if measured.mark is not None:
            return self._known.add(measured.mark)
        event = measured.event
        pair = self._known.pair(str(measured.key))
        if pair.has(measured.at, event.state, event.source):
            # Known already, but perhaps as of an earlier moment: what counts is the latest.
            self._consent(measured, None)
            return False
        pair.add(measured.at, event.state, event.source)
        return True

    def _add(self, measured: Measured, *, news: bool) -> None:
        place = self._places.take(measured.placed // 1_000_000)
        row, tags = self._codec.encode(place, measured)
        self._rows.append(row)
        self._finds.append((place, measured.event.text or None, tags))
        self.numbers.add(row[_NUMBER])
        self.numbers.add(row[_CUSTOMER])
        notable, unread = self._follow(measured, place)
        unread = news and (unread or notable)
        if unread:
            self._unread.append(place)
        if news and notable and measured.event.source is not Source.READ_BACK:
            self._due.append(place)
        self.new.append((place, measured, unread))

    def _follow(self, measured: Measured, place: int) -> tuple[bool, bool]:
        """Draw the consequences: whether somebody should be told, and whether somebody should look at it."""
        event = measured.event
        family = event.family
        if family is Family.OUTBOUND:
            self._count(measured)
        elif family is Family.INBOUND:
            return False, True
        elif family is Family.OPTOUT:
            self._consent(measured, place)
            return True, False
        elif family is Family.BATCH and event.batch_id:
            tally = self._tally(event.batch_id)
            completed_before = tally.completed is not None
            tally.report(event, measured.at if measured.modified is None else measured.modified)
            return tally.completed is not None and not completed_before, False
        return False, False

    def _count(self, measured: Measured) -> None:
        """Keep the sums of the message's batch: it counts once, for its latest final state."""
        event = measured.event
        batch = None
        if event.batch_id:
            tally = self._tally(event.batch_id)
            tally.message(event)
            batch = tally.id
        reports = self._known.reports(measured.key)
        if not reports and event.state not in FINAL_STATES:
            reports.append(Outcome(event.state, 0, "", batch))
            return
        before = counted(reports)
        as_of = measured.at if measured.modified is None else measured.modified
        reports.append(Outcome(event.state, as_of, event.error_code, batch))
        after = counted(reports)
        if before != after:
            for change, step in ((before, -1), (after, 1)):
                if change is not None:
                    self._tally_of(change[0]).count(change[1], change[2], step)

    def _tally(self, ref: str) -> Tally:
        return self._tally_of(self._codec.batches.id_of(ref))

    def _tally_of(self, batch: int) -> Tally:
        tally = self._tallies.get(batch)
        if tally is None:
            tally = self._tallies[batch] = batches.load(self._connection, {batch})[batch]
        return tally

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
        batches.save(self._connection, self.changed)
        if self._due:
            self._connection.execute(_DUE, (json_list(self._due),))
        if self._unread:
            self._connection.execute(_UNREAD, (json_list(self._unread),))


def _side(number: str) -> Stored:
    return pack_number(number) or ""
