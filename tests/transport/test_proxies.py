"""Which proxy leads where, and tunnels that come to nothing."""

import asyncio
import socket

import pytest

from app.domain.problems import Unreachable
from app.transport import proxies
from app.transport.http import new_client, translate_errors
from app.transport.proxies import ProxyRefused, ProxyUnreachable, open_tunnel, proxy_for
from tests.transport.gateway import Caller
from tests.transport.proxy import proxy
from tests.transport.servers import listening

SERVICE = "https://rc.test/restapi"


@pytest.mark.parametrize(
    ("environment", "url", "found"),
    [
        ({}, SERVICE, None),
        ({"HTTPS_PROXY": "http://p.test:3128"}, SERVICE, "http://p.test:3128"),
        ({"HTTPS_PROXY": "http://p.test:3128"}, "wss://ws.test/ws", "http://p.test:3128"),
        ({"https_proxy": "p.test:3128"}, SERVICE, "http://p.test:3128"),
        ({"HTTPS_PROXY": "http://p.test:3128"}, "http://rc.test", None),
        ({"http_proxy": "http://p.test:1"}, "http://rc.test", "http://p.test:1"),
        ({"http_proxy": "http://p.test:1"}, "ws://rc.test", "http://p.test:1"),
        ({"http_proxy": "http://p.test:1"}, SERVICE, None),
        ({"ALL_PROXY": "http://p.test:1"}, SERVICE, "http://p.test:1"),
        ({"ALL_PROXY": "http://p.test:1", "HTTPS_PROXY": "http://q.test"}, SERVICE, "http://q.test"),
        ({"ALL_PROXY": "http://p.test:1", "NO_PROXY": "rc.test"}, SERVICE, None),
        ({"ALL_PROXY": "http://p.test:1", "no_proxy": ".test"}, SERVICE, None),
        ({"ALL_PROXY": "http://p.test:1", "NO_PROXY": "*"}, SERVICE, None),
        ({"ALL_PROXY": "http://p.test:1", "NO_PROXY": "other.test"}, SERVICE, "http://p.test:1"),
        ({"ALL_PROXY": "http://p.test:1", "NO_PROXY": "rc.test:8443"}, SERVICE, "http://p.test:1"),
        ({"ALL_PROXY": "http://p.test:1"}, "https://127.0.0.1:8080", None),
        ({"ALL_PROXY": "http://p.test:1"}, "ws://localhost:8080", None),
        ({"HTTPS_PROXY": "https://p.test"}, SERVICE, "https://p.test"),
        ({"ALL_PROXY": "http://p.test:1"}, "no address", None),
    ],
)
def test_the_way(
    environment: dict[str, str], url: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == found


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("socks5://p.test:1080", "SOCKS"),
        ("carrier-pigeon://roof", "HTTPS_PROXY"),
        ("http://p.test:port", "HTTPS_PROXY"),
        ("http://[half", "HTTPS_PROXY"),
        ("http://", "HTTPS_PROXY"),
    ],
)
async def test_one_that_cannot_be_used(value: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(Unreachable, match=word):
        proxy_for(SERVICE)
    async with new_client("https://rc.test") as client:
        with pytest.raises(Unreachable, match=word):
            await client.get("/x")
    end = await Caller().run("wss://ws.test/ws?access_token=SECRET")
    assert word in str(end.problem)
    assert not end.spent


def test_the_systems_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows' registry and macOS' configuration are told by the library."""
    monkeypatch.setattr(proxies, "getproxies", lambda: {"https": "http://office.test:8080", "socks": "s"})
    assert proxy_for(SERVICE) == "http://office.test:8080"
    monkeypatch.setattr(proxies, "getproxies", lambda: {"socks": "office.test:1080"})
    with pytest.raises(Unreachable, match="SOCKS"):
        proxy_for(SERVICE)
    monkeypatch.setattr(proxies, "getproxies", lambda: {"https": "http://office.test:8080"})
    monkeypatch.setattr(proxies, "proxy_bypass", lambda host: host == "rc.test:443")
    assert proxy_for(SERVICE) is None
    assert proxy_for("https://ws.test") is not None


class TestTunnel:
    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            (b"HTTP/1.1 403 Forbidden\r\n\r\n", 403),
            (b"HTTP/1.1 407 Auth\r\nX: y\r\n\r\n", 407),
            (b"HTTP/1.0 502 Bad gateway", 502),
            (b"", 0),
            (b"SSH-2.0-x\r\n\r\n", 0),
            (b"HTTP/1.1 yes\r\n\r\n", 0),
            (b"HTTP/1.1\r\n\r\n", 0),
            (b"x" * 100_000, 0),
        ],
    )
    async def test_refused(self, answer: bytes, status: int) -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

        async with listening(refuse) as port:
            with pytest.raises(ProxyRefused) as refused:
                await open_tunnel(f"http://127.0.0.1:{port}", "rc.test", 443, "Textbell")
        assert refused.value.status == status

    async def test_an_answer_in_pieces(self) -> None:
        async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readuntil(b"\r\n\r\n")
            assert request.startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n")
            for piece in (b"HTTP/1.1 2", b"00 OK\r\nVia", b": office\r\n\r", b"\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            writer.write(b"there")
            await writer.drain()

        async with listening(slowly) as port:
            sock = await open_tunnel(f"http://127.0.0.1:{port}", "2001:db8::1", 443, "Textbell")
            assert await asyncio.get_running_loop().sock_recv(sock, 100) == b"there"
            sock.close()

    @pytest.mark.parametrize("host", ["127.0.0.1", "nobody.invalid"])
    async def test_nobody_there(self, host: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            with pytest.raises(ProxyUnreachable, match=f"{host}:{port}"):
                await open_tunnel(f"http://x:y@{host}:{port}", "rc.test", 443, "Textbell")

    async def test_cancelled(self) -> None:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with listening(mute) as port:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await open_tunnel(f"http://127.0.0.1:{port}", "rc.test", 443, "Textbell")


async def test_a_plain_address_that_a_proxy_wants_a_password_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy(leads_to=9) as office:
        office.wants = "name:password"
        monkeypatch.setenv("HTTP_PROXY", office.url)
        async with new_client("http://rc.test") as client:
            with pytest.raises(Unreachable, match="user name and a password"), translate_errors():
                await client.get("/restapi")
        assert office.asked == ["GET http://rc.test/restapi HTTP/1.1"]


async def test_a_proxy_that_breaks_the_tunnel_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def give_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()

    async with listening(give_up) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        async with new_client("https://rc.test") as client:
            with pytest.raises(Unreachable), translate_errors():
                await client.get("/restapi")
        end = await Caller().run("wss://ws.test/ws?access_token=SECRET")
        assert end.problem is not None
        assert "SECRET" not in str(end.problem)
