"""The one place that holds, refreshes and forgets the tokens of the sign-in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from app.domain.clock import Clock
from app.domain.problems import Expected, ServiceError, SignInFailed, SignInNeeded, Unreachable
from app.ringcentral.errors import RATE_PENALTY, Verdict, VerdictKind, as_expected, judge_token, rate_held
from app.ringcentral.oauth import REVOKE_PATH, TOKEN_PATH, TokenPair, code_form, refresh_form, revoke_form
from app.ringcentral.rates import Group, RateWindows
from app.ringcentral.wirejson import Unparsable, parse
from app.transport.http import translate_errors
from app.transport.vault import Vault

TOKENS = "tokens"
"""The name of the pair in the vault."""

_log = logging.getLogger("app.transport.tokens")

# The guide, "Refresh tokens": after a timeout or a 500, three tries ten seconds apart.
_TRIES = 3
_TRY_AGAIN_AFTER = 10.0
_PATIENCE = 120.0
"""The longest penalty that is waited for; a longer one is told to the caller."""

_NOBODY = "You are not signed in to RingCentral. Please sign in."
_ENDED = "RingCentral ended the session. Please sign in again."


class TokenKeeper:
    """Keeps the pair of tokens fresh, one refresh at a time, stored before it is used.

    A refresh token serves once. Whoever else shares the vault (the console companion beside the tray)
    may have used it already, so the vault is read again before every refresh, and a pair found there is
    taken over instead of burning it.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        vault: Vault,
        clock: Clock,
        *,
        server_url: str,
        client_id: str,
        rates: RateWindows | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._vault = vault
        self._clock = clock
        self._server = server_url.rstrip("/")
        self._client_id = client_id
        self._rates = rates or RateWindows()
        self._sleep = sleep
        self._pair: TokenPair | None = None
        self._lock = asyncio.Lock()

    @property
    def signed_in(self) -> bool:
        """Whether there is a session, as far as is known without asking the service."""
        return self._pair is not None

    @property
    def owner_id(self) -> str:
        """The id of the extension that signed in; empty while nobody did."""
        return self._pair.owner_id if self._pair else ""

    async def load(self) -> bool:
        """Take the pair out of the vault; return whether there is one. Raises VaultUnavailable."""
        self._pair = await self._stored()
        return self.signed_in

    async def access_token(self) -> str:
        """A token that will be good for some minutes; refreshed first if need be.

        Raises:
            SignInNeeded: nobody is signed in, or the service ended the session.
            VaultUnavailable, Unreachable, RateHeld, ServiceError: no refresh for now.
        """
        pair = self._pair
        if pair is None or self._clock.now() >= pair.refresh_at:
            pair = await self._renewed(pair.access_token if pair else "")
        return pair.access_token

    async def refresh(self, rejected: str) -> None:
        """Get a new pair because the service rejected this access token. Raises as ``access_token``.

        If the token in force is another one by now, nothing is done.
        """
        await self._renewed(rejected)

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> None:
        """Redeem the authorization code of a sign-in.

        Raises:
            SignInFailed: the service does not accept the code.
            VaultUnavailable, Unreachable, RateHeld, ServiceError: it could not be done.
        """
        form = code_form(self._client_id, code, verifier, redirect_uri)
        async with self._lock:
            try:
                pair = await self._request_pair(form)
            except SignInNeeded as error:
                raise SignInFailed(
                    "RingCentral did not accept the sign-in. Try again; if it fails again, check the "
                    "client ID in Settings."
                ) from error
            await self._keep(pair)
        _log.info("signed in")

    async def revoke_and_forget(self) -> None:
        """Sign out: forget the tokens, then tell the service, whose answer does not matter.

        Raises:
            VaultUnavailable: the tokens could not be taken out of the vault; nothing has changed.
        """
        async with self._lock:
            pair = self._pair or await self._stored()
            await self._forget()
        if pair is None:
            return
        try:
            with translate_errors(self._server):
                form = revoke_form(self._client_id, pair.refresh_token)
                await self._client.post(self._server + REVOKE_PATH, data=form, timeout=5.0)
        except Unreachable as error:
            # Never tried again: both tokens end by themselves.
            _log.info("the session could not be revoked: %s", type(error.__cause__).__name__)

    async def _renewed(self, rejected: str) -> TokenPair:
        async with self._lock:
            pair = self._pair
            if pair and pair.access_token != rejected:
                return pair  # Somebody refreshed while this call waited for its turn.
            pair = self._pair = await self._stored()
            if pair is None:
                raise SignInNeeded(_NOBODY)
            if pair.access_token != rejected and self._clock.now() < pair.refresh_at:
                return pair  # Another process did.
            try:
                new = await self._request_pair(refresh_form(self._client_id, pair.refresh_token))
            except SignInNeeded:
                return await self._overtaken(pair)
            await self._keep(new)
            _log.info("refreshed the tokens")
            return new

    async def _overtaken(self, refused: TokenPair) -> TokenPair:
        """After a refused refresh token: use the pair another process stored meanwhile, or give up."""
        stored = await self._stored()
        if stored and stored.refresh_token != refused.refresh_token:
            self._pair = stored
            return stored
        await self._forget()
        raise SignInNeeded(_ENDED)

    async def _keep(self, pair: TokenPair) -> None:
        # The old pair goes on working for an hour only while the new one was never used, so the new one is
        # stored first; and a cancelled caller must not end between the two steps.
        await asyncio.shield(self._store(pair))

    async def _store(self, pair: TokenPair) -> None:
        await self._vault.set(TOKENS, pair.to_json())
        self._pair = pair

    async def _forget(self) -> None:
        await self._vault.delete(TOKENS)
        self._pair = None

    async def _stored(self) -> TokenPair | None:
        text = await self._vault.get(TOKENS)
        if text is None:
            return None
        try:
            return TokenPair.from_json(text)
        except ValueError:
            _log.warning("the stored tokens cannot be read")
            return None

    async def _request_pair(self, form: dict[str, str]) -> TokenPair:
        """Ask the token endpoint, with the waits and tries that the guide lays down."""
        tries = 0
        while True:
            await self._turn()
            tries += 1
            problem: Expected
            wait = _TRY_AGAIN_AFTER
            try:
                verdict, body = await self._post(form)
            except Unreachable as error:
                if not isinstance(error.__cause__, httpx.TimeoutException):
                    raise
                problem = error
            else:
                if verdict.kind is VerdictKind.OK:
                    return self._pair_in(body)
                problem = as_expected(verdict, self._clock.now())
                if verdict.kind not in (VerdictKind.RATE, VerdictKind.RETRY):
                    raise problem
                if verdict.kind is VerdictKind.RATE:
                    wait = verdict.retry_after or RATE_PENALTY
            if tries >= _TRIES or wait > _PATIENCE:
                raise problem
            _log.info("the token endpoint did not answer; another try in %.0f s", wait)
            await self._sleep(wait)

    async def _turn(self) -> None:
        """Wait until the rate limit allows a request to the token endpoint."""
        while wait := self._rates.ask(Group.AUTH, self._clock.monotonic(), interactive=True):
            if wait > _PATIENCE:
                raise rate_held(wait, self._clock.now())
            await self._sleep(wait)

    async def _post(self, form: dict[str, str]) -> tuple[Verdict, Any]:
        with translate_errors(self._server):
            answer = await self._client.post(self._server + TOKEN_PATH, data=form)
        self._rates.note(answer.headers, answer.status_code, self._clock.monotonic(), Group.AUTH)
        try:
            body = parse(answer.text)
        except Unparsable:
            body = None
        return judge_token(answer.status_code, answer.headers, body), body

    def _pair_in(self, body: Any) -> TokenPair:
        try:
            return TokenPair.from_answer(body, self._clock.now())
        except ValueError as error:
            raise ServiceError(
                "RingCentral's sign-in gave an answer that Textbell does not understand. "
                "Check the server address in Settings."
            ) from error
