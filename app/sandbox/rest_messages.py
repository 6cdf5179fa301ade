"""Batches, messages and their statuses."""

from collections import Counter
from datetime import datetime
from typing import Any

from aiohttp import web

from app.sandbox.api import Call, Endpoint, answer
from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from app.sandbox.errors import invalid_parameter, not_found, unparsable
from app.sandbox.model import (
    DELIVERED,
    DELIVERY_FAILED,
    QUEUED,
    SENDING_FAILED,
    SENT,
    Batch,
    Message,
)
from app.sandbox.paging import (
    MOST_PER_PAGE,
    Cursor,
    choices_of,
    numbers_of,
    per_page_of,
    read_time,
    time_range,
    values_of,
)

_BASE = "/restapi/v1.0/account/{accountId}/a2p-sms"
_MOST_NUMBERS = 15
_MOST_TEXT = 1000
_STATUS_NAMES = {
    QUEUED: "queued",
    SENT: "sent",
    DELIVERED: "delivered",
    SENDING_FAILED: "sendingFailed",
    DELIVERY_FAILED: "deliveryFailed",
}


async def create_batch(call: Call) -> web.Response:
    """A client sends a batch; the sandbox sends it out by and by."""
    body = await call.json_body()
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        raise unparsable()
    number = body.get("from")
    if number not in HIGH_VOLUME_NUMBERS:
        raise invalid_parameter("from")
    recipients: list[str] = []
    texts: list[str] = []
    for message in body["messages"]:
        if not isinstance(message, dict) or not isinstance(message.get("to"), list):
            raise invalid_parameter("messages")
        text = message.get("text", body.get("text"))
        if not isinstance(text, str) or not 0 < len(text) <= _MOST_TEXT:
            raise invalid_parameter("text")
        for customer in message["to"]:
            recipients.append(*numbers_of([customer], "to", most=1))
            texts.append(text)
    batch = call.service.world.create_batch(texts[0], number=number, recipients=recipients, texts=texts)
    described = batch.described()
    call.service.send_batch(batch.id)
    return answer(described, status=201)


async def list_batches(call: Call) -> web.Response:
    """Batches by the time they were created."""
    query = call.request.query
    cursor = _cursor(call)
    since, until = time_range(call.request, cursor, call.service.clock.now())
    numbers = numbers_of([query["from"]] if "from" in query else [], "from", most=1)
    states = choices_of(
        values_of(call.request, "status"), "status", ("Queued", "Processing", "Sent", "Completed")
    )
    as_of = _as_of(call, cursor)
    made = call.service.world.journal.batches_created(since, min(until, as_of))
    found = [
        batch
        for batch in (each.as_of(as_of) for each in made)
        if (not numbers or batch.from_ in numbers) and (not states or batch.status in states)
    ]
    return answer(cursor.page(found, Batch.described))


async def show_batch(call: Call) -> web.Response:
    batch = call.service.world.journal.batches.get(call.request.match_info["batchId"])
    if batch is None:
        raise not_found("batchId")
    return answer(batch.described())


async def list_messages(call: Call) -> web.Response:
    """Messages by the time they were created; with their texts in the detailed view."""
    view = call.request.query.get("view", "Simple")
    choices_of([view], "view", ("Simple", "Detailed"))
    cursor = _cursor(call)
    found = _chosen_messages(call, cursor)

    def record(message: Message) -> dict[str, Any]:
        return message.listed(detailed=view == "Detailed")

    return answer(cursor.page(found, record))


async def show_message(call: Call) -> web.Response:
    wanted = call.request.match_info["messageId"]
    message = call.service.world.journal.messages.get(int(wanted)) if wanted.isdecimal() else None
    if message is None:
        raise not_found("messageId")
    return answer(message.read_by_id())


async def show_statuses(call: Call) -> web.Response:
    """How many messages stand how, what they cost, and why the failed ones failed."""
    counts: Counter[str] = Counter()
    errors: dict[str, Counter[str]] = {SENDING_FAILED: Counter(), DELIVERY_FAILED: Counter()}
    costs: Counter[str] = Counter()
    for message in _chosen_messages(call, Cursor(None, MOST_PER_PAGE)):
        counts[message.status] += 1
        costs[message.status] += round(message.cost * 1_000_000)
        if message.error_code and message.status in errors:
            errors[message.status][message.error_code] += 1
    body: dict[str, Any] = {}
    for status, name in _STATUS_NAMES.items():
        body[name] = {"cost": costs[status] / 1_000_000, "count": counts[status]}
        if status in errors:
            body[name]["errorCodeCounts"] = dict(errors[status])
    return answer(body)


def _cursor(call: Call) -> Cursor:
    query = call.request.query
    return Cursor(query.get("pageToken"), per_page_of(query.get("perPage"), default=MOST_PER_PAGE))


def _as_of(call: Call, cursor: Cursor) -> datetime:
    """The moment whose state a list shows: the same on all its pages."""
    asked = cursor.query.setdefault("as_of", call.service.slowness.as_of().isoformat())
    return read_time(asked, "pageToken")


def _chosen_messages(call: Call, cursor: Cursor) -> list[Message]:
    """The messages that the query's filters choose, newest first."""
    request = call.request
    since, until = time_range(request, cursor, call.service.clock.now())
    directions = choices_of(values_of(request, "direction"), "direction", ("Inbound", "Outbound"))
    numbers = numbers_of(values_of(request, "phoneNumber"), "phoneNumber", most=_MOST_NUMBERS)
    batch_id = request.query.get("batchId", "")
    as_of = _as_of(call, cursor)
    return [
        message.as_of(as_of)
        for message in call.service.world.journal.messages_created(since, min(until, as_of))
        if (not directions or message.direction in directions)
        and (not numbers or message.from_ in numbers or message.to in numbers)
        and (not batch_id or message.batch_id == batch_id)
    ]


_PERMISSION = "A2PSMS"
ENDPOINTS = [
    Endpoint("POST", _BASE + "/batches", create_batch, "Light", _PERMISSION),
    Endpoint("GET", _BASE + "/batches", list_batches, "Light", _PERMISSION),
    Endpoint("GET", _BASE + "/batches/{batchId}", show_batch, "Light", _PERMISSION),
    Endpoint("GET", _BASE + "/messages", list_messages, "Light", _PERMISSION),
    Endpoint("GET", _BASE + "/messages/{messageId}", show_message, "Light", _PERMISSION),
    Endpoint("GET", _BASE + "/statuses", show_statuses, "Light", _PERMISSION),
]
