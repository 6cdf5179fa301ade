"""OAuth 2.0 as the service speaks it: codes, token pairs and their rotation, sessions, wstokens."""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.clients import AuthorizationRequest, Client, proves
from app.sandbox.clock import SandboxClock
from app.sandbox.directory import EXTENSION_ID
from app.sandbox.errors import oauth_refusal, unauthorized
from app.sandbox.options import SandboxOptions

SCOPE = "ReadAccounts A2PSMS SMS WebSocket WebSocketSubscription"


@dataclass(slots=True)
class Pair:
    """An access token and its refresh token."""

    access: str
    refresh: str
    access_expires: float
    refresh_expires: float
    first_used: float | None = None


@dataclass(slots=True)
class OAuthSession:
    """One sign-in of the user with one app, through all its refreshes."""

    id: str
    client_id: str
    endpoint_id: str
    pair: Pair
    spent_refresh: str = ""
    """The refresh token that gave the current pair."""
    spent_at: float = 0.0
    alive: bool = True
    generation: int = 1


@dataclass(slots=True)
class _Code:
    request: AuthorizationRequest
    expires: float


@dataclass(slots=True)
class _WsToken:
    session: OAuthSession
    expires: float


@dataclass(slots=True)
class OAuth:
    """The authorization server's state and rules."""

    options: SandboxOptions
    clock: SandboxClock
    sessions: list[OAuthSession] = field(default_factory=list)
    """All that ever were, oldest first."""
    auto_approve: bool = False
    _codes: dict[str, _Code] = field(default_factory=dict)
    _by_access: dict[str, OAuthSession] = field(default_factory=dict)
    _by_refresh: dict[str, OAuthSession] = field(default_factory=dict)
    _ws_tokens: dict[str, _WsToken] = field(default_factory=dict)
    _listeners: list[Callable[[OAuthSession], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[OAuthSession], None]) -> None:
        """Call ``listener`` with a session whenever its access token dies before its time."""
        self._listeners.append(listener)

    # ---- codes and tokens

    def issue_code(self, request: AuthorizationRequest) -> str:
        code = secrets.token_urlsafe(24)
        expires = self.clock.monotonic() + self.options.authorization_code_ttl
        self._codes[code] = _Code(request, expires)
        return code

    def exchange_code(self, client: Client, form: dict[str, str]) -> dict[str, Any]:
        """``grant_type=authorization_code``: the first pair of a new session."""
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise oauth_refusal("invalid_grant", "OAU-106", "Invalid authorization code", parameter="code")
        if code.expires < self.clock.monotonic():
            raise oauth_refusal("invalid_grant", "OAU-108", "Authorization code is expired")
        request = code.request
        if request.client != client:
            raise oauth_refusal(
                "invalid_grant", "OAU-110", "Authorization code was not issued for this application"
            )
        if form.get("redirect_uri", "") != request.redirect_uri:
            raise oauth_refusal("invalid_grant", "OAU-109", "Redirect URIs do not match")
        if request.code_challenge and not proves(form.get("code_verifier", ""), request.code_challenge):
            raise oauth_refusal(
                "invalid_grant", "OAU-106", "Invalid code verifier", parameter="code_verifier"
            )
        session = OAuthSession(
            id=secrets.token_urlsafe(12),
            client_id=client.id,
            endpoint_id=form.get("endpoint_id") or secrets.token_urlsafe(16),
            pair=self._new_pair(),
        )
        self._remember(session)
        live = [other for other in self.sessions if self.is_live(other) and other.client_id == client.id]
        self.sessions.append(session)
        for oldest in live[: max(0, len(live) + 1 - self.options.max_sessions)]:
            self.revoke_session(oldest)
        return self._answer(session)

    def refresh(self, client: Client, token: str) -> dict[str, Any]:
        """``grant_type=refresh_token``: the next pair, or the same again for a token just spent."""
        session = self._by_refresh.get(token)
        dead = oauth_refusal("invalid_grant", "OAU-213", "Token not found", parameter="refresh_token")
        if session is None or session.client_id != client.id or not session.alive:
            raise dead
        now = self.clock.monotonic()
        if token == session.spent_refresh:
            used = session.pair.first_used
            until = (
                session.spent_at + self.options.refresh_grace_unused
                if used is None
                else used + self.options.refresh_grace
            )
            if now > until:
                raise dead
            return self._answer(session)
        if token != session.pair.refresh or session.pair.refresh_expires < now:
            raise dead
        session.spent_refresh, session.spent_at = token, now
        session.pair = self._new_pair()
        session.generation += 1
        self._remember(session)
        self._tell(session)
        return self._answer(session)

    def session_of(self, authorization: str) -> OAuthSession:
        """The session behind a request's ``Authorization: Bearer`` header, whose token counts as used.

        Raises:
            ServiceRefusal: 401.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("AGW-401", "Authorization header is not specified")
        session = self._by_access.get(token)
        if session is None:
            raise unauthorized("OAU-129", "Access token corrupted")
        if not session.alive or token != session.pair.access:
            raise unauthorized("OAU-213", "Token not found")
        now = self.clock.monotonic()
        if session.pair.access_expires < now:
            raise unauthorized("OAU-128", "Access token expired")
        if session.pair.first_used is None:
            session.pair.first_used = now
        return session

    def issue_ws_token(self, session: OAuthSession) -> str:
        token = secrets.token_urlsafe(32)
        self._ws_tokens[token] = _WsToken(session, self.clock.monotonic() + self.options.wstoken_ttl)
        return token

    def spend_ws_token(self, token: str) -> OAuthSession | None:
        """The session a WebSocket token was issued for; ``None`` if it is unknown, spent or too old."""
        found = self._ws_tokens.pop(token, None)
        if found is None or found.expires < self.clock.monotonic() or not found.session.alive:
            return None
        return found.session

    # ---- the end of tokens

    def revoke(self, token: str) -> None:
        """End the session that an access or refresh token belongs to.

        Raises:
            ServiceRefusal: 400, there is no such token.
        """
        session = self._by_access.get(token) or self._by_refresh.get(token)
        if session is None or not session.alive:
            raise oauth_refusal("invalid_request", "OAU-213", "Token not found", parameter="token")
        self.revoke_session(session)

    def revoke_session(self, session: OAuthSession) -> None:
        if session.alive:
            session.alive = False
            self._tell(session)

    def revoke_all(self) -> int:
        """End every live session, as an administrator can. Returns how many."""
        live = self.live_sessions()
        for session in live:
            self.revoke_session(session)
        return len(live)

    def expire_access_tokens(self) -> int:
        """Make every live access token old enough to be refused. Returns how many."""
        live = self.live_sessions()
        for session in live:
            session.pair.access_expires = -math.inf
            self._tell(session)
        return len(live)

    def expire_refresh_tokens(self) -> int:
        """Make every live refresh token too old, as after a long absence. Returns how many."""
        live = self.live_sessions()
        for session in live:
            session.pair.refresh_expires = -math.inf
            session.spent_refresh = ""
        return len(live)

    def live_sessions(self) -> list[OAuthSession]:
        return [session for session in self.sessions if self.is_live(session)]

    def is_live(self, session: OAuthSession) -> bool:
        return session.alive and session.pair.refresh_expires >= self.clock.monotonic()

    # ---- inside

    def _tell(self, session: OAuthSession) -> None:
        for listener in self._listeners:
            listener(session)

    def _new_pair(self) -> Pair:
        now = self.clock.monotonic()
        return Pair(
            access=secrets.token_urlsafe(48),
            refresh=secrets.token_urlsafe(48),
            access_expires=now + self.options.access_token_ttl,
            refresh_expires=now + self.options.refresh_token_ttl,
        )

    def _remember(self, session: OAuthSession) -> None:
        self._by_access[session.pair.access] = session
        self._by_refresh[session.pair.refresh] = session

    def _answer(self, session: OAuthSession) -> dict[str, Any]:
        now = self.clock.monotonic()
        return {
            "access_token": session.pair.access,
            "token_type": "bearer",
            "expires_in": _whole(session.pair.access_expires - now),
            "refresh_token": session.pair.refresh,
            "refresh_token_expires_in": _whole(session.pair.refresh_expires - now),
            "scope": SCOPE,
            "owner_id": EXTENSION_ID,
            "endpoint_id": session.endpoint_id,
            "session_id": session.id,
        }


def _whole(seconds: float) -> int:
    return max(0, math.ceil(seconds)) if math.isfinite(seconds) else 0
