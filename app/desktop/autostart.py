"""Starting the program when the user logs in."""

import os
import plistlib
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from app.domain.problems import BadInput

APP_ID = "io.github.textbell.Textbell"


class Autostart(Protocol):
    """The user's own switch; an administrator's is not touched."""

    @property
    def enabled(self) -> bool:
        """Whether the program is started at login."""

    def enable(self) -> None:
        """Start it at login from now on. Raises ``BadInput`` if that cannot be arranged."""

    def disable(self) -> None:
        """Do not start it at login. Raises ``BadInput`` if that cannot be arranged."""


def system_autostart(command: Sequence[str]) -> Autostart:
    """The switch of this operating system, for the program started by ``command``."""
    if sys.platform == "win32":
        return WindowsAutostart(command)
    if sys.platform == "darwin":
        return MacAutostart(command)
    return XdgAutostart(command)


class XdgAutostart:
    """A desktop entry in the user's autostart directory (XDG Desktop Application Autostart).

    One of the same name that the system brings along is overridden, not edited.
    """

    def __init__(self, command: Sequence[str], *, icon: str = APP_ID) -> None:
        config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        self.path = Path(config) / "autostart" / f"{APP_ID}.desktop"
        everybodys = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
        self._everybodys = [Path(folder) / "autostart" / self.path.name for folder in everybodys if folder]
        self._command = tuple(command)
        self._icon = icon

    @property
    def enabled(self) -> bool:
        for path in (self.path, *self._everybodys):
            try:
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            return "Hidden=true" not in lines and "X-GNOME-Autostart-enabled=false" not in lines
        return False

    def enable(self) -> None:
        _write(self.path, self._entry().encode())

    def disable(self) -> None:
        if any(path.exists() for path in self._everybodys):
            _write(self.path, self._entry(hidden=True).encode())
        else:
            _remove(self.path)

    def _entry(self, *, hidden: bool = False) -> str:
        return (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Textbell\n"
            "Comment=Tells when a batch of texts is finished or a customer opts out\n"
            f"Exec={' '.join(_quoted(word) for word in self._command)}\n"
            f"Icon={self._icon}\n"
            "Terminal=false\n"
            # The tray must be there before its icons.
            "X-GNOME-Autostart-Delay=5\n" + ("Hidden=true\n" if hidden else "")
        )


class MacAutostart:
    """A launch agent of the user. Written from Apple's description; not tried on a Mac."""

    def __init__(self, command: Sequence[str]) -> None:
        self.path = Path.home() / "Library" / "LaunchAgents" / f"{APP_ID}.plist"
        self._command = tuple(command)

    @property
    def enabled(self) -> bool:
        return self.path.is_file()

    def enable(self) -> None:
        agent = {
            "Label": APP_ID,
            "ProgramArguments": list(self._command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
        }
        _write(self.path, plistlib.dumps(agent))

    def disable(self) -> None:
        _remove(self.path)


class WindowsAutostart:
    """The user's ``Run`` key in the registry. Not tried on Windows."""

    KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    @property
    def enabled(self) -> bool:
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, self.KEY) as key:  # type: ignore[attr-defined,unused-ignore]
                winreg.QueryValueEx(key, "Textbell")  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

    def enable(self) -> None:
        import winreg

        line = subprocess.list2cmdline(self._command)
        try:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, self.KEY) as key:  # type: ignore[attr-defined,unused-ignore]
                winreg.SetValueEx(key, "Textbell", 0, winreg.REG_SZ, line)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            raise _refused("the registry", error) from error

    def disable(self) -> None:
        import winreg

        try:
            with winreg.OpenKey(  # type: ignore[attr-defined,unused-ignore]
                winreg.HKEY_CURRENT_USER,  # type: ignore[attr-defined,unused-ignore]
                self.KEY,
                0,
                winreg.KEY_SET_VALUE,  # type: ignore[attr-defined,unused-ignore]
            ) as key:
                winreg.DeleteValue(key, "Textbell")  # type: ignore[attr-defined,unused-ignore]
        except FileNotFoundError:
            return
        except OSError as error:
            raise _refused("the registry", error) from error


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise _refused(str(path), error) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(str(path), error) from error


def _refused(place: str, error: OSError) -> BadInput:
    return BadInput(
        f"Starting at login cannot be changed in {place}: {error.strerror or error}. "
        "Check that you may write there."
    )


def _quoted(word: str) -> str:
    """A word of an ``Exec`` line (Desktop Entry Specification: quoting, and ``%`` doubled)."""
    word = word.replace("%", "%%")
    if word == shlex.quote(word):
        return word
    for sign in ("\\", '"', "`", "$"):
        word = word.replace(sign, f"\\{sign}")
    # A string value undoes one more layer of backslashes.
    return '"' + word.replace("\\", "\\\\") + '"'
