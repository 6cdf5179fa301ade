"""A gateway that misbehaves when told to, and a caller of it. Real sockets."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import (
    GatewayEvent,
    GatewayProtocol,
    Timing,
)
from app.transport.clock import SystemClock
from app.transport.gateway_link import GatewayLink, LinkEnd
from tests.ringcentral.playbook import details
from tests.transport.test_http import server_tls

ONE = FilterSet(numbers=("+16505550100",))
TWO = FilterSet(account_wide=True)

Handler = Callable[["Gateway", ServerConnection], Awaitable[None]]


class Gateway:
    """A gateway that follows the guide up to a point, and then does what the test says."""

    def __init__(self, then: Handler) -> None:
        self._then = then
        self.paths: list[str] = []
        self.requests: list[Any] = []
        self.gone = asyncio.Event()
        self.close_code: int | None = None
        self.refusal: Response | None = None
        self.uri = ""

    async def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.paths.append(connection.request.path)
        try:
            await self._then(self, connection)
            await connection.wait_closed()
        finally:
            self.close_code = connection.close_code
            self.gone.set()

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        return self.refusal

    async def introduce(self, connection: ServerConnection, *frames: Any) -> None:
        """ConnectionDetails, whatever comes with it, and the answer to the subscription."""
        await self.say(connection, details(), *frames)
        await self.answer(connection)

    async def answer(self, connection: ServerConnection) -> None:
        meta, body = json.loads(await connection.recv())
        self.requests.append((meta["method"], meta["path"], tuple(body["eventFilters"])))
        await self.say(
            connection,
            [{"type": "ClientRequest", "messageId": meta["messageId"], "status": 200}, {"id": "sub-1"}],
        )

    async def say(self, connection: ServerConnection, *frames: Any) -> None:
        for frame in frames:
            await connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))


@asynccontextmanager
async def gateway(
    then: Handler, *, tls: bool = False, refusal: Response | None = None
) -> AsyncIterator[Gateway]:
    found = Gateway(then)
    found.refusal = refusal
    context = server_tls() if tls else None
    process = found.refuse if refusal else None
    async with serve(
        found.serve, "127.0.0.1", 0, ssl=context, process_request=process, close_timeout=1, compression=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        found.uri = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws?access_token=SECRET"
        yield found


class Caller:
    """A link, its protocol, and what came of it."""

    def __init__(
        self, filters: FilterSet = ONE, timing: Timing | None = None, ping_every: float = 15.0
    ) -> None:
        numbers = itertools.count(1)
        self.protocol = GatewayProtocol(filters, new_id=lambda: f"m{next(numbers)}", timing=timing)
        self.link = GatewayLink(SystemClock(), ping_every=ping_every)
        self.events: list[GatewayEvent] = []
        self.react: Callable[[GatewayEvent], None] = lambda event: None

    def sink(self, event: GatewayEvent) -> None:
        self.events.append(event)
        self.react(event)

    async def run(self, uri: str) -> LinkEnd:
        async with asyncio.timeout(20):
            return await self.link.run(uri, self.protocol, self.sink)

    def react_to(self, kind: type, action: Callable[[], None]) -> None:
        """Do this when an event of that kind comes."""

        def react(event: GatewayEvent) -> None:
            if isinstance(event, kind):
                action()

        self.react = react

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def introduce(peer: Gateway, connection: ServerConnection) -> None:
    await peer.introduce(connection)
