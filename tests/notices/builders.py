"""Entries of the log, and what a write to it did, as short as a test can say them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.events import (
    BATCH_COMPLETED,
    OPTED_IN,
    OPTED_OUT,
    Appended,
    BatchSummary,
    Entry,
    Event,
    Family,
    Source,
)

FRONT_DESK, SALES = "+16505550100", "+16505550101"
NOON = datetime(2026, 11, 3, 21, 12, tzinfo=UTC)
"""4:12 pm in the zone of the tests (UTC-5)."""


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def customer(n: int) -> str:
    return f"+1212555{n:04}"


def _event(family: Family, when: datetime, **more: object) -> Event:
    return Event(family, "u", "f", when, when, Source.LIVE, "{}", **more)  # type: ignore[arg-type]


def opt(
    entry_id: int,
    *,
    out: bool = True,
    who: str | None = None,
    number: str = FRONT_DESK,
    when: datetime = NOON,
    source: Source = Source.LIVE,
) -> Entry:
    event = _event(
        Family.OPTOUT,
        when,
        number=number,
        customer=customer(entry_id) if who is None else who,
        state=OPTED_OUT if out else OPTED_IN,
    )
    return Entry(entry_id, event._replace(source=source), unread=True)


def completed(
    entry_id: int,
    batch_id: str = "b1",
    size: int = 1204,
    number: str = FRONT_DESK,
    when: datetime = NOON,
    source: Source = Source.LIVE,
) -> Entry:
    event = _event(
        Family.BATCH, when, number=number, ref=batch_id, batch_id=batch_id, state=BATCH_COMPLETED, size=size
    )
    return Entry(entry_id, event._replace(source=source), unread=True)


def summary(batch_id: str = "b1", **more: object) -> BatchSummary:
    known = BatchSummary(
        batch_id,
        FRONT_DESK,
        1204,
        BATCH_COMPLETED,
        text="Hi! Our holiday hours are Monday to Thursday, 9 to 5.",
        delivered=1150,
        failed=41,
        processed=1204,
        completed_at=NOON,
    )
    return replace(known, **more)  # type: ignore[arg-type]


def stored(*entries: Entry, first_completed: Sequence[str] | None = None) -> Appended:
    if first_completed is None:
        batches = (entry.event.batch_id for entry in entries if entry.event.family is Family.BATCH)
        first_completed = tuple(dict.fromkeys(batches))
    return Appended(entries, 0, tuple(first_completed), tuple(first_completed))
