"""A row of the log as the event it was made of."""

import json
from decimal import Decimal
from typing import Any

import apsw

from app.domain.events import Entry, Event, Family
from app.eventlog.encode import COLUMNS
from app.eventlog.packing import BATCH_TEXT, FAMILIES, FAMILY_CODE, SOURCES, moment, unpack_number
from app.eventlog.rawtext import Values, time_texts
from app.eventlog.sql import one
from app.eventlog.words import Interned, Shapes

READ_COLUMNS = (
    *(
        # JSON, in which rows are read, has no BLOBs; this one only says that there is no id.
        "iif(typeof(event.key) = 'blob', NULL, event.key)" if name == "key" else f"event.{name}"
        for name in COLUMNS
    ),
    "EXISTS (SELECT 1 FROM unread AS mark WHERE mark.id = event.id)",
)
"""What ``Decoder.entry`` wants of ``event``."""

_BATCH = FAMILY_CODE[Family.BATCH]
_OUTBOUND = FAMILY_CODE[Family.OUTBOUND]
_MOST_TEXTS = 1_000


class Decoder:
    """Makes entries of rows, with the help of one connection's tables of words."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._words = Interned(connection, "word", "text")
        self._batches = Interned(connection, "batch", "ref")
        self._shapes = Shapes(connection)
        self._texts: dict[int, str] = {}
        self._costs: dict[str, Decimal] = {}

    def entry(self, row: list[Any]) -> Entry:
        """The entry for a row of ``READ_COLUMNS``."""
        (
            place, key, family, source, state, topic, error, packed_number, packed_customer, batch, uuid, at,
            received, created, modified, size, processed, rejected, segments, cost, text, shape, raw, extra,
            unread,
        ) = row  # fmt: skip
        words, word = self._words.values, self._words.value_of
        batch_id = "" if batch is None else self._batches.value_of(batch)
        ref = batch_id if family == _BATCH else "" if key is None or family > _OUTBOUND else str(key)
        uuid = "" if uuid is None else str(uuid)
        number, customer = unpack_number(packed_number), unpack_number(packed_customer)
        if text == BATCH_TEXT:
            text = self._text(batch)
        elif text is None:
            text = ""
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
                *time_texts(at, created, modified),
                text,
            )
            raw = self._shapes.shape(shape).fill(values, raw)
        event = Event(
            family=FAMILIES[family],
            uuid=uuid,
            event=words.get(topic) or word(topic),
            timestamp=moment(at),
            received_at=moment(at + received),
            source=SOURCES[source],
            raw=raw or "",
            number=number,
            customer=customer,
            ref=ref,
            state=words.get(state) or word(state),
            batch_id=batch_id,
            text=text,
            error_code="" if error is None else word(error),
            size=size,
            processed=processed,
            rejected=rejected,
            segments=segments,
            cost=None if cost is None else self._costs.get(cost) or self._cost(cost),
            created_at=None if created is None else moment(created),
            modified_at=None if modified is None else moment(modified),
        )
        if extra is not None:
            event = event._replace(**json.loads(extra))
        return Entry(place, event, bool(unread))

    def _cost(self, text: str) -> Decimal:
        if len(self._costs) >= _MOST_TEXTS:
            self._costs.clear()
        cost = self._costs[text] = Decimal(text)
        return cost

    def _text(self, batch: int) -> str:
        """A batch's text, which does not change once it is known."""
        text = self._texts.get(batch)
        if text is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            text = one(self._connection, "SELECT text FROM batch WHERE id = ?", (batch,)) or ""
            self._texts[batch] = text
        return text
