"""Everything known of one event in plain words: what the detail pane and “Copy all” show."""

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from app.domain import error_codes
from app.domain.events import BatchSummary, Entry, Event, Family, Source
from app.domain.numbers import format_number
from app.ui import words
from app.ui.words import Labels, counted


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the details."""

    name: str
    value: str


_SOURCES = {
    Source.LIVE: "As it happened",
    Source.REPLAYED: "After a short interruption",
    Source.READ_BACK: "Received late: it happened while Textbell was not watching",
}

_OTHER_SIDE = {Family.INBOUND: "From", Family.OUTBOUND: "To"}
_OWN_SIDE = {Family.INBOUND: "To your number", Family.OPTOUT: "Your number"}


def facts(
    entry: Entry,
    batch: BatchSummary | None,
    labels: Labels,
    now: datetime,
    zone: tzinfo | None = None,
) -> list[Fact]:
    """The facts of an event, the most asked first. Only what is known."""
    event = entry.event
    found: list[tuple[str, str]] = []
    if event.customer:
        found.append((_OTHER_SIDE.get(event.family, "Customer"), format_number(event.customer)))
    if event.number:
        found.append((_OWN_SIDE.get(event.family, "From your number"), labels.full(event.number)))
    found.append(("Time", words.moment(event.timestamp, now, zone)))
    if event.family is Family.BATCH:
        found += _batch_facts(event, batch, now, zone)
    if event.family is Family.OUTBOUND and event.state:
        found.append(("Status", event.state))
    if event.error_code:
        found.append(("Error code", event.error_code))
    if event.segments is not None:
        found.append(("Length", counted(event.segments, "segment")))
    if event.cost is not None and event.family is not Family.BATCH:
        found.append(("Cost", money(event.cost)))
    found.append(("Received", _SOURCES[event.source]))
    found.append(("Exact time", words.exact(event.timestamp, zone)))
    if event.batch_id:
        found.append(("Batch id", event.batch_id))
    if event.ref and event.ref != event.batch_id:
        found.append(("Message id", event.ref))
    return [Fact(name, value) for name, value in found]


def _batch_facts(
    event: Event, batch: BatchSummary | None, now: datetime, zone: tzinfo | None
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    size = event.size if event.size is not None else (batch.size if batch else None)
    if size is not None:
        found.append(("Size", counted(size, "text")))
    if batch is None:
        return found
    if batch.created_at is not None:
        found.append(("Started", words.moment(batch.created_at, now, zone)))
    if batch.created_at is not None and batch.completed_at is not None:
        found.append(("Took", duration((batch.completed_at - batch.created_at).total_seconds())))
    if batch.rejected:
        found.append(("Refused numbers", f"{batch.rejected:,}"))
    if batch.cost is not None:
        found.append(("Cost", money(batch.cost)))
    return found


def outcome_lines(batch: BatchSummary) -> list[tuple[str, str, int]]:
    """The parts of a batch's outcome: tone, words, count. Parts of nothing are left out."""
    parts = [
        ("good", "delivered", batch.delivered),
        ("bad", "failed", batch.failed),
        ("bad", "refused before sending", batch.rejected),
        ("waiting", "still waiting", batch.waiting),
    ]
    return [part for part in parts if part[2] > 0]


def failure_lines(batch: BatchSummary) -> list[tuple[str, int, str]]:
    """Why messages of a batch failed, by heap, the biggest first: words, count, what to do."""
    heaps: dict[error_codes.Meaning | None, int] = {}
    for code, count in batch.errors.items():
        known = error_codes.meaning(code)
        heaps[known] = heaps.get(known, 0) + count
    lines = [
        (known.short if known else "Another reason", count, known.advice if known else "")
        for known, count in heaps.items()
    ]
    return sorted(lines, key=lambda line: -line[1])


def money(cost: Decimal) -> str:
    """``$0.07``, ``$1,204.50``; small costs keep their digits: ``$0.007``."""
    shown = f"{cost:,.2f}"
    return f"${shown}" if Decimal(shown.replace(",", "")) == cost else f"${cost.normalize():,f}"


def duration(seconds: float) -> str:
    """``4 s``, ``12 min``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def readable_json(raw: str, limit: int = 200_000) -> str:
    """The notification indented for reading; as it came if it is no JSON or too big."""
    if len(raw) > limit:
        return f"{raw[:limit]}…"
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw
