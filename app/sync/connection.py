"""One connection to the gateway as the engine sees it: what it is given, and what became of it."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.events import Event, ResumePoint
from app.ringcentral.errors import Verdict
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import (
    Delivered,
    GatewayEvent,
    GatewayProtocol,
    Opened,
    Refused,
    RenewalDue,
    State,
    Subscribed,
    Unreadable,
)
from app.transport.gateway_link import GatewayLink, LinkEnd
from app.transport.ws_tokens import WsToken

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A gateway session that a later connection may take up, with the subscription it has."""

    resume: ResumePoint
    subscription_id: str | None
    filters: tuple[str, ...] | None
    """``None``: not known; taken to be those chosen now."""
    disabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a connection's owner is told of. All are called in the loop's thread and must not block."""

    take: Callable[["Connection", Event | None, ResumePoint | None], None]
    """An event, and where the session can be taken up after it. Raises asyncio.QueueFull to end it all."""
    opened: Callable[["Connection"], None]
    """The gateway introduced itself; nothing is subscribed to yet."""
    live: Callable[["Connection"], None]
    """Events come from now on, or other ones than before."""
    subscribed: Callable[["Connection"], None]
    """The service answered with a subscription, new or changed; before ``live``."""
    refused: Callable[["Connection", Verdict], None]
    """The service refused what was asked for; another choice may be made on the same connection."""


class Connection:
    """A connection, from the attempt to make it to its end."""

    def __init__(self, link: GatewayLink, filters: FilterSet, held: HeldSession | None, hooks: Hooks) -> None:
        """``held``: the session to take up; ``None``: a new one is asked for."""
        self._link = link
        self._hooks = hooks
        self._held = held
        self._filters = None if held is None else held.filters
        self.disabled = () if held is None else held.disabled
        """The filters that the service will not follow."""
        self.live = False
        """Whether events come on it, or came until it ended."""
        self.settled = asyncio.Event()
        """Set once it is live, or over."""
        self.ageing = asyncio.Event()
        """Set once the next connection should be made beside it, which the service will end for its age."""
        self.ends_within = 0.0
        """How many seconds after that."""
        self.session_lost = False
        """The session to take up was refused: the next attempt must ask for a new one."""
        self.refusal: Verdict | None = None
        self._protocol = GatewayProtocol(
            filters,
            subscription_id=None if held is None else held.subscription_id,
            resume=None if held is None else held.resume,
            new_id=lambda: str(uuid.uuid4()),
            subscribed=None if held is None else held.filters,
        )

    async def run(self, token: WsToken) -> LinkEnd:
        """Connect with this key and converse until it is over."""
        resume = None if self._held is None else self._held.resume
        try:
            return await self._link.run(token.connect_uri(resume), self._protocol, self._take)
        finally:
            self.settled.set()

    def choose(self, filters: FilterSet) -> None:
        """Follow others from now on."""
        self._link.choose(filters)

    def finish(self) -> None:
        """End it in good order."""
        self._link.finish()

    def doubt(self, within: float) -> None:
        """Find out whether the other side is still there; end it otherwise, so many seconds later."""
        self._link.doubt(within)

    @property
    def heard_at(self) -> float:
        """When the service last showed a sign of life on it (monotonic seconds)."""
        return self._protocol.heard_at

    @property
    def session(self) -> HeldSession | None:
        """What a later connection may take up; ``None`` if there is nothing."""
        resume = self._protocol.resume
        if resume is None or self.session_lost:
            return None
        return HeldSession(resume, self._protocol.subscription_id, self._filters, self.disabled)

    def _take(self, event: GatewayEvent) -> None:
        match event:
            case Delivered(event=notification, resume=resume):
                self._hooks.take(self, notification, resume)
            case Unreadable(event=unreadable):
                self._hooks.take(self, unreadable, None)
            case Opened(resume=resume):
                self.session_lost = False  # Refused by an error first, and followed by a new one.
                self._hooks.opened(self)
                if resume is not None:
                    self._hooks.take(self, None, resume)
                if self._protocol.state is State.LIVE:
                    # The session was taken up with its subscription: nothing needs to be asked for.
                    self._went_live()
            case Subscribed(disabled_filters=disabled, filters=filters):
                self.disabled, self._filters, self.refusal = disabled, filters, None
                self._hooks.subscribed(self)
                self._went_live()
            case RenewalDue(within=within):
                self.ends_within = within
                self.ageing.set()
            case Refused(error=verdict, forget_resume=forget):
                log.warning("refused: %s %s", verdict.kind, verdict.code)
                if forget:
                    self.session_lost = True
                else:
                    self.refusal = verdict
                    self._hooks.refused(self, verdict)

    def _went_live(self) -> None:
        self.live = True
        self.settled.set()
        self._hooks.live(self)
