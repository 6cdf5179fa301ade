"""Starting at login: the real files, and what the operating system makes of them."""

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.desktop.autostart import APP_ID, MacAutostart, XdgAutostart, system_autostart
from app.domain.problems import BadInput

COMMAND = ("/opt/My Programs/textbell", "--data-dir", 'a "quoted" $HOME 100% \\ `path`', "--minimized")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX paths")


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("kind", [XdgAutostart, MacAutostart])
def test_on_and_off(kind: type[XdgAutostart] | type[MacAutostart]) -> None:
    switch = kind(COMMAND)
    assert not switch.enabled
    switch.disable()  # is not there: nothing to do
    switch.enable()
    assert switch.enabled
    switch.enable()
    assert [path.name for path in switch.path.parent.iterdir()] == [switch.path.name]
    switch.disable()
    assert not switch.enabled
    assert not switch.path.exists()


def test_the_systems_own_entry_is_overridden(tmp_path: Path) -> None:
    everybodys = tmp_path / "system" / "autostart" / f"{APP_ID}.desktop"
    everybodys.parent.mkdir(parents=True)
    everybodys.write_text("[Desktop Entry]\nType=Application\nName=Textbell\nExec=textbell\n")
    switch = XdgAutostart(COMMAND)
    assert switch.enabled
    switch.disable()
    assert not switch.enabled
    assert everybodys.exists()
    switch.enable()
    assert switch.enabled


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="no desktop-file-validate")
def test_the_entry_is_valid() -> None:
    switch = XdgAutostart(COMMAND)
    switch.enable()
    done = subprocess.run(["desktop-file-validate", switch.path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("gio") is None, reason="no gio")
def test_the_command_arrives_word_for_word(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "say what.py"
    script.write_text(f"import pathlib, sys\npathlib.Path({str(told)!r}).write_text(repr(sys.argv[1:]))")
    os.mkfifo(tmp_path / "done")
    switch = XdgAutostart((sys.executable, str(script), *COMMAND))
    switch.enable()
    subprocess.run(["gio", "launch", switch.path], check=True, timeout=30)
    # gio does not wait for what it starts.
    for _ in range(500):
        if told.exists() and told.read_text():
            break
        subprocess.run(["sleep", "0.02"], check=True)
    assert told.read_text() == repr(list(COMMAND))


def test_the_launch_agent() -> None:
    switch = MacAutostart(COMMAND)
    switch.enable()
    agent = plistlib.loads(switch.path.read_bytes())
    assert agent["ProgramArguments"] == list(COMMAND)
    assert agent["RunAtLoad"] is True


def test_what_cannot_be_arranged_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    switch = XdgAutostart(COMMAND)
    assert not switch.enabled
    for change in (switch.enable, switch.disable):
        with pytest.raises(BadInput, match=r"^Starting at login cannot be changed in .+: .+\. Check that"):
            change()


def test_this_system_has_one() -> None:
    assert not system_autostart(COMMAND).enabled
