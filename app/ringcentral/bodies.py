"""From the service's JSON to events, and from events to JSON lines and back.

``read_notification`` is total: whatever arrives becomes an event, if need be one of the family UNKNOWN
whose ``text`` says why. Fields are those of the guide's "High Volume SMS events" and of the REST
records, which spell some of them differently.
"""

import math
import uuid as uuids
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.domain.clock import isoformat
from app.domain.events import OPTED_IN, OPTED_OUT, Event, Family, Source
from app.domain.problems import BadInput
from app.ringcentral.wirejson import WHAT_ARRIVED, Unparsable, canonical, clean, dump, parse, storable

BATCHES = "/restapi/v1.0/account/~/a2p-sms/batches"
MESSAGES = "/restapi/v1.0/account/~/a2p-sms/messages"
CONSENTS = "/restapi/v2/accounts/~/sms/consents/history"

_NAMESPACE = uuids.UUID("6f1c2b1e-7a57-5d0e-9d6f-4a0f4b1c9e55")
_MARK = "/a2p-sms/"
_MOST = 2**31 - 1
_DEAREST = Decimal(10**9)
_LONGEST_WORD = 200

_NO_OBJECT = "What arrived is not a notification."
_NO_EVENT = "What arrived does not say what kind of event it is."
_NEW_KIND = "Textbell does not know this kind of event."
_NO_BODY = "The notification has no content."
_NO_DIRECTION = "The notification does not say whether the text was received or sent."
_NO_ID = "The notification does not say which {} it is about."
_NO_PAIR = "The notification does not name the two numbers of the opt-out."
_NO_ACTIVE = "The notification does not say whether the customer opted out or back in."


def read_notification(raw: str | Mapping[str, Any], *, received_at: datetime, source: Source) -> Event:
    """Return the event of a notification: JSON text as received, or a value parsed from it.

    Never raises. The family follows from the path of ``event`` and the body's direction. Times that
    do not exist fall back to the notification's other times, then to ``received_at``; unknown states
    are kept as they came; a missing uuid is derived from the content.
    """
    if isinstance(raw, str):
        try:
            value = parse(raw)
        except Unparsable as reason:
            return _unknown(str(reason), storable(raw), "", "", None, received_at, source)
        return _event(value, raw if raw.isascii() else storable(raw), received_at, source)
    try:
        value = clean(raw)
    except Unparsable as reason:
        return _unknown(str(reason), "", "", "", None, received_at, source)
    return _event(value, dump(value), received_at, source)


def batch_from_rest(record: Mapping[str, Any], *, received_at: datetime) -> Event:
    """Return the event that a record of the batch list, or a single batch, amounts to."""
    return _read_back(BATCHES, record, received_at)


def message_from_rest(record: Mapping[str, Any], *, received_at: datetime) -> Event:
    """Return the event that a record of the message list, or a single message, amounts to."""
    return _read_back(MESSAGES, record, received_at)


def consent_from_rest(record: Mapping[str, Any], *, received_at: datetime) -> Event:
    """Return the opt-out or opt-in that a record of the consent history amounts to."""
    return _read_back(CONSENTS, record, received_at)


def event_to_line(event: Event) -> str:
    """Return the event as one JSON line, without the line's end.

    Beside what every reader may count on (``uuid, family, event, timestamp, received_at, source,
    body``) a member ``envelope`` holds the rest of what the service sent, where there was any.
    """
    line: dict[str, Any] = {
        "uuid": event.uuid,
        "family": event.family.value,
        "event": event.event,
        "timestamp": _written(event.timestamp),
        "received_at": _written(event.received_at),
        "source": event.source.value,
    }
    try:
        value = parse(event.raw)
    except Unparsable:
        return dump(line | {"body": event.raw})
    if not (isinstance(value, dict) and event.event):
        # A text is kept as it was sent, so that reading it back tells "abc" from abc.
        return dump(line | {"body": event.raw if isinstance(value, str) else value})
    body = value.pop("body", None)
    rest = {name: item for name, item in value.items() if line.get(name) != item}
    return dump(line | {"body": body} | ({"envelope": rest} if rest else {}))


def event_from_line(line: str, *, received_at: datetime) -> Event:
    """Return the event of a JSON line: ours (see ``event_to_line``), or the service's notification.

    Our lines keep their uuid, times and source; a bare notification counts as live and as received
    at ``received_at``.

    Raises:
        BadInput: the line is neither; one sentence.
    """
    try:
        value = parse(line)
    except Unparsable as reason:
        raise BadInput(str(reason).replace(WHAT_ARRIVED, "This line")) from reason
    if isinstance(value, dict):
        if "family" in value and "body" in value:
            return _from_own_line(value, received_at)
        if isinstance(value.get("event"), str) and value["event"]:
            return _event(value, storable(line.strip()), received_at, Source.LIVE)
    raise BadInput("This line is neither an event that Textbell exported nor a RingCentral notification.")


def _from_own_line(line: dict[str, Any], received_at: datetime) -> Event:
    try:
        source = Source(str(line.get("source")))
    except ValueError:
        raise BadInput(
            "This line does not say how the event was received: “source” must be live, replayed or read_back."
        ) from None
    received_at = _time(line.get("received_at")) or received_at
    timestamp = _time(line.get("timestamp"))
    uuid = _word(line.get("uuid"))
    name, body = line.get("event"), line["body"]
    if isinstance(name, str) and name:
        envelope: dict[str, Any] = {"uuid": uuid, "event": name, "timestamp": line.get("timestamp")}
        rest = line.get("envelope")
        if isinstance(rest, dict):
            envelope |= rest
        envelope["body"] = body
        return _event(envelope, dump(envelope), received_at, source, uuid, timestamp)
    if not isinstance(body, str):
        return _event(body, dump(body), received_at, source, uuid, timestamp)
    try:
        return _event(parse(body), body, received_at, source, uuid, timestamp)
    except Unparsable as reason:
        return _unknown(str(reason), body, "", uuid, timestamp, received_at, source)


def _read_back(path: str, record: Mapping[str, Any], received_at: datetime) -> Event:
    envelope = {"event": path, "body": record}
    found = read_notification(envelope, received_at=received_at, source=Source.READ_BACK)
    if found.family is Family.UNKNOWN:
        return found
    # Read back twice, it is one event: the contract of the JSON lines names what identifies it. A
    # consent change has no id but its pair and its time.
    ref = found.ref or f"{found.number}>{found.customer}@{isoformat(found.timestamp)}"
    uuid = _derived("read back", found.family, ref, found.state)
    return _event(clean(envelope), found.raw, received_at, Source.READ_BACK, uuid)


def _event(
    value: Any,
    raw: str,
    received_at: datetime,
    source: Source,
    uuid: str = "",
    timestamp: datetime | None = None,
) -> Event:
    """Build the event of a parsed notification; ``uuid`` and ``timestamp`` go before those in it."""
    if not isinstance(value, dict):
        return _unknown(_NO_OBJECT, raw, "", uuid, timestamp, received_at, source)
    uuid = uuid or _word(value.get("uuid")) or _derived("sent", canonical(value))
    timestamp = timestamp or _time(value.get("timestamp"))
    name = _text(value.get("event"))
    try:
        return _understood(value.get("body"), name, raw, uuid, timestamp, received_at, source)
    except _NotUnderstood as reason:
        return _unknown(str(reason), raw, name, uuid, timestamp, received_at, source)


def _understood(
    body: Any,
    name: str,
    raw: str,
    uuid: str,
    timestamp: datetime | None,
    received_at: datetime,
    source: Source,
) -> Event:
    path, _, query = name.partition("?")
    kind, _, tail = path.partition(_MARK)[2].partition("/")
    build = _consent if path == CONSENTS else _BUILDERS.get(kind)
    if build is None:
        raise _NotUnderstood(_NEW_KIND if name else _NO_EVENT)
    if not isinstance(body, dict) or not body:
        raise _NotUnderstood(_NO_BODY)
    created = _time(body.get("creationTime") or body.get("createdAt"))
    modified = _time(body.get("lastModifiedTime") or body.get("lastUpdatedAt"))
    shared = {
        "uuid": uuid,
        "event": name,
        "timestamp": timestamp or modified or created or received_at,
        "received_at": received_at,
        "source": source,
        "raw": raw,
        "created_at": created,
        "modified_at": modified,
    }
    return build(body, tail, query, shared)


class _NotUnderstood(Exception):
    """Why a notification is of the family UNKNOWN."""


def _message(body: dict[str, Any], path_id: str, query: str, shared: dict[str, Any]) -> Event:
    direction = body.get("direction")
    if direction is None:
        direction = "Inbound" if "direction=Inbound" in query else query.partition("direction=")[2][:8]
    if direction not in ("Inbound", "Outbound"):
        raise _NotUnderstood(_NO_DIRECTION)
    inbound = direction == "Inbound"
    sender, recipient = _number(body.get("from")), _number(body.get("to"))
    return Event(
        family=Family.INBOUND if inbound else Family.OUTBOUND,
        number=recipient if inbound else sender,
        customer=sender if inbound else recipient,
        ref=_id(body, path_id, "text"),
        state=_word(body.get("messageStatus")),
        batch_id=_word(body.get("batchId")),
        text=_text(body.get("text")),
        error_code=_word(body.get("errorCode")),
        segments=_count(body.get("segmentCount")),
        cost=_cost(body.get("cost")),
        **shared,
    )


def _batch(body: dict[str, Any], path_id: str, _query: str, shared: dict[str, Any]) -> Event:
    ref = _id(body, path_id, "batch")
    rejected = body.get("rejected")
    return Event(
        family=Family.BATCH,
        number=_number(body.get("from")),
        ref=ref,
        batch_id=ref,
        state=_word(body.get("status")),
        size=_count(body.get("batchSize")),
        processed=_count(body.get("processedCount")),
        rejected=len(rejected) if isinstance(rejected, list) else _count(rejected),
        cost=_cost(body.get("cost")),
        **shared,
    )


def _opt_out(body: dict[str, Any], _path_id: str, _query: str, shared: dict[str, Any]) -> Event:
    number, customer = _number(body.get("from")), _number(body.get("to"))
    if not number or not customer:
        raise _NotUnderstood(_NO_PAIR)
    active = body.get("active")
    if not isinstance(active, bool):
        raise _NotUnderstood(_NO_ACTIVE)
    return Event(
        family=Family.OPTOUT,
        number=number,
        customer=customer,
        state=OPTED_OUT if active else OPTED_IN,
        **shared,
    )


def _consent(body: dict[str, Any], _path_id: str, _query: str, shared: dict[str, Any]) -> Event:
    """A record of the consent history (OpenAPI: ``SmsOptHistoryRecord``)."""
    number, customer = _number(body.get("from")), _number(body.get("to"))
    if not number or not customer:
        raise _NotUnderstood(_NO_PAIR)
    state = {"OptOut": OPTED_OUT, "OptIn": OPTED_IN}.get(_word(body.get("optStatus")))
    if state is None:
        raise _NotUnderstood(_NO_ACTIVE)
    return Event(family=Family.OPTOUT, number=number, customer=customer, state=state, **shared)


_BUILDERS = {"messages": _message, "batches": _batch, "opt-outs": _opt_out}


def _id(body: dict[str, Any], path_id: str, what: str) -> str:
    ref = _word(body.get("id")) or _word(path_id)
    if not ref:
        raise _NotUnderstood(_NO_ID.format(what))
    return ref


def _unknown(
    why: str,
    raw: str,
    name: str,
    uuid: str,
    timestamp: datetime | None,
    received_at: datetime,
    source: Source,
) -> Event:
    return Event(
        family=Family.UNKNOWN,
        uuid=uuid or _derived("unread", raw),
        event=name,
        timestamp=timestamp or received_at,
        received_at=received_at,
        source=source,
        raw=raw,
        text=why,
    )


def _derived(*parts: str) -> str:
    return str(uuids.uuid5(_NAMESPACE, "\x1f".join(parts)))


def _time(value: Any) -> datetime | None:
    """Read an ISO 8601 time, in UTC where it names no zone; ``None`` if there is no such time."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not UTC:
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    # A year before the service existed, or after this century, is a mistake that would sort for ever wrong.
    return moment if 2000 <= moment.year < 2100 else None


def _written(moment: datetime) -> str:
    if moment.microsecond % 1000:
        return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return isoformat(moment)


def _word(value: Any) -> str:
    """A name, id or state: text as it came, or a number's digits; ``""`` for anything else."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_WORD else value[:_LONGEST_WORD]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _LONGEST_WORD:
        return str(value)
    return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> str:
    """A telephone number, given plainly, as the first of a list, or as ``{"phoneNumber": …}``."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("phoneNumber")
    return _word(value)


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return value
    return None


def _cost(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value):
        # By way of its shortest spelling: 0.007 is meant, not the binary fraction nearest to it.
        amount = Decimal(repr(value))
    elif isinstance(value, int) or (isinstance(value, str) and len(value) <= 30):
        try:
            amount = Decimal(value)
        except InvalidOperation:
            return None
        if not amount.is_finite():
            return None
    else:
        return None
    return amount if abs(amount) < _DEAREST else None
