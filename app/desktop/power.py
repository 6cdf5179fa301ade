"""Noticing that the computer slept or found another network."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from app.desktop.buses import leave

log = logging.getLogger(__name__)

CHECK_EVERY = 25.0
"""Seconds between two looks at the clocks: rare enough to cost nothing."""
GAP = 30.0
"""Wall time may run ahead of the timer by so much before the computer must have slept."""
PATIENCE = 5.0

_NM_CONNECTED_GLOBAL = 70

OnWake = Callable[[str], None]


class WakeWatch:
    """Calls back after the computer woke up, or is on the network again.

    Linux's logind and NetworkManager say so on the system bus, where they exist. Everywhere, the
    wall clock is compared with the timer: after a sleep it has run ahead. A clock that is set
    forward looks the same, and being called once too often does no harm.
    """

    def __init__(
        self,
        on_wake: OnWake,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        check_every: float = CHECK_EVERY,
    ) -> None:
        """``on_wake`` is called in the loop's thread with a word for the diagnostic log."""
        self._on_wake = on_wake
        self._wall = wall
        self._monotonic = monotonic
        self._check_every = check_every
        self._bus: Any = None

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
                self._on_wake("clock gap")

    async def _listen(self) -> None:
        from dbus_fast import BusType, Message
        from dbus_fast.aio import MessageBus

        rules = (
            "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'",
            "type='signal',interface='org.freedesktop.NetworkManager',member='StateChanged',"
            "path='/org/freedesktop/NetworkManager'",
        )
        try:
            async with asyncio.timeout(PATIENCE):
                bus = MessageBus(bus_type=BusType.SYSTEM)
                self._bus = bus
                await bus.connect()
                bus.add_message_handler(self._on_message)
                for rule in rules:
                    name = "org.freedesktop.DBus"
                    await bus.call(
                        Message(name, "/org/freedesktop/DBus", name, "AddMatch", signature="s", body=[rule])
                    )
        except Exception as error:  # noqa: BLE001 - a machine without a system bus is watched by its clocks
            log.debug("no system bus: %s", type(error).__name__)
            await self._hang_up()

    async def _hang_up(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            await leave(bus)

    def _on_message(self, message: Any) -> None:
        if message.member == "PrepareForSleep" and message.body == [False]:
            self._on_wake("woke up")
        elif (
            message.member == "StateChanged"
            and message.interface == "org.freedesktop.NetworkManager"
            and message.body == [_NM_CONNECTED_GLOBAL]
        ):
            self._on_wake("network is back")
