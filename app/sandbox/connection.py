"""One WebSocket connection of the gateway: reads, writes, pings, and ends when it must."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import ClientConnectionResetError, WSMsgType, web

from app.sandbox.frames import error_frame

if TYPE_CHECKING:
    from app.sandbox.gateway import Gateway, GatewaySession


class _Close:
    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


class Connection:
    """A connection. ``dark`` makes it a black hole: frames into it are lost, nothing comes out."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, gateway: "Gateway") -> None:
        self.session: GatewaySession | None = None
        self.dark = False
        self._request = request
        self._socket = socket
        self._gateway = gateway
        self._options = gateway.options
        self._outgoing: asyncio.Queue[tuple[str | bytes, bool] | _Close] = asyncio.Queue()
        self._held_back: dict[asyncio.TimerHandle, str] = {}
        self._nudged = asyncio.Event()
        now = gateway.clock.monotonic()
        self._opened = now
        self._last_traffic = now
        self._last_ping = now
        self._pong_due: float | None = None
        self._ended = False

    def send(self, text: str | bytes, *, replayable: bool = True) -> bool:
        """Queue a text frame; bytes may be no UTF-8. Returns false if the connection is dark or ending:
        the frame is lost."""
        if self._ended or self.dark:
            return False
        self._outgoing.put_nowait((text, replayable))
        return True

    def send_later(self, text: str, seconds: float) -> None:
        """Queue a text frame after a while: others may overtake it."""

        def release() -> None:
            del self._held_back[timer]
            self.send(text)

        timer = asyncio.get_running_loop().call_later(seconds, release)
        self._held_back[timer] = text

    def end(self, code: int, reason: str) -> None:
        """Close it with a close frame after what is queued."""
        self._outgoing.put_nowait(_Close(code, reason))
        self._ended = True

    def abort(self) -> None:
        """End it without a close frame."""
        self._ended = True
        if (transport := self._request.transport) is not None:
            transport.abort()

    def take_unsent(self) -> list[str]:
        """Take what is queued and can be replayed later."""
        kept: list[str] = []
        rest: list[tuple[str | bytes, bool] | _Close] = []
        while not self._outgoing.empty():
            item = self._outgoing.get_nowait()
            if isinstance(item, _Close) or not item[1]:
                rest.append(item)
            elif isinstance(item[0], str):
                kept.append(item[0])
        for item in rest:
            self._outgoing.put_nowait(item)
        for timer, text in self._held_back.items():
            timer.cancel()
            if not self.dark:
                kept.append(text)
        self._held_back.clear()
        return kept

    def nudge(self) -> None:
        """Look at the clock again: time was skipped."""
        self._nudged.set()

    async def run(self) -> None:
        """Serve the connection until it ends."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(self._write()), tasks.create_task(self._keep_time())]
            try:
                with contextlib.suppress(ClientConnectionResetError):  # the peer is gone
                    await self._read()
            finally:
                self._ended = True
                for helper in helpers:
                    helper.cancel()

    async def _read(self) -> None:
        while not self._socket.closed:
            message = await self._socket.receive()
            if self.dark:
                await self._gateway.lit()
            if message.type == WSMsgType.TEXT:
                self._last_traffic = self._gateway.clock.monotonic()
                self._gateway.receive(self, message.data)
            elif message.type == WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type == WSMsgType.PONG:
                self._pong_due = None
                self.nudge()
            elif message.type == WSMsgType.BINARY:
                self._gateway.receive(self, "")
            else:
                await self._socket.close()
                return

    async def _write(self) -> None:
        while True:
            item = await self._outgoing.get()
            if isinstance(item, _Close):
                await self._socket.close(code=item.code, message=item.reason.encode())
                return
            self._last_traffic = self._gateway.clock.monotonic()
            try:
                if isinstance(item[0], str):
                    await self._socket.send_str(item[0])
                else:
                    await self._socket.send_frame(item[0], WSMsgType.TEXT)
            except ClientConnectionResetError:
                return  # written into a socket that was already dead: lost, as in life

    async def _keep_time(self) -> None:
        while True:
            now = self._gateway.clock.monotonic()
            idle_due = self._last_traffic + self._options.idle_timeout
            absolute_due = self._opened + self._options.absolute_timeout
            ping_due = self._last_ping + self._options.ping_interval
            if self._pong_due is not None and now >= self._pong_due:
                self._gateway.give_up(self)
                await self._gateway.lit()
                self.abort()
                return
            if not self.dark and now >= min(idle_due, absolute_due):
                code, what = ("WSG-903", "Absolute") if now >= absolute_due else ("WSG-902", "Idle")
                self.send(error_frame(code, f"{what} timeout expired"), replayable=False)
                self._gateway.give_up(self)
                self.end(1001, f"{what} timeout expired")
                return
            if self._pong_due is None and now >= ping_due:
                self._last_ping = now
                self._pong_due = now + self._options.pong_timeout
                if not self.dark:
                    with contextlib.suppress(ClientConnectionResetError):
                        await self._socket.ping()
                continue
            next_due = self._pong_due or ping_due
            if not self.dark:
                next_due = min(next_due, idle_due, absolute_due)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(next_due - now, 0.001)):
                    await self._nudged.wait()
            self._nudged.clear()
