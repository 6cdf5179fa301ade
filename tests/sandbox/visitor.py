"""A plain client of the service, written against its description and nothing of ours."""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.sandbox import Sandbox
from tests.sandbox.description import check

REDIRECT = "http://127.0.0.1:53682/oauth/callback"
ACCOUNT = "/restapi/v1.0/account/~"
A2P = f"{ACCOUNT}/a2p-sms"
CONSENTS = "/restapi/v2/accounts/~/sms/consents"
OPT_OUTS = f"{A2P}/opt-outs"
INBOUND = f"{A2P}/messages?direction=Inbound"
OUTBOUND = f"{A2P}/messages?direction=Outbound"
BATCHES = f"{A2P}/batches"


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Link:
    """A connection to the gateway."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.details: dict[str, Any] = {}
        self.wsc = ""
        self.subscription: dict[str, Any] = {}

    async def frame(self) -> list[Any]:
        """The next frame, parsed."""
        frame: list[Any] = json.loads(await self.socket.recv())
        return frame

    async def body(self) -> dict[str, Any]:
        """The envelope of the next frame, which must be a notification."""
        meta, envelope = await self.frame()
        assert meta["type"] == "ServerNotification"
        assert meta["messageId"] == envelope["uuid"]
        found: dict[str, Any] = envelope
        return found

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[dict[str, Any], Any]:
        """Send a request and return meta and body of its answer; other frames before it are dropped."""
        message_id = secrets.token_hex(4)
        meta = {"type": "ClientRequest", "messageId": message_id, "method": method, "path": path}
        await self.socket.send(json.dumps([meta] if body is None else [meta, body]))
        while True:
            frame = await self.frame()
            if frame[0]["messageId"] == message_id:
                return frame[0], frame[1] if len(frame) > 1 else None

    async def subscribe(self, *filters: str) -> dict[str, Any]:
        body = {"eventFilters": list(filters), "deliveryMode": {"transportType": "WebSocket"}}
        meta, answer = await self.ask("POST", "/restapi/v1.0/subscription/", body)
        assert meta["status"] == 200, answer
        self.subscription = answer
        return self.subscription

    async def ending(self) -> int:
        """The code of the close frame that ends the connection, 1006 if it ends without one.

        Frames before that are dropped.
        """
        try:
            while True:
                await self.socket.recv()
        except ConnectionClosed as closed:
            return 1006 if closed.rcvd is None else closed.rcvd.code

    async def settle(self) -> list[dict[str, Any]]:
        """All notifications up to now: those before the answer to a heartbeat."""
        await self.socket.send(json.dumps([{"type": "Heartbeat", "messageId": "now"}]))
        envelopes = []
        while (frame := await self.frame())[0]["type"] != "Heartbeat":
            envelopes.append(frame[1])
        return envelopes


class Visitor:
    """An app with a user. Every answer it gets is checked against the description."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.http = httpx.AsyncClient(base_url=box.server_url, trust_env=False)
        self.tokens: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exit_reason: object) -> None:
        await self.http.aclose()

    # ---- sign-in

    async def authorize(self, challenge: str, **changes: str | None) -> httpx.Response:
        parameters = {
            "response_type": "code",
            "client_id": self.box.client_id,
            "redirect_uri": REDIRECT,
            "state": "st 1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | changes
        present = {name: value for name, value in parameters.items() if value is not None}
        response = await self.http.get("/restapi/oauth/authorize", params=present)
        if response.status_code == 200:
            decision = {**present, "decision": "sign-in"}
            response = await self.http.post("/restapi/oauth/authorize", data=decision)
        check(response)
        return response

    async def exchange(self, code: str, verifier: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.box.client_id,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": verifier,
        } | changes
        return await self.token(form)

    async def token(self, form: dict[str, str], **options: Any) -> httpx.Response:
        response = await self.http.post("/restapi/oauth/token", data=form, **options)
        check(response)
        return response

    async def refresh(self, refresh_token: str) -> httpx.Response:
        return await self.token(
            {
                "grant_type": "refresh_token",
                "client_id": self.box.client_id,
                "refresh_token": refresh_token,
            }
        )

    async def revoke(self, form: dict[str, str], **options: Any) -> httpx.Response:
        response = await self.http.post("/restapi/oauth/revoke", data=form, **options)
        check(response)
        return response

    async def sign_in(self) -> dict[str, Any]:
        verifier, challenge = pkce()
        response = await self.exchange(code_of(await self.authorize(challenge)), verifier)
        assert response.status_code == 200, response.text
        self.tokens = response.json()
        return self.tokens

    # ---- requests

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens.get('access_token', '')}"}
        headers |= options.pop("headers", {})
        response = await self.http.request(method, path, headers=headers, **options)
        check(response)
        return response

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.request("GET", path, params=params)

    async def pages(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The records of all pages of a list that is read by tokens."""
        records: list[dict[str, Any]] = []
        while True:
            page = (await self.get(path, **params)).json()
            records += page["records"]
            if "nextPageToken" not in page["paging"]:
                return records
            params["pageToken"] = page["paging"]["nextPageToken"]

    # ---- the gateway

    async def ws_token(self) -> dict[str, Any]:
        response = await self.request("POST", "/restapi/oauth/wstoken")
        assert response.status_code == 200, response.text
        token: dict[str, Any] = response.json()
        return token

    @asynccontextmanager
    async def link(self, *filters: str, wsc: str = "") -> AsyncIterator[Link]:
        """A connection, past its ConnectionDetails, subscribed to the filters if there are any."""
        token = await self.ws_token()
        address = f"{token['uri']}?access_token={token['ws_access_token']}"
        async with connect(address + (f"&wsc={wsc}" if wsc else ""), proxy=None) as socket:
            link = Link(socket)
            meta, link.details = await link.frame()
            assert meta["type"] == "ConnectionDetails"
            link.wsc = meta["wsc"]["token"]
            if filters:
                await link.subscribe(*filters)
            yield link


def code_of(response: httpx.Response) -> str:
    """The authorization code in a redirect."""
    assert response.status_code == 302, response.text
    location = response.headers["Location"]
    assert location.startswith(REDIRECT + "?")
    query = parse_qs(urlsplit(location).query)
    assert query["state"] == ["st 1"]
    assert int(query["expires_in"][0]) > 0
    return query["code"][0]
