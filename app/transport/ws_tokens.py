"""Keys to the gateway: each opens one connection, and only five a minute may be asked for."""

import logging
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.domain.clock import Clock
from app.domain.events import ResumePoint
from app.domain.problems import ServiceError, Unreachable
from app.ringcentral.errors import RATE_PENALTY, VerdictKind, as_expected, judge
from app.ringcentral.frames import connection_uri
from app.ringcentral.oauth import WSTOKEN_PATH
from app.ringcentral.wirejson import Unparsable, parse
from app.transport.auth_pace import AuthPace, Urgency
from app.transport.http import intercepted, is_foreign, translate_errors
from app.transport.service_time import ServiceTime
from app.transport.token_keeper import TokenKeeper

_log = logging.getLogger("app.transport.gateway")

_ANSWER_WITHIN = 15.0
_LIFE = 30.0
"""Seconds a token lives where the service does not say."""
_TOO_LATE = 2.0
"""A token with less life than this is not worth trying."""


@dataclass(frozen=True, slots=True)
class WsToken:
    """The key to one gateway connection: good for a single use, until ``ends`` (monotonic seconds)."""

    uri: str
    ws_access_token: str = field(repr=False)
    ends: float

    def connect_uri(self, resume: ResumePoint | None) -> str:
        """The address to connect to, asking to resume there. It holds secrets."""
        return connection_uri(self.uri, self.ws_access_token, resume)


class WsTokens:
    """Gets such keys, one request each: when to come back is the caller's to decide."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        keeper: TokenKeeper,
        pace: AuthPace,
        clock: Clock,
        *,
        server_url: str,
        time: ServiceTime | None = None,
    ) -> None:
        """``time`` is set by the service's answers."""
        self._time = time or ServiceTime(clock)
        self._client = client
        self._keeper = keeper
        self._pace = pace
        self._clock = clock
        self._server = server_url.rstrip("/")
        self._unspent: WsToken | None = None

    def give_back(self, token: WsToken) -> None:
        """This one made no connection: it is used again while it lives."""
        self._unspent = token

    async def take(self, urgency: Urgency = Urgency.NOBODY_WAITS) -> WsToken:
        """A key that was not used before.

        Raises:
            RateHeld: not before ``until``; nothing was sent.
            SignInNeeded, PermissionMissing, ServiceError, Unreachable, VaultUnavailable: as they say.
        """
        kept, self._unspent = self._unspent, None
        if kept is not None and kept.ends - self._clock.monotonic() > _TOO_LATE:
            return kept
        access = await self._keeper.access_token()
        asked = self._clock.monotonic()
        body = await self._asked(access, urgency)
        if body is None:
            await self._keeper.refresh(access)
            body = await self._asked(await self._keeper.access_token(), urgency, last=True)
        found = body if isinstance(body, dict) else {}
        uri, token, life = found.get("uri"), found.get("ws_access_token"), found.get("expires_in")
        if not (isinstance(uri, str) and uri and isinstance(token, str) and token):
            raise ServiceError("RingCentral gave no address to listen at. Try again in a few minutes.")
        known = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
        return WsToken(uri, token, asked + (float(life) if known and life else _LIFE))

    async def _asked(self, access_token: str, urgency: Urgency, *, last: bool = False) -> Any:
        """The answer; ``None`` if the access token was rejected, which the ``last`` time is an error."""
        self._pace.turn(urgency)
        try:
            with translate_errors(self._server):
                answer = await self._client.post(
                    self._server + WSTOKEN_PATH,
                    headers={"Authorization": f"Bearer {access_token}"},
                    timeout=_ANSWER_WITHIN,
                )
        except Unreachable as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                self._pace.unsent()
            raise
        self._pace.note(answer.headers, answer.status_code)
        if is_foreign(answer.status_code, answer.headers, answer.content):
            raise intercepted(self._server)
        try:
            body = parse(answer.text)
        except Unparsable:
            body = None
        verdict = judge(answer.status_code, answer.headers, body)
        if verdict.kind is VerdictKind.OK:
            self._time.note(answer.headers.get("Date"))
            return body if body is not None else {}
        if verdict.kind is VerdictKind.REFRESH and not last:
            return None
        if verdict.kind is VerdictKind.RATE:
            self._pace.hold(verdict.retry_after or RATE_PENALTY)
        _log.info("no key to the gateway: %d %s", verdict.status, verdict.code)
        if verdict.kind is VerdictKind.REFRESH:
            # The refresh token was good a moment ago: the session is not over, something else is wrong.
            raise ServiceError(
                "RingCentral does not accept the sign-in at the moment. If this lasts, sign out in Settings "
                f"and sign in again. [{verdict.code or verdict.status}]",
                status=verdict.status,
                code=verdict.code,
            )
        raise as_expected(verdict, self._clock.now())
