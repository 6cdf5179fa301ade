"""The WebSocket gateway: sessions that outlive connections, one subscription each."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiohttp import web

from app.sandbox.clock import SandboxClock, envelope_time
from app.sandbox.connection import Connection
from app.sandbox.directory import EXTENSION_ID
from app.sandbox.disorder import Disorder
from app.sandbox.faults import Faults
from app.sandbox.filters import EventFilter
from app.sandbox.frames import details_frame, error_frame, meta_of
from app.sandbox.model import Change
from app.sandbox.oauth import OAuth, OAuthSession
from app.sandbox.options import SandboxOptions
from app.sandbox.requests import answer_frame
from app.sandbox.subscriptions import Subscription, Subscriptions

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class GatewaySession:
    """What a ``wsc`` token stands for."""

    wsc: str
    oauth: OAuthSession
    subscription: Subscription | None = None
    connection: Connection | None = None
    detached_at: float = 0.0
    missed: deque[str] = field(default_factory=deque)
    """Frames to replay; the oldest fall out when there are too many."""
    sequence: int = 1


class Gateway:
    """Accepts connections, keeps sessions, turns changes into notifications."""

    def __init__(
        self,
        options: SandboxOptions,
        clock: SandboxClock,
        oauth: OAuth,
        faults: Faults,
        *,
        server_url: Callable[[], str],
    ) -> None:
        self.options = options
        self.clock = clock
        self.sessions: dict[str, GatewaySession] = {}
        self.connections_made = 0
        self.disorder = Disorder(Random(options.seed + 2))  # noqa: S311 - faults that must repeat
        self._oauth = oauth
        self._ids = Random(options.seed)  # noqa: S311 - identifiers that must repeat, not secrets
        self.subscriptions = Subscriptions(clock, faults, self._ids, server_url)
        self._lit = asyncio.Event()
        self._lit.set()
        self._everything_lit = asyncio.Event()
        self._everything_lit.set()
        oauth.listen(self._token_died)
        clock.listen(self._nudge)

    # ---- what happens in the world

    def publish(self, change: Change) -> None:
        """Make a notification for every filter of every subscription that matches."""
        body = ""
        for session in tuple(self.sessions.values()):
            if session.subscription is None or self._forgotten(session):
                continue
            for key in change.keys:
                if matching := session.subscription.by_key.get(key):
                    body = body or _encode(change.body)
                    for _ in range(2 if self.disorder.happens(self.disorder.renamed) else 1):
                        notification_id, frame = self._notification(session, matching, change, body)
                        change.uuids.append(notification_id)
                        self._deliver(session, frame)

    def send_raw(self, text: str | bytes) -> int:
        """Send a text frame as it is on every connection; bytes may be no UTF-8. Returns on how many."""
        return sum(connection.send(text, replayable=False) for connection in self.connections())

    def send_raw_body(self, body: str) -> int:
        """Send a notification whose body is these characters. Returns on how many connections."""
        meta = meta_of("ServerNotification", str(self._ids.getrandbits(63)))
        return self.send_raw(f"[{json.dumps(meta)},{body}]")

    # ---- what a test or a scenario makes the network do

    def connections(self) -> Iterator[Connection]:
        """The connections that are open, whether or not they answer."""
        return (s.connection for s in tuple(self.sessions.values()) if s.connection is not None)

    def drop(self, *, close_frame: bool = True, code: int = 1001) -> int:
        """End every connection, with or without a close frame; sessions can be recovered."""
        dropped = list(self.connections())
        for connection in dropped:
            self._detach(connection)
            if close_frame:
                connection.end(code, "")
            else:
                connection.abort()
        return len(dropped)

    def go_dark(self, *, everything: bool = False) -> None:
        """Stop answering on the connections that are open: nothing is sent, read or closed.

        With ``everything``, new connections and requests get no answer either.
        """
        self._lit.clear()
        if everything:
            self._everything_lit.clear()
        for connection in self.connections():
            connection.dark = True

    def light_up(self) -> None:
        """End that: dark connections which the gateway has given up meanwhile are reset, the rest go on."""
        self._lit.set()
        self._everything_lit.set()
        for connection in self.connections():
            connection.dark = False

    async def lit(self) -> None:
        """Wait while open connections are dark."""
        await self._lit.wait()

    async def everything_lit(self) -> None:
        """Wait while nothing at all is answered."""
        await self._everything_lit.wait()

    def forget_sessions(self) -> None:
        """Lose every session that has no connection: recovery will fail."""
        for wsc in [wsc for wsc, session in self.sessions.items() if session.connection is None]:
            del self.sessions[wsc]

    # ---- connections

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """The handler of the gateway's address."""
        await self.everything_lit()
        socket = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, max_msg_size=2**22)
        token = request.query.get("access_token", "")
        if not token:
            await socket.prepare(request)
            await socket.close(code=4400, message=b"Access token is missing")
            return socket
        oauth_session = self._oauth.spend_ws_token(token)
        await socket.prepare(request)
        if oauth_session is None:
            await socket.close(code=4401, message=b"Access token is invalid")
            return socket
        self.connections_made += 1
        connection = Connection(request, socket, self)
        wsc = request.query.get("wsc", "")
        if wsc and wsc not in self.sessions:
            connection.send(error_frame("WSG-400", "Malformed WebSocket session context token"))
            connection.end(4400, "Malformed WebSocket session context token")
            await connection.run()
            return socket
        self._attach(connection, oauth_session, wsc)
        try:
            await connection.run()
        finally:
            self._detach(connection)
        return socket

    def _attach(self, connection: Connection, oauth: OAuthSession, wsc: str) -> None:
        recovery: dict[str, Any] = {}
        old = self.sessions.pop(wsc) if wsc else None
        session = GatewaySession(secrets.token_urlsafe(24), oauth)
        session.missed = deque(maxlen=self.options.recovery_buffer)
        if old is not None:
            failure = self._recovery_failure(old, oauth)
            recovery = {"recoveryState": "Failed", "recoveryErrorCode": failure}
            if not failure:
                recovery = {"recoveryState": "Successful"}
                session.subscription, session.missed = old.subscription, old.missed
            if old.connection is not None:
                old.connection.session = None
                old.connection.abort()
        session.connection, connection.session = connection, session
        self.sessions[session.wsc] = session
        pair = {"token": session.wsc, "sequence": session.sequence}
        frame = details_frame(self.options, self.clock.now(), pair, recovery)
        connection.send(frame, replayable=False)
        if recovery.get("recoveryState") == "Successful":
            for frame in session.missed:
                connection.send(frame)
            session.missed.clear()

    def _recovery_failure(self, session: GatewaySession, oauth: OAuthSession) -> str:
        if session.oauth is not oauth:
            return "WSG-1003"
        if session.subscription is None or self._forgotten(session):
            return "WSG-1005"
        return ""

    def _detach(self, connection: Connection) -> None:
        """The connection ended: keep for a replay what it has not been given."""
        session, connection.session = connection.session, None
        if session is None:
            return
        session.connection = None
        session.detached_at = self.clock.monotonic()
        session.missed.extend(connection.take_unsent())

    def give_up(self, connection: Connection) -> None:
        """The peer does not answer pings any more."""
        self._detach(connection)

    def _forgotten(self, session: GatewaySession) -> bool:
        """Whether the time to recover the session is over; if so, it is dropped."""
        if session.connection is not None:
            return False
        over = self.clock.monotonic() - session.detached_at > self.options.recovery_timeout
        if over:
            session.subscription = None
            session.missed.clear()
        return over

    # ---- frames

    def receive(self, connection: Connection, text: str) -> None:
        """Answer one frame of a client."""
        if connection.session is not None:
            connection.send(answer_frame(text, connection.session, self.subscriptions), replayable=False)

    def _notification(
        self, session: GatewaySession, matching: EventFilter, change: Change, body: str
    ) -> tuple[str, str]:
        """A fresh uuid and the frame. Put together by hand: floods are made of these."""
        assert session.subscription is not None
        number = self._ids.getrandbits(63)
        wsc = ""
        if self.options.wsc_on_notifications:
            session.sequence += 1
            wsc = f'"wsc":{{"token":"{session.wsc}","sequence":{session.sequence}}},'
        stamp = envelope_time(max(self.clock.now(), change.at))
        frame = (
            f'[{{"type":"ServerNotification","messageId":"{number}","status":200,{wsc}'
            f'"headers":{{"RCRequestId":"{number:032x}"}}}},'
            f'{{"uuid":"{number}","event":"{matching.event}",'
            f'"subscriptionId":"{session.subscription.id}","ownerId":"{EXTENSION_ID}",'
            f'"timestamp":"{stamp}","body":{body}}}]'
        )
        return str(number), frame

    def _deliver(self, session: GatewaySession, frame: str) -> None:
        for delay in self.disorder.delays():
            if session.connection is None:
                session.missed.append(frame)
            elif delay:
                session.connection.send_later(frame, delay)
            else:
                session.connection.send(frame)
        if session.connection is not None and self.disorder.happens(self.disorder.hostile):
            session.connection.send(self.disorder.hostile_frame(), replayable=False)

    def _token_died(self, oauth: OAuthSession) -> None:
        if self.options.socket_outlives_token:
            return
        for connection in self.connections():
            if connection.session is not None and connection.session.oauth is oauth:
                self._detach(connection)
                connection.end(4401, "Access token is invalid")

    def _nudge(self) -> None:
        for connection in self.connections():
            connection.nudge()
