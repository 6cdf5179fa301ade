"""What happened, in the order it happened: the messages by time, the truth log, and who is told."""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.sandbox.consents import OPT_OUT, ConsentRecord
from app.sandbox.model import TICK, Batch, Change, FilterKey, Message


class Journal:
    """Keeps messages and batches, and tells its listeners of every change."""

    def __init__(self) -> None:
        self.batches: dict[str, Batch] = {}
        self.messages: dict[int, Message] = {}
        self.truth: list[Change] = []
        """Everything that happened and could be told, oldest first."""
        self._timeline: list[tuple[datetime, int]] = []
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call ``listener`` with every change, before the verb that made it returns."""
        self._listeners.append(listener)

    def keep(self, message: Message) -> None:
        self.messages[message.id] = message
        place = (message.created, message.id)
        if not self._timeline or self._timeline[-1] < place:
            self._timeline.append(place)
        else:
            insort(self._timeline, place)

    def messages_created(self, since: datetime, until: datetime) -> list[Message]:
        """Messages created from ``since`` to ``until``, both included, newest first."""
        low = bisect_left(self._timeline, (since, -1))
        high = bisect_left(self._timeline, (until + TICK, -1))
        return [self.messages[place[1]] for place in reversed(self._timeline[low:high])]

    def batches_created(self, since: datetime, until: datetime) -> list[Batch]:
        """Batches created from ``since`` to ``until``, both included, newest first."""
        found = [batch for batch in self.batches.values() if since <= batch.created <= until]
        return sorted(found, key=lambda batch: (batch.created, batch.id), reverse=True)

    def tell_message(self, message: Message) -> None:
        """A message came or changed its state."""
        inbound = message.direction == "Inbound"
        family = "inbound" if inbound else "outbound"
        number, customer = (message.to, message.from_) if inbound else (message.from_, message.to)
        keys = ((family, ""), (family, number))
        body = message.notified()
        self._tell(family, message.modified, str(message.id), number, customer, message.status, body, keys)

    def tell_batch(self, batch: Batch) -> None:
        """A batch came or got on."""
        keys = (("batches", ""), ("batches", batch.from_), ("batch", batch.id))
        body = batch.described()
        self._tell("batch", batch.modified, batch.id, batch.from_, "", batch.status, body, keys)

    def tell_consent(self, record: ConsentRecord) -> None:
        """A customer opted out of a number, or back in."""
        out = record.status == OPT_OUT
        keys = (("optouts", ""), ("optouts", record.from_))
        body = {"from": record.from_, "to": record.to, "active": out}
        state = "OptedOut" if out else "OptedIn"
        self._tell("optout", record.at, "", record.from_, record.to, state, body, keys)

    def tell_again(self, change: Change) -> None:
        """Tell the listeners of a change once more: the service may repeat itself, under a new uuid."""
        for listener in self._listeners:
            listener(change)

    def _tell(
        self,
        family: str,
        at: datetime,
        ref: str,
        number: str,
        customer: str,
        state: str,
        body: dict[str, Any],
        keys: tuple[FilterKey, ...],
    ) -> None:
        change = Change(len(self.truth) + 1, family, at, ref, number, customer, state, body, keys)
        self.truth.append(change)
        self.tell_again(change)
