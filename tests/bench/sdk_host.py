"""RingCentral's Python SDK, and a program around it.

``python -m tests.bench.sdk_host FILE SERVER REDIRECT RATE ORIGIN WALL HELP`` writes the ``uuid`` of every
notification that the SDK passes on to FILE, a line each. With ``HELP`` 0 the host does what the SDK's example
does: connect, subscribe, and no more. With 1 it does what a careful programmer adds: when the connection
ends it makes a new one and subscribes again, after a delay that grows while that fails; a token that is
refused is refreshed, and if that fails, too, it signs in again.
"""

import asyncio
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from app.sandbox import CONFIDENTIAL_CLIENT_ID, CONFIDENTIAL_CLIENT_SECRET
from tests.chaos.lapse import Lapse
from tests.chaos.scenario import FOLLOWED
from tests.sandbox.visitor import BATCHES, INBOUND, OPT_OUTS, OUTBOUND

FIRST_DELAY, LONGEST_DELAY = 2.0, 30.0
"""Seconds until the next attempt to connect."""


def _filters() -> list[str]:
    return [
        text
        for number in FOLLOWED
        for text in (
            f"{BATCHES}?from={number}",
            f"{INBOUND}&to={number}",
            f"{OUTBOUND}&from={number}",
            f"{OPT_OUTS}?from={number}",
        )
    ]


class Host:
    """A program that uses the SDK."""

    def __init__(self, path: Path, server: str, redirect: str, *, helps: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ringcentral import SDK  # type: ignore[import-untyped]
            from ringcentral.websocket.events import WebSocketEvents  # type: ignore[import-untyped]
        self._file = path.open("a", encoding="utf-8")
        self._server = server
        self._redirect = redirect
        self._helps = helps
        self._delay = FIRST_DELAY
        self._names = WebSocketEvents
        self._sdk = SDK(CONFIDENTIAL_CLIENT_ID, CONFIDENTIAL_CLIENT_SECRET, server)
        self._subscribing: set[asyncio.Task[Any]] = set()

    def sign_in(self) -> None:
        """Its ``login_url()`` raises NameError, so the address is made here."""
        query = {
            "response_type": "code",
            "client_id": CONFIDENTIAL_CLIENT_ID,
            "redirect_uri": self._redirect,
        }
        page = httpx.get(f"{self._server}/restapi/oauth/authorize", params=query, trust_env=False)
        code = parse_qs(urlsplit(page.headers["Location"]).query)["code"][0]
        self._sdk.platform().login(code=code, redirect_uri=self._redirect)

    async def run(self) -> None:
        """For as long as the host keeps it up."""
        self.sign_in()
        while True:
            try:
                await self._connected()
            except Exception as error:  # noqa: BLE001 - the SDK raises whatever comes up
                _say(error)
                if self._helps and "HTTP 401" in str(error):
                    self._renew()
            if not self._helps:
                await asyncio.Event().wait()
            await asyncio.sleep(self._delay)
            self._delay = min(self._delay * 2, LONGEST_DELAY)

    async def _connected(self) -> None:
        client = self._sdk.create_web_socket_client()
        client.on(self._names.connectionCreated, lambda _: self._subscribe(client))
        client.on(self._names.receiveSubscriptionNotification, self._received)
        await client.create_new_connection()

    def _subscribe(self, client: Any) -> None:
        self._delay = FIRST_DELAY
        task = asyncio.get_running_loop().create_task(client.create_subscription(_filters()))
        self._subscribing.add(task)
        task.add_done_callback(self._subscribing.discard)

    def _received(self, message: list[Any]) -> None:
        self._file.write(f"{message[1]['uuid']}\n")
        self._file.flush()

    def _renew(self) -> None:
        try:
            self._sdk.platform().refresh()
        except Exception as error:  # noqa: BLE001 - the SDK raises whatever comes up
            _say(error)
            try:
                self.sign_in()
            except Exception as failure:  # noqa: BLE001 - here, too
                _say(failure)


def _say(error: Exception) -> None:
    print(f"{type(error).__name__}: {str(error)[:200]}", file=sys.stderr, flush=True)


def main() -> None:
    """See above."""
    path, server, redirect, rate, origin, wall, helps = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    lapse = Lapse(float(rate), float(origin), float(wall))
    with asyncio.Runner(loop_factory=lapse.loop) as runner:
        runner.run(Host(Path(path), server, redirect, helps=helps == "1").run())


if __name__ == "__main__":
    main()
