"""The packages: building them, and proof that what was built works."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environment
import system_packages
from private_desktop import private_desktop
from say import ROOT, CannotGoOn, openly, quietly, say

SELF_TEST_LIMIT = 120
"""Seconds."""


def build() -> int:
    """Build ``dist/textbell/`` and, where dpkg-deb is, the Debian package."""
    python = environment.python()
    if sys.platform.startswith("linux"):
        system_packages.ensure((*system_packages.QT, *system_packages.BUILD), "building the packages")
        base, minor = _ask(python, "print(sys.base_prefix, sys.version_info[1])").split()
        if base == "/usr":
            system_packages.ensure((f"libpython3.{minor}",), "building the packages")
        if not environment.has_shared_library(python):
            raise CannotGoOn(
                "this Python has no shared libpython, which PyInstaller needs. Install Python 3.12 or 3.13 "
                "with one (pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared), delete .venv and try again."
            )
    _timed(
        "the program is built", [python, "-m", "PyInstaller", "--noconfirm", "--log-level=WARN", "build.spec"]
    )
    if shutil.which("dpkg-deb"):
        _timed("the Debian package is built", [python, "packaging/deb/build.py"])
    return 0


def smoke() -> int:
    """Build; let the frozen program, then the installed Debian package, pass the program's self-test."""
    build()
    suffix = ".exe" if os.name == "nt" else ""
    frozen = ROOT / "dist" / "textbell" / f"textbell{suffix}"
    if not sys.platform.startswith("linux"):
        _timed("the built program passes its self-test", [frozen, "--self-test"])
        return 0
    with private_desktop() as session:

        def self_test(program: Path | str, title: str) -> None:
            began = time.monotonic()
            try:
                status = session.run(
                    [program, "--self-test"], cwd="/", stdin=subprocess.DEVNULL, timeout=SELF_TEST_LIMIT
                ).returncode
            except subprocess.TimeoutExpired:
                raise CannotGoOn(f"{title} did not end its self-test within {SELF_TEST_LIMIT} s.") from None
            if status != 0:
                raise CannotGoOn(f"{title} failed its self-test with exit status {status}.")
            say(f"{title} passes its self-test ({time.monotonic() - began:.0f} s)")

        self_test(frozen, "the built program")
        if shutil.which("dpkg-deb"):
            with _installed(_package()) as program:
                self_test(program, f"the Debian package ({program})")
    return 0


def _package() -> Path:
    """The package just built."""
    return max((ROOT / "dist").glob("textbell_*.deb"), key=lambda path: path.stat().st_mtime)


@contextmanager
def _installed(package: Path) -> Iterator[Path]:
    """Install the package and remove it afterwards; without the right to, or over a Textbell that is
    installed already, unpack it into a temporary directory instead. Yields its program."""
    status = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", "textbell"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if os.geteuid() == 0 and status != "installed" and shutil.which("apt-get"):
        apt = [
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-y",
            "-o",
            "DPkg::Lock::Timeout=300",
        ]
        quietly([*apt, "install", "--no-install-recommends", package])
        try:
            yield Path("/usr/bin/textbell")
        finally:
            quietly(["dpkg", "--purge", "textbell"])
        return
    with tempfile.TemporaryDirectory(prefix="textbell-package-") as folder:
        quietly(["dpkg-deb", "--extract", package, folder])
        yield Path(folder) / "usr" / "lib" / "textbell" / "textbell"


def _timed(title: str, command: list[Path | str]) -> None:
    began = time.monotonic()
    openly(command)
    say(f"{title} ({time.monotonic() - began:.0f} s)")


def _ask(python: Path, code: str) -> str:
    return subprocess.check_output([python, "-c", f"import sys; {code}"], text=True)
