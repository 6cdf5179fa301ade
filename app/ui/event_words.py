"""One event as a row, as a sentence, and as copied text."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain import error_codes
from app.domain.events import (
    BATCH_COMPLETED,
    DELIVERED,
    FAILED_STATES,
    OPTED_IN,
    OPTED_OUT,
    BatchSummary,
    Entry,
    Event,
    Family,
    Source,
)
from app.domain.numbers import format_number
from app.ui.words import Labels, clock, counted, first_words, moment

KINDS = {
    Family.BATCH: "Batches",
    Family.INBOUND: "Texts received",
    Family.OUTBOUND: "Texts sent",
    Family.OPTOUT: "Opt-outs",
    Family.UNKNOWN: "Other events",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of the table shows."""

    icon: str
    tone: str
    """Which colour the icon and the leading words take; ``muted`` says nothing by colour."""
    who: str
    lead: str
    """The coloured word before ``what``: ``Not delivered``. May be empty."""
    what: str
    summary: BatchSummary | None = None
    """For a batch whose outcome is known: what the bar shows."""


def row(event: Event, batch: BatchSummary | None, *, whole: bool = False) -> Row:
    """Word an event for the table. Total: any event gives a row.

    ``whole``: an event of a batch stands for the batch as it is now.
    """
    if whole and batch is not None and event.family is Family.BATCH:
        return _whole_batch(batch)
    match event.family:
        case Family.OPTOUT:
            return _optout(event)
        case Family.INBOUND:
            text = first_words(event.text, 400) or "No words in this text"
            return Row("inbound", "muted", _customer(event), "", text)
        case Family.OUTBOUND:
            return _outbound(event)
        case Family.BATCH:
            return _batch(event, batch)
        case Family.UNKNOWN:
            return Row("unknown", "muted", "Something new", "", event.text or "Kept as it came.")


def _customer(event: Event) -> str:
    return format_number(event.customer) if event.customer else "No number given"


def _optout(event: Event) -> Row:
    if event.state == OPTED_OUT:
        return Row("opted-out", "opted_out", _customer(event), "Opted out", "Asked you to stop texting")
    if event.state == OPTED_IN:
        return Row("opted-in", "good", _customer(event), "Opted back in", "")
    return Row("unknown", "muted", _customer(event), "", f"Opt-out status: {event.state or 'not given'}")


def _outbound(event: Event) -> Row:
    text = first_words(event.text, 400)
    known = error_codes.meaning(event.error_code) if event.error_code else None
    if known is not None and known.heap is error_codes.Heap.NO_ANSWER:
        return Row("clock", "waiting", _customer(event), "No answer yet", text)
    if event.state in FAILED_STATES:
        reason = known.short if known else ""
        lead = f"Failed: {reason[:1].lower()}{reason[1:]}" if reason else "Failed"
        return Row("cross", "bad", _customer(event), lead, text)
    if event.state == DELIVERED:
        return Row("check", "good", _customer(event), "Delivered", text)
    lead = {"Queued": "Waiting to be sent", "Sent": "Sent"}.get(event.state, event.state or "Sent")
    return Row("outbound", "muted", _customer(event), lead, text)


def batch_name(event_text: str, size: int | None) -> str:
    """How people know a batch: its first words, else its size."""
    if event_text:
        return f"“{first_words(event_text, 48)}”"
    return f"Batch of {counted(size, 'text')}" if size else "Batch"


def _batch(event: Event, batch: BatchSummary | None) -> Row:
    size = event.size if event.size is not None else (batch.size if batch else None)
    name = batch_name(batch.text if batch else event.text, size)
    if event.state == BATCH_COMPLETED:
        if batch is not None and batch.delivered + batch.failed:
            return Row("batch", "text", name, "", outcome(batch), batch)
        return Row("batch", "text", name, "Finished", counted(size, "text") if size else "", batch)
    over = batch is not None and batch.completed_at is not None
    if event.processed and size and event.state != "Queued":
        lead = "Was being sent" if over else "Sending"
        return Row("batch", "muted", name, lead, f"{event.processed:,} of {size:,} handed on")
    # A row of yesterday must not say that a batch waits which has long been finished.
    now, then = {
        "Queued": ("Waiting to be sent", "Started"),
        "Processing": ("Sending", "Was being sent"),
        "Sent": ("Sent", "Sent"),
    }.get(event.state, (event.state or "Changed",) * 2)
    lead = then if over else now
    return Row("batch", "muted", name, lead, counted(size, "text") if size else "")


def _whole_batch(batch: BatchSummary) -> Row:
    name = batch_name(batch.text, batch.size)
    if batch.delivered + batch.failed:
        lead = "" if batch.completed_at is not None else "Sending"
        return Row("batch", "text", name, lead, outcome(batch), batch)
    texts = counted(batch.size, "text") if batch.size else ""
    if batch.completed_at is not None:
        return Row("batch", "text", name, "Finished", texts, batch)
    if batch.processed and batch.size:
        return Row("batch", "text", name, "Sending", f"{batch.processed:,} of {batch.size:,} handed on")
    return Row("batch", "muted", name, "Waiting to be sent", texts)


def outcome(batch: BatchSummary) -> str:
    """``1,150 of 1,204 delivered, 41 failed, 2 refused, 11 waiting``."""
    parts = [f"{batch.delivered:,} of {batch.size:,} delivered"]
    if batch.failed:
        parts.append(f"{batch.failed:,} failed")
    if batch.rejected:
        parts.append(f"{batch.rejected:,} refused")
    if batch.waiting:
        parts.append(f"{batch.waiting:,} waiting")
    return ", ".join(parts)


def sentence(
    entry: Entry,
    batch: BatchSummary | None,
    labels: Labels,
    now: datetime,
    zone: tzinfo | None = None,
    *,
    whole: bool = False,
) -> str:
    """The whole row read as one sentence, for a screen reader and for copying as text."""
    event = entry.event
    shown = row(event, batch, whole=whole)
    own = f" {_preposition(event)} {labels.full(event.number)}" if event.number else ""
    if event.family is Family.OPTOUT and shown.lead:
        body = f"{shown.who} {shown.lead[:1].lower()}{shown.lead[1:]}{own}"
    else:
        said = ", ".join(part for part in (shown.lead, shown.what) if part)
        body = f"{_SUBJECTS.get(event.family, '')}{shown.who}{own}: {said}"
    stop = "" if body.endswith((".", "!", "?", "…")) else "."
    new = "New. " if entry.unread else ""
    late = " Received late." if event.source is Source.READ_BACK else ""
    return f"{new}{body}{stop} {moment(event.timestamp, now, zone)}.{late}"


_SUBJECTS = {Family.BATCH: "Batch ", Family.INBOUND: "Text from ", Family.OUTBOUND: "Text to "}


def _preposition(event: Event) -> str:
    if event.family is Family.INBOUND or event.state == OPTED_IN:
        return "to"
    return "of" if event.family is Family.OPTOUT else "from"


KIND_OF_ONE = {
    Family.BATCH: "Batch",
    Family.INBOUND: "Text received",
    Family.OUTBOUND: "Text sent",
    Family.OPTOUT: "Opt-out",
    Family.UNKNOWN: "Other event",
}


def brief(entry: Entry, batch: BatchSummary | None, zone: tzinfo | None = None) -> str:
    """A row in a few words, for a menu: ``4:12 pm  (212) 555-0100 opted out``."""
    shown = row(entry.event, batch)
    said = shown.lead or shown.what
    said = f"{said[:1].lower()}{said[1:]}" if shown.lead else first_words(said, 32)
    if entry.event.family is Family.INBOUND:
        said = f"“{said}”"
    joint = " " if entry.event.family is Family.OPTOUT else ": "
    return f"{clock(entry.event.timestamp, zone)}  {first_words(shown.who, 32)}{joint}{said}"
