"""Holding the subscription: connect, recover, wait, again, for as long as there is a session."""

import asyncio
import json
import logging
import random
import uuid
from collections.abc import Callable, Sequence
from typing import NoReturn

from app.domain.clock import Clock
from app.domain.events import ResumePoint
from app.domain.problems import Expected, RateHeld, SignInNeeded
from app.domain.status import Reach
from app.eventlog import EventLog
from app.ringcentral.errors import Verdict, VerdictKind, as_expected
from app.ringcentral.filters import FilterSet, describe_filter
from app.ringcentral.gateway import (
    Delivered,
    GatewayEvent,
    GatewayProtocol,
    Opened,
    Refused,
    State,
    Subscribed,
    Unreadable,
)
from app.sync.backoff import Backoff
from app.sync.intake import Intake
from app.sync.service import Service
from app.sync.status_board import StatusBoard
from app.transport.api_client import WsToken
from app.transport.gateway_link import EndReason, LinkEnd

log = logging.getLogger(__name__)

SUBSCRIPTION = "subscription"
"""Under this name the log keeps which subscription a stored resume point belongs to."""

QUIET_FAILURES = 2
"""So many failed attempts after a live connection are not worth a sentence: most heal by themselves."""

_PLANNED = frozenset({EndReason.RENEW, EndReason.LIMIT})
"""Ends of a connection's life that the service announced: the next is made at once, and nobody need know."""


class Watch:
    """Watches the chosen numbers with one session. Everything that arrives goes to the intake."""

    def __init__(
        self,
        service: Service,
        intake: Intake,
        event_log: EventLog,
        board: StatusBoard,
        clock: Clock,
        *,
        connected: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        """``connected`` is called when events begin to come, ``lost`` when that is over."""
        self._connected = connected
        self._lost = lost
        self._service = service
        self._intake = intake
        self._log = event_log
        self._board = board
        self._clock = clock
        self._backoff = Backoff(random.random)
        self._filters = FilterSet()
        self._subscription_id: str | None = None
        self._subscribed: tuple[str, ...] | None = None
        self._disabled: tuple[str, ...] = ()
        self._resume: ResumePoint | None = None
        self._refusal: Verdict | None = None
        self._protocol: GatewayProtocol | None = None
        self._live = False
        self._forgot = False
        self._was_live = False
        self._hurry = asyncio.Event()
        self._token: tuple[WsToken, float] | None = None

    def choose(self, filters: FilterSet) -> None:
        """Follow these from now on, on the connection at hand if there is one."""
        self._filters = filters
        self._service.link.choose(filters)
        self._hurry.set()

    def hurry(self) -> None:
        """Do at once what would be done after a wait."""
        self._hurry.set()

    def reconnect(self) -> None:
        """The computer woke or changed networks: the connection at hand may be dead. Make a new one."""
        self._service.link.finish()
        self._hurry.set()

    async def run(self) -> NoReturn:
        """Watch until cancelled.

        Raises:
            SignInNeeded: the service ended the session.
        """
        recalled = False
        while True:
            self._live = self._forgot = False
            try:
                if not recalled:
                    await self._recall()
                    recalled = True
                end = await self._connect()
            except SignInNeeded:
                raise
            except Expected as error:
                await self._failed(error)
                continue
            if end.reason in _PLANNED and self._live:
                continue
            if end.reason is EndReason.REFUSED and self._forgot and not self._live:
                # Only the session to take up was refused: the next attempt asks for a new one.
                continue
            if end.reason is EndReason.FINISHED:
                self._board.change(reach=self._retrying)
                continue
            await self._failed(self._reason(end))

    @property
    def _retrying(self) -> Reach:
        return Reach.RECONNECTING if self._was_live else Reach.CONNECTING

    async def _recall(self) -> None:
        """Take up the session of an earlier run of the program, if it is young enough for the service."""
        self._resume = await self._log.resume_point()
        kept = await self._log.meta(SUBSCRIPTION)
        if self._resume is None or kept is None:
            self._resume = None
            return
        subscription = json.loads(kept)
        self._subscription_id = subscription["id"]
        self._subscribed = tuple(subscription["filters"])
        self._disabled = tuple(subscription["disabled"])

    async def _wstoken(self) -> tuple[WsToken, float]:
        """A token, and when it ends."""
        # A token is spent by the connection it made; one that made none is used again while it lives,
        # because its rate-limit group allows five requests a minute and no more.
        kept, self._token = self._token, None
        if kept is not None and kept[1] - self._clock.monotonic() > 2:
            return kept
        asked = self._clock.monotonic()
        token = await self._service.api.wstoken()
        return token, asked + token.expires_in

    async def _connect(self) -> LinkEnd:
        token, token_ends = await self._wstoken()
        self._refusal = None
        self._protocol = protocol = GatewayProtocol(
            self._filters,
            subscription_id=self._subscription_id if self._resume else None,
            resume=self._resume,
            new_id=lambda: str(uuid.uuid4()),
            subscribed=self._subscribed if self._resume else None,
        )
        self._live = False
        try:
            end = await self._service.link.run(token.connect_uri(self._resume), protocol, self._take)
        finally:
            if self._live:
                self._lost()
        if not end.spent:
            self._token = (token, token_ends)
        if end.reason is EndReason.OVERFLOW:
            # What was not taken comes again only from the point that is stored.
            self._board.change(reach=self._retrying)
            await self._intake.settled()
            self._resume = await self._log.resume_point()
        elif self._refusal is None:
            self._resume = protocol.resume
        return end

    def _take(self, event: GatewayEvent) -> None:
        match event:
            case Delivered(event=notification, resume=resume):
                self._intake.put(notification, resume)
            case Unreadable(event=unreadable):
                self._intake.put(unreadable)
            case Opened(resume=resume):
                if resume is not None:
                    self._intake.put(None, resume)
                assert self._protocol is not None
                if self._protocol.state is State.LIVE:
                    # The session was taken up with its subscription: nothing needs to be asked for.
                    self._went_live()
            case Subscribed():
                self._subscribed_to(event)
            case Refused(error=verdict, forget_resume=forget):
                self._refused(verdict, forget=forget)

    def _subscribed_to(self, event: Subscribed) -> None:
        self._subscription_id = event.subscription_id
        self._subscribed = event.filters
        self._disabled = event.disabled_filters
        kept = {"id": event.subscription_id, "filters": event.filters, "disabled": event.disabled_filters}
        self._intake.note(SUBSCRIPTION, json.dumps(kept))
        self._went_live()

    def _went_live(self) -> None:
        self._backoff.reset()
        if not self._live:
            self._connected()
        self._live = self._was_live = True
        self._board.change(
            reach=Reach.LIVE,
            problem=None,
            disabled_filters=self._sentences(self._disabled),
            proof_at=self._clock.now(),
        )

    def _sentences(self, filters: Sequence[str]) -> tuple[str, ...]:
        return tuple(describe_filter(name) for name in filters)

    def _refused(self, verdict: Verdict, *, forget: bool) -> None:
        log.warning("refused: %s %s", verdict.kind, verdict.code)
        if forget:
            self._forgot = True
        else:
            self._refusal = verdict
            if verdict.kind not in (VerdictKind.RETRY, VerdictKind.RATE):
                # The connection stays, and may be given another choice; nothing comes on it until then.
                self._board.change(
                    reach=Reach.STOPPED, problem=as_expected(verdict, self._clock.now()).problem()
                )

    def _reason(self, end: LinkEnd) -> Expected | None:
        if end.problem is not None:
            return end.problem
        ended = (VerdictKind.REFRESH, VerdictKind.SIGN_IN_AGAIN)
        if self._refusal is not None and self._refusal.kind not in ended:
            # Whether the session itself is over is for the next request to find out.
            return as_expected(self._refusal, self._clock.now())
        return None

    async def _failed(self, error: Expected | None) -> None:
        delay = self._backoff.next()
        problem = error.problem() if error is not None else None
        if isinstance(error, RateHeld):
            delay = max(delay, (error.until - self._clock.now()).total_seconds())
        self._hurry.clear()
        told = problem if not self._was_live or self._backoff.failures > QUIET_FAILURES else None
        self._board.change(reach=self._retrying, **({"problem": told} if told else {}))
        log.info("next attempt in %.1f s", delay)
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            return
