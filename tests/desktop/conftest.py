"""Further desktops, of other kinds than the one around the whole run."""

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.sandbox import SandboxOptions, SandboxThread
from app.sandbox.options import NO_RATE_LIMITS
from tests.desktop.running import Running
from tests.desktop.session import Desktop, DesktopSession

StartDesktop = Callable[..., DesktopSession]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """A loop's timers are Qt objects: the loop of a test must be collected in the thread it ran in.

    In another thread's collection they would die without being taken from Qt's list, and the first
    that is due crashes the process.
    """
    gc.collect()


@pytest.fixture
def desktop() -> Iterator[StartDesktop]:
    """Start a desktop that lacks something: ``session = desktop(notifier="none")``, then
    ``session.run([...])``. It ends with the test. Arguments: those of ``Desktop``.

    What only speaks D-Bus can also be pointed at it from within the test's own process:
    ``monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.environment["DBUS_SESSION_BUS_ADDRESS"])``.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("the private desktop exists on Linux only")
    with contextlib.ExitStack() as sessions:
        yield lambda **parts: sessions.enter_context(DesktopSession(Desktop(**parts)))


@pytest.fixture
def sandbox() -> Iterator[SandboxThread]:
    """A made-up business in which nothing happens by itself."""
    with SandboxThread(SandboxOptions(rate_limits=NO_RATE_LIMITS, auto_approve=True)) as thread:
        yield thread


@pytest.fixture
def program(desktop: StartDesktop, sandbox: SandboxThread, tmp_path: Path) -> Running:
    """The program, not started, on a desktop with dunst."""
    return Running(desktop(notifier="dunst"), tmp_path / "data", sandbox.server_url)
