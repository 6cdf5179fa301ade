"""Which data directory is used, and what is said when it cannot be."""

import os
import stat
import sys
from pathlib import Path

import pytest

from app.desktop.folders import ENVIRONMENT, data_dir, default_data_dir
from app.domain.problems import BadInput


def test_the_flag_beats_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "environment"))
    assert data_dir(str(tmp_path / "flag")) == tmp_path / "flag"
    assert data_dir(tmp_path / "flag") == tmp_path / "flag"
    assert not (tmp_path / "environment").exists()


def test_the_environment_beats_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "deep" / "down"))
    assert data_dir() == tmp_path / "deep" / "down"
    assert (tmp_path / "deep" / "down").is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="XDG directories")
def test_the_systems_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert default_data_dir() == tmp_path / "share" / "textbell"
    assert not default_data_dir().exists()
    assert data_dir("") == tmp_path / "share" / "textbell"


def test_a_relative_flag_and_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_dir("here") == tmp_path / "here"
    if os.name == "posix":
        assert data_dir("~/there") == tmp_path / "there"


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_only_the_owner_can_read_a_new_one(tmp_path: Path) -> None:
    made = data_dir(tmp_path / "new")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o750)
    assert stat.S_IMODE(data_dir(made).stat().st_mode) == 0o750


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadInput, match=r"cannot be used: .+\. Name another with --data-dir\.$"):
            data_dir(place)


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be used"):
        data_dir("a\0b")
    with pytest.raises(BadInput, match="cannot be used"):
        data_dir(tmp_path / ("x" * 300))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_someone_else(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o500)
    with pytest.raises(BadInput, match="may not be written"):
        data_dir(tmp_path / "theirs")
