"""The guide's own example events and frames, and small ways to vary them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.events import Event, Source
from app.ringcentral.bodies import read_notification

FOLDER = Path(__file__).parents[1] / "data" / "guide"
NOW = datetime(2026, 11, 3, 16, 12, 0, 123000, UTC)

NOTIFICATIONS = (
    "batch-message-optout",
    "opt-in",
    "batch-messages-1",
    "batch-messages-2",
    "message-batch",
    "specific-message-batch",
    "websocket-notification",
)


def text(name: str) -> str:
    """A sample, byte for byte."""
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def value(name: str) -> Any:
    """A sample, parsed."""
    return json.loads(text(name))


def notification(name: str) -> str:
    """A sample notification's JSON text, out of its frame if it comes in one."""
    found = value(name)
    return json.dumps(found[1]) if isinstance(found, list) else text(name)


def changed(name: str, **body: Any) -> str:
    """A sample notification with other members in its body; ``None`` takes a member away."""
    found = value(name)
    found["body"] = {k: v for k, v in (found["body"] | body).items() if v is not None}
    return json.dumps(found)


def read(raw: Any, source: Source = Source.LIVE) -> Event:
    """Read a notification that arrived at ``NOW``."""
    return read_notification(raw, received_at=NOW, source=source)
