"""How every request of the service is received: faults, tokens, rate limits, permissions, errors."""

import json
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from app.sandbox.clock import SandboxClock, body_time
from app.sandbox.directory import ACCOUNT_ID, EXTENSION_ID
from app.sandbox.errors import ServiceRefusal, not_found, unparsable
from app.sandbox.faults import Faults
from app.sandbox.gateway import Gateway
from app.sandbox.limits import RateLimits
from app.sandbox.oauth import OAuth, OAuthSession
from app.sandbox.options import SandboxOptions
from app.sandbox.slowness import Slowness
from app.sandbox.world import World

REQUESTS_KEPT = 20_000


class RequestLog:
    """Which requests came, without their queries, bodies or headers: those may hold secrets."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.entries: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self.counts: Counter[str] = Counter()
        """How many, by method and path."""

    def note(self, request: web.Request, status: int) -> None:
        self.counts[f"{request.method} {request.path}"] += 1
        self.entries.append(
            {
                "at": body_time(self._clock.now()),
                "method": request.method,
                "path": request.path,
                "status": status,
            }
        )

    def count(self, path: str, method: str = "") -> int:
        """How many requests went to exactly that path."""
        wanted = f"{method} {path}"
        if method:
            return self.counts[wanted]
        return sum(number for key, number in self.counts.items() if key.endswith(wanted))


@dataclass(slots=True)
class Service:
    """Everything the endpoints work on."""

    options: SandboxOptions
    clock: SandboxClock
    world: World
    oauth: OAuth
    limits: RateLimits
    faults: Faults
    slowness: Slowness
    gateway: Gateway
    requests: RequestLog
    server_url: Callable[[], str]
    send_batch: Callable[[str], None]
    """Sees to it that a batch posted by a client is sent out."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint."""

    service: Service
    request: web.Request
    session: OAuthSession | None
    """Who sends it; always there for an endpoint that wants a bearer token."""

    async def json_body(self) -> Any:
        """The body, read as JSON.

        Raises:
            ServiceRefusal: it is none.
        """
        try:
            return json.loads(await self.request.text())
        except (ValueError, RecursionError) as error:
            raise unparsable() from error


Handler = Callable[[Call], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. Where no bearer token is wanted, the handler counts the request itself."""

    method: str
    path: str
    handler: Handler
    group: str = ""
    permission: str = ""
    bearer: bool = True


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status,
        text=json.dumps(body, ensure_ascii=False),
        content_type="application/json",
        charset="utf-8",
        headers=headers,
    )


def add_endpoints(app: web.Application, service: Service, endpoints: list[Endpoint]) -> None:
    """Serve the endpoints."""
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, endpoint.path, _wrap(service, endpoint))


def _wrap(service: Service, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        await service.gateway.everything_lit()
        rate_headers: dict[str, str] = {}
        try:
            service.faults.check(request.path, endpoint.group)
            session = None
            if endpoint.bearer:
                session = service.oauth.session_of(request.headers.get("Authorization", ""))
                rate_headers = service.limits.take(session.client_id, endpoint.group)
            service.faults.check_permission(request.path, endpoint.permission)
            _check_owner(request)
            response = await endpoint.handler(Call(service, request, session))
        except ServiceRefusal as refusal:
            response = refusal.response()
        except ConnectionResetError:
            response = unparsable().response()  # for nobody: the client went away in the middle of its body
        response.headers.update(rate_headers)
        response.headers["RCRequestId"] = str(uuid.uuid4())
        response.headers["Date"] = format_datetime(service.clock.now(), usegmt=True)
        service.requests.note(request, response.status)
        await service.slowness.pass_time(request.path)
        return response

    return handle


def _check_owner(request: web.Request) -> None:
    for name, own in (("accountId", ACCOUNT_ID), ("extensionId", EXTENSION_ID)):
        if request.match_info.get(name, "~") not in ("~", own):
            raise not_found(name)
