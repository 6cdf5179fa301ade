"""When nobody was watching: the gaps in the record, why they came about and what was received late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SHORTEST = timedelta(seconds=60)
"""A shorter gap is kept only if events were received late for it."""


class GapReason(StrEnum):
    """Why nothing was received."""

    CLOSED = "closed"
    """The program was not running."""
    ASLEEP = "asleep"
    """The computer slept."""
    OFFLINE = "offline"
    """The service could not be reached, or the connection was lost."""
    SIGNED_OUT = "signed_out"
    """Nobody was signed in: by choice, or because the session was ended elsewhere."""
    STOPPED = "stopped"
    """There was nothing to watch: no numbers were chosen, or the service refused."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing was received as it happened. Times are aware UTC datetimes."""

    id: int
    began: datetime
    """The last moment of which it is known that events came."""
    ended: datetime | None
    """When they came again; ``None``: they do not yet."""
    reason: GapReason
    late: int = 0
    """Events of this time that were replayed or read back so far."""
    closed: bool = False
    """Everything the service could tell of this time was read back."""
