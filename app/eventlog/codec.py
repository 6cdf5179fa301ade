"""An event as a row of the log, and back, exactly."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import apsw

from app.domain.clock import EPOCH
from app.domain.events import Entry, Event, Family, Source
from app.eventlog.identity import Key, Mark, identity_of, pack_id
from app.eventlog.rawtext import Shape, Values, time_text, to_template
from app.eventlog.words import Interned, Shapes

FAMILY_CODE = {
    Family.BATCH: 1,
    Family.INBOUND: 2,
    Family.OUTBOUND: 3,
    Family.OPTOUT: 4,
    Family.UNKNOWN: 5,
}
SOURCE_CODE = {Source.LIVE: 1, Source.REPLAYED: 2, Source.READ_BACK: 3}
FAMILIES = {code: family for family, code in FAMILY_CODE.items()}
SOURCES = {code: source for source, code in SOURCE_CODE.items()}
_BATCH = FAMILY_CODE[Family.BATCH]
_OUTBOUND = FAMILY_CODE[Family.OUTBOUND]
_UNKNOWN = FAMILY_CODE[Family.UNKNOWN]

COLUMNS = (
    "id",
    "key",
    "family",
    "source",
    "state",
    "topic",
    "error",
    "number",
    "customer",
    "batch",
    "uuid",
    "at",
    "received",
    "created",
    "modified",
    "size",
    "processed",
    "rejected",
    "segments",
    "cost",
    "text",
    "shape",
    "raw",
    "extra",
)
"""The columns of ``event``, as ``encode`` returns their values."""

READ_COLUMNS = (
    *(
        # JSON, in which rows are read, has no BLOBs; this one only says that there is no id.
        "iif(typeof(event.key) = 'blob', NULL, event.key)" if name == "key" else f"event.{name}"
        for name in COLUMNS
    ),
    "EXISTS (SELECT 1 FROM unread AS mark WHERE mark.id = event.id)",
)
"""What ``decode`` wants of ``event``."""

Stored = int | str | None
"""A number or an id as the log keeps it: digits as an integer, which is half as long."""

BIGGEST = 2**63 - 1
_MOST = 20_000
_DAY = 86_400_000_000
_LATEST = 2**33 * 1_000_000
"""The year 2242: nothing is placed later, whatever clocks say."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = moment - EPOCH
    return since.days * _DAY + since.seconds * 1_000_000 + since.microseconds


def moment(micros_since_1970: int) -> datetime:
    """The inverse of ``micros``."""
    return EPOCH + timedelta(microseconds=micros_since_1970)


def pack_number(number: str) -> Stored:
    """An E.164 number as an integer, ``None`` for an empty text, anything else as it is."""
    digits = number[1:]
    if (
        number[:1] == "+"
        and digits.isdecimal()
        and digits.isascii()
        and len(digits) < 19
        and digits[0] != "0"
    ):
        return int(digits)
    return number or None


def unpack_number(stored: Stored) -> str:
    """The inverse of ``pack_number``."""
    return f"+{stored}" if isinstance(stored, int) else stored or ""


def number_tag(stored: Stored) -> str:
    """The one token by which the full-text index finds a number, on either side."""
    return f"n{stored}" if isinstance(stored, int) else "nx" + str(stored).encode().hex()


class Measured(NamedTuple):
    """An event and what is needed of it more than once. Times are microseconds since 1970."""

    placed: int
    """Where it goes in the log."""
    original: Event
    """As it came."""
    event: Event
    """The same without what SQLite cannot keep."""
    extra: dict[str, Any] | None
    """What that is."""
    key: Key
    mark: Mark | None
    at: int
    received: int
    created: int | None
    modified: int | None


def measure(original: Event, tamed: tuple[Event, dict[str, Any] | None] | None = None) -> Measured:
    """Take an event's measures; ``tamed`` is what ``tame`` returned for it, if it was called.

    It is placed at its own time. A time more than a day ahead of the arrival is an error of somebody's and
    would stay on top of the log for ever, so such an event is placed where it arrived; times before 1970
    are placed at 1970.
    """
    event, extra = (original, None) if tamed is None else tamed
    at = micros(event.timestamp)
    received = micros(event.received_at)
    created = None if event.created_at is None else micros(event.created_at)
    modified = None if event.modified_at is None else micros(event.modified_at)
    placed = at if at <= received + _DAY else received
    if placed < 0 or placed > _LATEST:
        placed = min(max(placed, 0), _LATEST)
    key, mark = identity_of(event, modified)
    return Measured(placed, original, event, extra, key, mark, at, received, created, modified)


class Codec:
    """Translates between events and rows, with the help of one connection's tables of words."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.words = Interned(connection, "word", "text")
        self.batches = Interned(connection, "batch", "ref")
        self._shapes = Shapes(connection)
        self._numbers: dict[str, tuple[Stored, str]] = {"": (None, "")}
        self._likely: dict[tuple[object, ...], tuple[int, Shape]] = {}

    def encode(self, place: int, measured: Measured) -> tuple[tuple[Any, ...], str]:
        """The row for an event, and its tags in the full-text index."""
        _, _, event, extra, key, _, at, received, created, modified = measured
        family = FAMILY_CODE[event.family]
        known = self.words.known
        state = known.get(event.state)
        if state is None:
            state = self.words.id_of(event.state)
        topic = known.get(event.event)
        if topic is None:
            topic = self.words.id_of(event.event)
        number, number_text = self._numbers.get(event.number) or self._number(event.number)
        customer, customer_text = self._numbers.get(event.customer) or self._number(event.customer)
        tags = f"f{family} s{state}{number_text}{customer_text}"
        error = batch = None
        if event.error_code:
            error = self.words.id_of(event.error_code)
            tags = f"{tags} e{error}"
        ref, batch_id = event.ref, event.batch_id
        if batch_id:
            batch = self.batches.known.get(batch_id)
            if batch is None:
                batch = self.batches.id_of(batch_id)
            tags = f"{tags} k{batch}"
        if (ref != batch_id) if family == _BATCH else (family > _OUTBOUND and ref):
            # The row has no other place for it.
            extra = {"ref": ref, **(extra or {})}
        raw: str | None = event.raw
        shape = None
        if extra is None and family != _UNKNOWN:
            shape, raw = self._shape(
                event, family, (topic, state, error, event.segments), at, created, modified
            )
        return (
            place,
            key,
            family,
            SOURCE_CODE[event.source],
            state,
            topic,
            error,
            number,
            customer,
            batch,
            pack_id(event.uuid),
            at,
            received - at,
            None if created is None else created - at,
            None if modified is None else modified - at,
            event.size,
            event.processed,
            event.rejected,
            event.segments,
            None if event.cost is None else str(event.cost),
            event.text or None,
            shape,
            raw,
            None if extra is None else json.dumps(extra),
        ), tags

    def _shape(
        self,
        event: Event,
        family: int,
        hint: tuple[object, ...],
        at: int,
        created: int | None,
        modified: int | None,
    ) -> tuple[int | None, str | None]:
        """The shape of the event's raw text, and what the shape leaves open; or none, and the whole text."""
        raw = event.raw
        values = (
            event.uuid,
            event.number,
            event.customer,
            event.ref,
            event.batch_id,
            time_text(at),
            time_text(created),
            time_text(modified),
            event.text,
        )
        # Mostly it has the shape of the one before of its kind, and that is quicker to try than to find out.
        likely = self._likely.get(hint)
        if likely is not None and likely[1].fill(values) == raw:
            return likely[0], None
        cut = to_template(raw, values, figures=family == _BATCH)
        if cut is None:
            return None, raw
        template, rest = cut
        found = self._shapes.id_of(template)
        if found is None:
            return None, raw
        if rest is None:
            if len(self._likely) >= _MOST:
                self._likely.clear()
            self._likely[hint] = (found, self._shapes.shape(found))
        return found, rest

    def decode(self, row: list[Any]) -> Entry:
        """The entry for a row of ``READ_COLUMNS``."""
        (
            place, key, family, source, word, topic, error, packed_number, packed_customer, batch, uuid, at,
            received, created, modified, size, processed, rejected, segments, cost, text, shape, raw, extra,
            unread,
        ) = row  # fmt: skip
        value_of = self.words.value_of
        batch_id = "" if batch is None else self.batches.value_of(batch)
        ref = batch_id if family == _BATCH else "" if key is None or family > _OUTBOUND else str(key)
        uuid = "" if uuid is None else str(uuid)
        number, customer = unpack_number(packed_number), unpack_number(packed_customer)
        text = text or ""
        if created is not None:
            created += at
        if modified is not None:
            modified += at
        if shape is not None:
            values: Values = (
                uuid,
                number,
                customer,
                ref,
                batch_id,
                time_text(at),
                time_text(created),
                time_text(modified),
                text,
            )
            raw = self._shapes.shape(shape).fill(values, raw)
        event = Event(
            family=FAMILIES[family],
            uuid=uuid,
            event=value_of(topic),
            timestamp=moment(at),
            received_at=moment(at + received),
            source=SOURCES[source],
            raw=raw or "",
            number=number,
            customer=customer,
            ref=ref,
            state=value_of(word),
            batch_id=batch_id,
            text=text,
            error_code="" if error is None else value_of(error),
            size=size,
            processed=processed,
            rejected=rejected,
            segments=segments,
            cost=None if cost is None else Decimal(cost),
            created_at=None if created is None else moment(created),
            modified_at=None if modified is None else moment(modified),
        )
        if extra is not None:
            event = replace(event, **json.loads(extra))
        return Entry(place, event, bool(unread))

    def forget(self) -> None:
        """Remember nothing that a transaction may have added: it was undone."""
        self.words.forget()
        self.batches.forget()
        self._shapes.forget()
        self._likely.clear()

    def _number(self, number: str) -> tuple[Stored, str]:
        if len(self._numbers) >= _MOST:
            self._numbers.clear()
        stored = pack_number(number)
        tag = "" if stored is None else f" {number_tag(stored)}"
        found = self._numbers[number] = (stored, tag)
        return found


_TEXTS = ("uuid", "event", "number", "customer", "ref", "state", "batch_id", "text", "error_code", "raw")
_FIGURES = ("size", "processed", "rejected", "segments")


def tame(event: Event) -> tuple[Event, dict[str, Any] | None]:
    """Take out of an event what SQLite cannot keep: half a surrogate pair, a number of over 64 bits.

    Returns the rest, and what was taken out by the names of the fields (``None``: nothing). Texts are
    left with escapes in its place, so that different ones stay different.
    """
    extra: dict[str, Any] = {}
    clean: dict[str, Any] = {}
    for name in _TEXTS:
        value: str = getattr(event, name)
        tamed = value.encode("utf-8", "backslashreplace").decode()
        if tamed != value:
            extra[name] = value
            clean[name] = tamed
    for name in _FIGURES:
        figure: int | None = getattr(event, name)
        if figure is not None and abs(figure) > BIGGEST:
            extra[name] = figure
            clean[name] = None
    return (replace(event, **clean), extra) if extra else (event, None)
