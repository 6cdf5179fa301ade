"""An unbroken stretch of watching: one connection, and those it is handed over to before it ends."""

import asyncio
import json
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from app.domain.clock import Clock
from app.domain.events import Event, ResumePoint
from app.domain.problems import Expected, RateHeld, SignInNeeded
from app.eventlog import EventLog
from app.ringcentral.errors import Verdict
from app.ringcentral.filters import FilterSet
from app.sync.backoff import Backoff
from app.sync.connection import Connection, HeldSession, Hooks
from app.sync.intake import Intake
from app.sync.overlap import Overlap
from app.sync.service import Service
from app.transport.gateway_link import LinkEnd
from app.transport.ws_tokens import WsToken

log = logging.getLogger(__name__)

SUBSCRIPTION = "subscription"
"""Under this name the log keeps which subscription a stored resume point belongs to."""
LINGER = 30.0
"""Seconds the old connection is kept beside the new one: what is on its way there still arrives."""


@dataclass(frozen=True, slots=True)
class Running:
    """A connection and the task that is at it."""

    connection: Connection
    token: WsToken
    task: "asyncio.Task[LinkEnd]"


class Stretch:
    """Keeps events coming from the first connection to the end of the last.

    A connection that the service will end for its age is not waited for: the next one is made beside it,
    with a subscription of its own, and only when events come on that is the old one let go. Nothing
    depends on whether the service can recover a session; if there is no next one in time, that is what
    the caller falls back on.
    """

    def __init__(
        self,
        service: Service,
        intake: Intake,
        clock: Clock,
        filters: FilterSet,
        *,
        live: Callable[[Connection], None],
        refused: Callable[[Verdict], None],
    ) -> None:
        """``live`` is called when events come on the connection in force, or other ones than before, or on
        another connection; ``refused`` when the service refuses what was asked for on it."""
        self._service = service
        self._intake = intake
        self._clock = clock
        self._filters = filters
        self._tell_live = live
        self._tell_refused = refused
        self._hooks = Hooks(self._take, self._opened, self._live, self._subscribed, self._refused)
        self._connections: list[Connection] = []
        self._overlap: Overlap | None = None
        self.last: Running | None = None
        """The connection in force; at the end the one that ended last."""
        self.live_since: float | None = None
        """Since when events came (monotonic seconds); ``None``: they never did."""

    def choose(self, filters: FilterSet) -> None:
        """Follow these from now on."""
        self._filters = filters
        for connection in self._connections:
            connection.choose(filters)

    def finish(self) -> None:
        """End it in good order."""
        for connection in tuple(self._connections):
            connection.finish()

    def doubt(self, within: float) -> None:
        """Find out whether the other side is still there; end otherwise, so many seconds later."""
        for connection in tuple(self._connections):
            connection.doubt(within)

    async def run(self, token: WsToken, held: HeldSession | None) -> LinkEnd:
        """Connect with this key, taking up the session if there is one; returns how the last one ended.

        Raises:
            SignInNeeded: the session ended, as was found when the next connection was to be made.
        """
        problem: SignInNeeded | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                current = self.last = self._begin(tasks, token, held)
                helpers: list[asyncio.Task[None]] = []
                while True:
                    succession = tasks.create_task(self._heir(tasks, current.connection), name="hand-over")
                    await asyncio.wait({current.task, succession}, return_when=asyncio.FIRST_COMPLETED)
                    if not succession.done() or current.task.done():
                        succession.cancel()
                        break
                    outcome = succession.result()
                    if isinstance(outcome, SignInNeeded):
                        problem = outcome
                        break
                    helpers.append(tasks.create_task(self._retire(current), name="retiring"))
                    current = self.last = outcome
                    self._promoted(current.connection)
                for helper in helpers:
                    helper.cancel()
                self.finish()
        finally:
            self._connections.clear()
            self._overlap = None
        if problem is not None:
            raise problem
        return current.task.result()

    def _begin(self, tasks: asyncio.TaskGroup, token: WsToken, held: HeldSession | None) -> Running:
        connection = Connection(self._service.new_link(), self._filters, held, self._hooks)
        self._connections.append(connection)
        return Running(connection, token, tasks.create_task(connection.run(token), name="connection"))

    async def _heir(self, tasks: asyncio.TaskGroup, current: Connection) -> Running | SignInNeeded:
        """Make the next connection once the current one ages; return it as soon as events come on it."""
        await current.ageing.wait()
        backoff = Backoff(random.random, first=min(5.0, current.ends_within / 8))
        while True:
            heir: Running | None = None
            try:
                # With a subscription of its own: nothing depends on whether the service can recover.
                heir = self._begin(tasks, await self._service.tokens.take(), None)
                await heir.connection.settled.wait()
                if not heir.task.done():
                    return heir
                end = heir.task.result()
                if not end.spent:
                    self._service.tokens.give_back(heir.token)
                log.info("not handed over: %s", end.reason)
            except SignInNeeded as error:
                return error
            except RateHeld as error:
                await asyncio.sleep((error.until - self._clock.now()).total_seconds())
            except Expected as error:
                log.info("not handed over: %s", type(error).__name__)
            except asyncio.CancelledError:
                if heir is not None:
                    heir.task.cancel()
                raise
            if heir is not None:
                self._connections.remove(heir.connection)
            await asyncio.sleep(backoff.next())

    def _promoted(self, connection: Connection) -> None:
        """From now on this is the connection: its session is what the next start takes up."""
        self._keep_subscription(connection)
        if connection.session is not None:
            with suppress(asyncio.QueueFull):
                self._intake.put(None, connection.session.resume)
        log.info("handed over")
        self._tell_live(connection)

    async def _retire(self, old: Running) -> None:
        overlap = self._overlap
        await asyncio.wait({old.task}, timeout=LINGER)
        old.connection.finish()
        await asyncio.wait({old.task})
        self._connections.remove(old.connection)
        if self._overlap is overlap:
            self._overlap = None

    # ------------------------------------------------------------ what connections tell

    def _take(self, connection: Connection, event: Event | None, resume: ResumePoint | None) -> None:
        if event is not None and self._overlap is not None and self._overlap.is_second(connection, event):
            event = None
        if not self._in_force(connection):
            resume = None
        if event is None and resume is None:
            return
        try:
            self._intake.put(event, resume)
        except asyncio.QueueFull:
            self._overlap = None  # What one connection lost here, the other must not withhold.
            raise

    def _opened(self, connection: Connection) -> None:
        if not self._in_force(connection):
            self._overlap = Overlap()

    def _subscribed(self, connection: Connection) -> None:
        if self._in_force(connection):
            self._keep_subscription(connection)

    def _keep_subscription(self, connection: Connection) -> None:
        session = connection.session
        if session is not None:
            kept = {"id": session.subscription_id, "filters": session.filters, "disabled": session.disabled}
            self._intake.note(SUBSCRIPTION, json.dumps(kept))

    def _in_force(self, connection: Connection) -> bool:
        return self.last is None or connection is self.last.connection

    def _live(self, connection: Connection) -> None:
        if not self._in_force(connection):
            return
        if self.live_since is None:
            self.live_since = self._clock.monotonic()
        self._tell_live(connection)

    def _refused(self, connection: Connection, verdict: Verdict) -> None:
        if self._in_force(connection):
            self._tell_refused(verdict)
        else:
            connection.finish()


async def recall(event_log: EventLog) -> HeldSession | None:
    """The session of an earlier run of the program, which may be young enough for the service.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    resume = await event_log.resume_point()
    kept = await event_log.meta(SUBSCRIPTION)
    if resume is None or kept is None:
        return None
    subscription = json.loads(kept)
    return HeldSession(
        resume, subscription["id"], tuple(subscription["filters"]), tuple(subscription["disabled"])
    )
