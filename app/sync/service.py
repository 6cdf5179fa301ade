"""Everything that belongs to one server address and one client id, built and closed together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.domain.clock import Clock
from app.ringcentral.rates import RateWindows
from app.transport.api_client import ApiClient
from app.transport.gateway_link import GatewayLink
from app.transport.http import new_client
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import Vault


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
