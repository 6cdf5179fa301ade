"""The pair of tokens in force, and its copy in the vault, which other processes share."""

import asyncio
import logging
from collections.abc import Callable

from app.domain.clock import Clock
from app.domain.problems import VaultUnavailable
from app.ringcentral.oauth import TokenPair
from app.transport.vault import Vault

TOKENS = "tokens"
"""The name of the pair in the vault."""
HELD_BACK = 120.0
"""Seconds a pair that cannot be stored is held back: the keyring may only want its password. After that
watching matters more than what a crash would cost, which is signing in again."""

_log = logging.getLogger("app.transport.tokens")

Told = Callable[[VaultUnavailable | None], None]


class TokenStore:
    """Holds the newest pair known. Callers see to it that only one of them is at work at a time."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self.pair: TokenPair | None = None
        self.unsaved = asyncio.Event()
        """Set while the pair in force is not in the vault, which would not take it."""
        self.told: Told = lambda trouble: None
        """Called with the trouble once there is such a pair, and with ``None`` once it is stored."""
        self._vault = vault
        self._clock = clock
        self._seen: str | None = None
        """What the vault held when it was last read or written."""
        self._unsaved_since = 0.0

    async def reread(self) -> TokenPair | None:
        """Take over what the vault holds, unless we hold something newer: then the vault gets that.

        Raises:
            VaultUnavailable: it cannot be read, or does not take the pair, which is not to be used yet.
        """
        text = await self._vault.get(TOKENS)
        if self.unsaved.is_set() and text == self._seen and self.pair is not None:
            await self._save(self.pair)
        else:
            self._agree(text)
            self.pair = _read(text)
        return self.pair

    async def keep(self, new: TokenPair) -> TokenPair:
        """Store the pair that the one in force was traded in for; returns the one to use.

        That is another if a process that waited in vain for this one asked by itself and is ahead.

        Raises:
            VaultUnavailable: it could not be stored; it is kept, and ``reread`` tries again.
        """
        try:
            text = await self._vault.get(TOKENS)
            theirs = _read(text) if text != self._seen else None
            if theirs is not None:
                self._agree(text)
                self.pair = theirs
                return theirs
            self.pair = new
            await self._save(new)
        except VaultUnavailable as error:
            self.pair = new
            if not self.unsaved.is_set():
                self._unsaved_since = self._clock.monotonic()
                self.unsaved.set()
                self.told(error)
            raise
        return new

    async def begin(self, first: TokenPair) -> None:
        """Store the first pair of a session. Raises VaultUnavailable; then nothing has changed."""
        text = first.to_json()
        await self._vault.set(TOKENS, text)
        self._agree(text)
        self.pair = first

    async def delete(self) -> None:
        """Forget the pair. Raises VaultUnavailable; then nothing has changed."""
        await self._vault.delete(TOKENS)
        self.forget()

    def forget(self) -> None:
        """Forget the pair, whatever the vault does."""
        self._agree(None)
        self.pair = None

    async def _save(self, pair: TokenPair) -> None:
        text = pair.to_json()
        try:
            await self._vault.set(TOKENS, text)
        except VaultUnavailable:
            if not self.unsaved.is_set() or self._clock.monotonic() - self._unsaved_since < HELD_BACK:
                raise
            _log.warning("the new tokens are used, though they are not stored")
        else:
            self._agree(text)

    def _agree(self, text: str | None) -> None:
        self._seen = text
        if self.unsaved.is_set():
            self.unsaved.clear()
            self.told(None)


def _read(text: str | None) -> TokenPair | None:
    if text is None:
        return None
    try:
        return TokenPair.from_json(text)
    except ValueError:
        _log.warning("the stored tokens cannot be read")
        return None
