"""RingCentral's own Python SDK signs in, connects, subscribes and receives."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from ringcentral import SDK  # type: ignore[import-untyped]
from ringcentral.websocket.events import WebSocketEvents  # type: ignore[import-untyped]
from websockets.exceptions import ConnectionClosedOK

from app.sandbox import (
    CONFIDENTIAL_CLIENT_ID,
    CONFIDENTIAL_CLIENT_SECRET,
    NO_RATE_LIMITS,
    SandboxOptions,
    SandboxThread,
)
from tests.sandbox.visitor import ACCOUNT, BATCHES, INBOUND, OPT_OUTS, REDIRECT

CUSTOMER = "+12125550100"


async def _connect(client: Any) -> None:
    """Its connection is one long call, which ends with an exception even when it is closed in order."""
    with pytest.raises(ConnectionClosedOK):
        await client.create_new_connection()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ringcentral", "ignore::DeprecationWarning:websockets")
async def test_the_official_sdk_works_with_the_sandbox() -> None:
    """Its HTTP calls block, so the sandbox runs in its own thread."""
    with SandboxThread(SandboxOptions(auto_approve=True, rate_limits=NO_RATE_LIMITS)) as box:
        sdk = SDK(CONFIDENTIAL_CLIENT_ID, CONFIDENTIAL_CLIENT_SECRET, box.server_url)
        platform = sdk.platform()
        # Its login_url() raises NameError, so the address is made here.
        address = httpx.URL(
            f"{box.server_url}/restapi/oauth/authorize",
            params={
                "response_type": "code",
                "client_id": CONFIDENTIAL_CLIENT_ID,
                "redirect_uri": REDIRECT,
            },
        )
        location = httpx.get(address, trust_env=False).headers["Location"]
        code = parse_qs(urlsplit(location).query)["code"][0]
        platform.login(code=code, redirect_uri=REDIRECT)
        assert platform.logged_in()
        numbers = platform.get(f"{ACCOUNT}/extension/~/phone-number").json_dict()
        assert any("A2PSmsSender" in number["features"] for number in numbers["records"])

        received: asyncio.Queue[list[Any]] = asyncio.Queue()
        created: asyncio.Queue[Any] = asyncio.Queue()
        connected = asyncio.Event()
        client = sdk.create_web_socket_client()
        client.on(WebSocketEvents.connectionCreated, lambda _: connected.set())
        client.on(WebSocketEvents.subscriptionCreated, created.put_nowait)
        client.on(WebSocketEvents.receiveSubscriptionNotification, received.put_nowait)
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(_connect(client))
            await connected.wait()
            details = json.loads(client.get_connection_info()["connection_details"])
            assert details[0]["type"] == "ConnectionDetails"
            await client.create_subscription([INBOUND, OPT_OUTS, BATCHES])
            subscription = await created.get()
            made = subscription.get_subscription_info()
            assert made[0]["headers"]["WSG-SubscriptionId"] == made[1]["id"]

            box.call(lambda running: running.world.opt_out(CUSTOMER))
            bodies = [(await received.get())[1]["body"] for _ in range(2)]
            assert [body.get("text", body.get("active")) for body in bodies] == ["STOP", True]

            await client.update_subscription(subscription, [OPT_OUTS])
            await created.get()
            box.call(lambda running: running.world.opt_in(CUSTOMER))
            assert (await received.get())[1]["body"]["active"] is False

            platform.refresh()
            platform.get(f"{ACCOUNT}/extension/~")
            await client.remove_subscription(subscription)
            await client.close_connection()
        platform.logout()
        assert box.call(lambda running: len(running.oauth.live_sessions())) == 0
