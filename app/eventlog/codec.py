"""An event as a row of the log, and back, exactly."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from app.domain.clock import EPOCH
from app.domain.events import Entry, Event, Family, Source
from app.eventlog.identity import Identity, pack_id
from app.eventlog.rawtext import from_template, to_template
from app.eventlog.words import Interned, Shapes

FAMILY_CODE = {
    Family.BATCH: 1,
    Family.INBOUND: 2,
    Family.OUTBOUND: 3,
    Family.OPTOUT: 4,
    Family.UNKNOWN: 5,
}
SOURCE_CODE = {Source.LIVE: 1, Source.REPLAYED: 2, Source.READ_BACK: 3}
_FAMILIES = {code: family for family, code in FAMILY_CODE.items()}
SOURCES = {code: source for source, code in SOURCE_CODE.items()}

COLUMNS = (
    "id, key, family, source, state, topic, error, number, customer, batch, uuid, at, received, created, "
    "modified, size, processed, rejected, segments, cost, text, shape, raw, extra"
)
INSERT = f"INSERT INTO event ({COLUMNS}) VALUES ({','.join('?' * 24)})"  # noqa: S608

Stored = int | str | None
"""A number or an id as the log keeps it: digits as an integer, which is half as long."""

BIGGEST = 2**63 - 1
_MOST = 20_000


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


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
    if stored.__class__ is int:
        return f"+{stored}"
    return stored or ""  # type: ignore[return-value]


def number_tag(stored: Stored) -> str:
    """The one token by which the full-text index finds a number, on either side."""
    if stored.__class__ is int:
        return f"n{stored}"
    return "nx" + str(stored).encode("utf-8", "surrogatepass").hex()


class Row(NamedTuple):
    """What an event becomes: a row of ``event`` and the tags of its entry in ``find``."""

    values: tuple[Any, ...]
    tags: str


class Codec:
    """Translates between events and rows, with the help of the tables of words of one connection."""

    def __init__(self, words: Interned, batches: Interned, shapes: Shapes, templates: Interned) -> None:
        self._words = words
        self._batches = batches
        self._shapes = shapes
        self._templates = templates
        self._numbers: dict[str, Stored] = {}

    def encode(
        self, place: int, event: Event, identity: Identity, extra: dict[str, Any] | None = None
    ) -> Row:
        """The row for an event; ``extra`` is what ``tame`` took out of it."""
        family = FAMILY_CODE[event.family]
        words = self._words.known
        state = words.get(event.state)
        if state is None:
            state = self._words.id_of(event.state)
        topic = words.get(event.event)
        if topic is None:
            topic = self._words.id_of(event.event)
        numbers = self._numbers
        try:
            number = numbers[event.number]
            customer = numbers[event.customer]
        except KeyError:
            number = self._number(event.number)
            customer = self._number(event.customer)
        tags = f"f{family} s{state}"
        if number is not None:
            tags = f"{tags} {number_tag(number)}"
        if customer is not None:
            tags = f"{tags} {number_tag(customer)}"
        error = None
        if event.error_code:
            error = self._words.id_of(event.error_code)
            tags = f"{tags} e{error}"

        ref, batch_id, batch = event.ref, event.batch_id, None
        if batch_id:
            batch = self._batches.known.get(batch_id)
            if batch is None:
                batch = self._batches.id_of(batch_id)
            tags = f"{tags} k{batch}"
        if (ref != batch_id) if family == 1 else (ref and (family >= 4 or identity.key.__class__ is bytes)):
            # The row has no other place for it.
            extra = {"ref": ref, **(extra or {})}

        at = micros(event.timestamp)
        created = None if event.created_at is None else micros(event.created_at)
        modified = None if event.modified_at is None else micros(event.modified_at)
        raw: str | None = event.raw
        shape = None
        if extra is None and family != 5:
            cut = to_template(
                event.raw,
                uuid=event.uuid,
                number=event.number,
                customer=event.customer,
                ref="" if ref == batch_id else ref,
                batch=batch_id,
                text=event.text,
                at=at,
                created=created,
                modified=modified,
                figures=family == 1,
            )
            if cut is not None:
                shape = self._shapes.id_of(cut[0])
                if shape is not None:
                    raw = cut[1]
        values = (
            place,
            identity.key,
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
            micros(event.received_at) - at,
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
        )
        return Row(values, tags)

    def decode(self, row: tuple[Any, ...]) -> Entry:
        """The entry for a row of ``COLUMNS`` followed by whether it is unread."""
        (
            place, key, family, source, state, topic, error, number, customer, batch, uuid, at, received,
            created, modified, size, processed, rejected, segments, cost, text, shape, raw, extra, unread,
        ) = row  # fmt: skip
        words = self._words.values
        state = words.get(state) if state in words else self._words.value_of(state)
        topic = words.get(topic) if topic in words else self._words.value_of(topic)
        batch_id = "" if batch is None else self._batches.value_of(batch)
        if family == 1:
            ref = batch_id
        elif family < 4 and key.__class__ is not bytes:
            ref = str(key)
        else:
            ref = ""
        uuid = "" if uuid is None else str(uuid)
        number = unpack_number(number)
        customer = unpack_number(customer)
        text = text or ""
        created = None if created is None else created + at
        modified = None if modified is None else modified + at
        if shape is not None:
            raw = from_template(
                self._templates.value_of(shape),
                raw,
                uuid=uuid,
                number=number,
                customer=customer,
                ref=ref,
                batch=batch_id,
                text=text,
                at=at,
                created=created,
                modified=modified,
            )
        event = Event(
            family=_FAMILIES[family],
            uuid=uuid,
            event=topic or "",
            timestamp=moment(at),
            received_at=moment(at + received),
            source=SOURCES[source],
            raw=raw or "",
            number=number,
            customer=customer,
            ref=ref,
            state=state or "",
            batch_id=batch_id,
            text=text,
            error_code="" if error is None else self._words.value_of(error),
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
        self._words.forget()
        self._batches.forget()
        self._shapes.forget()
        self._templates.forget()

    def _number(self, number: str) -> Stored:
        if len(self._numbers) >= _MOST:
            self._numbers.clear()
        stored = self._numbers[number] = pack_number(number)
        return stored


def tame(event: Event) -> tuple[Event, dict[str, Any] | None]:
    """Take out of an event what SQLite cannot keep: half a surrogate pair, a number of over 64 bits.

    Returns the rest, and what was taken out by the names of the fields (``None``: nothing). Texts are
    left with escapes in its place, so that different ones stay different.
    """
    extra: dict[str, Any] = {}
    clean: dict[str, Any] = {}
    for name in (
        "uuid",
        "event",
        "number",
        "customer",
        "ref",
        "state",
        "batch_id",
        "text",
        "error_code",
        "raw",
    ):
        value: str = getattr(event, name)
        tamed = value.encode("utf-8", "backslashreplace").decode()
        if tamed != value:
            extra[name] = value
            clean[name] = tamed
    for name in ("size", "processed", "rejected", "segments"):
        figure: int | None = getattr(event, name)
        if figure is not None and abs(figure) > BIGGEST:
            extra[name] = figure
            clean[name] = None
    return (replace(event, **clean), extra) if extra else (event, None)
