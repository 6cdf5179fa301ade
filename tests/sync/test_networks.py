"""Networks that stand in the way: proxies, sign-in pages of their own, broken certificates. Real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from app.domain.status import Reach
from app.sandbox import Sandbox
from app.sync import watch as watch_module
from app.sync.engine import Engine
from tests.sync.rig import CUSTOMER, Installation, became, browse, free_port, reached, sign_in, stored
from tests.transport.proxy import RC_TEST, Proxy, pipe, proxy, secured
from tests.transport.servers import listening

SERVICE = "https://rc.test"
SECRET = "p@ss/w#rd: ü?"


def _port(box: Sandbox) -> int:
    return int(box.server_url.rpartition(":")[2])


@asynccontextmanager
async def behind_a_proxy(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Proxy]:
    """The service is at https://rc.test, a name that only the proxy knows."""
    if not ssl.get_default_verify_paths().openssl_cafile_env:
        pytest.skip("this system's own store decides")
    monkeypatch.setenv("SSL_CERT_FILE", str(RC_TEST))
    real = box.server_url
    async with secured(_port(box)) as port, proxy(port) as found:

        async def browse_directly(url: str) -> bool:
            return await browse(url.replace(SERVICE, real))

        shop.browse = browse_directly
        shop.settings.update(server_url=SERVICE)
        monkeypatch.setattr(box, "server_url", SERVICE)
        yield found


class TestProxy:
    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
    async def test_all_goes_through_it(
        self, shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        async with behind_a_proxy(shop, box, monkeypatch) as office:
            monkeypatch.setenv(name, office.url)
            async with shop.watching() as engine:
                box.world.inbound(CUSTOMER, "through the proxy")
                await stored(engine, 1)
            assert len(office.asked) >= 2, "requests and the gateway"
            assert set(office.asked) == {"CONNECT rc.test:443 HTTP/1.1"}

    async def test_with_a_name_and_a_password(
        self, shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with behind_a_proxy(shop, box, monkeypatch) as office:
            office.wants = f"Dana Whitfield:{SECRET}"
            named = f"{quote('Dana Whitfield', safe='')}:{quote(SECRET, safe='')}@"
            monkeypatch.setenv("HTTPS_PROXY", office.url.replace("//", f"//{named}"))
            async with shop.watching() as engine:
                box.world.inbound(CUSTOMER, "let through")
                await stored(engine, 1)

    async def test_a_password_that_is_missing_is_told_and_missed_no_longer(
        self,
        shop: Installation,
        box: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        async with behind_a_proxy(shop, box, monkeypatch) as office:
            monkeypatch.setenv("HTTPS_PROXY", office.url)
            async with shop.idle() as engine:
                await sign_in(engine)
            office.wants = f"dana:{SECRET}"
            async with shop.running() as engine:
                sentence = await _sentence(engine)
                assert sentence.startswith("The proxy of this network wants a user name and a password.")
                named = f"dana:{quote(SECRET, safe='')}@"
                monkeypatch.setenv("HTTPS_PROXY", office.url.replace("//", f"//{named}"))
                await engine.check_now()
                status = await reached(engine, Reach.LIVE)
                assert status.problem is None
        assert SECRET not in caplog.text
        assert quote(SECRET, safe="") not in caplog.text

    async def test_one_that_is_gone(
        self, shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with behind_a_proxy(shop, box, monkeypatch) as office:
            monkeypatch.setenv("HTTPS_PROXY", office.url)
            async with shop.idle() as engine:
                await sign_in(engine)
            nowhere = f"127.0.0.1:{free_port()}"
            monkeypatch.setenv("HTTPS_PROXY", f"http://dana:secret@{nowhere}")
            async with shop.running() as engine:
                sentence = await _sentence(engine)
                assert sentence.startswith(f"The proxy {nowhere} of this network does not answer.")
                # Another network: its settings count at once, without a new start.
                monkeypatch.setenv("HTTPS_PROXY", office.url)
                engine.network_changed()
                await reached(engine, Reach.LIVE)

    async def test_settings_that_cannot_be_used(
        self, shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with behind_a_proxy(shop, box, monkeypatch) as office:
            monkeypatch.setenv("HTTPS_PROXY", office.url)
            async with shop.idle() as engine:
                await sign_in(engine)
            monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
            async with shop.running() as engine:
                assert "SOCKS" in await _sentence(engine)


async def _sentence(engine: Engine) -> str:
    status = await became(engine, lambda status: status.problem is not None)
    assert status.problem is not None
    return status.problem.message


class Hotel:
    """A network that answers everything itself until its guest has signed in."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.closed = False
        self.answer = (
            b"HTTP/1.1 302 Found\r\nLocation: http://portal.test/?token=1\r\nContent-Length: 0\r\n\r\n"
        )
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.closed:
            await pipe(reader, writer, self._port)
            return
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        writer.write(self.answer)
        await writer.drain()


PAGE = b"<html><title>Welcome to our hotel</title>"
HEAD = b"Content-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://portal.test/?x=1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + HEAD,
        b"HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"
        % (len(PAGE), PAGE),
    ],
)
@pytest.mark.parametrize("expired", [False, True])
async def test_a_network_that_wants_a_sign_in_of_its_own(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: bytes, expired: bool
) -> None:
    monkeypatch.setattr(watch_module, "PORTAL_DELAY", 0.3)
    hotel = Hotel(_port(box))
    hotel.answer = answer
    real = box.server_url
    async with listening(hotel.serve) as port:
        front = f"http://127.0.0.1:{port}"
        monkeypatch.setattr(box, "server_url", front)
        shop.settings.update(server_url=front)
        shop.browse = lambda url: browse(url.replace(front, real))
        async with shop.watching() as engine:
            hotel.closed = True
            box.gateway.drop(close_frame=False)
            if expired:
                box.oauth.expire_access_tokens()
            sentence = await _sentence(engine)
            assert sentence.startswith("This network wants you to sign in first")
            assert engine.status.reach is Reach.RECONNECTING
            box.world.inbound(CUSTOMER, "meanwhile")
            hotel.closed = False
            status = await reached(engine, Reach.LIVE)  # by itself, soon
            assert status.problem is None
            await stored(engine, 1)
            assert engine.signed_in
    assert len(box.oauth.live_sessions()) == 1


async def test_a_network_that_intercepts_tls(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_a_proxy(shop, box, monkeypatch) as office:
        monkeypatch.setenv("HTTPS_PROXY", office.url)
        async with shop.idle() as engine:
            await sign_in(engine)
        monkeypatch.delenv("SSL_CERT_FILE")
        async with shop.running() as engine:
            sentence = await _sentence(engine)
            assert sentence.startswith("The certificate of rc.test is not trusted")
            assert "sign-in page" in sentence
            assert engine.signed_in
