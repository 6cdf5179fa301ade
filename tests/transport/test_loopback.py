"""The end of the sign-in on this computer. Real sockets."""

import asyncio
import socket
from contextlib import closing, suppress

import httpx
import pytest

from app.domain.problems import SignInFailed
from app.transport.loopback import LoopbackReceiver

STATE = "the-right-state"


async def visit(uri: str, **query: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as browser:
        return await browser.get(uri, params=query)


async def raw(receiver: LoopbackReceiver, request: bytes, *, end: bool = False) -> bytes:
    """Say these bytes and return all that is answered."""
    port = int(receiver.redirect_uri.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.replace(b"PORT", str(port).encode()))
        if end:
            writer.write_eof()
        return await reader.read()
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


class TestPorts:
    async def test_the_first_free_one(self, taken: socket.socket) -> None:
        with closing(taken):
            busy = taken.getsockname()[1]
            async with LoopbackReceiver((busy, 0), STATE) as receiver:
                assert receiver.redirect_uri.startswith("http://127.0.0.1:")
                assert receiver.redirect_uri.endswith("/oauth/callback")
                assert f":{busy}/" not in receiver.redirect_uri

    async def test_all_busy(self, taken: socket.socket) -> None:
        with closing(taken):
            busy = taken.getsockname()[1]
            with pytest.raises(SignInFailed, match=f"ports {busy}, {busy} of this computer"):
                async with LoopbackReceiver((busy, busy), STATE):
                    pytest.fail("no port was free")

    async def test_only_on_loopback_and_free_again_afterwards(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            port = int(receiver.redirect_uri.split(":")[2].split("/")[0])
            assert receiver._server is not None
            assert receiver._server.sockets[0].getsockname()[0] == "127.0.0.1"
        async with LoopbackReceiver((port,), STATE) as again:
            assert again.redirect_uri == receiver.redirect_uri


class TestCallback:
    async def test_the_code_is_handed_over_and_the_page_shown(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver, asyncio.TaskGroup() as group:
            waiting = group.create_task(receiver.wait())
            page = await visit(receiver.redirect_uri, code="c+/=", state=STATE, expires_in="60")
        assert waiting.result() == "c+/="
        assert page.status_code == 200
        assert "You can close this window" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["content-security-policy"].startswith("default-src 'none';")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "<script" not in page.text

    async def test_it_may_come_before_anybody_waits(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            await visit(receiver.redirect_uri, code="c", state=STATE)
            assert await receiver.wait() == "c"

    async def test_only_once(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            assert (await visit(receiver.redirect_uri, code="first", state=STATE)).status_code == 200
            assert (await visit(receiver.redirect_uri, code="second", state=STATE)).status_code == 410
            assert await receiver.wait() == "first"

    @pytest.mark.parametrize(
        "query",
        [
            {"code": "c"},
            {"code": "c", "state": ""},
            {"code": "c", "state": "the-wrong-state"},
            {"code": "c", "state": "ünïcode"},
            {"error": "access_denied"},
            {"state": STATE},
            {"state": STATE, "code": ""},
        ],
    )
    async def test_others_are_refused_and_waiting_goes_on(self, query: dict[str, str]) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            page = await visit(receiver.redirect_uri, **query)
            assert page.status_code == 400
            assert "the-right-state" not in page.text
            assert "the-wrong-state" not in page.text
            await visit(receiver.redirect_uri, code="c", state=STATE)
            assert await receiver.wait() == "c"

    @pytest.mark.parametrize("path", ["/", "/favicon.ico", "/oauth/callback/", "/oauth", "/oauth/callbackx"])
    async def test_other_addresses(self, path: str) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            uri = receiver.redirect_uri.replace("/oauth/callback", path)
            assert (await visit(uri, code="c", state=STATE)).status_code == 404
            await visit(receiver.redirect_uri, code="c", state=STATE)
            assert await receiver.wait() == "c"

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            ("access_denied", "cancelled in the browser"),
            ("server_error", r"refused the sign-in.*\[server_error\]"),
            ("<b>odd</b>", "ask your administrator.$"),
        ],
    )
    async def test_refused_in_the_browser(self, error: str, sentence: str) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            page = await visit(receiver.redirect_uri, error=error, state=STATE)
            assert page.status_code == 200
            assert "You can close this window" in page.text
            assert error not in page.text
            with pytest.raises(SignInFailed, match=sentence):
                await receiver.wait()

    async def test_refused_and_nobody_waits(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            await visit(receiver.redirect_uri, error="access_denied", state=STATE)


HOST = b"\r\nHost: 127.0.0.1:PORT\r\n\r\n"


class TestHostileVisitors:
    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"GET /oauth/callback?code=c&state=the-right-state HTTP/1.1\r\nHost: evil.test\r\n\r\n", b"400"),
            (b"GET /oauth/callback?code=c&state=the-right-state HTTP/1.1\r\n\r\n", b"400"),
            (b"POST /oauth/callback?code=c&state=the-right-state HTTP/1.1" + HOST, b"405"),
            (b"GET /oauth/callback?code=a&code=b&state=the-right-state HTTP/1.1" + HOST, b"400"),
            (b"GET /oauth/callback?code=a&state=the-right-state&state=x HTTP/1.1" + HOST, b"400"),
            (b"GET /oauth/callback?" + b"a=1&" * 100 + b" HTTP/1.1" + HOST, b"400"),
            (b"GET http://[ HTTP/1.1" + HOST, b"400"),
            (b"GET /oauth/callback" + HOST, b"400"),
            (b"\x16\x03\x01 not http at all\r\n\r\n", b"400"),
            (b"GET /" + b"x" * 40000 + b" HTTP/1.1" + HOST, b"431"),
        ],
    )
    async def test_refused(self, request_: bytes, status: bytes) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            answer = await raw(receiver, request_)
            assert answer.startswith(b"HTTP/1.1 " + status)
            assert (await visit(receiver.redirect_uri, code="c", state=STATE)).status_code == 200
            assert await receiver.wait() == "c"

    async def test_connections_that_say_nothing(self) -> None:
        """Browsers open some ahead of time."""
        async with LoopbackReceiver((0,), STATE) as receiver:
            assert await raw(receiver, b"GET /oa", end=True) == b""
            assert await raw(receiver, b"", end=True) == b""
            port = int(receiver.redirect_uri.split(":")[2].split("/")[0])
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
            await visit(receiver.redirect_uri, code="c", state=STATE)
            assert await receiver.wait() == "c"
        for reader, writer in idle:
            with suppress(ConnectionResetError):
                assert await reader.read() == b"", "closed with the receiver"
            await hang_up(writer)


class TestWaiting:
    async def test_not_finished_in_time(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver:
            with pytest.raises(SignInFailed, match="not finished within a minute"):
                await receiver.wait(timeout=0.01)
            await visit(receiver.redirect_uri, code="late", state=STATE)
            assert await receiver.wait() == "late", "waiting again is possible"

    async def test_cancelled(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver, asyncio.TaskGroup() as group:
            waiting = group.create_task(receiver.wait())
            await asyncio.sleep(0)
            waiting.cancel()
        assert waiting.cancelled()

    @pytest.mark.asyncio(loop_factories=["qt"])
    async def test_on_the_loop_of_the_windows(self) -> None:
        async with LoopbackReceiver((0,), STATE) as receiver, asyncio.TaskGroup() as group:
            waiting = group.create_task(receiver.wait())
            await visit(receiver.redirect_uri, code="c", state=STATE)
        assert waiting.result() == "c"
