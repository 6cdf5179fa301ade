"""What holds for every test: a private home, no network but loopback, the right loop, nothing left.

Tests under ``tests/ui`` and ``tests/desktop``, and whatever asks for ``qtbot`` or ``qapp``, run their
coroutines on the Qt loop; all others on plain asyncio. A single test chooses for itself with
``@pytest.mark.asyncio(loop_factories=["qt"])``.

Tests marked ``desktop`` need the session of ``tests/desktop/session.py`` around them;
``python3 packaging/run.py test`` provides it. Everywhere else they are skipped.
"""

import asyncio
import errno
import gc
import ipaddress
import logging
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest

IN_DESKTOP_SESSION = "TEXTBELL_DESKTOP_SESSION" in os.environ

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


# ------------------------------------------------------------------ a private place to run in

_FOREIGN = (
    *("RINGCENTRAL_SERVER_URL", "RINGCENTRAL_CLIENT_ID", "TEXTBELL_DATA_DIR"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME"),
)


def _private_environment() -> Path | None:
    """Keep the tests, and the programs they start, away from the user's own files, keyring and screen.

    Must happen before Qt, keyring or the program itself is imported. Returns the directory to remove
    at the end; inside a desktop session there is nothing to do but to drop what leaks in.
    """
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ.setdefault("BROWSER", "false")  # a program that opens nothing and says that it failed
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["TZ"] = "EST5EDT,M3.2.0,M11.1.0"  # neither UTC nor the machine's: mistakes become visible
    if hasattr(time, "tzset"):
        time.tzset()
    if IN_DESKTOP_SESSION:
        return None
    place = Path(tempfile.mkdtemp(prefix="textbell-tests-"))
    home = place / "home"
    runtime = place / "run"
    runtime.mkdir(mode=0o700)
    for name, folder in {
        "HOME": home,
        "USERPROFILE": home,
        "APPDATA": home / "AppData" / "Roaming",
        "LOCALAPPDATA": home / "AppData" / "Local",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_RUNTIME_DIR": runtime,
    }.items():
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(folder)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SESSION_MANAGER"):
        os.environ.pop(name, None)
    # An address that leads nowhere, not an absent one: libdbus starts a bus of its own when it has none.
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={runtime}/no-bus"
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    return place


_PLACE = _private_environment()


def pytest_unconfigure() -> None:
    if _PLACE is not None:
        shutil.rmtree(_PLACE, ignore_errors=True)


# ------------------------------------------------------------------ the network ends at loopback

_forbidden: list[str] = []
"""Attempts to leave the machine since the last test began."""

_NOWHERE = (".invalid", ".test", ".example")
"""Names that exist nowhere (RFC 2606): a test of an unknown host may ask for them."""
_DOCUMENTATION = [
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: behave like a machine whose cable is pulled, and remember who tried."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):  # a path (AF_UNIX), or an already connected socket
            return
        host = address[0].decode() if isinstance(address[0], bytes) else str(address[0])
        # "0.0.0.0" and "::" as a destination mean this machine.
        if _is_loopback(host) or host in ("0.0.0.0", "::"):
            return
        try:
            if any(ipaddress.ip_address(host) in net for net in _DOCUMENTATION):
                raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        except ValueError:
            pass
        _forbidden.append(f"connection to {host}")
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    if event == "socket.getaddrinfo":
        raw = arguments[0]
        host = raw.decode() if isinstance(raw, bytes) else str(raw or "")
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            pass
        else:
            return  # a plain address is translated without asking anybody
        if _is_loopback(host) or host == socket.gethostname():
            return
        if not host.endswith(_NOWHERE):
            _forbidden.append(f"look-up of {host}")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


sys.addaudithook(_guard_network)


# ------------------------------------------------------------------ event loops

_QT_ROOMS = ("ui", "desktop")


def _qt_loop() -> asyncio.AbstractEventLoop:
    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop  # only after PySide6: it takes the binding that is loaded

    global _application
    _application = QApplication.instance() or QApplication([])
    return QEventLoop(_application)  # type: ignore[no-any-return]


_application: Any = None


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories = {"asyncio": asyncio.new_event_loop, "qt": _qt_loop}
    marker = item.get_closest_marker("asyncio")
    if marker is not None and "loop_factories" in marker.kwargs:
        return factories
    try:
        room = item.path.relative_to(config.rootpath / "tests").parts[0]
    except ValueError:
        room = ""
    on_qt = room.startswith(_QT_ROOMS) or {"qtbot", "qapp"} & set(getattr(item, "fixturenames", ()))
    name = "qt" if on_qt else "asyncio"
    return {name: factories[name]}


Until = Callable[..., Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """``await until(lambda: window.isVisible())``: yields to the loop until it is so, or fails after 5 s.

    For what offers nothing to await. The condition may also be a coroutine function.
    """

    async def wait(condition: Callable[[], object], timeout: float = 5.0) -> None:
        end = time.monotonic() + timeout
        while True:
            met = condition()
            if asyncio.iscoroutine(met):
                met = await met
            if met:
                return
            if time.monotonic() > end:
                pytest.fail(f"not so within {timeout} s")
            await asyncio.sleep(0.01)

    return wait


# ------------------------------------------------------------------ desktop tests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    run_for = os.environ.get("TEXTBELL_TESTS")  # set by packaging/run.py, which runs pytest for each
    if run_for is not None:
        chosen = [
            item for item in items if bool(item.get_closest_marker("desktop")) == (run_for == "desktop")
        ]
        if left_out := [item for item in items if item not in chosen]:
            config.hook.pytest_deselected(items=left_out)
            items[:] = chosen
    if IN_DESKTOP_SESSION:
        return
    skip = pytest.mark.skip(reason="needs a private desktop around it: python3 packaging/run.py test")
    for item in items:
        if item.get_closest_marker("desktop"):
            item.add_marker(skip)


# ------------------------------------------------------------------ nothing left behind


class _AsyncioErrors(logging.Handler):
    """What asyncio can only log: exceptions nobody retrieved, tasks destroyed while pending."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


_asyncio_errors = _AsyncioErrors()
logging.getLogger("asyncio").addHandler(_asyncio_errors)


@pytest.fixture
def asyncio_errors() -> list[str]:
    """What asyncio logged as an error. A test that provokes such a thing looks at it and clears the list."""
    return _asyncio_errors.seen


def _own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}


_threads_before: set[threading.Thread] = set()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    global _threads_before
    _forbidden.clear()
    _asyncio_errors.seen.clear()
    if getattr(item.session, "_threads_module", None) != item.path:
        item.session._threads_module = item.path  # type: ignore[attr-defined]
        _threads_before = _own_threads()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Once all fixtures are gone: fail a test that reached for the network, left an error or a thread."""
    result = yield
    if _forbidden:
        pytest.fail("a test left the machine: " + ", ".join(_forbidden), pytrace=False)
    if _asyncio_errors.seen:
        pytest.fail(
            "asyncio complained (possibly about an earlier test):\n" + "\n".join(_asyncio_errors.seen),
            pytrace=False,
        )
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        left = _left_threads(within=2.0)
        if left:
            names = ", ".join(sorted(thread.name for thread in left))
            pytest.fail(f"threads left behind by {item.path.name}: {names}", pytrace=False)
    return result


def _left_threads(within: float) -> set[threading.Thread]:
    """Threads started since the module began and still there. Threads that serve the whole run say
    so by a name that begins with ``session-``."""
    end = time.monotonic() + within
    while True:
        left = {
            thread
            for thread in _own_threads() - _threads_before
            if not thread.name.startswith(("session-", "pytest"))
        }
        if not left or time.monotonic() > end:
            return left
        next(iter(left)).join(0.05)
