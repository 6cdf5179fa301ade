"""The environment is made once, survives an interruption, and is left alone while nothing changed."""

import os
import subprocess
import sys
from pathlib import Path

import environment
import pytest


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one package without dependencies, which needs no network."""
    root = tmp_path / "project"
    (root / "backend").mkdir(parents=True)
    (root / "requirements.lock").write_text("")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "tiny"\nbackend-path = ["backend"]\n'
        '[project]\nname = "tiny"\nversion = "1"\n'
    )
    (root / "backend" / "tiny.py").write_text(
        "import zipfile\n"
        "def build_editable(folder, config_settings=None, metadata_directory=None):\n"
        "    name = 'tiny-1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(f'{folder}/{name}', 'w') as wheel:\n"
        "        info = 'tiny-1.dist-info'\n"
        "        wheel.writestr('tiny.py', 'here = True')\n"
        "        wheel.writestr(f'{info}/METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n')\n"
        "        wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nTag: py3-none-any\\n')\n"
        "        wheel.writestr(f'{info}/RECORD', '')\n"
        "    return name\n"
    )
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "VENV", root / ".venv")
    monkeypatch.setattr(environment, "STAMP", root / ".venv" / "textbell-installed")
    # No other interpreter than this one.
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    return root


def test_made_once_then_left_alone(project: Path) -> None:
    python = environment.python()
    assert subprocess.check_output([python, "-c", "import tiny; print(tiny.here)"], text=True) == "True\n"
    (project / "backend" / "tiny.py").write_text("raise SystemExit('this was to be left alone')")
    assert environment.python() == python


def test_installed_anew_when_the_lock_changes(project: Path) -> None:
    python = environment.python()
    before = environment.STAMP.read_text()
    (project / "requirements.lock").write_text("# changed\n")
    assert environment.python() == python
    assert environment.STAMP.read_text() != before


def test_what_an_interrupted_start_left_is_made_whole(project: Path) -> None:
    broken = project / ".venv" / "bin"
    broken.mkdir(parents=True)
    (broken / "python").symlink_to(sys.executable)  # no pyvenv.cfg, no pip of its own
    (project / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix) / 'bin'}\n")
    python = environment.python()
    assert (
        subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    )


def test_an_interpreter_that_vanished_is_replaced(project: Path) -> None:
    python = environment.python()
    python.unlink()
    assert environment.python() == python
    assert python.exists()


def test_the_best_interpreter_is_complete_fit_for_builds_and_tried() -> None:
    complete = [
        environment.Interpreter("3.11", (3, 11), shared=True, venv=True),
        environment.Interpreter("3.12", (3, 12), shared=True, venv=True),
        environment.Interpreter("not tried", (3, 99), shared=True, venv=True),
    ]
    static = environment.Interpreter("static", (3, 13), shared=False, venv=True)
    bare = environment.Interpreter("without pip", (3, 13), shared=True, venv=False)
    on_linux = sys.platform.startswith("linux")
    assert environment.best([*complete, static, bare]) == (complete[1] if on_linux else static)
    assert environment.best([complete[0], complete[2]]) == complete[0]
    assert environment.best([static, bare]) == static
    assert environment.best([bare]) is None


def test_this_interpreter_is_described_as_it_is() -> None:
    described = environment._describe(sys.executable)
    assert described is not None
    assert described.version == sys.version_info[:2]
    assert described.venv
    assert environment._describe(os.devnull) is None
