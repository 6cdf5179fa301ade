"""From the service's JSON to events, and from events to JSON lines and back.

``read_notification`` is total: whatever arrives becomes an event, if need be one of the family UNKNOWN
whose ``text`` says why. Fields are those of the guide's "High Volume SMS events" and of the REST
records, which spell some of them differently.
"""

import uuid as uuids
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.clock import isoformat
from app.domain.events import OPTED_IN, OPTED_OUT, Event, Family, Source
from app.domain.problems import BadInput
from app.ringcentral.fields import read_cost, read_count, read_number, read_text, read_time, read_word
from app.ringcentral.wirejson import WHAT_ARRIVED, Unparsable, canonical, clean, dump, parse, storable

BATCHES = "/restapi/v1.0/account/~/a2p-sms/batches"
MESSAGES = "/restapi/v1.0/account/~/a2p-sms/messages"
CONSENTS = "/restapi/v2/accounts/~/sms/consents/history"

_NAMESPACE = uuids.UUID("6f1c2b1e-7a57-5d0e-9d6f-4a0f4b1c9e55")
_MARK = "/a2p-sms/"

_MOST_KINDS = 1_000
_NONE_YET = "-"

_Shared = tuple[str, str, datetime, datetime, Source, str]
"""What every event has, in its order: uuid, name, time, time of arrival, source, raw text."""
_Build = Callable[[dict[str, Any], str, str, _Shared, datetime | None, datetime | None], Event]
_Kind = tuple[_Build, str, str]

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
    received_at = read_time(line.get("received_at")) or received_at
    timestamp = read_time(line.get("timestamp"))
    uuid = read_word(line.get("uuid"))
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
    try:
        value = clean(envelope)
    except Unparsable:
        return read_notification(envelope, received_at=received_at, source=Source.READ_BACK)
    # The uuid follows below: to derive one from the whole content is the dearest step of all.
    found = _event(value, dump(value), received_at, Source.READ_BACK, _NONE_YET)
    if found.family is Family.UNKNOWN:
        return found._replace(uuid=_derived("sent", canonical(value)))
    # Read back twice, it is one event: the contract of the JSON lines names what identifies it. A
    # consent change has no id but its pair and its time.
    ref = found.ref or f"{found.number}>{found.customer}@{isoformat(found.timestamp)}"
    return found._replace(uuid=_derived("read back", found.family, ref, found.state))


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
    uuid = uuid or read_word(value.get("uuid")) or _derived("sent", canonical(value))
    timestamp = timestamp or read_time(value.get("timestamp"))
    name = read_text(value.get("event"))
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
    known = _kinds.get(name)
    if known is None:
        known = _kind(name)
    build, path_id, query = known
    if not isinstance(body, dict) or not body:
        raise _NotUnderstood(_NO_BODY)
    created = read_time(body.get("creationTime") or body.get("createdAt"))
    modified = read_time(body.get("lastModifiedTime") or body.get("lastUpdatedAt"))
    shared = (uuid, name, timestamp or modified or created or received_at, received_at, source, raw)
    return build(body, path_id, query, shared, created, modified)


def _kind(name: str) -> _Kind:
    """What the name of an event says: how to build it, the id in the path and the query."""
    path, _, query = name.partition("?")
    kind, _, path_id = path.partition(_MARK)[2].partition("/")
    build = _consent if path == CONSENTS else _BUILDERS.get(kind)
    if build is None:
        raise _NotUnderstood(_NEW_KIND if name else _NO_EVENT)
    if len(_kinds) >= _MOST_KINDS:
        _kinds.clear()
    known = _kinds[name] = build, path_id, query
    return known


class _NotUnderstood(Exception):
    """Why a notification is of the family UNKNOWN."""


def _message(
    body: dict[str, Any],
    path_id: str,
    query: str,
    shared: _Shared,
    created: datetime | None,
    modified: datetime | None,
) -> Event:
    find = body.get
    direction = find("direction")
    if direction is None:
        direction = "Inbound" if "direction=Inbound" in query else query.partition("direction=")[2][:8]
    if direction not in ("Inbound", "Outbound"):
        raise _NotUnderstood(_NO_DIRECTION)
    sender, recipient = read_number(find("from")), read_number(find("to"))
    if direction == "Inbound":
        family, number, customer = Family.INBOUND, recipient, sender
    else:
        family, number, customer = Family.OUTBOUND, sender, recipient
    # By position, as every event of a flood is made here.
    return Event(
        family,
        *shared,
        number,
        customer,
        _id(body, path_id, "text"),
        read_word(find("messageStatus")),
        read_word(find("batchId")),
        read_text(find("text")),
        read_word(find("errorCode")),
        None,
        None,
        None,
        read_count(find("segmentCount")),
        read_cost(find("cost")),
        created,
        modified,
    )


def _batch(
    body: dict[str, Any],
    path_id: str,
    _query: str,
    shared: _Shared,
    created: datetime | None,
    modified: datetime | None,
) -> Event:
    ref = _id(body, path_id, "batch")
    rejected = body.get("rejected")
    return Event(
        Family.BATCH,
        *shared,
        number=read_number(body.get("from")),
        ref=ref,
        batch_id=ref,
        state=read_word(body.get("status")),
        size=read_count(body.get("batchSize")),
        processed=read_count(body.get("processedCount")),
        rejected=len(rejected) if isinstance(rejected, list) else read_count(rejected),
        cost=read_cost(body.get("cost")),
        created_at=created,
        modified_at=modified,
    )


def _opt_out(
    body: dict[str, Any],
    _path_id: str,
    _query: str,
    shared: _Shared,
    created: datetime | None,
    modified: datetime | None,
) -> Event:
    active = body.get("active")
    pair = _pair(body)
    if not isinstance(active, bool):
        raise _NotUnderstood(_NO_ACTIVE)
    state = OPTED_OUT if active else OPTED_IN
    return Event(Family.OPTOUT, *shared, *pair, state=state, created_at=created, modified_at=modified)


def _consent(
    body: dict[str, Any],
    _path_id: str,
    _query: str,
    shared: _Shared,
    created: datetime | None,
    modified: datetime | None,
) -> Event:
    """A record of the consent history (OpenAPI: ``SmsOptHistoryRecord``)."""
    pair = _pair(body)
    state = {"OptOut": OPTED_OUT, "OptIn": OPTED_IN}.get(read_word(body.get("optStatus")))
    if state is None:
        raise _NotUnderstood(_NO_ACTIVE)
    return Event(Family.OPTOUT, *shared, *pair, state=state, created_at=created, modified_at=modified)


def _pair(body: dict[str, Any]) -> tuple[str, str]:
    number, customer = read_number(body.get("from")), read_number(body.get("to"))
    if not number or not customer:
        raise _NotUnderstood(_NO_PAIR)
    return number, customer


_BUILDERS: dict[str, _Build] = {"messages": _message, "batches": _batch, "opt-outs": _opt_out}
_kinds: dict[str, _Kind] = {}
"""What was found out of the names of events: there are few, and they come again and again."""


def _id(body: dict[str, Any], path_id: str, what: str) -> str:
    ref = read_word(body.get("id")) or read_word(path_id)
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


def _written(moment: datetime) -> str:
    if moment.microsecond % 1000:
        return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return isoformat(moment)
