"""Leaving a D-Bus connection in order."""

import asyncio
import contextlib
from typing import Any

PATIENCE = 1.0


async def leave(bus: Any) -> None:
    """Close a ``dbus_fast`` connection and wait until its socket is out of the event loop.

    Closing only begins with ``disconnect()``; a loop that ended before the rest would leave Qt
    watching a socket that nobody reads.
    """
    if not bus.connected:
        return
    bus.disconnect()
    # However the connection ends, it has ended.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(PATIENCE):
            await bus.wait_for_disconnect()
