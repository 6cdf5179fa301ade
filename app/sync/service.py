"""Everything that belongs to one server address and one client id, built and closed together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.clock import Clock
from app.domain.events import BatchSummary
from app.domain.problems import Expected, VaultUnavailable
from app.ringcentral.rates import RateWindows
from app.transport.api_client import ApiClient
from app.transport.auth_pace import AuthPace
from app.transport.gateway_link import GatewayLink
from app.transport.http import new_client
from app.transport.process_lock import ProcessLock
from app.transport.service_time import ServiceTime
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import Vault
from app.transport.ws_tokens import WsTokens

log = logging.getLogger(__name__)

TOKEN_LOCK = "tokens.lock"  # noqa: S105 - a name
"""File in the data directory: whoever holds it may trade the refresh token in."""
AUTH_PACE = "auth.json"
"""File in the data directory: how many tokens were asked for lately."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service is, and as which registered app we speak to it."""

    server_url: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Service:
    """The service as the engine uses it."""

    address: Address
    keeper: TokenKeeper
    api: ApiClient
    tokens: WsTokens
    new_link: Callable[[], GatewayLink]
    """Makes the socket of one more connection."""

    async def account_name(self) -> str:
        """Whose session it is; empty where that cannot be read, for it is a nicety.

        Raises:
            VaultUnavailable: the tokens cannot be read.
        """
        try:
            return await self.api.extension(interactive=True)
        except VaultUnavailable:
            raise
        except Expected:
            log.warning("the account's name could not be read")
            return ""

    async def complete(self, summary: BatchSummary) -> BatchSummary:
        """Add what the service knows of a batch: its text, and its messages' outcomes so far.

        Raises:
            Expected: the service cannot be asked.
        """
        text = await self.api.batch_text(summary.batch_id)
        counts = await self.api.batch_statuses(summary.batch_id)
        failed = counts.sending_failed + counts.delivery_failed
        return replace(summary, text=text, delivered=counts.delivered, failed=failed)


@asynccontextmanager
async def open_service(
    address: Address,
    vault: Vault,
    clock: Clock,
    folder: Path | None = None,
    time: ServiceTime | None = None,
) -> AsyncIterator[Service]:
    """Build the parts for one address and load the stored session, if there is one.

    ``folder`` belongs to all processes that use the same vault: there they keep out of each other's way.

    Raises:
        VaultUnavailable: the keyring cannot be read.
    """
    # Building the client may read the system's certificates from the disk.
    async with await asyncio.to_thread(new_client, address.server_url) as client:
        pace = AuthPace(clock, folder / AUTH_PACE if folder else None)
        keeper = TokenKeeper(
            client,
            vault,
            clock,
            server_url=address.server_url,
            client_id=address.client_id,
            pace=pace,
            alone=ProcessLock(folder / TOKEN_LOCK if folder else None),
        )
        await keeper.load()
        api = ApiClient(client, keeper, RateWindows(), clock, time=time)
        tokens = WsTokens(client, keeper, pace, clock, server_url=address.server_url, time=api.time)
        yield Service(address, keeper, api, tokens, lambda: GatewayLink(clock))
