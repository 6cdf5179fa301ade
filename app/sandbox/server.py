"""The sandbox as a whole: two addresses on loopback, one world behind them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from app.domain.problems import Unreachable
from app.sandbox import rest_consents, rest_directory, rest_messages, rest_oauth, rest_subscriptions
from app.sandbox.api import RequestLog, Service, add_endpoints
from app.sandbox.clock import SandboxClock
from app.sandbox.control import add_control
from app.sandbox.errors import not_found
from app.sandbox.faults import Faults
from app.sandbox.gateway import Gateway
from app.sandbox.limits import RateLimits
from app.sandbox.oauth import OAuth
from app.sandbox.options import PUBLIC_CLIENT_ID, SandboxOptions
from app.sandbox.scenarios import SCENARIO_STEPS, Stage
from app.sandbox.slowness import Slowness
from app.sandbox.world import World

_log = logging.getLogger("app.sandbox.server")
_HOST = "127.0.0.1"
_SHUTDOWN = 0.5


class Sandbox:
    """A local RingCentral-compatible service.

    ::

        async with Sandbox(SandboxOptions(scenario="demo")) as box:
            ...  # box.server_url, box.client_id, box.control_url

    Its parts are there to be used: ``world`` makes things happen, ``gateway`` drops connections, goes
    dark or talks nonsense, ``oauth`` expires and revokes, ``limits`` and ``faults`` refuse, ``slowness``
    delays, ``clock`` skips time, ``requests`` counts. All of it belongs to the event loop the sandbox was
    started in.
    """

    client_id = PUBLIC_CLIENT_ID

    def __init__(self, options: SandboxOptions | None = None, *, clock: SandboxClock | None = None) -> None:
        """``clock``: the service's time, where it is not the computer's."""
        self.options = options or SandboxOptions()
        self.clock = clock or SandboxClock()
        self.world = World(self.clock, self.options.seed)
        self.oauth = OAuth(self.options, self.clock, auto_approve=self.options.auto_approve)
        self.limits = RateLimits(
            self.clock,
            self.options.rate_limits,
            window=self.options.rate_window,
            penalty=self.options.rate_penalty,
        )
        self.faults = Faults(self.clock)
        self.slowness = Slowness(self.clock)
        self.requests = RequestLog(self.clock)
        self.gateway = Gateway(
            self.options, self.clock, self.oauth, self.faults, server_url=lambda: self.server_url
        )
        self.world.journal.listen(self.gateway.publish)
        self.stage = Stage(
            self.world,
            Random(self.options.seed + 1),  # noqa: S311 - content that must repeat
            self.options.time_scale,
        )
        self.server_url = ""
        """Address of the service, without a trailing slash; set by the start."""
        self.control_url = ""
        self._runners: list[web.AppRunner] = []
        self._site: web.TCPSite | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.away = 0
        """How many absences, begun with ``go_away``, are not over."""

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    # ---- verbs of the network

    async def refuse_connections(self) -> None:
        """Stop listening: new connections to the service are refused, open ones go on."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def accept_connections(self) -> None:
        """Listen again, on the same port."""
        if self._site is None:
            port = int(self.server_url.rpartition(":")[2])
            self._site = web.TCPSite(self._runners[0], _HOST, port, reuse_address=True)
            await self._site.start()

    async def go_away(self, seconds: float, *, dark: bool = False, forget: bool = False) -> None:
        """Be out of reach for a while: connections break and new ones are refused, or (``dark``) nothing
        at all is answered. With ``forget`` no session can be recovered afterwards. Returns at its beginning.
        """
        if dark:
            self.gateway.go_dark(everything=True)
        else:
            await self.refuse_connections()
            self.gateway.drop(close_frame=False)
            self._break_connections()
        self.away += 1
        self.start(lambda: self._come_back(seconds, forget=forget))

    def _break_connections(self) -> None:
        server = self._runners[0].server
        for connection in server.connections if server is not None else ():
            if (transport := connection.transport) is not None:
                transport.abort()

    async def _come_back(self, seconds: float, *, forget: bool) -> None:
        await asyncio.sleep(seconds)
        self.away -= 1
        if forget:
            self.gateway.forget_sessions()
        if not self.away:
            self.gateway.light_up()
            await self.accept_connections()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run something beside the service until it is done or the sandbox stops."""
        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    # ---- inside

    async def _start(self) -> None:
        service = Service(
            options=self.options,
            clock=self.clock,
            world=self.world,
            oauth=self.oauth,
            limits=self.limits,
            faults=self.faults,
            slowness=self.slowness,
            gateway=self.gateway,
            requests=self.requests,
            server_url=lambda: self.server_url,
            send_batch=lambda batch_id: self.start(lambda: self.stage.send_out(batch_id, seconds=2)),
        )
        api = web.Application(client_max_size=64 * 2**20)
        for room in (rest_oauth, rest_directory, rest_subscriptions, rest_messages, rest_consents):
            add_endpoints(api, service, room.ENDPOINTS)
        api.router.add_get("/ws", self.gateway.accept)
        api.router.add_route("*", "/{anything:.*}", _nothing_here)
        control = web.Application(client_max_size=64 * 2**20)
        add_control(control, self)
        self._site, self.server_url = await self._serve(api, self.options.port)
        _, self.control_url = await self._serve(control, self.options.control_port)
        prepare, run = SCENARIO_STEPS[self.options.scenario]
        prepare(self.stage)
        self.start(lambda: self._play(run))
        _log.info("listening; scenario %s, seed %d", self.options.scenario, self.options.seed)

    async def _play(self, run: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        if not self.options.starts_at_once:
            await self.gateway.subscriptions.first_made.wait()
        await run(self.stage)

    async def _serve(self, app: web.Application, port: int) -> tuple[web.TCPSite, str]:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, _HOST, port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise Unreachable(
                f"The sandbox cannot listen on port {port}: {error.strerror or error}. Choose another port."
            ) from error
        host, bound = runner.addresses[0][:2]
        return site, f"http://{host}:{bound}"

    async def _stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.gateway.light_up()
        self.gateway.drop(code=1001)
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("work beside the service failed", exc_info=error)


async def _nothing_here(request: web.Request) -> web.StreamResponse:
    return not_found("path").response()
