"""Lists are read to their end, whatever the service says of its pages."""

import httpx
import pytest

from app.ringcentral.rates import RateWindows
from app.transport.api_client import ApiClient
from app.transport.clock import SystemClock
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import MemoryVault

SERVER = "http://127.0.0.1:1"
TOKENS = {"access_token": "a", "refresh_token": "r", "expires_in": 3600, "refresh_token_expires_in": 9000}


class Lists:
    """A service with one list. ``following`` maps a page token to the next."""

    def __init__(self, following: dict[str, object]) -> None:
        self.following = following
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=TOKENS)
        token = request.url.params.get("pageToken", "")
        self.asked.append(token)
        body = {"records": [{"id": token}], "paging": {"nextPageToken": self.following.get(token)}}
        return httpx.Response(200, json=body)


async def read(lists: Lists) -> list[str]:
    clock = SystemClock()
    async with httpx.AsyncClient(base_url=SERVER, transport=httpx.MockTransport(lists)) as client:
        keeper = TokenKeeper(client, MemoryVault(), clock, server_url=SERVER, client_id="c")
        await keeper.exchange("code", "verifier", "http://127.0.0.1:2/oauth/callback")
        api = ApiClient(client, keeper, RateWindows(), clock)
        return [record["id"] async for page in api.pages("/list", {}) for record in page]


@pytest.mark.parametrize(
    ("following", "found"),
    [
        ({}, [""]),
        ({"": "two", "two": "three"}, ["", "two", "three"]),
        ({"": ""}, [""]),
        ({"": 7}, [""]),
        # A service that leads in a circle is not followed for ever.
        ({"": "two", "two": "two"}, ["", "two"]),
    ],
)
async def test_pages_are_followed_until_there_is_none(following: dict[str, object], found: list[str]) -> None:
    lists = Lists(following)
    assert await read(lists) == found
    assert lists.asked == found
