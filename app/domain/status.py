"""How the program stands: one value from which every window, tooltip and command tells it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.numbers import OwnNumber
from app.domain.problems import Problem


class Reach(StrEnum):
    """Whether the program is watching."""

    SIGNED_OUT = "signed_out"
    SIGNING_IN = "signing_in"
    NO_NUMBERS = "no_numbers"
    """Signed in, but no number is chosen."""
    CONNECTING = "connecting"
    """The first connection since the start, the sign-in or a choice of numbers."""
    LIVE = "live"
    RECONNECTING = "reconnecting"
    """The connection was lost and is being made again."""
    STOPPED = "stopped"
    """The program cannot watch until the user does something: see ``problem``."""


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """What the stream lost is being read back. Times are aware UTC datetimes."""

    since: datetime
    """When the oldest gap began that is being closed."""
    left: int | None = None
    """Records still to be read, as far as is known; ``None``: not known yet."""
    waiting_until: datetime | None = None
    """The service's rate limit lets nothing more be read before then."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the program at one moment. Times are aware UTC datetimes."""

    reach: Reach
    since: datetime
    """When ``reach`` last changed."""
    account: str = ""
    """Who is signed in: the extension's name, else its number."""
    numbers: tuple[OwnNumber, ...] = ()
    """The numbers followed."""
    last_event_at: datetime | None = None
    proof_at: datetime | None = None
    """When the service last showed a sign of life on the connection."""
    disabled_filters: tuple[str, ...] = ()
    """Sentences naming what the service will not send, though it was asked for."""
    problem: Problem | None = None
    paused_until: datetime | None = None
    """Notifications are paused until then; the log goes on."""
    catching_up: CatchingUp | None = None
    """While what the stream lost is read back; may go on while ``reach`` is LIVE."""
    waiting_until: datetime | None = None
    """The next attempt to connect is held by a rate limit until then."""
    offline_since: datetime | None = None
    """Until when events are known to have come before the present interruption; ``None`` while live, and
    before the first connection of all."""
