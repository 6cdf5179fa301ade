"""What the sandbox's world is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

from app.sandbox.clock import body_time

COST_PER_SEGMENT = 0.007
SEGMENT = 160
TICK = timedelta(microseconds=1)
"""The service's times are no finer."""

QUEUED = "Queued"
SENT = "Sent"
DELIVERED = "Delivered"
SENDING_FAILED = "SendingFailed"
DELIVERY_FAILED = "DeliveryFailed"
PROCESSING = "Processing"
COMPLETED = "Completed"

SENDING_ERRORS: Mapping[str, int] = MappingProxyType(
    {"SMS-RC-410": 5, "SMS-RC-430": 2, "SMS-RC-500": 1, "SMS-UP-410": 4}
)
"""Error codes of messages that were never handed to a carrier, by how often they come."""

DELIVERY_ERRORS: Mapping[str, int] = MappingProxyType(
    {
        "SMS-CAR-411": 8,
        "SMS-CAR-412": 5,
        "SMS-CAR-400": 4,
        "SMS-CAR-413": 2,
        "SMS-CAR-430": 3,
        "SMS-UP-430": 2,
        "SMS-UP-431": 1,
        "SMS-CAR-431": 1,
        "SMS-CAR-500": 1,
        "SMS-CAR-199": 1,
    }
)
"""Error codes of messages that a carrier did not deliver, by how often they come."""

FilterKey = tuple[str, str]
"""A family of filters and what it is narrowed to; ``""`` is account-wide."""


@dataclass(frozen=True, slots=True)
class OutcomeMix:
    """Shares of a batch's messages by how they end. What is left of 1 stays ``Sent``: no answer."""

    delivered: float = 0.95
    delivery_failed: float = 0.03
    sending_failed: float = 0.01
    delivery_errors: Mapping[str, int] = field(default_factory=lambda: DELIVERY_ERRORS)
    sending_errors: Mapping[str, int] = field(default_factory=lambda: SENDING_ERRORS)

    def draw(self, rng: Random) -> tuple[str, str]:
        """How one message will end: status and error code."""
        drawn = rng.random()
        if drawn < self.delivered:
            return DELIVERED, ""
        drawn -= self.delivered
        if drawn < self.delivery_failed:
            return DELIVERY_FAILED, _draw_code(rng, self.delivery_errors)
        drawn -= self.delivery_failed
        if drawn < self.sending_failed:
            return SENDING_FAILED, _draw_code(rng, self.sending_errors)
        return SENT, ""


def _draw_code(rng: Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


ALL_DELIVERED = OutcomeMix(delivered=1.0, delivery_failed=0.0, sending_failed=0.0)


@dataclass(slots=True)
class Message:
    """One text, in or out."""

    id: int
    from_: str
    to: str
    text: str
    direction: str
    status: str
    created: datetime
    modified: datetime
    segments: int
    batch_id: str = ""
    error_code: str = ""
    outcome: tuple[str, str] = (DELIVERED, "")
    """How it will end: status and error code."""
    past: tuple[tuple[datetime, str, str], ...] = ()
    """The states before this one: since when, status and error code."""

    @property
    def cost(self) -> float:
        return round(self.segments * COST_PER_SEGMENT, 6)

    def move(self, status: str, error_code: str, moment: datetime) -> None:
        """It gets into another state, at that moment or just after the last change."""
        self.past = (*self.past, (self.modified, self.status, self.error_code))
        self.status, self.error_code = status, error_code
        self.modified = max(moment, self.modified + TICK)

    def as_of(self, moment: datetime) -> "Message":
        """As it was then, if it was there."""
        if self.modified <= moment:
            return self
        states = [state for state in self.past if state[0] <= moment]
        modified, status, error_code = states[-1] if states else self.past[0]
        return replace(self, modified=modified, status=status, error_code=error_code)

    def listed(self, *, detailed: bool) -> dict[str, Any]:
        """As the list shows it: ``id`` is a number, the text only in the detailed view."""
        record: dict[str, Any] = {"id": self.id}
        if self.batch_id:
            record["batchId"] = self.batch_id
        record |= self._common()
        record["creationTime"] = body_time(self.created)
        record["lastModifiedTime"] = body_time(self.modified)
        if detailed:
            record["text"] = self.text
        return record

    def read_by_id(self) -> dict[str, Any]:
        """As the read by id shows it: ``createdAt`` and ``lastUpdatedAt``, and ``id`` is a string."""
        record: dict[str, Any] = {"id": str(self.id), **self._common(), "text": self.text}
        record["createdAt"] = body_time(self.created)
        record["lastUpdatedAt"] = body_time(self.modified)
        if self.batch_id:
            record["batchId"] = self.batch_id
        return record

    def notified(self) -> dict[str, Any]:
        """The body of a notification about it as it stands."""
        body: dict[str, Any] = {
            "messageStatus": self.status,
            "lastModifiedTime": body_time(self.modified),
            "cost": self.cost,
            "creationTime": body_time(self.created),
            "from": self.from_,
            "id": str(self.id),
            "to": [self.to],
            "text": self.text,
            "segmentCount": self.segments,
            "direction": self.direction,
        }
        if self.batch_id:
            body["batchId"] = self.batch_id
        if self.error_code:
            body["errorCode"] = self.error_code
        return body

    def _common(self) -> dict[str, Any]:
        record: dict[str, Any] = {
            "from": self.from_,
            "to": [self.to],
            "messageStatus": self.status,
            "segmentCount": self.segments,
            "cost": self.cost,
            "direction": self.direction,
        }
        if self.error_code:
            record["errorCode"] = self.error_code
        return record


@dataclass(slots=True)
class Batch:
    """One batch and its messages."""

    id: str
    from_: str
    text: str
    size: int
    created: datetime
    modified: datetime
    status: str = PROCESSING
    processed: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    past: tuple[tuple[datetime, str, int], ...] = ()
    """The states before this one: since when, status and messages handed on."""

    def move(self, handed_on: int, moment: datetime) -> None:
        """So many of its messages were handed on; the last of them completes it."""
        self.past = (*self.past, (self.modified, self.status, self.processed))
        self.processed += handed_on
        if self.processed == len(self.messages):
            self.status = COMPLETED
        self.modified = max(moment, self.modified + TICK)

    def as_of(self, moment: datetime) -> "Batch":
        """As it was then, if it was there."""
        if self.modified <= moment:
            return self
        states = [state for state in self.past if state[0] <= moment]
        modified, status, processed = states[-1] if states else self.past[0]
        return replace(self, modified=modified, status=status, processed=processed)

    @property
    def cost(self) -> float:
        return round(sum(message.segments for message in self.messages) * COST_PER_SEGMENT, 6)

    def described(self) -> dict[str, Any]:
        """As the lists, the read by id and the notifications all show it."""
        body: dict[str, Any] = {
            "lastModifiedTime": body_time(self.modified),
            "cost": self.cost,
            "processedCount": self.processed,
            "creationTime": body_time(self.created),
            "from": self.from_,
            "id": self.id,
            "batchSize": self.size,
            "status": self.status,
        }
        if self.rejected:
            body["rejected"] = self.rejected
        return body


@dataclass(slots=True)
class Change:
    """One thing that happened, whoever was told: a line of the truth log."""

    seq: int
    family: str
    """``batch``, ``inbound``, ``outbound``, ``optout``; ``raw`` for frames a test sent as they are."""
    at: datetime
    ref: str
    """Id of the message or batch; ``""`` for an opt-out."""
    number: str
    customer: str
    state: str
    body: dict[str, Any]
    keys: tuple[FilterKey, ...]
    """The filters that match it."""
    uuids: list[str] = field(default_factory=list)
    """One for each notification made of it; none while nobody was subscribed."""

    def logged(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "family": self.family,
            "at": body_time(self.at),
            "ref": self.ref,
            "number": self.number,
            "customer": self.customer,
            "state": self.state,
            "uuids": list(self.uuids),
            "body": self.body,
        }


def segments_of(text: str) -> int:
    """How many segments a text is sent in, near enough."""
    return max(1, -(-len(text) // SEGMENT))
