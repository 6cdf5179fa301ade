"""Waking up: the clocks, with clocks that a test moves, and a machine without a system bus."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from app.desktop.power import PowerHooks, WakeWatch
from tests.conftest import Until

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio"])


class Clocks:
    """Wall and steady time as a test wants them."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 50.0
        self.looked = 0

    def read_wall(self) -> float:
        self.looked += 1
        return self.wall

    def read_steady(self) -> float:
        return self.steady

    def pass_time(self, seconds: float, *, asleep: float = 0.0, counted: bool = False) -> None:
        """``counted``: the steady clock counts sleep as well, as on Windows and macOS."""
        self.wall += seconds + asleep
        self.steady += seconds + (asleep if counted else 0)


@contextlib.asynccontextmanager
async def watching(clocks: Clocks) -> AsyncIterator[list[str]]:
    woken: list[str] = []
    hooks = PowerHooks(
        lambda: woken.append("sleeping"), lambda: woken.append("woke"), lambda: woken.append("network")
    )
    watch = WakeWatch(hooks, wall=clocks.read_wall, monotonic=clocks.read_steady, check_every=0.01)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch.run())
        yield woken
        task.cancel()


@pytest.fixture(autouse=True)
def _no_system_bus(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")


@pytest.mark.parametrize("counted", [False, True])
async def test_a_sleep_is_noticed_once(until: Until, counted: bool) -> None:
    clocks = Clocks()
    async with watching(clocks) as woken:
        await until(lambda: clocks.looked > 2)
        assert woken == []
        clocks.pass_time(0, asleep=3600, counted=counted)
        await until(lambda: woken)
        looked = clocks.looked
        await until(lambda: clocks.looked > looked + 3)
        assert woken == ["woke"]


async def test_ordinary_time_and_small_corrections_are_not_sleep(until: Until) -> None:
    clocks = Clocks()
    async with watching(clocks) as woken:
        for step, correction in ((5, 0), (0, 29), (0, -3600), (20, 0)):
            looked = clocks.looked
            clocks.pass_time(step, asleep=correction)
            await until(lambda looked=looked: clocks.looked > looked + 1)
        assert woken == []
