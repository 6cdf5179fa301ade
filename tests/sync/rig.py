"""An installation of the program without windows, beside a running sandbox."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.compose import Choices, open_engine
from app.domain.clock import Clock
from app.domain.events import Appended, Entry
from app.domain.numbers import OwnNumber
from app.domain.status import Reach, Status
from app.eventlog import parse_query
from app.notices.port import Notice
from app.sandbox import Sandbox
from app.settings import SettingsFile
from app.sync.engine import Engine
from app.transport.clock import SystemClock
from app.transport.vault import MemoryVault

FRONT = "+16505550100"
APPOINTMENTS = "+16505550101"
CUSTOMER = "+12125550100"
PATIENCE = 10.0


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def callback(port: int) -> str:
    """The redirect address of a sign-in that ends at this port."""
    return f"http://127.0.0.1:{port}/oauth/callback"


async def browse(url: str) -> bool:
    """A browser: opens the page and follows where it leads."""
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        await browser.get(url)
    return True


async def browse_and_cancel(url: str) -> bool:
    """Somebody who presses Cancel on the page."""
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        form = {**httpx.URL(url).params, "decision": "cancel"}
        await browser.post(url.partition("?")[0], data=form)
    return True


async def open_nothing(url: str) -> bool:
    """A computer without a browser."""
    return False


class Desktop:
    """The notification daemon's side: remembers what it was asked to show."""

    def __init__(self) -> None:
        self.shown: list[Notice] = []
        self.withdrawn: list[str] = []
        self._news = asyncio.Event()

    async def show(self, notice: Notice) -> bool:
        self.shown.append(notice)
        self._news.set()
        return True

    async def withdraw(self, tag: str) -> None:
        self.withdrawn.append(tag)

    @property
    def titles(self) -> list[str]:
        return [notice.title for notice in self.shown]

    async def showed(self, count: int) -> list[Notice]:
        """Wait until so many notices came, and return all."""
        async with asyncio.timeout(PATIENCE):
            while len(self.shown) < count:
                self._news.clear()
                await self._news.wait()
        return self.shown


class Installation:
    """One data directory with its settings and secrets; engines are started on it."""

    def __init__(self, box: Sandbox, folder: Path, port: int) -> None:
        self.box = box
        self.choices = Choices(folder)
        self.settings = SettingsFile(self.choices.settings_path)
        self.settings.update(server_url=box.server_url, client_id=box.client_id, redirect_ports=[port])
        self.vault = MemoryVault()
        self.clock: Clock = SystemClock()
        self.desktop = Desktop()
        self.browse = browse

    def follow(self, *numbers: str) -> None:
        """Choose numbers before the engine runs."""
        self.settings.update(follow=[{"e164": number, "label": "Front desk"} for number in numbers])

    @asynccontextmanager
    async def idle(self, *, announcing: bool = True) -> AsyncIterator[Engine]:
        """An engine that is not running."""
        async with open_engine(
            self.choices,
            self.settings,
            self.vault,
            self.clock,
            open_browser=self.browse,
            notifier=self.desktop if announcing else None,
        ) as engine:
            yield engine

    @asynccontextmanager
    async def running(self, *, announcing: bool = True) -> AsyncIterator[Engine]:
        """An engine that runs."""
        async with self.idle(announcing=announcing) as engine, run(engine):
            yield engine

    @asynccontextmanager
    async def watching(self, *, announcing: bool = True) -> AsyncIterator[Engine]:
        """An engine that is signed in and live."""
        async with self.running(announcing=announcing) as engine:
            begins = not engine.signed_in
            if begins:
                await sign_in(engine)
            await reached(engine, Reach.LIVE)
            if begins:
                # The first connection asks how consents stand; what a test does next must not be part of it.
                async with asyncio.timeout(PATIENCE):
                    await engine.caught_up()
            yield engine


@asynccontextmanager
async def run(engine: Engine) -> AsyncIterator[None]:
    """Run the engine meanwhile; it must not end by itself, and must end within five seconds."""
    running = asyncio.get_running_loop().create_task(engine.run(), name="engine")
    try:
        yield
    finally:
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=5)
        assert done, "the engine goes on"
        if not running.cancelled():
            running.result()


async def sign_in(engine: Engine) -> str:
    """Sign in; returns the address that was shown."""
    links: list[str] = []
    async with asyncio.timeout(PATIENCE):
        await engine.sign_in(links.append)
    [link] = links
    return link


async def became(engine: Engine, condition: Callable[[Status], object], within: float = PATIENCE) -> Status:
    """Wait until the status is so."""
    met: asyncio.Future[Status] = asyncio.get_running_loop().create_future()

    def look(status: Status) -> None:
        if not met.done() and condition(status):
            met.set_result(status)

    unlisten = engine.listen(look)
    look(engine.status)
    try:
        async with asyncio.timeout(within):
            return await met
    except TimeoutError:
        raise AssertionError(f"still {engine.status}") from None
    finally:
        unlisten()


async def reached(engine: Engine, reach: Reach) -> Status:
    """Wait until the engine is there."""
    return await became(engine, lambda status: status.reach is reach)


async def stored(engine: Engine, count: int, query: str = "") -> tuple[Entry, ...]:
    """Wait until the log holds so many events that match, and return them, newest first."""
    wanted = parse_query(query)
    written = asyncio.Event()

    def note(appended: Appended) -> None:
        written.set()

    unlisten = engine.listen_changes(note)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                written.clear()
                entries = (await engine.log.reader.page(wanted, limit=10_000)).entries
                if len(entries) >= count:
                    assert len(entries) == count
                    return entries
                await written.wait()
    except TimeoutError:
        raise AssertionError(f"{len(entries)} events, not {count}") from None
    finally:
        unlisten()


def reaches(engine: Engine) -> list[Reach]:
    """A list that grows with every change of where the engine stands."""
    seen = [engine.status.reach]

    def note(status: Status) -> None:
        if status.reach is not seen[-1]:
            seen.append(status.reach)

    engine.listen(note)
    return seen


def own(*numbers: str) -> list[OwnNumber]:
    return [OwnNumber(number, "Front desk") for number in numbers]
