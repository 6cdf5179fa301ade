"""A plausible small business: its numbers, and a morning of events. The same for every run."""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.domain.events import (
    BATCH_COMPLETED,
    DELIVERED,
    OPTED_IN,
    OPTED_OUT,
    Event,
    Family,
    Source,
)
from app.domain.numbers import OwnNumber

NOW = datetime(2026, 11, 3, 21, 30, tzinfo=UTC)
"""Tuesday, 4:30 pm in New York."""

FRONT_DESK = OwnNumber("+16505550100", "Front desk")
DELIVERIES = OwnNumber("+16505550101", "Deliveries")
SURVEYS = OwnNumber("+14155550122", "Surveys")
NUMBERS = (FRONT_DESK, DELIVERIES, SURVEYS)

HOLIDAY = (
    "Hi! Our holiday hours: closed Thursday and Friday, open again Saturday 9 to 5. "
    "Happy Thanksgiving from all of us at Riverside Dental. Reply STOP to opt out."
)
READY = "Your order is ready for pick-up until 6 pm today."
QUESTIONS = (
    "What time do you close today?",
    "Thanks! See you Thursday",
    "Can I move my appointment to next week? Mornings are best for me, any day but Wednesday.",
    "ok",
    "Is the parking lot behind the building free for patients?",
    "Please take me off your list",
    "👍",
)
CODES = ("SMS-CAR-411", "SMS-CAR-430", "SMS-UP-410", "SMS-CAR-104", "SMS-UP-431")


def customer(n: int) -> str:
    """A number that belongs to nobody."""
    return f"+1{212 + n % 7 * 101}5550{n % 200:03d}"


class Shop:
    """Makes events with natural keys of their own."""

    def __init__(self, now: datetime = NOW, seed: int = 7) -> None:
        self.now = now
        self.random = random.Random(seed)
        self._n = 0

    def event(self, family: Family, at: datetime, **fields: object) -> Event:
        """Any event, with a raw notification that looks like one."""
        self._n += 1
        names = {Family.BATCH: "batches", Family.OPTOUT: "opt-outs"}
        name = f"/restapi/v1.0/account/1/a2p-sms/{names.get(family, 'messages')}"
        body = {key: str(value) for key, value in fields.items() if value not in ("", None)}
        raw = json.dumps({"uuid": f"u{self._n}", "event": name, "timestamp": at.isoformat(), "body": body})
        known = {"uuid": f"u{self._n}", "received_at": at, "source": Source.LIVE, "raw": raw}
        return Event(family=family, event=name, timestamp=at, **(known | fields))  # type: ignore[arg-type]

    def inbound(self, at: datetime, text: str, who: str = "", own: OwnNumber = FRONT_DESK) -> Event:
        return self.event(
            Family.INBOUND,
            at,
            number=own.e164,
            customer=who or customer(self._n),
            text=text,
            ref=f"m{self._n}",
            state="Received",
            segments=1,
        )

    def outbound(
        self,
        at: datetime,
        state: str = DELIVERED,
        code: str = "",
        text: str = READY,
        who: str = "",
        batch: str = "",
        own: OwnNumber = DELIVERIES,
    ) -> Event:
        return self.event(
            Family.OUTBOUND,
            at,
            number=own.e164,
            customer=who or customer(self._n),
            text=text,
            ref=f"m{self._n}",
            state=state,
            error_code=code,
            batch_id=batch,
            segments=1,
            cost=Decimal("0.007"),
        )

    def optout(
        self, at: datetime, who: str = "", own: OwnNumber = FRONT_DESK, state: str = OPTED_OUT
    ) -> Event:
        return self.event(Family.OPTOUT, at, number=own.e164, customer=who or customer(self._n), state=state)

    def batch(
        self,
        at: datetime,
        batch_id: str,
        state: str = BATCH_COMPLETED,
        size: int = 1204,
        processed: int | None = None,
        own: OwnNumber = FRONT_DESK,
    ) -> Event:
        return self.event(
            Family.BATCH,
            at,
            number=own.e164,
            ref=batch_id,
            batch_id=batch_id,
            state=state,
            size=size,
            processed=size if processed is None else processed,
            rejected=0,
            cost=Decimal("8.43"),
            created_at=at - timedelta(minutes=6),
            modified_at=at,
        )

    def campaign(self, at: datetime, batch_id: str, size: int, own: OwnNumber = FRONT_DESK) -> list[Event]:
        """A whole batch: queued, sending, done, and what became of each text."""
        made = [
            self.batch(at, batch_id, "Queued", size, 0, own),
            self.batch(at + timedelta(minutes=2), batch_id, "Processing", size, size // 2, own),
        ]
        for n in range(size):
            when = at + timedelta(minutes=3, milliseconds=120 * n)
            fate = self.random.random()
            if fate < 0.93:
                made.append(self.outbound(when, DELIVERED, "", HOLIDAY, batch=batch_id, own=own))
            elif fate < 0.985:
                code = self.random.choice(CODES[:3])
                made.append(self.outbound(when, "DeliveryFailed", code, HOLIDAY, batch=batch_id, own=own))
        made.append(self.batch(at + timedelta(minutes=8), batch_id, BATCH_COMPLETED, size, size, own))
        return made

    def morning(self) -> list[Event]:
        """A few days with everything that can happen, ending some minutes ago."""
        day = self.now.replace(hour=14, minute=0)
        made = self.campaign(day - timedelta(days=5), "5d1c93b2-77aa-4f11", 180)
        made += self.campaign(day, "9a7f20c4-0b1e-41d3", 420)
        for n, text in enumerate(QUESTIONS):
            made.append(self.inbound(self.now - timedelta(minutes=11 + 37 * n), text))
        made += [
            self.optout(self.now - timedelta(minutes=4)),
            self.optout(self.now - timedelta(minutes=48)),
            self.optout(self.now - timedelta(hours=2), state=OPTED_IN),
            self.optout(self.now - timedelta(days=1, hours=3), own=SURVEYS),
            self.batch(self.now - timedelta(minutes=7), "run-now-01", "Processing", 1204, 812),
            self.batch(self.now - timedelta(minutes=2), "tiny-01", BATCH_COMPLETED, 1, 1, DELIVERIES),
            self.outbound(self.now - timedelta(minutes=3), "Sent"),
            self.outbound(self.now - timedelta(minutes=5), "DeliveryFailed", "SMS-CAR-411"),
            self.outbound(self.now - timedelta(minutes=6), "DeliveryFailed", "SMS-UP-431", own=SURVEYS),
            self.outbound(self.now - timedelta(minutes=9), "DeliveryFailed", "SMS-CAR-104"),
            self.outbound(self.now - timedelta(minutes=10)),
            self.event(
                Family.UNKNOWN,
                self.now - timedelta(minutes=40),
                text="RingCentral sent a kind of event this version does not know: voice-mails.",
            ),
        ]
        return sorted(made, key=lambda event: event.timestamp)
