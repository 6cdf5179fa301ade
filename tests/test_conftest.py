"""The promises of ``conftest.py``, kept: they guard every other test."""

import asyncio
import os
import socket
from pathlib import Path

import httpx
import pytest

from tests import conftest


def test_the_home_is_not_the_users() -> None:
    homes = {os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")}
    assert all("textbell-" in home for home in homes)
    assert Path.home() == Path(os.environ["HOME"])


def test_a_connection_out_of_the_machine_is_refused_and_noticed() -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="unreachable"):
        sock.connect(("1.1.1.1", 443))
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("platform.ringcentral.com", 443)
    assert conftest._forbidden == ["connection to 1.1.1.1", "look-up of platform.ringcentral.com"]
    conftest._forbidden.clear()


async def test_names_that_exist_nowhere_may_be_asked_for() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.invalid/")
        with pytest.raises(httpx.ConnectError):
            await client.get("http://192.0.2.1/")
    assert conftest._forbidden == []


async def test_loopback_is_open() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()


async def test_plain_tests_run_on_plain_asyncio() -> None:
    assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")


@pytest.mark.asyncio(loop_factories=["qt"])
async def test_one_test_may_choose_the_qt_loop(until: conftest.Until) -> None:
    loop = asyncio.get_running_loop()
    assert type(loop).__module__.startswith("qasync")
    seen: list[int] = []
    loop.call_later(0.01, seen.append, 1)
    await until(lambda: seen)
    assert await asyncio.to_thread(lambda: 7) == 7


async def test_until_gives_up(until: conftest.Until) -> None:
    with pytest.raises(pytest.fail.Exception, match="not so within"):
        await until(lambda: False, timeout=0.03)
