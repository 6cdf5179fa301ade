"""An event as a row of the log, exactly: ``decode`` makes the same event of it."""

import json
from typing import Any

import apsw

from app.domain.events import Event, Family, Source
from app.eventlog.batches import Tally
from app.eventlog.measure import Measured
from app.eventlog.packing import (
    BATCH_TEXT,
    FAMILY_CODE,
    SOURCE_CODE,
    Stored,
    number_tag,
    pack_id,
    pack_number,
)
from app.eventlog.rawtext import Shape, time_texts, to_template
from app.eventlog.words import Interned, Shapes

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
"""The columns of ``event`` in the order of ``encode``'s values."""

_MOST = 20_000
_WITH_REF = frozenset({Family.OUTBOUND, Family.INBOUND, Family.BATCH})
"""Families whose rows have a place for the service's id."""


class _Kind:
    """What the events of one kind have in common, found out once."""

    __slots__ = ("error", "family", "number", "shape", "shape_id", "source", "state", "tags", "topic")

    def __init__(self, event: Event, words: Interned) -> None:
        self.family = FAMILY_CODE[event.family]
        self.source = SOURCE_CODE[event.source]
        self.state = words.id_of(event.state)
        self.topic = words.id_of(event.event)
        self.error = words.id_of(event.error_code) if event.error_code else None
        self.number = pack_number(event.number)
        self.shape: Shape | None = None
        """The shape of the last raw text: most likely that of the next."""
        self.shape_id = 0
        tags = [f"f{self.family}", f"s{self.state}"]
        if self.number is not None:
            tags.append(number_tag(self.number))
        if self.error is not None:
            tags.append(f"e{self.error}")
        self.tags = " ".join(tags)


class Encoder:
    """Makes rows of events, with the help of one connection's tables of words."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.words = Interned(connection, "word", "text")
        self._shapes = Shapes(connection)
        self._kinds: dict[tuple[Family, str, str, str, Source, str, int | None], _Kind] = {}
        self._numbers: dict[str, tuple[Stored, str]] = {"": (None, "")}

    def encode(self, place: int, measured: Measured, batch: Tally | None) -> tuple[tuple[Any, ...], str]:
        """The row for an event, and its tags in the full-text index; ``batch`` is the event's batch."""
        _, _, event, extra, key, _, at, received, created, modified = measured
        # All at once: this is done for every event of a flood.
        (
            family,
            uuid,
            topic,
            _,
            _,
            source,
            raw,
            number,
            customer,
            ref,
            state,
            _,
            text,
            error_code,
            size,
            processed,
            rejected,
            segments,
            cost,
            _,
            _,
        ) = event
        mark = (family, topic, state, error_code, source, number, segments)
        kind = self._kinds.get(mark)
        if kind is None:
            if len(self._kinds) >= _MOST:
                self._kinds.clear()
            kind = self._kinds[mark] = _Kind(event, self.words)
        packed, customer_tag = self._numbers.get(customer) or self._number(customer)
        tags = kind.tags + customer_tag
        kept_text: str | int | None = text or None
        batch_row = None
        if batch is not None:
            batch_row = batch.id
            tags = f"{tags} k{batch_row}"
            if text and text == batch.text:
                kept_text = BATCH_TEXT
        if (ref and family not in _WITH_REF) or (family is Family.BATCH and ref != event.batch_id):
            extra = {"ref": ref, **(extra or {})}
        kept_raw: str | None = raw
        shape = None
        if extra is None and family is not Family.UNKNOWN:
            shape, kept_raw = self._shape(kind, event, at, created, modified)
        return (
            place,
            key,
            kind.family,
            kind.source,
            kind.state,
            kind.topic,
            kind.error,
            kind.number,
            packed,
            batch_row,
            pack_id(uuid),
            at,
            received - at,
            None if created is None else created - at,
            None if modified is None else modified - at,
            size,
            processed,
            rejected,
            segments,
            None if cost is None else str(cost),
            kept_text,
            shape,
            kept_raw,
            None if extra is None else json.dumps(extra),
        ), tags

    def _shape(
        self, kind: _Kind, event: Event, at: int, created: int | None, modified: int | None
    ) -> tuple[int | None, str | None]:
        """The shape of the event's raw text, and what the shape leaves open; or none, and the whole text."""
        raw = event.raw
        values = (
            event.uuid,
            event.number,
            event.customer,
            event.ref,
            event.batch_id,
            *time_texts(at, created, modified),
            event.text,
        )
        # Trying the shape of the one before is quicker than finding out.
        if kind.shape is not None and kind.shape.fill(values) == raw:
            return kind.shape_id, None
        cut = to_template(raw, values, figures=event.family is Family.BATCH)
        if cut is None:
            return None, raw
        template, rest = cut
        found = self._shapes.id_of(template)
        if found is None:
            return None, raw
        if rest is None:
            kind.shape_id, kind.shape = found, self._shapes.shape(found)
        return found, rest

    def forget(self) -> None:
        """Remember nothing that a transaction may have added: it was undone."""
        self.words.forget()
        self._shapes.forget()
        self._kinds.clear()

    def _number(self, number: str) -> tuple[Stored, str]:
        if len(self._numbers) >= _MOST:
            self._numbers.clear()
        stored = pack_number(number)
        tag = "" if stored is None else f" {number_tag(stored)}"
        found = self._numbers[number] = (stored, tag)
        return found
