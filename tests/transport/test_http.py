"""What goes wrong on the way to the service, in plain words. Real sockets, where there is one."""

import asyncio
import errno
import itertools
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app import __version__
from app.domain.problems import Unreachable
from app.transport.http import is_loopback, new_client, tls_context, translate_errors, unreachable
from tests.transport.servers import listening

CERTIFICATE = Path(__file__).parents[1] / "data" / "tls" / "loopback.pem"


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
async def secure_server() -> AsyncIterator[int]:
    """A TLS server on loopback whose certificate nobody has heard of."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()

    async with listening(answer, tls=server_tls()) as port:
        yield port


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def problem_at(url: str) -> str:
    async with new_client(url) as client:
        with pytest.raises(Unreachable) as raised, translate_errors(url):
            await client.get("/restapi?secret=1")
    sentence = str(raised.value)
    assert raised.value.__cause__ is not None
    assert "secret" not in sentence
    assert "/restapi" not in sentence
    return sentence


class TestRealSockets:
    async def test_nothing_answers(self, free_port: int) -> None:
        sentence = await problem_at(f"http://127.0.0.1:{free_port}")
        assert sentence.startswith(f"Nothing answers at 127.0.0.1:{free_port}. Check ")
        assert "Settings" in sentence

    async def test_unknown_host(self) -> None:
        sentence = await problem_at("https://no-such-host.invalid")
        assert sentence.startswith("Textbell can't find the server no-such-host.invalid. Check the internet")

    async def test_a_certificate_nobody_trusts(self, secure_server: int) -> None:
        sentence = await problem_at(f"https://127.0.0.1:{secure_server}")
        assert sentence.startswith("The certificate of 127.0.0.1 is not trusted: ")
        assert "will not connect" in sentence

    async def test_a_certificate_the_system_trusts(
        self, secure_server: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not ssl.get_default_verify_paths().openssl_cafile_env:
            pytest.skip("this system's own store decides")
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        async with new_client(f"https://127.0.0.1:{secure_server}") as client:
            assert (await client.get("/x")).json() == {}

    async def test_a_server_that_speaks_no_tls(self, free_port: int) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read(100)

        async with listening(answer, free_port):
            sentence = await problem_at(f"https://127.0.0.1:{free_port}")
        assert sentence.startswith(f"127.0.0.1:{free_port} does not offer a secure connection.")

    async def test_a_connection_that_breaks_off(self, free_port: int) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")

        async with listening(answer, free_port):
            sentence = await problem_at(f"http://127.0.0.1:{free_port}")
        assert sentence.startswith("The connection to 127.0.0.1 broke off.")

    async def test_a_server_that_says_nothing(self, free_port: int) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        url = f"http://127.0.0.1:{free_port}"
        async with listening(answer, free_port), new_client(url) as client:
            client.timeout = httpx.Timeout(0.05)
            with pytest.raises(Unreachable, match="did not answer in time"), translate_errors(url):
                await client.get("/")

    async def test_no_way_there(self) -> None:
        assert (await problem_at("http://192.0.2.1")).startswith("There is no way to 192.0.2.1 from here.")


class TestTheClient:
    async def test_what_it_says_of_itself(self) -> None:
        async with new_client("https://rc.test") as client:
            assert client.headers["user-agent"] == f"Textbell/{__version__}"
            assert str(client.base_url) == "https://rc.test"
            assert not client.follow_redirects
            assert client.timeout.connect is not None

    async def test_its_library_logs_no_addresses(self) -> None:
        async with new_client("http://127.0.0.1"):
            assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
            assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.DEBUG)

    async def test_a_proxy_of_the_environment_is_used(
        self, free_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()

        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port}")
        async with listening(answer, free_port):
            sentence = await problem_at("https://rc.test")
        assert asked[0].startswith(b"CONNECT rc.test:443")
        assert sentence.startswith("The proxy of this network does not let Textbell through")

    async def test_but_not_for_this_computer_itself(
        self, secure_server: int, free_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port}")
        assert "certificate" in await problem_at(f"https://127.0.0.1:{secure_server}")

    def test_certificates_are_checked(self) -> None:
        context = tls_context()
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080/x", True),
        ("http://127.9.9.9", True),
        ("ws://localhost:1", True),
        ("http://[::1]:8080", True),
        ("https://platform.ringcentral.com", False),
        ("https://localhost.example", False),
        ("", False),
    ],
)
def test_is_loopback(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def chained(*errors: Exception) -> Exception:
    """The last of these, each raised from the one before."""
    for cause, error in itertools.pairwise(errors):
        error.__cause__ = cause
    return errors[-1]


@pytest.mark.parametrize(
    ("error", "url", "sentence"),
    [
        (
            socket.gaierror(8, "x"),
            "wss://ws.test/ws?access_token=S",
            "Textbell can't find the server ws.test.",
        ),
        (ConnectionRefusedError(), "wss://ws.test/ws", "Nothing answers at ws.test:443."),
        (ConnectionRefusedError(), "ws://ws.test", "Nothing answers at ws.test:80."),
        (ConnectionRefusedError(), "http://[::1]:8", "Nothing answers at [::1]:8."),
        (ConnectionRefusedError(), "http://ws.test:x", "Nothing answers at the server."),
        (TimeoutError(), "wss://ws.test", "ws.test did not answer in time."),
        (httpx.ConnectTimeout("x"), "", "the server did not answer in time."),
        (httpx.UnsupportedProtocol("x"), "gopher://x", "“x:80” is not an address"),
        (httpx.InvalidURL("x"), "http://x", "“x:80” is not an address"),
        (OSError(errno.EHOSTUNREACH, "x"), "https://rc.test", "There is no way to rc.test from here."),
        (OSError(errno.EIO, "x"), "https://rc.test", "The connection to rc.test broke off."),
        (httpx.ProxyError("x"), "https://rc.test", "The proxy of this network does not let Textbell through"),
        (
            ExceptionGroup("all failed", [OSError(errno.EIO, "x"), ConnectionRefusedError()]),
            "http://rc.test",
            "Nothing answers at rc.test:80.",
        ),
        (
            chained(socket.gaierror(8, "x"), OSError("wrapped"), httpx.ConnectError("wrapped again")),
            "https://rc.test",
            "Textbell can't find the server rc.test.",
        ),
    ],
)
def test_sentences(error: Exception, url: str, sentence: str) -> None:
    found = str(unreachable(error, url))
    assert found.lower().startswith(sentence.lower())
    assert "access_token" not in found


async def test_an_address_that_is_none() -> None:
    async with httpx.AsyncClient() as client:
        for url in ("http://\0/", "no-scheme", "gopher://x"):
            with pytest.raises(Unreachable, match="is not an address"), translate_errors(url):
                await client.get(url)


def test_an_error_that_names_no_address() -> None:
    with pytest.raises(Unreachable, match=r"to rc\.test broke off"), translate_errors("https://rc.test"):
        raise httpx.ReadError("x")
