"""The least that holds a connection to the gateway: imports websockets, subscribes, and says what comes."""

import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import connect

_A2P = "/restapi/v1.0/account/~/a2p-sms"


def _filters(number: str) -> list[str]:
    return [
        f"{_A2P}/batches?from={number}",
        f"{_A2P}/messages?direction=Inbound&to={number}",
        f"{_A2P}/messages?direction=Outbound&from={number}",
        f"{_A2P}/opt-outs?from={number}",
    ]


async def notifications(uri: str, number: str) -> AsyncIterator[dict[str, Any]]:
    """The notifications of one number, each with the service's ``event`` and ``body``."""
    async with connect(uri, proxy=None, compression=None) as socket:
        await socket.recv()
        meta = {
            "type": "ClientRequest",
            "messageId": "subscribe",
            "method": "POST",
            "path": "/restapi/v1.0/subscription/",
        }
        body = {"eventFilters": _filters(number), "deliveryMode": {"transportType": "WebSocket"}}
        await socket.send(json.dumps([meta, body]))
        async for text in socket:
            frame = json.loads(text)
            if frame[0]["type"] == "ServerNotification":
                yield frame[1]
