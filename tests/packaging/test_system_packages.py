"""Which packages are asked for, and what happens where they may not be installed."""

import os
import sys
from pathlib import Path

import pytest
import system_packages
from say import CannotGoOn

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Debian's tools")


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def debian(folder: Path, installed: str, apt_status: int = 0) -> Path:
    """Debian's tools: dpkg-query knows ``installed``; apt-get writes down what it is told."""
    told = folder / "told"
    lines = "".join(f"echo '{name} installed'\n" for name in installed.split())
    program(folder, "dpkg-query", f"{lines}echo 'removed-one config-files'\nexit 1")
    program(folder, "apt-get", f'echo "$*" >> {told}\necho "E: no such luck" >&2\nexit {apt_status}')
    (folder / "env").symlink_to("/usr/bin/env")
    return told


def test_only_the_missing_ones_are_installed(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = debian(programs, installed="xvfb dbus")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    system_packages.ensure(("xvfb", "openbox", "dbus", "removed-one"), "a test")
    update, install = told.read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends openbox removed-one")


def test_nothing_is_run_when_nothing_is_missing(programs: Path) -> None:
    told = debian(programs, installed="xvfb dbus")
    system_packages.ensure(("xvfb", "dbus"), "a test")
    assert not told.exists()


def test_who_may_not_install_is_told_the_line(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = debian(programs, installed="xvfb")
    program(programs, "sudo", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CannotGoOn, match=r"sudo sh -c 'apt-get update && apt-get install -y .* dunst'"):
        system_packages.ensure(("xvfb", "dunst"), "a test")
    assert not told.exists()


def test_sudo_without_a_password_is_used(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = debian(programs, installed="")
    program(programs, "sudo", '[ "$1" = -n ] || exit 9\nshift\n[ "$1" = true ] && exit 0\nexec "$@"')
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    system_packages.ensure(("dunst",), "a test")
    assert "install -y --no-install-recommends dunst" in told.read_text()


def test_when_apt_fails_its_words_and_the_line_are_shown(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian(programs, installed="", apt_status=100)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(CannotGoOn, match=r"(?s)no such luck.*apt-get update && apt-get install"):
        system_packages.ensure(("dunst",), "a test")


def test_other_systems_are_left_alone(programs: Path) -> None:
    system_packages.ensure(("dunst",), "a test")
