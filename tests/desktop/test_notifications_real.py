"""Notifications as real daemons take them, and pop-ups where there is none that does."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from app.desktop.popup import PopupNotifier
from app.desktop.toasts import FallbackNotifier, NativeNotifier
from app.notices.port import Notice, NoticeKind
from app.resources import resource_path
from tests.conftest import Until
from tests.desktop.conftest import StartDesktop
from tests.desktop.session import DesktopSession

pytestmark = pytest.mark.desktop

NOTICE = Notice(
    "batch-7",
    NoticeKind.BATCH,
    "Batch finished: 2 texts & <b>more</b>",
    "“Sale <b>today</b> &amp; tomorrow…” from Front desk.\n1 delivered, 1 still waiting.",
    (7,),
)


class SteadyClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Place:
    """A desktop with the given daemon, and what this process shows on it."""

    def __init__(self, session: DesktopSession) -> None:
        self.session = session
        self.clock = SteadyClock()
        self.opened: list[Notice] = []
        icon = resource_path("icons/app.svg")
        self.native = NativeNotifier(self.opened.append, icon=icon, monotonic=self.clock)
        self.popups = PopupNotifier(self.opened.append, seconds=60)
        self.both = FallbackNotifier([self.native, self.popups])

    def dunstctl(self, *words: str) -> str:
        done = self.session.run(["dunstctl", *words], capture_output=True, text=True, check=True, timeout=10)
        return str(done.stdout).strip()

    def displayed(self) -> int:
        return int(self.dunstctl("count", "displayed"))

    async def nothing_left(self) -> bool:
        """Whether the daemon's word that the notice is gone has arrived."""
        return self.displayed() == 0 and not await self.native.on_screen(NOTICE.tag)

    def daemon(self) -> int:
        """The daemon's process; 0 without one."""
        answer = self.session.run(
            [
                *("gdbus", "call", "--session", "--dest", "org.freedesktop.DBus"),
                *("--object-path", "/org/freedesktop/DBus"),
                *("--method", "org.freedesktop.DBus.GetConnectionUnixProcessID"),
                "org.freedesktop.Notifications",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return 0 if answer.returncode else int(answer.stdout.split()[1].strip(",)"))


@pytest_asyncio.fixture
async def place(
    request: pytest.FixtureRequest, desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> AsyncIterator[Place]:
    session = desktop(notifier=request.param, tray="none", keyring="none")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.environment["DBUS_SESSION_BUS_ADDRESS"])
    made = Place(session)
    yield made
    await made.native.close()
    made.popups.close()


on_dunst = pytest.mark.parametrize("place", ["dunst"], indirect=True)
on_notifyd = pytest.mark.parametrize("place", ["xfce4-notifyd"], indirect=True)
without_daemon = pytest.mark.parametrize("place", ["none"], indirect=True)


@on_dunst
async def test_it_is_seen_and_open_leads_back(place: Place, until: Until) -> None:
    assert await place.both.show(NOTICE)
    assert place.displayed() == 1
    assert place.popups.on_screen == ()
    place.dunstctl("action", "0")
    await until(lambda: place.opened)
    assert place.opened == [NOTICE]


@on_dunst
async def test_text_is_shown_as_it_is(place: Place) -> None:
    assert await place.native.show(NOTICE)
    place.dunstctl("close-all")
    (shown,) = json.loads(place.dunstctl("history"))["data"][0]
    # The title is plain text to the daemon; the body is markup, so its own signs come escaped.
    assert shown["summary"]["data"] == NOTICE.title
    assert "Sale &lt;b&gt;today&lt;/b&gt; &amp;amp; tomorrow" in shown["body"]["data"]
    assert shown["appname"]["data"] == "Textbell"


@on_dunst
async def test_an_update_takes_the_place_of_the_former(place: Place, until: Until) -> None:
    assert await place.native.show(NOTICE)
    quiet = replace(NOTICE, body="All delivered.", quiet=True)
    assert await place.native.show(quiet)
    assert await place.native.show(replace(NOTICE, tag="other"))
    assert place.displayed() == 2
    place.dunstctl("close-all")
    await until(place.nothing_left)
    bodies = {entry["body"]["data"] for entry in json.loads(place.dunstctl("history"))["data"][0]}
    assert "All delivered." in bodies
    assert len(bodies) == 2
    # Gone from the screen, a quiet update does not bring it back; news does.
    assert await place.native.show(quiet)
    assert place.displayed() == 0
    assert await place.native.show(NOTICE)
    assert place.displayed() == 1
    await place.native.withdraw(NOTICE.tag)
    assert place.displayed() == 0


@on_dunst
async def test_a_daemon_that_hangs_is_not_waited_for(place: Place) -> None:
    assert await place.both.show(NOTICE)
    daemon = place.daemon()
    os.kill(daemon, signal.SIGSTOP)
    try:
        second, third = replace(NOTICE, tag="second"), replace(NOTICE, tag="third")
        started = time.monotonic()
        assert await place.both.show(second)
        assert time.monotonic() - started < 4
        started = time.monotonic()
        assert await place.both.show(third)
        assert time.monotonic() - started < 1
        assert place.popups.on_screen == (second, third)
    finally:
        os.kill(daemon, signal.SIGCONT)


@on_dunst
async def test_another_daemon_takes_over(place: Place, until: Until) -> None:
    assert await place.native.show(NOTICE)
    os.kill(place.daemon(), signal.SIGTERM)
    await until(lambda: not place.daemon())
    assert await place.both.show(NOTICE), "on a pop-up of our own, while there is none"
    assert place.popups.on_screen == (NOTICE,)
    place.session.start(["dunst"])

    async def shown() -> bool:
        place.clock.now += 100
        return await place.both.show(NOTICE) and not place.popups.on_screen

    await until(shown)
    assert place.displayed() == 1
    place.dunstctl("action", "0")
    await until(lambda: place.opened)


@without_daemon
async def test_without_a_daemon_a_window_of_our_own(place: Place, until: Until) -> None:
    before = place.session  # the bus is there; nobody on it shows anything
    assert before.environment["DBUS_SESSION_BUS_ADDRESS"]
    active = QApplication.activeWindow()
    started = time.monotonic()
    assert await place.both.show(NOTICE)
    assert time.monotonic() - started < 2
    assert place.popups.on_screen == (NOTICE,)
    assert QApplication.activeWindow() is active
    files = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        place.clock.now += 1000
        assert not await place.native.show(NOTICE)
    await asyncio.sleep(0)
    await until(lambda: len(list(Path("/proc/self/fd").iterdir())) < files + 3)


@on_notifyd
async def test_the_daemon_of_xfce(place: Place, until: Until) -> None:
    def windows() -> int:
        found = place.session.run(
            ["xdotool", "search", "--onlyvisible", "--class", "xfce4-notifyd"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return len(found.stdout.split())

    assert await place.native.show(NOTICE)
    await until(lambda: windows() == 1)
    assert await place.native.show(replace(NOTICE, body="All delivered.", quiet=True))
    assert await place.native.show(replace(NOTICE, tag="other"))
    await until(lambda: windows() == 2)
    await place.native.withdraw("other")
    await until(lambda: windows() == 1)


@on_dunst
async def test_a_hundred_at_once(place: Place) -> None:
    notices = [replace(NOTICE, tag=f"t{i}") for i in range(100)]
    assert all(await asyncio.gather(*(place.native.show(notice) for notice in notices)))
