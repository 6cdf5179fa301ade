"""Where the tray program is measured: a private desktop, a sandbox service, a data directory in use."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message
from dbus_fast.aio import MessageBus

from app.sandbox import NO_RATE_LIMITS, Sandbox, SandboxOptions
from tests.desktop.session import Desktop, DesktopSession
from tests.sandbox.visitor import BATCHES, INBOUND, OPT_OUTS, OUTBOUND, Visitor

EVENTS = 5_000
"""Events in the log of the data directory before the program starts."""
FOLLOWED, OTHER = "+16505550100", "+16505550101"
"""The number that the program follows, and the one that the floor follows beside it."""
PATIENCE = 30.0


class Failed(Exception):
    """Something that is to be measured did not happen."""


async def until(what: str, holds: Callable[[], object], *, patience: float = PATIENCE) -> float:
    """Wait until it holds; the moment it was seen, in monotonic seconds."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {patience:.0f} s")
        await asyncio.sleep(0.005)
    return time.monotonic()


class Place:
    """Starts what is measured, one process each."""

    def __init__(self, session: DesktopSession, box: Sandbox, data: Path, other: Visitor) -> None:
        self._other = other
        self.session = session
        self.box = box
        self.data = data

    @property
    def bus_address(self) -> str:
        return self.session.environment["DBUS_SESSION_BUS_ADDRESS"]

    def watched(self, number: str) -> bool:
        """Whether somebody is connected to the service and subscribed to a number's events."""
        return any(
            session.connection is not None
            and session.subscription is not None
            and any(number in wanted.text for wanted in session.subscription.filters)
            for session in self.box.gateway.sessions.values()
        )

    def textbell(self) -> subprocess.Popen[Any]:
        """Start the tray program as at login."""
        # Not what is measured: after a few starts in a minute the next would wait for the limit on keys.
        (self.data / "auth.json").unlink(missing_ok=True)
        return self._start("app", "--minimized", "--data-dir", self.data)

    def bare_tray(self, *arguments: str) -> subprocess.Popen[Any]:
        """Start the floor: a tray icon in Qt's and Python's event loop; with a gateway address, connected."""
        return self._start("tests.bench.bare_tray", *arguments)

    def bare_notifier(self, uri: str) -> subprocess.Popen[Any]:
        """Start the floor of the notifications: a client of the gateway that calls the daemon."""
        return self._start("tests.bench.bare_notifier", uri, OTHER)

    async def live(self, number: str = FOLLOWED) -> float:
        """When the service sees a number watched."""
        return await until("watches", lambda: self.watched(number))

    async def end(self, process: subprocess.Popen[Any]) -> None:
        """Ask a program to quit, and wait until it did."""
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, PATIENCE)

    async def gateway_uri(self) -> str:
        """An address for one connection of somebody else's session."""
        if not self._other.tokens:
            # Once: the service keeps five sessions of one app and user, and ends the oldest.
            await self._other.sign_in()
        token = await self._other.ws_token()
        return f"{token['uri']}?access_token={token['ws_access_token']}"

    async def bus(self) -> MessageBus:
        """A connection to the desktop's session bus."""
        return await MessageBus(bus_address=self.bus_address, bus_type=BusType.SESSION).connect()

    async def monitor(self, handler: Callable[[Message], None]) -> MessageBus:
        """Hand over every message that passes the session bus."""
        bus = await self.bus()
        name = "org.freedesktop.DBus"
        await bus.call(
            Message(
                name,
                "/org/freedesktop/DBus",
                f"{name}.Monitoring",
                "BecomeMonitor",
                signature="asu",
                body=[[], 0],
            )
        )

        def see(message: Message) -> bool:
            handler(message)
            return True  # a monitor must not answer

        bus.add_message_handler(see)
        return bus

    def _start(self, module: str, *arguments: object) -> subprocess.Popen[Any]:
        return self.session.start([sys.executable, "-m", module, *map(str, arguments)])


def filters_of(number: str) -> list[str]:
    """The four event filters of one number."""
    return [
        f"{BATCHES}?from={number}",
        f"{INBOUND}&to={number}",
        f"{OUTBOUND}&from={number}",
        f"{OPT_OUTS}?from={number}",
    ]


@asynccontextmanager
async def place(*, notifier: str = "xfce4-notifyd") -> AsyncIterator[Place]:
    """Everything in order for the program to be started: signed in, a number chosen, a log of some age."""
    async with AsyncExitStack() as stack:
        options = SandboxOptions(auto_approve=True, rate_limits=NO_RATE_LIMITS)
        box = await stack.enter_async_context(Sandbox(options))
        session = stack.enter_context(DesktopSession(Desktop(notifier=notifier)))
        data = session.folder / "home" / "data"
        data.mkdir(mode=0o700)
        preparing = session.start(
            [
                *(sys.executable, "-m", "tests.bench.signed_in", str(data)),
                *(box.server_url, box.client_id, FOLLOWED, str(EVENTS)),
            ],
            env={"PYTHONPATH": str(Path.cwd())},
        )
        if await asyncio.to_thread(preparing.wait, 120) != 0:
            raise Failed("the data directory could not be prepared")
        yield Place(session, box, data, await stack.enter_async_context(Visitor(box)))
