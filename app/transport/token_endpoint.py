"""The service's token endpoint: one request, judged."""

import logging
from dataclasses import dataclass
from typing import Any

import httpx

from app.domain.clock import Clock
from app.domain.problems import Expected, ServiceError, Unreachable
from app.ringcentral.errors import RATE_PENALTY, VerdictKind, as_expected, judge_token, rate_held
from app.ringcentral.oauth import REVOKE_PATH, TOKEN_PATH, TokenPair, revoke_form
from app.ringcentral.wirejson import Unparsable, parse
from app.transport.auth_pace import AuthPace, Urgency
from app.transport.http import intercepted, is_foreign, translate_errors

_log = logging.getLogger("app.transport.tokens")

# The guide, "Refresh tokens": after a timeout or a 500, three tries ten seconds apart.
_TRY_AGAIN_AFTER = 10.0
_ANSWER_WITHIN = 20.0
"""Shorter than another process waits for the lock that is held meanwhile."""
_REVOKED_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Later:
    """No pair for now: ask again in ``wait`` seconds, or tell ``problem``."""

    wait: float
    problem: Expected
    sent: bool = True
    """False: nothing was sent, for the rate limit forbids it."""


class TokenEndpoint:
    """Asks for pairs of tokens within the rate limit."""

    def __init__(
        self, client: httpx.AsyncClient, clock: Clock, pace: AuthPace, *, server_url: str, client_id: str
    ) -> None:
        self.client_id = client_id
        self._client = client
        self._clock = clock
        self._pace = pace
        self._server = server_url.rstrip("/")

    def wait(self) -> float:
        """Seconds until the rate limit allows a request; 0: now."""
        return self._pace.wait(Urgency.SOMEBODY_WAITS)

    async def ask(self, form: dict[str, str]) -> TokenPair | Later:
        """Ask once.

        Raises:
            SignInNeeded: the service refused the code or the refresh token. Never ask with it again.
            Unreachable, ServiceError: no answer, or one that is of no use.
        """
        if wait := self._pace.ask(Urgency.SOMEBODY_WAITS):
            return Later(wait, rate_held(wait, self._clock.now()), sent=False)
        try:
            with translate_errors(self._server):
                answer = await self._client.post(self._server + TOKEN_PATH, data=form, timeout=_ANSWER_WITHIN)
        except Unreachable as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                self._pace.unsent()
            if isinstance(error.__cause__, httpx.TimeoutException):
                return Later(_TRY_AGAIN_AFTER, error)
            raise
        self._pace.note(answer.headers, answer.status_code)
        body = _body(answer)
        verdict = judge_token(answer.status_code, answer.headers, body)
        ended = verdict.kind is VerdictKind.SIGN_IN_AGAIN
        if is_foreign(answer.status_code, answer.headers, answer.content) or (ended and not verdict.code):
            # A hotel's sign-in page, or a filter's refusal, must not end the session.
            raise intercepted(self._server)
        if verdict.kind is VerdictKind.OK:
            return self._pair_in(body)
        problem = as_expected(verdict, self._clock.now())
        if verdict.kind is VerdictKind.RATE:
            wait = verdict.retry_after or RATE_PENALTY
            self._pace.hold(wait)
            return Later(wait, problem)
        if verdict.kind is VerdictKind.RETRY:
            return Later(_TRY_AGAIN_AFTER, problem)
        raise problem

    async def revoke(self, pair: TokenPair) -> None:
        """End the pair's session, as far as the service can be reached; never tried again."""
        if self._pace.ask(Urgency.SOMEBODY_WAITS):
            # It would be refused, and would keep the user from signing in again for longer.
            _log.info("the session was not revoked: too many requests lately")
            return
        form = revoke_form(self.client_id, pair.refresh_token)
        try:
            with translate_errors(self._server):
                answer = await self._client.post(
                    self._server + REVOKE_PATH, data=form, timeout=_REVOKED_WITHIN
                )
            self._pace.note(answer.headers, answer.status_code)
        except Unreachable as error:
            _log.info("the session could not be revoked: %s", type(error.__cause__).__name__)

    def _pair_in(self, body: Any) -> TokenPair:
        try:
            return TokenPair.from_answer(body, self._clock.now())
        except ValueError as error:
            raise ServiceError(
                "RingCentral's sign-in gave an answer that Textbell does not understand. "
                "Check the server address in Settings."
            ) from error


def _body(answer: httpx.Response) -> Any:
    try:
        return parse(answer.text)
    except Unparsable:
        return None
