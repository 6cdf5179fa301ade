"""Holding the subscription: connect, recover, hand over, wait, again, for as long as there is a session."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NoReturn

from app.domain.clock import Clock
from app.domain.problems import Expected, RateHeld, SignInNeeded
from app.domain.status import Reach
from app.eventlog import EventLog
from app.ringcentral.errors import Verdict, VerdictKind, as_expected
from app.ringcentral.filters import FilterSet, describe_filter
from app.sync.backoff import Backoff
from app.sync.connection import Connection, HeldSession
from app.sync.intake import Intake
from app.sync.service import Service
from app.sync.status_board import StatusBoard
from app.sync.stretch import Running, Stretch, recall
from app.transport.auth_pace import Urgency
from app.transport.gateway_link import EndReason, LinkEnd
from app.transport.http import Intercepted
from app.transport.ws_tokens import WsToken

log = logging.getLogger(__name__)

QUIET_FAILURES = 2
"""So many failed attempts after a live connection are not worth a sentence: most heal by themselves."""
STEADY = 30.0
"""Seconds a connection must have been live for its loss to begin the delays anew. A service that accepts
and drops at once is not hammered."""
PORTAL_DELAY = 15.0
"""The longest delay between attempts while a network's own sign-in page is in the way."""
PROBE = 5.0
"""Seconds in which the other side must answer after the network changed."""
STUCK = 3.0
"""An attempt that is older than this when the network changes is begun anew."""
ONE_SLEEP = 60.0
"""Seconds in which several reports of a sleep may be about the same one."""
REST = 60.0
"""Seconds of being awake after which the computer is taken not to have gone to sleep after all."""


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
        """``connected`` is called when events begin to come, ``lost`` when that is over.

        Between the two calls events came without a break, though perhaps over several connections: one is
        handed over to the next while both bring events, and nobody is told.
        """
        self._connected = connected
        self._lost = lost
        self._service = service
        self._intake = intake
        self._log = event_log
        self._board = board
        self._clock = clock
        self._backoff = Backoff(random.random)
        self._filters = FilterSet()
        self._held: HeldSession | None = None
        self._stretch: Stretch | None = None
        self._last: Connection | None = None
        self._live_since: float | None = None
        self._was_live = False
        self._skipped_wait_at = float("-inf")
        self._asking: asyncio.Task[WsToken] | None = None
        self._asking_since = 0.0
        self._urgency = Urgency.SOMEBODY_WAITS
        self._resting = False
        self._reconnected_at = float("-inf")
        self._hurry = asyncio.Event()

    # ------------------------------------------------------------ what is asked

    def choose(self, filters: FilterSet) -> None:
        """Follow these from now on, on the connection at hand if there is one."""
        self._filters = filters
        if self._stretch is not None:
            self._stretch.choose(filters)
        self._hurry.set()

    def hurry(self) -> None:
        """Do at once what would be done after a wait, rate limits aside."""
        self._urgency = Urgency.SOMEBODY_WAITS
        self._hurry.set()

    def reconnect(self) -> None:
        """The computer woke: the connection at hand is dead. Make a new one."""
        now = self._clock.monotonic()
        if now - self._reconnected_at < ONE_SLEEP:
            self.doubt()  # Told of the same sleep by somebody else: the new connection may be a good one.
            return
        self._reconnected_at = now
        self._resting = False
        if self._stretch is not None:
            self._stretch.finish()
        self._restart_asking()
        self._hurry.set()

    def doubt(self) -> None:
        """The network changed: the connection at hand must prove that it lives; do at once what waits."""
        self._resting = False
        if self._stretch is not None:
            self._stretch.doubt(PROBE)
        self._restart_asking()
        self._hurry.set()

    def rest(self) -> None:
        """The computer is about to sleep: say farewell, and come back when it woke."""
        if self._stretch is not None:
            self._resting = True
            self._stretch.finish()

    async def run(self) -> NoReturn:
        """Watch until cancelled.

        Raises:
            SignInNeeded: the service ended the session.
        """
        recalled = False
        while True:
            try:
                if not recalled:
                    self._held = await recall(self._log)
                    recalled = True
                end = await self._stretch_out()
            except SignInNeeded:
                raise
            except Expected as error:
                await self._failed(error)
            else:
                await self._after(end)

    # ------------------------------------------------------------ connections

    async def _stretch_out(self) -> LinkEnd:
        """Be connected without a break, perhaps over several connections; how the last of them ended.

        Raises:
            Expected: the first could not be made, or the session is over.
        """
        urgency, self._urgency = self._urgency, Urgency.NOBODY_WAITS
        token = await self._token(urgency)
        stretch = self._stretch = Stretch(
            self._service, self._intake, self._clock, self._filters, live=self._live, refused=self._refused
        )
        self._live_since = None
        try:
            end = await stretch.run(token, self._held)
        finally:
            self._stretch = None
            self._live_since = stretch.live_since
            if stretch.live_since is not None and stretch.last is not None:
                silence = self._clock.monotonic() - stretch.last.connection.heard_at
                self._board.change(proof_at=self._clock.now() - timedelta(seconds=silence))
                self._lost()
        assert stretch.last is not None
        await self._learn(stretch.last, end)
        return end

    async def _learn(self, last: Running, end: LinkEnd) -> None:
        """What the next attempt can use of the last connection."""
        self._last = last.connection
        if not end.spent:
            self._service.tokens.give_back(last.token)
        if end.reason is EndReason.OVERFLOW:
            # What was not taken comes again only from the point that is stored.
            self._board.change(reach=self._retrying)
            await self._intake.settled()
            self._held = await recall(self._log)
        elif last.connection.refusal is None:
            self._held = last.connection.session

    async def _token(self, urgency: Urgency) -> WsToken:
        """A key for the next connection. Asking begins anew when the network changed meanwhile."""
        while True:
            asking = asyncio.get_running_loop().create_task(
                self._service.tokens.take(urgency), name="wstoken"
            )
            self._asking, self._asking_since = asking, self._clock.monotonic()
            try:
                return await asking
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
            finally:
                self._asking = None

    def _restart_asking(self) -> None:
        if self._asking is not None and self._clock.monotonic() - self._asking_since > STUCK:
            self._asking.cancel()

    # ------------------------------------------------------------ what is told

    def _live(self, connection: Connection) -> None:
        if self._live_since is None:
            self._live_since = self._clock.monotonic()
            self._was_live = True
            self._connected()
        self._board.change(
            reach=Reach.LIVE,
            problem=None,
            waiting_until=None,
            disabled_filters=tuple(describe_filter(name) for name in connection.disabled),
            proof_at=self._clock.now(),
        )

    def _refused(self, verdict: Verdict) -> None:
        if verdict.kind not in (VerdictKind.RETRY, VerdictKind.RATE):
            # The connection stays, and may be given another choice; nothing comes on it until then.
            problem = as_expected(verdict, self._clock.now()).problem()
            self._board.change(reach=Reach.STOPPED, problem=problem)

    # ------------------------------------------------------------ afterwards

    @property
    def _retrying(self) -> Reach:
        return Reach.RECONNECTING if self._was_live else Reach.CONNECTING

    async def _after(self, end: LinkEnd) -> None:
        """Wait, if there is a reason to, until the next attempt."""
        now = self._clock.monotonic()
        live = self._live_since is not None
        assert self._last is not None
        if self._live_since is not None and now - self._live_since >= STEADY:
            self._backoff.reset()
        if end.reason is EndReason.FINISHED:
            self._board.change(reach=self._retrying)
            if self._resting:
                self._resting = False
                await self._wait(REST)
            return
        if end.reason is EndReason.LIMIT and live and now - self._skipped_wait_at >= STEADY:
            # Announced by the service: the next is made at once, and nobody need know.
            self._skipped_wait_at = now
            return
        if end.reason is EndReason.REFUSED and self._last.session_lost and not live:
            # Only the session to take up was refused: the next attempt asks for a new one.
            return
        await self._failed(self._reason(end, self._last.refusal))

    def _reason(self, end: LinkEnd, refusal: Verdict | None) -> Expected | None:
        if end.problem is not None:
            return end.problem
        ended = (VerdictKind.REFRESH, VerdictKind.SIGN_IN_AGAIN)
        if refusal is not None and refusal.kind not in ended:
            # Whether the session itself is over is for the next request to find out.
            return as_expected(refusal, self._clock.now())
        return None

    async def _failed(self, error: Expected | None) -> None:
        until: datetime | None = None
        if isinstance(error, RateHeld):
            until = error.until
            delay = max(0.0, (until - self._clock.now()).total_seconds())
        else:
            delay = self._backoff.next()
            if isinstance(error, Intercepted):
                delay = min(delay, PORTAL_DELAY)
        told = None
        if error is not None and (
            not self._was_live
            or self._backoff.failures > QUIET_FAILURES
            or isinstance(error, Intercepted)  # does not heal by itself
        ):
            told = error.problem()
        self._board.change(reach=self._retrying, waiting_until=until, **({"problem": told} if told else {}))
        log.info("next attempt in %.1f s", delay)
        await self._wait(delay)
        self._board.change(waiting_until=None)

    async def _wait(self, delay: float) -> None:
        """Wait so long, or until somebody is in a hurry."""
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._hurry.wait()
