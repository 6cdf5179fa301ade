"""Events as the service sends them, for tests of the log."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.domain.clock import isoformat
from app.domain.events import OPTED_IN, OPTED_OUT, Event, Family, Source

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
OWN = "+16505550100"
CUSTOMER = "+12125550142"
ACCOUNT = "/restapi/v1.0/account/405150459033/a2p-sms"


def _raw(uuid: str, event: str, at: datetime, body: dict[str, object]) -> str:
    return json.dumps(
        {
            "uuid": uuid,
            "event": event,
            "timestamp": isoformat(at),
            "subscriptionId": "417eaa6f-e2bd-4b37-adae-868de87d20e1",
            "ownerId": "405150459033",
            "body": body,
        }
    )


def _uuid(*what: object) -> str:
    return str(int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:8]) % 10**19)


def _micros(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def message(
    ref: str,
    *,
    state: str = "Delivered",
    at: datetime = NOON,
    inbound: bool = False,
    number: str = OWN,
    customer: str = CUSTOMER,
    text: str = "Thank you for the message",
    batch_id: str = "",
    error_code: str = "",
    modified_at: datetime | None = None,
    uuid: str = "",
    source: Source = Source.LIVE,
) -> Event:
    modified = modified_at or at - timedelta(microseconds=136_993)
    created = modified - timedelta(seconds=2, microseconds=664_247)
    direction = "Inbound" if inbound else "Outbound"
    event = f"{ACCOUNT}/messages?direction={direction}&{'to' if inbound else 'from'}={number}"
    uuid = uuid or _uuid(ref, state, at, modified)
    body: dict[str, object] = {
        "messageStatus": state,
        "lastModifiedTime": _micros(modified),
        "cost": 0.007,
        "creationTime": _micros(created),
        "from": customer if inbound else number,
        "id": ref,
        "to": [number if inbound else customer],
        "text": text,
        "segmentCount": 1,
        "direction": direction,
    }
    if batch_id:
        body["batchId"] = batch_id
    if error_code:
        body["errorCode"] = error_code
    return Event(
        family=Family.INBOUND if inbound else Family.OUTBOUND,
        uuid=uuid,
        event=event,
        timestamp=at,
        received_at=at + timedelta(milliseconds=211, microseconds=7),
        source=source,
        raw=_raw(uuid, event, at, body),
        number=number,
        customer=customer,
        ref=ref,
        state=state,
        batch_id=batch_id,
        text=text,
        error_code=error_code,
        segments=1,
        cost=Decimal("0.007"),
        created_at=created,
        modified_at=modified,
    )


def batch(
    ref: str,
    *,
    state: str = "Completed",
    at: datetime = NOON,
    number: str = OWN,
    size: int = 10,
    processed: int = 10,
    rejected: int = 0,
    uuid: str = "",
    source: Source = Source.LIVE,
) -> Event:
    modified = at - timedelta(microseconds=382_817)
    created = modified - timedelta(seconds=4)
    event = f"{ACCOUNT}/batches?from={number}"
    uuid = uuid or _uuid(ref, state, at, processed)
    cost = Decimal(processed * 7) / 1000
    body: dict[str, object] = {
        "lastModifiedTime": _micros(modified),
        "cost": float(cost),
        "processedCount": processed,
        "creationTime": _micros(created),
        "from": number,
        "id": ref,
        "batchSize": size,
        "status": state,
    }
    return Event(
        family=Family.BATCH,
        uuid=uuid,
        event=event,
        timestamp=at,
        received_at=at + timedelta(milliseconds=190),
        source=source,
        raw=_raw(uuid, event, at, body),
        number=number,
        ref=ref,
        state=state,
        batch_id=ref,
        size=size,
        processed=processed,
        rejected=rejected,
        cost=cost,
        created_at=created,
        modified_at=modified,
    )


def opt(
    *,
    out: bool = True,
    at: datetime = NOON,
    number: str = OWN,
    customer: str = CUSTOMER,
    uuid: str = "",
    source: Source = Source.LIVE,
) -> Event:
    event = f"{ACCOUNT}/opt-outs?from={number}"
    uuid = uuid or _uuid(number, customer, out, at)
    return Event(
        family=Family.OPTOUT,
        uuid=uuid,
        event=event,
        timestamp=at,
        received_at=at + timedelta(milliseconds=95),
        source=source,
        raw=_raw(uuid, event, at, {"from": number, "to": customer, "active": out}),
        number=number,
        customer=customer,
        state=OPTED_OUT if out else OPTED_IN,
    )


def unknown(uuid: str, *, at: datetime = NOON, raw: str = "what?", text: str = "It is not JSON.") -> Event:
    return Event(
        family=Family.UNKNOWN,
        uuid=uuid,
        event="",
        timestamp=at,
        received_at=at,
        source=Source.LIVE,
        raw=raw,
        text=text,
    )
