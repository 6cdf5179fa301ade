"""A private desktop for one command: screen, window manager, bus, notifications, tray and keyring.

    python -m tests.desktop.session [OPTIONS] -- COMMAND [ARGUMENT ...]

Everything is started for this one session and ended with it, nothing of the user's own desktop is
reachable from inside, and several sessions run side by side. Exit status: COMMAND's own, 124 when it
took longer than ``--timeout``, 125 when the desktop could not be started, 127 when there is no COMMAND.

Tests start further desktops of other kinds (no notification daemon, a locked keyring, no bus at all)
through the ``desktop`` fixture. Standard library only; Linux only.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.desktop import furnishing
from tests.desktop.processes import MARKER, marked_processes

PASSWORD = "TEXTBELL_DESKTOP_KEYRING_PASSWORD"

NOTIFIERS = ("xfce4-notifyd", "dunst", "none")
TRAYS = ("xfce4-panel", "trayer", "none")
KEYRINGS = ("unlocked", "locked", "none")


class DesktopFailed(Exception):
    """The desktop could not be started; ``str()`` says which part and why."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """Which desktop: the parts a user's own may have, or lack."""

    notifier: str = "xfce4-notifyd"
    """``xfce4-notifyd`` draws buttons that can be clicked; ``dunst`` obeys ``dunstctl``; or ``none``."""
    tray: str = "xfce4-panel"
    """``xfce4-panel`` hosts StatusNotifierItem and XEmbed icons; ``trayer`` XEmbed only; or ``none``."""
    keyring: str = "unlocked"
    """``locked``: the first use asks for the password that ``PASSWORD`` holds; ``none``: no service."""
    bus: bool = True
    """Without a session bus there is no notifier, no keyring and no xfce4-panel either."""
    size: tuple[int, int] = (1280, 800)

    def effective(self) -> "Desktop":
        """The same without the parts that cannot exist without a bus."""
        if self.bus:
            return self
        tray = "none" if self.tray == "xfce4-panel" else self.tray
        return Desktop("none", tray, "none", bus=False, size=self.size)

    def programs(self) -> list[str]:
        """The programs it is made of."""
        kind = self.effective()
        programs = ["Xvfb", "openbox", "xprop", "xdotool", "import", "display"]
        if kind.bus:
            programs += ["dbus-daemon", "gdbus"]
        if kind.keyring != "none":
            programs.append("gnome-keyring-daemon")
        # xfce4-notifyd is not on PATH; its service file says where it is.
        programs += [part for part in (kind.notifier, kind.tray) if part not in ("none", "xfce4-notifyd")]
        return programs


class DesktopSession:
    """A running desktop of its own: ``with DesktopSession(Desktop(...)) as session: session.run([...])``."""

    def __init__(self, desktop: Desktop = Desktop(), *, keep: bool = False) -> None:
        self.desktop = desktop.effective()
        self.environment: dict[str, str] = {}
        """What a process needs to run in here."""
        self._keep = keep
        self._folder = Path()
        self._children: list[subprocess.Popen[bytes]] = []

    # -------------------------------------------------------------- use

    @property
    def folder(self) -> Path:
        """The session's directory: ``home``, ``run`` (XDG_RUNTIME_DIR) and ``log``."""
        return self._folder

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[Any]:
        """``subprocess.run`` in this desktop; ``env`` adds to its environment."""
        return subprocess.run(command, env=self._environment_with(options.pop("env", {})), **options)

    def start(self, command: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
        """``subprocess.Popen`` in this desktop; ended with it at the latest."""
        process = subprocess.Popen(command, env=self._environment_with(options.pop("env", {})), **options)
        self._children.append(process)
        return process

    def screenshot(self, file: Path) -> None:
        """Save a picture of the whole screen as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.run(
            ["import", "-silent", "-window", "root", "-depth", "8", f"png:{file}"], check=True, timeout=30
        )

    def log(self, part: str) -> str:
        """What a part of the desktop (``xfce4-panel``, ``bus`` ...) wrote so far."""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder / "log" / f"{part}.log").read_text(errors="replace")
        return ""

    # -------------------------------------------------------------- start

    def __enter__(self) -> Self:
        missing = [program for program in self.desktop.programs() if shutil.which(program) is None]
        if self.desktop.notifier == "xfce4-notifyd" and furnishing.notifyd_program() is None:
            missing.append("xfce4-notifyd")
        if missing:
            raise DesktopFailed(
                f"Missing: {', '.join(missing)}. `python3 packaging/run.py test` installs what it needs."
            )
        self._folder = Path(tempfile.mkdtemp(prefix="textbell-desktop-")).resolve()
        try:
            self._furnish()
            self._start_screen()
            self._start_bus()
            self._start_parts()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _furnish(self) -> None:
        for name in ("home", "run", "log", "services"):
            (self._folder / name).mkdir(mode=0o700)
        home = self._folder / "home"
        furnishing.write_configuration(home / ".config")
        around = os.environ.get(MARKER)
        self.environment = furnishing.private_environment(self._folder) | {
            MARKER: os.pathsep.join(filter(None, (around, str(self._folder)))),
            PASSWORD: secrets.token_hex(8),
        }

    def _start_screen(self) -> None:
        authority = self._folder / "xauthority"
        authority.write_bytes(furnishing.any_display_cookie(secrets.token_bytes(16)))
        authority.chmod(0o600)
        self.environment["XAUTHORITY"] = str(authority)
        width, height = self.desktop.size
        ours, theirs = os.pipe()
        try:
            server = self._part(
                "Xvfb",
                *("Xvfb", "-displayfd", str(theirs), "-auth", str(authority)),
                *("-screen", "0", f"{width}x{height}x24", "-dpi", "96", "-nolisten", "tcp", "-noreset"),
                pass_fds=(theirs,),
            )
        finally:
            os.close(theirs)
        with os.fdopen(ours) as pipe:
            number = pipe.readline().strip()  # ends at once when the server does
        if not number:
            server.wait(5)
            raise DesktopFailed(f"Xvfb did not start: {self.log('Xvfb').strip()[-300:]}")
        self.environment["DISPLAY"] = f":{number}"

    def _start_bus(self) -> None:
        if not self.desktop.bus:
            return
        config = furnishing.write_bus_configuration(self._folder)
        ours, theirs = os.pipe()
        try:
            self._part(
                "bus",
                *("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"),
                f"--print-address={theirs}",
                pass_fds=(theirs,),
            )
        finally:
            os.close(theirs)
        with os.fdopen(ours) as pipe:
            address = pipe.readline().strip()
        if not address:
            raise DesktopFailed(f"The session bus did not start: {self.log('bus').strip()[-300:]}")
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = address

    def _start_parts(self) -> None:
        kind = self.desktop
        # A black screen swallows the edges of dark windows in pictures.
        self._output("display", "-window", "root", "xc:#5f7186")
        self._part("openbox", "openbox", "--sm-disable")
        if kind.keyring != "none":
            keyring = self._part(
                "gnome-keyring",
                *("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"),
                stdin=subprocess.PIPE,
            )
            assert keyring.stdin is not None
            with keyring.stdin as pipe:
                pipe.write(self.environment[PASSWORD].encode())
        if kind.notifier == "xfce4-notifyd":
            program = furnishing.notifyd_program()
            assert program is not None
            self._part("xfce4-notifyd", program)
        elif kind.notifier == "dunst":
            self._part("dunst", "dunst")
        if kind.tray == "xfce4-panel":
            self._part("xfce4-panel", "xfce4-panel", "--disable-wm-check")
        elif kind.tray == "trayer":
            self._part(
                "trayer",
                *("trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request"),
                *("--height", "32", "--expand", "true", "--SetDockType", "true"),
            )

        self._await(
            "openbox", lambda: b"window id" in self._output("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
        )
        if kind.keyring != "none":
            self._await_name("gnome-keyring", "org.freedesktop.secrets")
            if kind.keyring == "locked":
                self._lock_keyring()
        if kind.notifier != "none":
            self._await_name(kind.notifier, "org.freedesktop.Notifications")
        if kind.tray == "xfce4-panel":
            self._await_name("xfce4-panel", "org.kde.StatusNotifierWatcher")
            self._await(
                "xfce4-panel",
                lambda: self._output("xdotool", "search", "--onlyvisible", "--class", "xfce4-panel"),
            )
        elif kind.tray == "trayer":
            self._await("trayer", lambda: self._output("xdotool", "search", "--class", "trayer"))

    def _lock_keyring(self) -> None:
        locked = self.run(
            [
                *("gdbus", "call", "--session", "--dest", "org.freedesktop.secrets"),
                *("--object-path", "/org/freedesktop/secrets"),
                *("--method", "org.freedesktop.Secret.Service.Lock"),
                "[objectpath '/org/freedesktop/secrets/collection/login']",
            ],
            capture_output=True,
            timeout=10,
        )
        if locked.returncode != 0 or b"/collection/login" not in locked.stdout:
            raise DesktopFailed(f"The keyring could not be locked: {locked.stderr.decode().strip()[-300:]}")

    # -------------------------------------------------------------- parts

    def _environment_with(self, more: Mapping[str, str]) -> dict[str, str]:
        return self.environment | dict(more)

    def _part(self, name: str, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        options.setdefault("stdin", subprocess.DEVNULL)
        with (self._folder / "log" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self.environment,
                stdout=log,
                stderr=log,
                # Ctrl+C is for the command inside, not for the desktop around it.
                start_new_session=True,
                **options,
            )
        self._children.append(process)
        return process

    def _output(self, *command: str) -> bytes:
        return bytes(self.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10).stdout)

    def _await(self, part: str, condition: Callable[[], object], timeout: float = 20.0) -> None:
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise DesktopFailed(
                    f"{part} was not ready within {timeout:.0f} s: {self.log(part).strip()[-300:]}"
                )
            time.sleep(0.02)

    def _await_name(self, part: str, name: str) -> None:
        waited = self.run(
            ["gdbus", "wait", "--session", "--timeout", "20", name], capture_output=True, timeout=40
        )
        if waited.returncode != 0:
            raise DesktopFailed(f"{part} did not come up on the bus: {self.log(part).strip()[-300:]}")

    # -------------------------------------------------------------- end

    def _stop(self) -> None:
        folder = str(self._folder)
        for send, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
            end = time.monotonic() + patience
            while alive := self._alive(folder):
                for pid in alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, send)
                if time.monotonic() > end:
                    break
                time.sleep(0.05)
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(1)
        if not self._keep:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _alive(self, folder: str) -> set[int]:
        """Our processes still there: started by us, or, however they were started, marked as ours."""
        alive = {child.pid for child in self._children if child.poll() is None}
        return alive | {pid for pid, sessions in marked_processes() if folder in sessions}


# ------------------------------------------------------------------ command line


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.desktop.session", description="Run a command in a desktop of its own."
    )
    parser.add_argument("--notifier", choices=NOTIFIERS, default="xfce4-notifyd")
    parser.add_argument("--tray", choices=TRAYS, default="xfce4-panel")
    parser.add_argument("--keyring", choices=KEYRINGS, default="unlocked")
    parser.add_argument("--no-dbus", action="store_true", help="no session bus at all")
    parser.add_argument("--size", default="1280x800", metavar="WxH")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="end COMMAND after that long")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="picture of the screen at the end")
    parser.add_argument(
        "--keep", action="store_true", help="keep the session's directory, and print its path"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args(argv)
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        parser.error("which command?")
    return options


def _end_on(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def main(argv: Sequence[str]) -> int:
    options = _arguments(argv)
    if not sys.platform.startswith("linux"):
        print("The private desktop exists on Linux only.", file=sys.stderr)
        return 125
    width, _, height = options.size.partition("x")
    desktop = Desktop(
        options.notifier, options.tray, options.keyring, not options.no_dbus, (int(width), int(height))
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_on)
    try:
        with DesktopSession(desktop, keep=options.keep) as session:
            try:
                status = session.run(options.command, timeout=options.timeout).returncode
            except subprocess.TimeoutExpired:
                status = 124
            except FileNotFoundError:
                print(f"There is no program {options.command[0]}.", file=sys.stderr)
                return 127
            if options.screenshot:
                session.screenshot(options.screenshot.absolute())
            if options.keep:
                print(f"kept {session.folder}", file=sys.stderr)
    except DesktopFailed as error:
        print(f"The private desktop could not be started. {error}", file=sys.stderr)
        return 125
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
