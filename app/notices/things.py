"""Stored events that may be announced, and what they are about."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.events import BATCH_COMPLETED, OPTED_IN, OPTED_OUT, BatchSummary, Entry, Family
from app.notices.batches import Finished
from app.notices.port import NoticeKind
from app.notices.wording import OptChange

OPT_KINDS = {OPTED_OUT: NoticeKind.OPTED_OUT, OPTED_IN: NoticeKind.OPTED_IN}


@dataclass(frozen=True, slots=True)
class Opted:
    """A customer's opt-out or opt-in that was stored."""

    entry: Entry
    change: OptChange

    @property
    def entry_id(self) -> int:
        return self.entry.id


@dataclass(frozen=True, slots=True)
class Thing:
    """One event that may be announced."""

    kind: NoticeKind
    what: Opted | Finished

    @property
    def entry(self) -> Entry:
        return self.what.entry

    @property
    def counted_once(self) -> str:
        """What a digest counts: customers, and batches."""
        if isinstance(self.what, Finished):
            return self.what.summary.batch_id
        return self.what.change.customer


def things_of(
    entries: Iterable[Entry], batches: Mapping[str, BatchSummary], first_completed: set[str] | None
) -> Iterator[Thing]:
    """What of these entries may be announced; of each batch its first ``Completed`` only.

    ``first_completed`` names the batches for which that is among the entries; ``None``: all of them.
    """
    seen: set[str] = set()
    for entry in entries:
        event = entry.event
        if event.family is Family.OPTOUT and event.state in OPT_KINDS:
            change = OptChange(entry.id, event.customer, event.number, event.timestamp)
            yield Thing(OPT_KINDS[event.state], Opted(entry, change))
        elif event.family is Family.BATCH and event.state == BATCH_COMPLETED:
            batch_id = event.batch_id or event.ref
            if batch_id in seen or (first_completed is not None and batch_id not in first_completed):
                continue
            seen.add(batch_id)
            summary = batches.get(batch_id) or BatchSummary(
                batch_id,
                event.number,
                event.size or 0,
                event.state,
                processed=event.processed or 0,
                rejected=event.rejected or 0,
                completed_at=event.timestamp,
            )
            yield Thing(NoticeKind.BATCH, Finished(entry, summary))
