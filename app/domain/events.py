"""The events of the service, as the rest of the program sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Family(StrEnum):
    """The kinds of event the program follows; the words are those of the JSON lines."""

    BATCH = "batch"
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    OPTOUT = "optout"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """How an event reached this computer."""

    LIVE = "live"
    REPLAYED = "replayed"
    READ_BACK = "read_back"


# States of an opt-out event. Message and batch states are the service's own words.
OPTED_OUT = "OptedOut"
OPTED_IN = "OptedIn"

BATCH_COMPLETED = "Completed"
DELIVERED = "Delivered"
FAILED_STATES = frozenset({"SendingFailed", "DeliveryFailed"})


class Event(NamedTuple):
    """One event, flat: what a row of the log holds.

    A named tuple, because a frozen dataclass of so many fields takes six times as long to make, and
    floods of events pass through here.

    Times are aware UTC datetimes. A field that a family does not have stays empty or ``None``.
    Words of the service (``state``) are kept as they came, known or not.
    """

    family: Family
    uuid: str
    """The service's identifier of the notification; derived from the content where it has none."""
    event: str
    """The filter named by the service, e.g. ``/restapi/v1.0/account/1/a2p-sms/opt-outs``."""
    timestamp: datetime
    """The service's time; the time of arrival where the service's cannot be read."""
    received_at: datetime
    source: Source
    raw: str
    """The notification (or the whole frame, if it is no notification) as JSON text, as received."""
    number: str = ""
    """The business's own number."""
    customer: str = ""
    """The other side's number."""
    ref: str = ""
    """The message's id, or the batch's id."""
    state: str = ""
    """Message or batch status; ``OPTED_OUT`` or ``OPTED_IN`` for an opt-out event."""
    batch_id: str = ""
    """For an outbound message the batch it belongs to; for a batch its own id."""
    text: str = ""
    """The message's text; for an unknown event why it could not be understood, in plain words."""
    error_code: str = ""
    size: int | None = None
    """A batch's number of messages."""
    processed: int | None = None
    """A batch's messages handed on so far."""
    rejected: int | None = None
    """A batch's recipients that were refused."""
    segments: int | None = None
    cost: Decimal | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None


class Entry(NamedTuple):
    """An event as it stands in the log."""

    id: int
    """Its place: ids ascend with the event's time, and never change."""
    event: Event
    unread: bool = False


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What is known of one batch so far, from everything in the log."""

    batch_id: str
    number: str
    size: int
    state: str
    text: str = ""
    """The text of one of its messages, ``""`` while none is known."""
    delivered: int = 0
    failed: int = 0
    processed: int = 0
    rejected: int = 0
    cost: Decimal | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    completed_at: datetime | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    """Failed messages by error code."""

    @property
    def waiting(self) -> int:
        """Messages whose outcome is not known yet."""
        return max(0, self.size - self.rejected - self.delivered - self.failed)

    @property
    def settled(self) -> bool:
        """The batch is complete and nothing about it will change any more."""
        return self.completed_at is not None and self.waiting == 0


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a gateway session can be taken up again: the ``wsc`` pair of the gateway."""

    token: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What a write to the log did."""

    new: tuple[Entry, ...] = ()
    """The events that were not in the log before, in the order of their ids."""
    known: int = 0
    """How many were there already and were skipped."""
    first_completed: tuple[str, ...] = ()
    """Ids of batches for which this write holds the first ``Completed``."""
    batches_changed: tuple[str, ...] = ()
    """Ids of batches whose summary changed."""
