"""``--self-test``, as the build script runs it on what it built."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop.conftest import StartDesktop
from tests.desktop.running import ROOT

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize("notifier", ["dunst", "xfce4-notifyd"])
def test_it_passes_and_leaves_nothing(desktop: StartDesktop, notifier: str, tmp_path: Path) -> None:
    session = desktop(notifier=notifier)
    done = session.run(
        [sys.executable, "-m", "app", "--self-test"],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = str(done.stdout).splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(lines) == 7
    assert all(line.startswith("ok ") for line in lines[1:])
    assert list(tmp_path.glob("textbell-*")) == []
    kept = session.run(["secret-tool", "search", "--all", "service", "Textbell"], capture_output=True)
    assert kept.stdout == b""


def test_it_fails_where_notifications_reach_nobody(desktop: StartDesktop) -> None:
    session = desktop(notifier="none", keyring="none")
    done: subprocess.CompletedProcess[str] = session.run(
        [sys.executable, "-m", "app", "--self-test"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "FAILED  No keyring is running to keep the sign-in in." in done.stdout
