"""The words of the conversation with the gateway: its states, delays, and what comes out of it."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.events import Event, ResumePoint
from app.ringcentral.errors import Verdict


class State(StrEnum):
    """Where the conversation stands."""

    AWAITING_DETAILS = "awaiting_details"
    SUBSCRIBING = "subscribing"
    LIVE = "live"
    UPDATING = "updating"
    REFUSED = "refused"
    """Connected, but the service would not subscribe: waits for another choice."""
    LOST = "lost"


class CloseReason(StrEnum):
    """Why the connection should be closed."""

    LIMIT = "limit"
    """The service ended it, idle (WSG-902) or too old (WSG-903): normal, make a new one."""
    DEAD = "dead"
    """Nothing was heard for too long."""
    UNANSWERED = "unanswered"
    """A request, or the connection itself, got no answer in time."""
    REFUSED = "refused"
    """The service refused the connection, or its token: see the ``Refused`` event."""
    UNFOLLOWED = "unfollowed"
    """There is nothing to follow any more."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The delays of the conversation, in seconds."""

    details_within: float = 20.0
    answer_within: float = 30.0
    heartbeat_after: float = 30.0
    dead_after: float = 40.0
    """Without a frame or a pong. The driver must ping well within it."""
    renew_ahead: float = 600.0
    """At most a quarter of the connection's allowed age is given away, whatever this says."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What ``ConnectionDetails`` allows. Seconds, and a number of frames."""

    recovery_timeout: float = 180.0
    recovery_buffer_size: int = 100
    idle_timeout: float = 1800.0
    absolute_timeout: float = 86400.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The gateway introduced itself. If ``recovered``, the subscription lives on and a replay may follow."""

    recovered: bool
    details: ConnectionLimits
    resume: ResumePoint | None = None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The service follows the filters, those in ``disabled_filters`` excepted."""

    subscription_id: str
    disabled_filters: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    """What was asked for, in full."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A notification. Once the event is stored, the session can be taken up at ``resume``."""

    event: Event
    resume: ResumePoint | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that is no frame, as an event of the family UNKNOWN: to be stored like any other."""

    event: Event


@dataclass(frozen=True, slots=True)
class Refused:
    """The service refused the subscription, its change, or the connection."""

    error: Verdict
    forget_resume: bool = False
    """The session cannot be taken up again: connect without the resume point next time."""


@dataclass(frozen=True, slots=True)
class RenewalDue:
    """The service will end this connection in so many seconds, however busy it is (WSG-903).

    Time to make the next one beside it. Told once; the conversation goes on as before.
    """

    within: float


GatewayEvent = Opened | Subscribed | Delivered | Unreadable | Refused | RenewalDue
