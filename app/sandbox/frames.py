"""Frames of the gateway, but for notifications, which it makes by the thousand."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.sandbox.clock import envelope_time
from app.sandbox.options import SandboxOptions


def meta_of(kind: str, message_id: str, status: int = 200) -> dict[str, Any]:
    """The first part of a frame."""
    headers = {"RCRequestId": str(uuid.uuid4())}
    return {"type": kind, "messageId": message_id, "status": status, "headers": headers}


def error_frame(code: str, message: str) -> str:
    """What a connection is told when its frame cannot be read, or before it is closed."""
    return json.dumps([meta_of("Error", str(uuid.uuid4()), 400), {"errorCode": code, "message": message}])


def heartbeat_frame(message_id: str) -> str:
    """The answer to a heartbeat."""
    return json.dumps([{"type": "Heartbeat", "messageId": message_id}])


def details_frame(
    options: SandboxOptions, now: datetime, wsc: Mapping[str, Any], recovery: Mapping[str, str]
) -> str:
    """The first frame of every connection. ``recovery`` is empty unless one was asked for."""
    head = meta_of("ConnectionDetails", str(uuid.uuid4()))
    head["wsc"] = dict(wsc)
    details = {
        "creationTime": envelope_time(now)[:-1] + "+0000",
        "maxConnectionsPerSession": 50,
        "recoveryBufferSize": options.recovery_buffer,
        "recoveryTimeout": options.recovery_timeout,
        "idleTimeout": options.idle_timeout,
        "absoluteTimeout": options.absolute_timeout,
        "maxActiveRequests": 10,
        **recovery,
    }
    return json.dumps([head, details])
