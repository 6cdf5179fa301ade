"""Everything that belongs to one server address and one client id, built and closed together."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from app.domain.clock import Clock
from app.domain.events import BatchSummary
from app.domain.problems import Expected, VaultUnavailable
from app.ringcentral.rates import RateWindows
from app.transport.api_client import ApiClient
from app.transport.gateway_link import GatewayLink
from app.transport.http import new_client
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import Vault

log = logging.getLogger(__name__)


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
    link: GatewayLink

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
async def open_service(address: Address, vault: Vault, clock: Clock) -> AsyncIterator[Service]:
    """Build the parts for one address and load the stored session, if there is one.

    Raises:
        VaultUnavailable: the keyring cannot be read.
    """
    # Building the client may read the system's certificates from the disk.
    async with await asyncio.to_thread(new_client, address.server_url) as client:
        rates = RateWindows()
        keeper = TokenKeeper(
            client, vault, clock, server_url=address.server_url, client_id=address.client_id, rates=rates
        )
        await keeper.load()
        yield Service(address, keeper, ApiClient(client, keeper, rates, clock), GatewayLink(clock))
