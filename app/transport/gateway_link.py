"""One connection to the WebSocket gateway: the socket under a ``GatewayProtocol``."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)

from app import __version__
from app.domain.clock import Clock
from app.domain.problems import Expected, Unreachable
from app.ringcentral.errors import Verdict, VerdictKind, as_expected, judge
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import CloseReason, GatewayEvent, GatewayProtocol
from app.ringcentral.wirejson import Unparsable, parse
from app.transport.http import intercepted, is_foreign, tls_context, unreachable
from app.transport.proxies import ProxyRefused, ProxyUnreachable, find_proxy, open_tunnel, refusal

_log = logging.getLogger("app.transport.gateway")
# The library logs addresses and frames when debugging, and both hold what no log may hold.
_library_log = logging.getLogger("app.transport.gateway.socket")
_library_log.setLevel(logging.INFO)

_OPEN_WITHIN = 15.0
_CLOSE_WITHIN = 2.0
_PING_EVERY = 15.0
_STUCK = 3.0
"""Seconds after which an attempt that has not succeeded is taken to go nowhere, if the network changes."""
_LARGEST_MESSAGE = 16 * 1024 * 1024

Sink = Callable[[GatewayEvent], None]


class EndReason(StrEnum):
    """How a connection ended. The first five are the protocol's own ``CloseReason``."""

    LIMIT = CloseReason.LIMIT.value
    DEAD = CloseReason.DEAD.value
    UNANSWERED = CloseReason.UNANSWERED.value
    REFUSED = CloseReason.REFUSED.value
    UNFOLLOWED = CloseReason.UNFOLLOWED.value
    CLOSED = "closed"
    """The service closed it: see ``close_code``."""
    LOST = "lost"
    """It broke without a farewell."""
    UNREACHABLE = "unreachable"
    """It was never made: see ``problem``."""
    REJECTED = "rejected"
    """The service answered the request to connect with an HTTP error: see ``verdict``."""
    FINISHED = "finished"
    """``finish`` was called."""
    OVERFLOW = "overflow"
    """The sink was full. What it did not take comes again by recovery or by reading back."""


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """The end of a connection, or of the attempt to make one."""

    reason: EndReason
    close_code: int | None = None
    """The WebSocket close code the service sent, if it did."""
    spent: bool = True
    """Whether the wstoken was used up. If not, it may serve for another try while it lives."""
    problem: Expected | None = None
    """With UNREACHABLE and REJECTED: what to tell the user if it lasts."""
    verdict: Verdict | None = None
    """With REJECTED: the HTTP answer, judged; ``retry_after`` says how long to stay away."""


class _Ended(Exception):
    def __init__(self, end: LinkEnd) -> None:
        super().__init__(end.reason.value)
        self.end = end


class GatewayLink:
    """Drives one ``GatewayProtocol`` at a time over a socket.

    The reader waits for nothing but the socket, so that pings are answered whatever the rest does.
    """

    def __init__(self, clock: Clock, *, ping_every: float = _PING_EVERY) -> None:
        """``ping_every``: seconds between our pings; the protocol decides how long silence may last."""
        self._clock = clock
        self._ping_every = ping_every
        self._protocol: GatewayProtocol | None = None
        self._outbox: list[str] = []
        self._ping_due = False
        self._finished = False
        self._began = 0.0
        self._connecting: asyncio.Task[ClientConnection] | None = None
        self._speak = asyncio.Event()
        self._look = asyncio.Event()

    async def run(self, uri: str, protocol: GatewayProtocol, sink: Sink) -> LinkEnd:
        """Connect, converse, and return when it is over.

        ``uri`` is complete with its tokens. ``sink`` gets every event at once and in order; it must not
        block, and raises ``asyncio.QueueFull`` to have the connection dropped rather than an event. Other
        exceptions of it come out as they are. When cancelled, the socket is closed within two seconds.
        """
        self._finished = False
        self._began = self._clock.monotonic()
        try:
            socket = await self._connected(uri)
        except _Ended as ended:
            _log.info("not connected: %s", ended.end.reason)
            return ended.end
        end: LinkEnd | None = None
        try:
            end = await self._converse(socket, protocol, sink)
        finally:
            # Nobody is there to answer a farewell: waiting for it would only put off what comes next.
            await _close(socket, at_once=end is not None and end.reason is EndReason.DEAD)
        _log.info("connection ended: %s %s", end.reason, end.close_code or "")
        return end

    def choose(self, filters: FilterSet) -> None:
        """Follow other filters on the connection at hand; without one, nothing happens."""
        if self._protocol is not None:
            self._protocol.choose(filters, self._clock.monotonic())
            self._pass_on(self._protocol)

    def finish(self) -> None:
        """Have the connection at hand, or the attempt to make one, ended in good order."""
        self._finished = True
        self._look.set()
        if self._connecting is not None:
            self._connecting.cancel()

    def doubt(self, within: float) -> None:
        """The network changed: end the connection as DEAD unless the other side answers a ping so soon.

        An attempt that is under way for some time is ended as FINISHED.
        """
        if self._connecting is not None and self._clock.monotonic() - self._began > _STUCK:
            self.finish()
        if self._protocol is not None:
            self._protocol.doubt(self._clock.monotonic(), within)
            self._ping_due = True
            self._speak.set()
            self._look.set()

    async def _connected(self, uri: str) -> ClientConnection:
        connecting = asyncio.get_running_loop().create_task(self._connect(uri), name="gateway opening")
        self._connecting = connecting
        try:
            return await connecting
        except asyncio.CancelledError:
            if connecting.done() and not connecting.cancelled() and connecting.exception() is None:
                connecting.result().transport.abort()  # It succeeded in the very moment it was given up.
            task = asyncio.current_task()
            if not self._finished or (task is not None and task.cancelling()):
                raise
            raise _Ended(LinkEnd(EndReason.FINISHED)) from None
        finally:
            self._connecting = None

    async def _connect(self, uri: str) -> ClientConnection:
        context = await asyncio.to_thread(tls_context) if uri.startswith("wss:") else None
        try:
            async with asyncio.timeout(_OPEN_WITHIN):
                return await self._opening(uri, context)
        except InvalidStatus as error:
            raise _Ended(self._rejected(error, uri)) from error
        except (ProxyRefused, ProxyUnreachable, ProxyError, InvalidProxy) as error:
            problem = Unreachable(refusal(0)) if isinstance(error, WebSocketException) else None
            problem = problem or unreachable(error, uri)
            raise _Ended(LinkEnd(EndReason.UNREACHABLE, spent=False, problem=problem)) from error
        except Unreachable as error:
            raise _Ended(LinkEnd(EndReason.UNREACHABLE, spent=False, problem=error)) from error
        except (OSError, WebSocketException, ValueError) as error:
            # A timeout and a broken handshake leave open whether the request, and the token, got through.
            spent = isinstance(error, TimeoutError | InvalidHandshake)
            end = LinkEnd(EndReason.UNREACHABLE, spent=spent, problem=unreachable(error, uri))
            raise _Ended(end) from error

    async def _opening(self, uri: str, context: ssl.SSLContext | None) -> ClientConnection:
        proxy = await find_proxy(uri)
        agent = f"Textbell/{__version__}"
        way: dict[str, Any] = {"proxy": proxy}
        if proxy is not None and proxy.startswith("http:"):
            parts = urlsplit(uri)
            port = parts.port or (443 if parts.scheme == "wss" else 80)
            way = {"proxy": None, "sock": await open_tunnel(proxy, parts.hostname or "", port, agent)}
        return await _Connect(
            uri,
            **way,
            ssl=context,
            compression=None,
            user_agent_header=agent,
            open_timeout=None,
            close_timeout=_CLOSE_WITHIN,
            # Our own pings: the protocol counts their pongs as signs of life.
            ping_interval=None,
            max_size=_LARGEST_MESSAGE,
            max_queue=256,
            logger=_library_log,
        )

    def _rejected(self, error: InvalidStatus, uri: str) -> LinkEnd:
        answer = error.response
        content = bytes(answer.body or b"")
        headers = dict(answer.headers.raw_items())
        if answer.status_code < 300 or is_foreign(answer.status_code, headers, content):
            # Whoever that is has seen the token: it is not shown again.
            return LinkEnd(EndReason.UNREACHABLE, problem=intercepted(uri))
        try:
            body = parse(content.decode("utf-8", "replace"))
        except Unparsable:
            body = None
        verdict = judge(answer.status_code, headers, body)
        # The service looked at the token and did not want it, except when it only had no time for it.
        spent = verdict.kind not in (VerdictKind.RATE, VerdictKind.RETRY)
        problem = as_expected(verdict, self._clock.now())
        return LinkEnd(EndReason.REJECTED, spent=spent, problem=problem, verdict=verdict)

    async def _converse(self, socket: ClientConnection, protocol: GatewayProtocol, sink: Sink) -> LinkEnd:
        self._protocol = protocol
        self._outbox.clear()
        self._ping_due = False
        self._speak.clear()
        self._look.clear()
        end: LinkEnd | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(socket, protocol, sink), name="gateway reader")
                tasks.create_task(self._send(socket, protocol), name="gateway sender")
                tasks.create_task(self._watch(protocol, sink), name="gateway watch")
        except* _Ended as ended:
            end = next(e.end for e in ended.exceptions if isinstance(e, _Ended))
        finally:
            self._protocol = None
        assert end is not None, "the tasks end by raising"
        return end

    async def _read(self, socket: ClientConnection, protocol: GatewayProtocol, sink: Sink) -> None:
        while True:
            try:
                # Bytes, since text that is not UTF-8 would end the connection and come again with the replay.
                message = await socket.recv(decode=False)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else None
                wanted = protocol.close_wanted()
                reason = EndReason(wanted) if wanted else EndReason.CLOSED if closed.rcvd else EndReason.LOST
                raise _Ended(LinkEnd(reason, code)) from closed
            text = message.decode("utf-8", "replace")
            protocol.receive_frame(text, self._clock.monotonic(), self._clock.now())
            _hand_over(protocol, sink)
            self._pass_on(protocol)

    async def _send(self, socket: ClientConnection, protocol: GatewayProtocol) -> None:
        def on_pong(waiter: asyncio.Future[float]) -> None:
            if not waiter.cancelled() and waiter.exception() is None:
                protocol.pong_received(self._clock.monotonic())

        while True:
            await self._speak.wait()
            self._speak.clear()
            try:
                while self._outbox:
                    await socket.send(self._outbox.pop(0))
                if self._ping_due:
                    self._ping_due = False
                    pong = await socket.ping()
                    assert isinstance(pong, asyncio.Future)
                    pong.add_done_callback(on_pong)
            except ConnectionClosed:
                return  # The reader says how it ended.

    async def _watch(self, protocol: GatewayProtocol, sink: Sink) -> None:
        next_ping = self._clock.monotonic() + self._ping_every
        while True:
            now = self._clock.monotonic()
            protocol.tick(now)
            _hand_over(protocol, sink)
            if self._finished:
                raise _Ended(LinkEnd(EndReason.FINISHED))
            if wanted := protocol.close_wanted():
                raise _Ended(LinkEnd(EndReason(wanted)))
            if now >= next_ping:
                next_ping = now + self._ping_every
                self._ping_due = True
                self._speak.set()
            self._look.clear()
            self._pass_on(protocol)
            deadline = protocol.next_deadline()
            due = next_ping if deadline is None else min(deadline, next_ping)
            try:
                async with asyncio.timeout(max(0.0, due - now)):
                    await self._look.wait()
            except TimeoutError:
                continue

    def _pass_on(self, protocol: GatewayProtocol) -> None:
        """Wake whoever has something to do after the protocol was told something."""
        texts = protocol.frames_to_send()
        if texts:
            self._outbox += texts
            self._speak.set()
        if texts or protocol.close_wanted():
            # A request has a deadline of its own. Other frames only put deadlines off: no need to look.
            self._look.set()


def _hand_over(protocol: GatewayProtocol, sink: Sink) -> None:
    for event in protocol.events_received():
        try:
            sink(event)
        except asyncio.QueueFull as error:
            raise _Ended(LinkEnd(EndReason.OVERFLOW)) from error


class _Connect(connect):
    """The service redirects nobody; the sign-in pages of networks do, and get no token of ours."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def _close(socket: ClientConnection, *, at_once: bool) -> None:
    if at_once:
        socket.transport.abort()
    try:
        async with asyncio.timeout(_CLOSE_WITHIN):
            await socket.close()
    except TimeoutError:
        socket.transport.abort()
