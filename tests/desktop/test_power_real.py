"""What the system bus says about sleep and the network, on a real bus."""

import asyncio

import pytest

from app.desktop.power import PowerHooks, WakeWatch
from tests.conftest import Until
from tests.desktop.conftest import StartDesktop

pytestmark = pytest.mark.desktop

SIGNALS = (
    ("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", "true"),
    ("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", "false"),
    ("/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager.StateChanged", "uint32 20"),
    ("/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager.StateChanged", "uint32 70"),
)


async def test_waking_and_the_network(
    desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    session = desktop(notifier="none", tray="none", keyring="none")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", session.environment["DBUS_SESSION_BUS_ADDRESS"])
    woken: list[str] = []
    hooks = PowerHooks(
        lambda: woken.append("sleeping"), lambda: woken.append("woke"), lambda: woken.append("network")
    )
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(WakeWatch(hooks).run())

        async def heard() -> bool:
            for path, name, argument in SIGNALS:
                session.run(
                    ["gdbus", "emit", "--session", "--object-path", path, "--signal", name, argument],
                    check=True,
                    timeout=10,
                )
            await asyncio.sleep(0.05)
            return bool(woken)

        await until(heard)
        await until(lambda: "network" in woken)
        watching.cancel()
    assert woken[:2] == ["sleeping", "woke"]
