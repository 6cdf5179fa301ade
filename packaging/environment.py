"""The project's own Python environment, ``.venv``: made, filled from the lock file, and kept up to date."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import system_packages
from say import ROOT, CannotGoOn, quietly, say

VENV = ROOT / ".venv"
STAMP = VENV / "textbell-installed"
"""Written last, removed first: it is there only while everything it names is installed."""

PREFERRED = ((3, 13), (3, 12))
"""On 3.11 an older Qt has to be used (see pyproject.toml); newer ones are not tried yet."""

_DESCRIBE = """\
import importlib.util as util, json, sys, sysconfig
print(json.dumps({
    "executable": sys.executable,
    "version": sys.version_info[:2],
    "shared": bool(sysconfig.get_config_var("Py_ENABLE_SHARED")),
    "venv": all(util.find_spec(name) for name in ("venv", "ensurepip")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that could be the environment's."""

    executable: str
    version: tuple[int, int]
    shared: bool
    """It has a shared libpython, without which PyInstaller cannot work on Linux."""
    venv: bool
    """It can make an environment with pip in it."""


def python() -> Path:
    """The environment's interpreter, everything of the lock file and the project itself installed.

    Takes a fraction of a second and no network when nothing changed since the last time.

    Raises:
        CannotGoOn: something is missing that cannot be installed from here.
    """
    executable = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = _fingerprint()
    if _read_stamp() == wanted and _works(executable):
        return executable
    STAMP.unlink(missing_ok=True)
    if not _works(executable):
        _make(executable)
    say("installing the Python packages of requirements.lock into .venv (the first time takes minutes)")
    pip: list[Path | str] = [
        executable,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
    ]
    quietly([*pip, "--require-hashes", "--requirement", "requirements.lock"], cwd=ROOT)
    quietly([*pip, "--no-deps", "--no-build-isolation", "--editable", "."], cwd=ROOT)
    STAMP.write_text(wanted, encoding="utf-8")
    return executable


def has_shared_library(executable: Path) -> bool:
    """Whether PyInstaller can use this interpreter."""
    described = _describe(str(executable))
    return described is not None and (described.shared or not sys.platform.startswith("linux"))


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {ROOT}"


def _read_stamp() -> str:
    try:
        return STAMP.read_text(encoding="utf-8")
    except OSError:
        return ""


def _works(executable: Path) -> bool:
    """Whether the environment is whole enough to install into: an interrupted start leaves less."""
    if not executable.exists():
        return False
    asked = subprocess.run(
        [executable, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"],
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


def _make(executable: Path) -> None:
    interpreter = _choose()
    say(f"making .venv with Python {'.'.join(map(str, interpreter.version))} ({interpreter.executable})")
    quietly([interpreter.executable, "-m", "venv", "--clear", VENV])
    if not _works(executable):
        raise CannotGoOn(f"{interpreter.executable} made an environment without pip in {VENV}.")


def _choose() -> Interpreter:
    found = best([described for each in _candidates() if (described := _describe(each))])
    if found is None:
        # Debian keeps venv and ensurepip in a package of their own.
        system_packages.ensure((f"python3.{sys.version_info.minor}-venv",), "making a Python environment")
        found = best([described for described in [_describe(sys.executable)] if described])
    if found is None:
        raise CannotGoOn(
            f"{sys.executable} lacks the modules venv and ensurepip; install a complete Python 3.11 or newer."
        )
    return found


def best(found: Sequence[Interpreter]) -> Interpreter | None:
    """The one to prefer of those that can make an environment: fit for builds, of a tried version."""

    def rank(each: Interpreter) -> tuple[bool, int]:
        wish = PREFERRED.index(each.version) if each.version in PREFERRED else len(PREFERRED)
        return (sys.platform.startswith("linux") and not each.shared, wish)

    return min((each for each in found if each.venv), key=rank, default=None)


def _candidates() -> list[str]:
    """Interpreters to look at: on PATH, in pyenv's folder, and the one that runs this."""
    names = [f"python{major}.{minor}" for major, minor in PREFERRED]
    found = [path for name in names if (path := shutil.which(name))]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for name in names:
        found += sorted(str(path) for path in versions.glob(f"{name.removeprefix('python')}.*/bin/{name}"))
    return [*found, sys.executable]


def _describe(executable: str) -> Interpreter | None:
    try:
        asked = subprocess.run(
            [executable, "-c", _DESCRIBE], capture_output=True, text=True, timeout=30, check=True
        )
        answer = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # pyenv leaves names on PATH that only say "not found"
    return Interpreter(answer["executable"], tuple(answer["version"]), answer["shared"], answer["venv"])
