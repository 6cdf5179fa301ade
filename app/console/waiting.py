"""Waits that a rate limit imposes are said, lest a command seem to hang."""

from collections.abc import Callable
from datetime import datetime

from app.console.context import Context
from app.domain.status import Status


def waiting_teller(context: Context) -> Callable[[Status], None]:
    """A listener that says, once for each, until when the next attempt must wait."""
    told: datetime | None = None

    def tell(status: Status) -> None:
        nonlocal told
        until = status.waiting_until
        if until is not None and (told is None or abs((until - told).total_seconds()) > 1):
            context.tell(f"RingCentral lets Textbell in again at {until.astimezone():%H:%M:%S}. Waiting.")
        told = until or told

    return tell
