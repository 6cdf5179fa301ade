"""The one place that refreshes and forgets the tokens of the sign-in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx

from app.domain.clock import Clock
from app.domain.problems import RateHeld, SignInFailed, SignInNeeded, VaultUnavailable
from app.ringcentral.oauth import TokenPair, code_form, refresh_form
from app.transport.auth_pace import AuthPace
from app.transport.process_lock import ProcessLock
from app.transport.token_endpoint import Later, TokenEndpoint
from app.transport.token_store import TOKENS, TokenStore, Told
from app.transport.vault import Vault

__all__ = ["TOKENS", "TokenKeeper", "Waiting"]

Waiting = Callable[[float | None], None]
"""Told the seconds for which a rate limit makes somebody wait, and with ``None`` that it goes on."""

_log = logging.getLogger("app.transport.tokens")

_TRIES = 3
_PATIENCE = 120.0
"""The longest penalty that is waited for; a longer one is told to the caller."""
_SAVE_AGAIN_FIRST, _SAVE_AGAIN_MOST = 5.0, 60.0

_NOBODY = "You are not signed in to RingCentral. Please sign in."
_ENDED = "RingCentral ended the session. Please sign in again."


class TokenKeeper:
    """Keeps the pair of tokens fresh, one refresh at a time, stored before it is used.

    A refresh token serves once. Whoever else shares the vault (the console companion beside the tray) is
    kept out while one is traded in, and what they stored is taken over instead of burning it. A crash
    between asking and storing does no harm: as long as the new pair was not used, the service answers the
    old refresh token with the same pair again.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        vault: Vault,
        clock: Clock,
        *,
        server_url: str,
        client_id: str,
        pace: AuthPace | None = None,
        alone: ProcessLock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``pace`` and ``alone`` are shared with the other processes that use the same vault."""
        self._clock = clock
        self._endpoint = TokenEndpoint(
            client, clock, pace or AuthPace(clock), server_url=server_url, client_id=client_id
        )
        self._store = TokenStore(vault, clock)
        self._alone = alone or ProcessLock(None)
        self._sleep = sleep
        self._refused = ""
        """A refresh token that the service refused: it is never shown again."""
        self._lock = asyncio.Lock()

    @property
    def signed_in(self) -> bool:
        """Whether there is a session, as far as is known without asking the service."""
        return self._store.pair is not None

    @property
    def owner_id(self) -> str:
        """The id of the extension that signed in; empty while nobody did."""
        return self._store.pair.owner_id if self._store.pair else ""

    async def load(self) -> bool:
        """Take the pair out of the vault; return whether there is one. Raises VaultUnavailable."""
        async with self._lock:
            await self._store.reread()
        return self.signed_in

    async def access_token(self) -> str:
        """A token that will be good for some minutes; refreshed first if need be.

        Raises:
            SignInNeeded: nobody is signed in, or the service ended the session.
            VaultUnavailable: the keyring cannot be read, or does not take the new pair, which is kept,
                and stored and used later.
            Unreachable, RateHeld, ServiceError: no refresh for now.
        """
        pair = self._store.pair
        if pair is None or not self._usable(pair):
            pair = await self._renewed("")
        return pair.access_token

    async def refresh(self, rejected: str) -> None:
        """Get a new pair because the service rejected this access token. Raises as ``access_token``.

        If the token in force is another one by now, nothing is done.
        """
        await self._renewed(rejected)

    async def ready(self, waiting: Waiting) -> None:
        """Return when the rate limit allows a code to be redeemed."""
        while wait := self._endpoint.wait():
            waiting(wait)
            await self._sleep(wait)
            waiting(None)

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str, *, waiting: Waiting | None = None
    ) -> None:
        """Redeem the authorization code of a sign-in.

        Raises:
            SignInFailed: the service does not accept the code.
            VaultUnavailable, Unreachable, RateHeld, ServiceError: it could not be done.
        """
        form = code_form(self._endpoint.client_id, code, verifier, redirect_uri)
        async with self._lock:
            try:
                pair = await self._with_patience(lambda: self._endpoint.ask(form), waiting)
            except SignInNeeded as error:
                raise SignInFailed(
                    "RingCentral did not accept the sign-in. Try again; if it fails again, check the "
                    "client ID in Settings."
                ) from error
            async with self._alone.held():
                await asyncio.shield(self._store.begin(pair))
        _log.info("signed in")

    async def revoke_and_forget(self) -> None:
        """Sign out: forget the tokens, then tell the service, whose answer does not matter.

        Raises:
            VaultUnavailable: the tokens could not be taken out of the vault; nothing has changed.
        """
        async with self._lock, self._alone.held():
            if not self._store.unsaved.is_set():
                await self._store.reread()
            pair = self._store.pair
            await self._store.delete()
        if pair is not None:
            await self._endpoint.revoke(pair)

    async def keep_saved(self, told: Told) -> None:
        """Store a pair that the vault did not take as soon as it does, until cancelled.

        ``told`` is called with the trouble once there is such a pair, and with ``None`` once it is stored.
        """
        self._store.told = told
        delay = _SAVE_AGAIN_FIRST
        while True:
            await self._store.unsaved.wait()
            await self._sleep(delay)
            delay = min(delay * 2, _SAVE_AGAIN_MOST)
            async with self._lock, self._alone.held():
                try:
                    await self._store.reread()
                except VaultUnavailable:
                    continue
            if not self._store.unsaved.is_set():
                delay = _SAVE_AGAIN_FIRST

    # ------------------------------------------------------------ refreshing

    def _usable(self, pair: TokenPair) -> bool:
        return self._clock.now() < pair.refresh_at and not self._store.unsaved.is_set()

    async def _renewed(self, rejected: str) -> TokenPair:
        async with self._lock:
            pair = self._store.pair
            if pair and pair.access_token != rejected and self._usable(pair):
                return pair  # Somebody refreshed while this call waited for its turn.
            return await self._with_patience(lambda: self._refreshed(rejected))

    async def _refreshed(self, rejected: str) -> TokenPair | Later:
        """Trade the refresh token in, unless another process did; nobody else does so meanwhile."""
        async with self._alone.held():
            ours = self._store.pair
            pair = await self._store.reread()
            if pair is None:
                # Whoever asked first was told that the session is over, and so is whoever asks next.
                raise SignInNeeded(_ENDED if self._refused else _NOBODY)
            if pair.access_token != rejected and self._clock.now() < pair.refresh_at:
                return pair
            if pair.refresh_token == self._refused:
                raise await self._ended()
            try:
                new = await self._endpoint.ask(refresh_form(self._endpoint.client_id, pair.refresh_token))
            except SignInNeeded:
                return await self._overtaken(pair, ours)
            if isinstance(new, Later):
                return new
            _log.info("refreshed the tokens")
            # A cancelled caller must not end between the service's answer and the vault.
            return await asyncio.shield(self._store.keep(new))

    async def _overtaken(self, refused: TokenPair, ours: TokenPair | None) -> TokenPair | Later:
        """After a refused refresh token: use the pair another process stored meanwhile, or give up."""
        self._refused = refused.refresh_token
        self._store.forget()
        stored = await self._store.reread()
        if stored is not None and stored.refresh_token != refused.refresh_token:
            return stored
        if ours is not None and ours.refresh_token != refused.refresh_token:
            # A process that was stopped in the very act of storing put its old pair over ours.
            await self._store.begin(ours)
            return Later(0.0, SignInNeeded(_ENDED), sent=False)
        raise await self._ended()

    async def _ended(self) -> SignInNeeded:
        try:
            await self._store.delete()
        except VaultUnavailable:
            _log.info("the tokens of the ended session stay in the keyring")
            self._store.forget()
        return SignInNeeded(_ENDED)

    async def _with_patience(
        self,
        attempt: Callable[[], Awaitable[TokenPair | Later]],
        waiting: Waiting | None = None,
    ) -> TokenPair:
        """Attempt it with the waits and tries that the guide lays down."""
        tries = 0
        while True:
            outcome = await attempt()
            if isinstance(outcome, TokenPair):
                return outcome
            tries += outcome.sent
            if tries >= _TRIES or outcome.wait > _PATIENCE:
                raise outcome.problem
            _log.info("no tokens for now; another try in %.0f s", outcome.wait)
            told = waiting if isinstance(outcome.problem, RateHeld) else None
            if told is not None:
                told(outcome.wait)
            await self._sleep(outcome.wait)
            if told is not None:
                told(None)
