"""Noticing that the computer slept or found another network."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.desktop.buses import leave

log = logging.getLogger(__name__)

CHECK_EVERY = 25.0
"""Seconds between two looks at the clocks: rare enough to cost nothing."""
GAP = 30.0
"""Wall time may run ahead of the timer by so much before the computer must have slept."""
PATIENCE = 5.0

SETTLE = 1.0
"""Seconds in which several signals about the network count as one change."""

_NM = "org.freedesktop.NetworkManager"
_NM_PATH = "/org/freedesktop/NetworkManager"
_NM_CONNECTED_GLOBAL = 70
_RULES = (
    "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'",
    f"type='signal',interface='{_NM}',member='StateChanged',path='{_NM_PATH}'",
    "type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
    f"path='{_NM_PATH}',arg0='{_NM}'",
)


@dataclass(frozen=True, slots=True)
class PowerHooks:
    """What is called, in the loop's thread, when the computer's state changes."""

    sleeping: Callable[[], None]
    """It is about to sleep."""
    woke: Callable[[], None]
    """It slept. May be called more than once for one sleep."""
    network_changed: Callable[[], None]
    """It is on the network again, or on another one."""


class WakeWatch:
    """Notices that the computer sleeps, wakes, or finds another network.

    Linux's logind and NetworkManager say so on the system bus, where they exist. Everywhere, the
    wall clock is compared with the timer: after a sleep it has run ahead. A clock that is set
    forward looks the same, and being called once too often does no harm.
    """

    def __init__(
        self,
        hooks: PowerHooks,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        check_every: float = CHECK_EVERY,
    ) -> None:
        self._hooks = hooks
        self._wall = wall
        self._monotonic = monotonic
        self._check_every = check_every
        self._bus: Any = None
        self._settling: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Watch, until cancelled."""
        try:
            if sys.platform.startswith("linux"):
                await self._listen()
            await self._compare_clocks()
        finally:
            await self._hang_up()

    async def _compare_clocks(self) -> None:
        wall, steady = self._wall(), self._monotonic()
        while True:
            await asyncio.sleep(self._check_every)
            new_wall, new_steady = self._wall(), self._monotonic()
            # Where the steady clock counts sleep as well, the timer itself comes late.
            slept = max((new_wall - wall) - (new_steady - steady), (new_steady - steady) - self._check_every)
            wall, steady = new_wall, new_steady
            if slept > GAP:
                log.info("the clocks disagree by %.0f s: the computer slept", slept)
                self._hooks.woke()

    async def _listen(self) -> None:
        try:
            from dbus_fast import BusType, Message
            from dbus_fast.aio import MessageBus

            async with asyncio.timeout(PATIENCE):
                bus = MessageBus(bus_type=BusType.SYSTEM)
                self._bus = bus
                await bus.connect()
                bus.add_message_handler(self._on_message)
                for rule in _RULES:
                    name = "org.freedesktop.DBus"
                    await bus.call(
                        Message(name, "/org/freedesktop/DBus", name, "AddMatch", signature="s", body=[rule])
                    )
        except Exception as error:  # noqa: BLE001 - a machine without a system bus is watched by its clocks
            log.debug("no system bus: %s", type(error).__name__)
            await self._hang_up()

    async def _hang_up(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        bus, self._bus = self._bus, None
        if bus is not None:
            await leave(bus)

    def _on_message(self, message: Any) -> None:
        match message.member, message.body:
            case "PrepareForSleep", [True]:
                log.info("going to sleep")
                self._hooks.sleeping()
            case "PrepareForSleep", [False]:
                log.info("woke up")
                self._hooks.woke()
            case "StateChanged", [state] if message.interface == _NM and state == _NM_CONNECTED_GLOBAL:
                self._settle()
            case "PropertiesChanged", [name, dict() as changed, *_] if name == _NM:
                # Another Wi-Fi, a cable, a VPN: old connections may lead nowhere. "/" is none at all.
                primary = changed.get("PrimaryConnection")
                if primary is not None and primary.value != "/":
                    self._settle()

    def _settle(self) -> None:
        if self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE, self._settled)

    def _settled(self) -> None:
        self._settling = None
        log.info("the network changed")
        self._hooks.network_changed()
