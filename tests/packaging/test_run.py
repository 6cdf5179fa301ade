"""The set-up script as a newcomer meets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import testing
from commands import main
from say import CannotGoOn

from tests.packaging.conftest import SCRIPTS

RUN = SCRIPTS / "run.py"


def old_interpreters() -> list[str]:
    """Pythons older than 3.11 that happen to be there."""
    versions = Path(os.environ.get("PYENV_ROOT", "/opt/pyenv")) / "versions"
    places = [Path("/usr/bin"), Path("/usr/local/bin"), *versions.glob("*/bin")]
    names = ("python2.7", *(f"python3.{minor}" for minor in range(4, 11)))
    return [str(place / name) for place in places for name in names if (place / name).is_file()]


def test_python_before_3_11_reads_one_sentence() -> None:
    # Every syntax that is new since Python 2.7 would end in a SyntaxError instead of the sentence.
    olds = old_interpreters()
    if not olds:
        pytest.skip("no Python older than 3.11 here")
    for old in olds:
        tried = subprocess.run([old, RUN, "demo"], capture_output=True, text=True, check=False)
        assert tried.returncode == 1
        assert tried.stderr.startswith("Textbell needs Python 3.11 or newer; this is Python ")
        assert len(tried.stderr.splitlines()) == 1


def test_demo_without_a_screen_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("there is always a screen")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["demo"], None) == 1
    assert "demo --screenshot" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["dance"], ["check", "--fast"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, None)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_every_test_counts_once(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_a(): pass\n"
        "def test_b(): pass\n"
        "def test_c(): assert False\n"
        "@pytest.mark.skip(reason='x')\ndef test_d(): pass\n"
        "@pytest.fixture\ndef broken():\n    yield\n    assert False\n"
        "def test_e(broken): pass\n"
    )
    report = tmp_path / "report.xml"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert testing._read(report, run.returncode) == testing.Outcome(passed=2, failed=2, skipped=1)


def test_a_run_that_broke_off_counts_as_failed(tmp_path: Path) -> None:
    assert testing._read(tmp_path / "missing.xml", -11).failed == 1
    assert testing._read(tmp_path / "missing.xml", 5) == testing.Outcome()


def test_a_command_that_fails_is_shown_with_its_last_lines() -> None:
    from say import quietly

    with pytest.raises(CannotGoOn, match=r"(?s)exit status 3.*the reason"):
        quietly([sys.executable, "-c", "import sys; print('the reason'); sys.exit(3)"])
