"""The system's own libraries and programs: what each purpose needs, and installing them on Debian."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

from say import CannotGoOn, quietly, say

QT = (
    *("libegl1", "libgl1", "libdbus-1-3", "libfontconfig1", "libxkbcommon0", "libxkbcommon-x11-0"),
    *("libx11-xcb1", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0", "libxcb-keysyms1", "libxcb-randr0"),
    *("libxcb-render-util0", "libxcb-shape0", "libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0", "libxcb-xkb1"),
    *("libwayland-cursor0", "libwayland-egl1"),
)
"""What PySide6 links to: its own libraries and its plugins for X11 and Wayland."""

DESKTOP = (
    *("xvfb", "x11-utils", "xdotool", "imagemagick", "openbox", "fonts-dejavu-core"),
    *("dbus", "dbus-bin", "dbus-daemon", "libglib2.0-bin", "at-spi2-core", "python3-gi", "gir1.2-atspi-2.0"),
    *("xfce4-panel", "trayer", "xfce4-notifyd", "dunst", "adwaita-icon-theme", "hicolor-icon-theme"),
    *("gnome-keyring", "libsecret-tools"),
)
"""What the private desktop of the tests is made of."""

BUILD = ("binutils", "dpkg", "desktop-file-utils", "appstream", "lintian")
"""What building and judging the packages needs."""


def have_apt() -> bool:
    """Whether this is a Debian-like system."""
    return sys.platform.startswith("linux") and bool(shutil.which("dpkg-query") and shutil.which("apt-get"))


def ensure(names: Iterable[str], purpose: str) -> None:
    """Install those of the Debian packages that are missing. Elsewhere than on Debian: nothing.

    Raises:
        CannotGoOn: some are missing and this user may not install them, or apt could not.
    """
    if not have_apt():
        return
    missing = _missing(tuple(names))
    if not missing:
        return
    line = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(missing)}"
    as_root = _as_root()
    if as_root is None:
        raise CannotGoOn(
            f"{purpose} needs system packages that are missing. To install them:\n\n  sudo sh -c '{line}'\n"
        )
    say(f"installing system packages for {purpose}: {' '.join(missing)}")
    apt = [
        *as_root,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]
    # One unreachable source of many does not matter if the packages can be had all the same.
    subprocess.run([*apt, "update"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
    try:
        quietly([*apt, "install", "-y", "--no-install-recommends", *missing])
    except CannotGoOn as error:
        raise CannotGoOn(
            f"{error}\n{purpose} needs these. To install them yourself, as root:\n\n  {line}\n"
        ) from error


def _missing(names: tuple[str, ...]) -> list[str]:
    listed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,  # it fails when it has never heard of one of them
    )
    installed = {
        line.removesuffix(" installed") for line in listed.stdout.splitlines() if line.endswith(" installed")
    }
    return [name for name in names if name not in installed]


def _as_root() -> list[str] | None:
    """What to put before a command to run it as root, or None where that needs a password."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None
