"""Batches as rows for people: how each stands now, not what its first event said."""

from collections.abc import Mapping
from datetime import tzinfo

from app.domain.events import BatchSummary, Entry
from app.domain.numbers import format_number
from app.eventlog.export import Cell, Columns, local


def _cells(
    entry: Entry, summary: BatchSummary | None, labels: Mapping[str, str], zone: tzinfo | None
) -> tuple[Cell, ...]:
    event = entry.event
    batch = summary or BatchSummary(event.batch_id, event.number, event.size or 0, event.state)
    errors = sorted(batch.errors.items(), key=lambda error: (-error[1], error[0]))
    completed = None if batch.completed_at is None else local(batch.completed_at, zone)
    return (
        local(batch.created_at or event.timestamp, zone),
        batch.text,
        format_number(batch.number),
        labels.get(batch.number, ""),
        batch.state,
        batch.size,
        batch.delivered,
        batch.failed,
        batch.waiting,
        batch.rejected,
        ", ".join(f"{code}: {count}" for code, count in errors),
        batch.cost,
        completed,
        batch.batch_id,
    )


BATCHES = Columns(
    headings=(
        "Time",
        "Text",
        "Your number",
        "Label",
        "Status",
        "Batch size",
        "Delivered",
        "Failed",
        "Waiting",
        "Rejected",
        "Errors",
        "Cost",
        "Completed",
        "Batch",
    ),
    widths=(20, 60, 18, 16, 14, 10, 10, 10, 10, 10, 30, 10, 20, 38),
    cells=_cells,
    sheet="Batches",
)
