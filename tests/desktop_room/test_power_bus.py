"""What logind and NetworkManager say, on a system bus of the test's own with services that pretend."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.desktop import power
from app.desktop.buses import leave
from app.desktop.power import PowerHooks, WakeWatch
from tests.conftest import Until

pytestmark = [
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs a message bus"),
    pytest.mark.asyncio(loop_factories=["asyncio"]),
]

LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
NETWORK = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")


@pytest.fixture
def bus_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        daemon.terminate()


class Services:
    """logind and NetworkManager, as far as anybody listens to them."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus

    async def prepare_for_sleep(self, start: bool) -> None:
        await self._emit(LOGIND[1], LOGIND[2], "PrepareForSleep", "b", [start])

    async def state(self, state: int) -> None:
        await self._emit(NETWORK[1], NETWORK[0], "StateChanged", "u", [state])

    async def primary_connection(self, path: str) -> None:
        from dbus_fast import Variant

        changed = {"PrimaryConnection": Variant("o", path)}
        await self.properties(changed)

    async def properties(self, changed: dict[str, Any]) -> None:
        body = [NETWORK[0], changed, []]
        await self._emit(NETWORK[1], "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", body)

    async def _emit(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        from dbus_fast import Message

        await self._bus.send(Message.new_signal(path, interface, member, signature, body))


@asynccontextmanager
async def listened_to(address: str) -> AsyncIterator[tuple[Services, list[str]]]:
    from dbus_fast.aio import MessageBus

    heard: list[str] = []
    hooks = PowerHooks(*(lambda word=word: heard.append(word) for word in ("sleeping", "woke", "network")))
    watch = WakeWatch(hooks)
    bus = await MessageBus(bus_address=address).connect()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch.run())
        services = Services(bus)
        # Nothing tells when it listens.
        async with asyncio.timeout(10):
            while not heard:
                await services.prepare_for_sleep(True)
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        heard.clear()
        yield services, heard
        task.cancel()
    await leave(bus)


async def test_sleep_and_wake(bus_address: str, until: Until) -> None:
    async with listened_to(bus_address) as (services, heard):
        await services.prepare_for_sleep(True)
        await services.prepare_for_sleep(False)
        await until(lambda: len(heard) == 2)
        assert heard == ["sleeping", "woke"]


async def test_the_network(bus_address: str, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "SETTLE", 0.1)
    async with listened_to(bus_address) as (services, heard):
        for state in (20, 40, 50, 60):  # asleep, connecting, local, site: nothing to be reached yet
            await services.state(state)
        await services.primary_connection("/")
        await services.properties({})
        await asyncio.sleep(0.25)
        assert heard == []
        await services.primary_connection("/org/freedesktop/NetworkManager/ActiveConnection/7")
        await services.state(70)
        await until(lambda: heard)
        await asyncio.sleep(0.25)
        assert heard == ["network"], "several signals, one change"
        await services.primary_connection("/org/freedesktop/NetworkManager/ActiveConnection/8")
        await until(lambda: len(heard) == 2)


async def test_signals_that_make_no_sense(bus_address: str, until: Until) -> None:
    async with listened_to(bus_address) as (services, heard):
        await services._emit(LOGIND[1], LOGIND[2], "PrepareForSleep", "s", ["soon"])
        await services._emit(LOGIND[1], LOGIND[2], "PrepareForSleep", "", [])
        await services._emit(NETWORK[1], NETWORK[0], "StateChanged", "as", [["70"]])
        await services.prepare_for_sleep(False)
        await until(lambda: heard)
        assert heard == ["woke"]


async def test_nothing_is_called_after_the_end(bus_address: str) -> None:
    async with listened_to(bus_address) as (services, heard):
        await services.state(70)
        await asyncio.sleep(0.05)
    await asyncio.sleep(power.SETTLE + 0.1)
    assert heard == []
