"""The private desktop keeps its promises: what it has, what it lacks, and that nothing stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.desktop.conftest import StartDesktop
from tests.desktop.processes import MARKER, marked_processes
from tests.desktop.session import PASSWORD, DesktopFailed, DesktopSession

pytestmark = pytest.mark.desktop


def has_name(session: DesktopSession, name: str) -> bool:
    asked = session.run(
        [
            *("gdbus", "call", "--session", "--dest", "org.freedesktop.DBus"),
            *(
                "--object-path",
                "/org/freedesktop/DBus",
                "--method",
                "org.freedesktop.DBus.NameHasOwner",
                name,
            ),
        ],
        capture_output=True,
        text=True,
        timeout=10,
    )
    return asked.returncode == 0 and "true" in asked.stdout


NOTIFICATIONS = "org.freedesktop.Notifications"
TRAY = "org.kde.StatusNotifierWatcher"
SECRETS = "org.freedesktop.secrets"


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        pytest.param({}, {NOTIFICATIONS, TRAY, SECRETS}, id="complete"),
        pytest.param({"notifier": "dunst", "tray": "trayer"}, {NOTIFICATIONS, SECRETS}, id="dunst, trayer"),
        pytest.param({"notifier": "none", "tray": "none", "keyring": "none"}, set(), id="bare"),
        pytest.param({"bus": False, "tray": "trayer"}, set(), id="no bus"),
    ],
)
def test_has_exactly_the_parts_asked_for(
    desktop: StartDesktop, parts: dict[str, str], names: set[str]
) -> None:
    session = desktop(**parts)
    assert {name for name in (NOTIFICATIONS, TRAY, SECRETS) if has_name(session, name)} == names


def test_nobody_calls_an_absent_daemon_to_life(desktop: StartDesktop) -> None:
    session = desktop(notifier="none", tray="none", keyring="none")
    called = session.run(
        [
            *("gdbus", "call", "--session", "--dest", NOTIFICATIONS),
            *("--object-path", "/org/freedesktop/Notifications"),
            *("--method", f"{NOTIFICATIONS}.GetCapabilities"),
        ],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert "ServiceUnknown" in called.stderr


@pytest.mark.parametrize(("state", "answer"), [("unlocked", "(<false>,)"), ("locked", "(<true>,)")])
def test_keyring_is_locked_or_not(desktop: StartDesktop, state: str, answer: str) -> None:
    session = desktop(notifier="none", tray="none", keyring=state)
    asked = session.run(
        [
            *("gdbus", "call", "--session", "--dest", SECRETS),
            *("--object-path", "/org/freedesktop/secrets/collection/login"),
            *("--method", "org.freedesktop.DBus.Properties.Get"),
            *("org.freedesktop.Secret.Collection", "Locked"),
        ],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert asked.stdout.strip() == answer


def test_two_sessions_share_nothing(desktop: StartDesktop) -> None:
    one = desktop(notifier="none", tray="none", keyring="none")
    other = desktop(notifier="none", tray="none", keyring="none")
    for name in ("DISPLAY", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", MARKER, PASSWORD):
        assert len({one.environment[name], other.environment[name], os.environ[name]}) == 3


def test_screenshot_is_a_picture_of_that_size(desktop: StartDesktop, tmp_path: Path) -> None:
    session = desktop(notifier="none", tray="none", keyring="none", size=(640, 480))
    session.screenshot(tmp_path / "shots" / "screen.png")
    described = session.run(
        ["identify", "-format", "%m %wx%h", tmp_path / "shots" / "screen.png"], capture_output=True, text=True
    )
    assert described.stdout == "PNG 640x480"


def processes_of(folder: Path) -> list[int]:
    return [pid for pid, sessions in marked_processes() if str(folder) in sessions]


def test_what_escaped_is_ended_too(desktop: StartDesktop) -> None:
    session = desktop(notifier="none", tray="none", keyring="none")
    # Twice removed, in a session of its own and deaf to SIGTERM: only its environment gives it away.
    session.run(["sh", "-c", "setsid sh -c 'trap \"\" TERM; sleep 60; sleep 60' &"], check=True)
    folder = session.folder
    assert processes_of(folder)
    session.__exit__(None, None, None)
    assert processes_of(folder) == []
    assert not folder.exists()


def session_command(*arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "tests.desktop.session",
        *("--notifier", "none", "--tray", "none", "--keyring", "none"),
        *arguments,
    ]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--", "sh", "-c", "exit 3"), 3),
        (("--timeout", "0.5", "--", "sleep", "30"), 124),
        (("--", "no-such-program"), 127),
        (("--", "sh", "-c", "kill -TERM $$"), 143),
    ],
)
def test_exit_status(arguments: tuple[str, ...], status: int, pytestconfig: pytest.Config) -> None:
    ended = subprocess.run(session_command(*arguments), cwd=pytestconfig.rootpath, timeout=60, check=False)
    assert ended.returncode == status


def test_ends_everything_when_told_to_terminate(pytestconfig: pytest.Config) -> None:
    with subprocess.Popen(
        session_command("--", "sh", "-c", f'echo "${MARKER}"; exec sleep 60'),
        cwd=pytestconfig.rootpath,
        stdout=subprocess.PIPE,
        text=True,
    ) as harness:
        assert harness.stdout is not None
        folder = Path(harness.stdout.readline().strip().rpartition(os.pathsep)[2])
        assert processes_of(folder)
        harness.send_signal(signal.SIGTERM)
        assert harness.wait(20) == 143
    assert processes_of(folder) == []
    assert not folder.exists()


def test_a_screen_that_cannot_start_is_one_sentence(
    desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "Xvfb"
    broken.write_text("#!/bin/sh\necho 'no room for a screen' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    began = time.monotonic()
    with pytest.raises(DesktopFailed, match="Xvfb did not start: no room for a screen"):
        desktop()
    assert time.monotonic() - began < 10


def test_a_missing_program_is_named(
    desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DesktopFailed, match=r"Missing: Xvfb, openbox, .*run\.py test"):
        desktop()


async def test_coroutines_run_on_the_qt_loop_here(until: Callable[..., object]) -> None:
    from PySide6.QtWidgets import QApplication

    assert QApplication.platformName() == "xcb"
