"""The frames of clients, and what they are answered."""

import json
from typing import Any

from app.sandbox.errors import ServiceRefusal
from app.sandbox.frames import error_frame, heartbeat_frame, meta_of
from app.sandbox.subscriptions import Subscriber, Subscriptions


def answer_frame(text: str, subscriber: Subscriber, subscriptions: Subscriptions) -> str:
    """Carry out what a frame asks for and return the frame that answers it. Any text is answered."""
    try:
        frame = json.loads(text)
        meta = frame[0]
        kind, message_id = meta.get("type"), str(meta.get("messageId", ""))
        body = frame[1] if len(frame) > 1 else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return error_frame("WSG-400", "Malformed message")
    if kind == "Heartbeat":
        return heartbeat_frame(message_id)
    if kind != "ClientRequest":
        return error_frame("WSG-400", f"Unknown message type: {kind}")
    method, path = str(meta.get("method", "")).upper(), str(meta.get("path", ""))
    answer: Any
    try:
        status, answer = subscriptions.answer(subscriber, method, path, body)
    except ServiceRefusal as refusal:
        status, answer = refusal.status, refusal.body()
    head = meta_of("ClientRequest", message_id, status)
    head["headers"]["Content-Type"] = "application/json;charset=utf-8"
    if subscriber.subscription is not None and status == 200:
        head["headers"]["WSG-SubscriptionId"] = subscriber.subscription.id
    return json.dumps([head] if answer is None else [head, answer])
