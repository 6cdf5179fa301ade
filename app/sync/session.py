"""Which service is in use, and whether somebody is signed in there."""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NoReturn

from app.domain.clock import Clock
from app.domain.problems import LogUnavailable, SignInNeeded, VaultUnavailable
from app.eventlog import EventLog
from app.sync.service import Address, Service, open_service
from app.transport.service_time import ServiceTime
from app.transport.token_keeper import TOKENS
from app.transport.vault import Vault

log = logging.getLogger(__name__)

ACCOUNT = "account"
"""Under this name the log keeps whose session it last saw."""
SIGNED_IN_AT = "signed_in_at"
"""Under this name the log keeps at which service: tokens are shown to nobody else."""
SESSION = "session"
"""Under this name the log keeps a mark that every sign-in and sign-out changes, of whatever process."""


class Session:
    """The service that was signed in to, from one sign-in to the next."""

    def __init__(
        self,
        event_log: EventLog,
        vault: Vault,
        clock: Clock,
        address: Callable[[], Address],
        folder: Path | None = None,
    ) -> None:
        """``address`` tells the server and client id in force; it is asked anew at each sign-in.

        ``folder`` belongs to all processes that use the same vault.
        """
        self.time = ServiceTime(clock)
        """The service's clock, set by its answers."""
        self._folder = folder
        self._log = event_log
        self._vault = vault
        self._clock = clock
        self._address = address
        self._service: Service | None = None
        self._closing = AsyncExitStack()
        self._elsewhere = False
        self._mark: str | None = None
        self._replaced = asyncio.Event()

    async def open(self) -> str:
        """Take up the stored session, if there is one; returns whose it is.

        Raises:
            VaultUnavailable, BadInput, LogUnavailable: as they say.
        """
        address = self._address()
        self._service = await self._closing.enter_async_context(
            open_service(address, self._vault, self._clock, self._folder, self.time)
        )
        return await self._known_account(address)

    async def changed(self) -> bool:
        """Whether another process signed in or out since this one did, or looked. Raises LogUnavailable."""
        return await self._log.meta(SESSION) != self._mark

    async def take_over(self) -> str:
        """Take up what another process left; returns whose session it is, empty if there is none.

        Nothing else may use the service meanwhile. Raises as ``open`` does.
        """
        assert self._service is not None, "it was opened"
        await self._service.keeper.load()
        return await self._known_account(self._service.address)

    async def keep_saved(self, told: Callable[[VaultUnavailable | None], None]) -> NoReturn:
        """Store tokens that the vault did not take as soon as it does; ``told`` is told of both."""
        while True:
            self._replaced.clear()
            service = self._service
            async with asyncio.TaskGroup() as tasks:
                replaced = tasks.create_task(self._replaced.wait())
                if service is not None:
                    keeping = tasks.create_task(service.keeper.keep_saved(told))
                    replaced.add_done_callback(lambda _, keeping=keeping: keeping.cancel())  # type: ignore[misc]

    async def _known_account(self, address: Address) -> str:
        self._mark = await self._log.meta(SESSION)
        stored = await self._log.meta(SIGNED_IN_AT)
        self._elsewhere = stored is not None and stored != _spelled(address)
        return await self._log.meta(ACCOUNT) or "" if self.signed_in else ""

    async def aclose(self) -> None:
        """Close what was opened. Nothing may be under way."""
        self._service = None
        await self._closing.aclose()

    @property
    def signed_in(self) -> bool:
        """Whether there is a session."""
        return self._service is not None and self._service.keeper.signed_in and not self._elsewhere

    @property
    def service(self) -> Service:
        """The service that is signed in to.

        Raises:
            SignInNeeded: nobody is signed in.
        """
        if self._service is None or not self.signed_in:
            raise SignInNeeded("You are not signed in to RingCentral. Please sign in.")
        return self._service

    @asynccontextmanager
    async def beginning(self) -> AsyncIterator[Service]:
        """The service at the address in force, to be signed in to.

        It takes the place of the one in use when the body ends well; else nothing has changed. Nothing
        else may use the service meanwhile.
        """
        address = self._address()
        if self._service is not None and self._service.address == address:
            yield self._service
        else:
            async with AsyncExitStack() as opening:
                service = await opening.enter_async_context(
                    open_service(address, self._vault, self._clock, self._folder, self.time)
                )
                yield service
                await self._closing.aclose()
                self._service, self._closing = service, opening.pop_all()
                self._replaced.set()
        self._elsewhere = False
        await self._remember(SIGNED_IN_AT, _spelled(address))
        await self._set_mark()

    async def name_account(self, account: str) -> None:
        """Remember who is signed in."""
        await self._remember(ACCOUNT, account)

    async def end(self) -> None:
        """Tell the service that the session is over, as far as it can be reached, and forget it.

        Raises:
            VaultUnavailable: the tokens could not be taken out of the vault; nothing has changed.
        """
        if self._service is None:
            return
        if self._elsewhere:
            # The tokens are another service's: not even to be revoked are they shown to this one.
            await self._vault.delete(TOKENS)
        else:
            await self._service.keeper.revoke_and_forget()
        self._elsewhere = False
        await self._remember(ACCOUNT, None)
        await self._set_mark()

    async def _set_mark(self) -> None:
        self._mark = secrets.token_hex(8)
        await self._remember(SESSION, self._mark)

    async def _remember(self, name: str, value: str | None) -> None:
        try:
            await self._log.set_meta(name, value)
        except LogUnavailable:
            # A full disk keeps nobody from signing in or out.
            log.warning("the log could not keep the session's %s", name)


def _spelled(address: Address) -> str:
    return json.dumps([address.server_url, address.client_id])
