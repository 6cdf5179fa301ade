"""The one model of what happened. The stream and the REST answers are two views of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from app.sandbox.clock import SandboxClock
from app.sandbox.consents import ConsentBook, ConsentRecord, keyword_status
from app.sandbox.directory import HIGH_VOLUME_NUMBERS, NUMBERS, customers
from app.sandbox.journal import Journal
from app.sandbox.model import (
    COMPLETED,
    DELIVERED,
    QUEUED,
    SENDING_FAILED,
    SENT,
    TICK,
    Batch,
    Message,
    OutcomeMix,
    segments_of,
)


class World:
    """The business's messages, batches and consents, and the verbs that change them.

    Every verb takes effect at once: it changes the state, writes the journal's truth log, and tells
    its listeners. ``at`` puts what happens at another time than now; with ``quiet`` nobody is told and the
    truth log does not hold it, which is how the past is made.
    """

    def __init__(self, clock: SandboxClock, seed: int) -> None:
        self.clock = clock
        self.rng = Random(seed)  # noqa: S311 - content that must repeat, not secrets
        self.numbers = NUMBERS
        self.customers = customers(self.rng)
        self.consents = ConsentBook()
        self.journal = Journal()
        self._next_message = self.rng.randrange(7_000, 90_000)
        self._last_moment = clock.now() - timedelta(days=3650)

    # ---- the verbs

    def inbound(
        self,
        customer: str,
        text: str,
        *,
        number: str = HIGH_VOLUME_NUMBERS[0],
        at: datetime | None = None,
        quiet: bool = False,
    ) -> Message:
        """A customer texts the business. A keyword (STOP, START, …) changes consent, too."""
        moment = self._moment(at)
        message = Message(
            id=self._take_message_id(),
            from_=customer,
            to=number,
            text=text,
            direction="Inbound",
            status=DELIVERED,
            created=moment,
            modified=moment,
            segments=segments_of(text),
        )
        self.journal.keep(message)
        if not quiet:
            self.journal.tell_message(message)
        if status := keyword_status(text):
            self.set_consent(number, customer, status, source="Recipient", at=at, quiet=quiet)
        return message

    def set_consent(
        self,
        number: str,
        customer: str,
        status: str,
        *,
        source: str = "Api",
        coverage: str = "PhoneNumber",
        campaign_type: str = "",
        at: datetime | None = None,
        quiet: bool = False,
    ) -> bool:
        """Opt a customer out of a number (``OptOut``) or back in. Returns whether that was new."""
        record = ConsentRecord(number, customer, status, coverage, source, self._moment(at), campaign_type)
        if not self.consents.record(record):
            return False
        if not quiet:
            self.journal.tell_consent(record)
        return True

    def opt_out(self, customer: str, *, number: str = HIGH_VOLUME_NUMBERS[0], word: str = "STOP") -> Message:
        """The customer texts a keyword that opts out."""
        return self.inbound(customer, word, number=number)

    def opt_in(self, customer: str, *, number: str = HIGH_VOLUME_NUMBERS[0], word: str = "START") -> Message:
        """The customer texts a keyword that opts back in."""
        return self.inbound(customer, word, number=number)

    def create_batch(
        self,
        text: str,
        *,
        number: str = HIGH_VOLUME_NUMBERS[0],
        size: int = 0,
        recipients: Sequence[str] = (),
        texts: Sequence[str] = (),
        rejected: Sequence[str] = (),
        mix: OutcomeMix | None = None,
        at: datetime | None = None,
        quiet: bool = False,
    ) -> Batch:
        """A batch is accepted: its messages are queued.

        Give either ``recipients`` or a ``size``, for which customers are chosen. ``rejected`` are
        further recipients that are refused outright. ``texts`` gives each recipient its own text.
        """
        chosen = list(recipients) or self._choose_customers(size)
        moment = self._moment(at)
        batch = Batch(
            id=str(self.rng.randrange(10**9, 10**10)),
            from_=number,
            text=text,
            size=len(chosen) + len(rejected),
            created=moment,
            modified=moment,
        )
        batch.rejected = [
            {
                "index": len(chosen) + index,
                "to": [refused],
                "errorCode": "SMS-RC-410",
                "description": "The destination number is not supported",
            }
            for index, refused in enumerate(rejected)
        ]
        self.journal.batches[batch.id] = batch
        for index, customer in enumerate(chosen):
            wording = texts[index] if texts else text
            batch.messages.append(
                Message(
                    id=self._take_message_id(),
                    from_=number,
                    to=customer,
                    text=wording,
                    direction="Outbound",
                    status=QUEUED,
                    created=moment,
                    modified=moment,
                    segments=segments_of(wording),
                    batch_id=batch.id,
                    outcome=(mix or OutcomeMix()).draw(self.rng),
                )
            )
        for message in batch.messages:
            self.journal.keep(message)
        if not quiet:
            self.journal.tell_batch(batch)
            for message in batch.messages:
                self.journal.tell_message(message)
        return batch

    def progress_batch(
        self, batch_id: str, count: int | None = None, *, at: datetime | None = None, quiet: bool = False
    ) -> Batch:
        """Hand the next ``count`` messages (all, if none is given) to the carriers; the last completes it.

        Raises:
            KeyError: there is no such batch.
        """
        batch = self.journal.batches[batch_id]
        if batch.status == COMPLETED:
            return batch
        waiting = batch.messages[batch.processed : None if count is None else batch.processed + count]
        for message in waiting:
            status, code = message.outcome
            if self.consents.opted_out(message.from_, message.to):
                status, code = message.outcome = (SENDING_FAILED, "SMS-RC-413")
            failed = status == SENDING_FAILED
            self._move_message(message, status if failed else SENT, code if failed else "", at, quiet)
        batch.move(len(waiting), self._moment(at))
        if not quiet:
            self.journal.tell_batch(batch)
        return batch

    def settle_batch(
        self, batch_id: str, count: int | None = None, *, at: datetime | None = None, quiet: bool = False
    ) -> int:
        """The carriers report on the next ``count`` messages (all) that were handed to them.

        Returns how many were reported on; those that never get an answer stay ``Sent``.

        Raises:
            KeyError: there is no such batch.
        """
        done = 0
        for message in self.journal.batches[batch_id].messages:
            if count is not None and done >= count:
                break
            status, code = message.outcome
            if message.status == SENT and status != SENT:
                self._move_message(message, status, code, at, quiet)
                done += 1
        return done

    def complete_batch(self, batch_id: str, *, settle: bool = True) -> Batch:
        """Hand over all that is left, and report on it unless ``settle`` is false."""
        batch = self.progress_batch(batch_id)
        if settle:
            self.settle_batch(batch_id)
        return batch

    def send(self, customer: str, text: str, *, number: str = HIGH_VOLUME_NUMBERS[0]) -> Batch:
        """A batch of one message, delivered at once."""
        batch = self.create_batch(text, number=number, recipients=[customer], mix=OutcomeMix(1, 0, 0))
        return self.complete_batch(batch.id)

    def flood(self, count: int, family: str = "inbound") -> None:
        """Make so many events of a family at once: ``inbound``, ``outbound`` or ``optout``.

        Outbound messages come in one batch and are queued, sent and delivered, so that the count is
        met approximately; opt-outs go over all pairs and come with the inbound texts that caused them.

        Raises:
            ValueError: there is no such family.
        """
        if family == "inbound":
            for index in range(count):
                customer = self.customers[index % len(self.customers)]
                self.inbound(customer, f"Message {index + 1} of {count}")
        elif family == "outbound":
            size = max(1, count // 3)
            self.complete_batch(self.create_batch("Flood", size=size, mix=OutcomeMix(1, 0, 0)).id)
        elif family == "optout":
            for index in range(count):
                number = HIGH_VOLUME_NUMBERS[index // len(self.customers) % len(HIGH_VOLUME_NUMBERS)]
                self.opt_out(self.customers[index % len(self.customers)], number=number)
        else:
            raise ValueError("family is inbound, outbound or optout")

    # ---- inside

    def _moment(self, at: datetime | None) -> datetime:
        """``at``, or now; two moments of now are never the same, nor out of order."""
        if at is not None:
            return at
        self._last_moment = max(self.clock.now(), self._last_moment + TICK)
        return self._last_moment

    def _take_message_id(self) -> int:
        self._next_message += 1
        return self._next_message

    def _choose_customers(self, size: int) -> list[str]:
        if size > len(self.customers):
            return [self.customers[index % len(self.customers)] for index in range(size)]
        return self.rng.sample(self.customers[: max(size, 400)], size)

    def _move_message(
        self, message: Message, status: str, code: str, at: datetime | None, quiet: bool
    ) -> None:
        message.move(status, code, self._moment(at))
        if not quiet:
            self.journal.tell_message(message)
