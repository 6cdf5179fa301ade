"""Connections to the gateway that are never made."""

import asyncio
import json
import socket
from http import HTTPStatus
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Response

from app.domain.problems import PermissionMissing, RateHeld, SignInNeeded, Unreachable
from app.transport import gateway_link
from app.transport.gateway_link import EndReason, LinkEnd
from tests.transport.gateway import Caller, gateway, introduce
from tests.transport.servers import listening


def http(status: int, body: Any = None, **headers: str) -> Response:
    payload = json.dumps(body).encode() if body is not None else b""
    fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    fields["Content-Length"] = str(len(payload))
    return Response(status, HTTPStatus(status).phrase, fields, payload)


class TestNotConnected:
    @pytest.mark.parametrize(
        ("response", "spent", "problem"),
        [
            (http(401, {"errorCode": "OAU-129"}), True, SignInNeeded),
            (http(403), True, PermissionMissing),
            (http(429, Retry_After="17"), False, RateHeld),
            (http(503), False, Exception),
            (http(404), True, Exception),
        ],
    )
    async def test_refused_before_the_upgrade(self, response: Response, spent: bool, problem: type) -> None:
        async with gateway(introduce, refusal=response) as peer:
            end = await Caller().run(peer.uri)
        assert end.reason is EndReason.REJECTED
        assert end.spent is spent
        assert isinstance(end.problem, problem)
        assert end.verdict is not None
        assert end.verdict.status == response.status_code
        if response.status_code == 429:
            assert end.verdict.retry_after == 17.0

    async def test_nothing_answers(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        end = await Caller().run(f"ws://127.0.0.1:{port}/ws?access_token=SECRET")
        assert (end.reason, end.spent) == (EndReason.UNREACHABLE, False)
        assert isinstance(end.problem, Unreachable)
        assert str(end.problem).startswith(f"Nothing answers at 127.0.0.1:{port}.")

    async def test_unknown_host(self) -> None:
        end = await Caller().run("wss://no-such-host.invalid/ws?access_token=SECRET")
        assert (end.reason, end.spent) == (EndReason.UNREACHABLE, False)
        assert str(end.problem).startswith("Textbell can't find the server no-such-host.invalid.")

    async def test_a_certificate_nobody_trusts(self) -> None:
        async with gateway(introduce, tls=True) as peer:
            end = await Caller().run(peer.uri)
        assert (end.reason, end.spent) == (EndReason.UNREACHABLE, False)
        assert str(end.problem).startswith("The certificate of 127.0.0.1 is not trusted: ")

    @pytest.mark.parametrize(
        "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-x\r\n"]
    )
    async def test_somebody_else_answers(self, answer: bytes) -> None:
        async def serve_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

        async with listening(serve_answer) as port:
            end = await Caller().run(f"ws://127.0.0.1:{port}/ws?access_token=SECRET")
        assert end.reason in (EndReason.UNREACHABLE, EndReason.REJECTED)
        assert end.spent, "nobody knows what became of the token"
        assert "SECRET" not in str(end.problem)

    async def test_an_address_that_is_none(self) -> None:
        end = await Caller().run("carrier-pigeon://roof")
        assert end.reason is EndReason.UNREACHABLE
        assert isinstance(end.problem, Unreachable)

    async def test_a_proxy_that_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()

        async with listening(refuse) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            end = await Caller().run("wss://ws.test/ws?access_token=SECRET")
        assert (end.reason, end.spent) == (EndReason.UNREACHABLE, False)
        assert "proxy" in str(end.problem)


class TestGivenUp:
    """Attempts that are ended while they are under way."""

    async def _mute(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def test_asked_to_finish(self) -> None:
        async with listening(self._mute) as port:
            caller = Caller()
            async with asyncio.TaskGroup() as group:
                running = group.create_task(caller.run(f"ws://127.0.0.1:{port}/ws?access_token=SECRET"))
                await asyncio.sleep(0.05)
                caller.link.finish()
            assert running.result() == LinkEnd(EndReason.FINISHED), "nobody knows what became of the token"

    async def test_the_network_changed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with listening(self._mute) as port:
            caller = Caller()
            async with asyncio.TaskGroup() as group:
                running = group.create_task(caller.run(f"ws://127.0.0.1:{port}/ws?access_token=SECRET"))
                await asyncio.sleep(0.05)
                caller.link.doubt(5)
                await asyncio.sleep(0.05)
                assert not running.done(), "a young attempt goes on"
                monkeypatch.setattr(gateway_link, "_STUCK", 0.01)
                caller.link.doubt(5)
            assert running.result().reason is EndReason.FINISHED

    @pytest.mark.parametrize("moment", [0, 1, 2, 3, 5, 8, 13, 21])
    async def test_cancelled_at_any_moment(self, moment: int) -> None:
        async with gateway(introduce) as peer:
            caller = Caller()
            running = asyncio.get_running_loop().create_task(caller.run(peer.uri))
            for _ in range(moment):
                await asyncio.sleep(0.001)
            running.cancel()
            await asyncio.wait({running})
            assert running.cancelled()
