"""The program's own files are found wherever it was put."""

import sys
from pathlib import Path

import pytest

from app import resources


@pytest.fixture(autouse=True)
def _forget() -> None:
    resources.resource_folder.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def _forget_at_the_end():
    yield
    resources.resource_folder.cache_clear()


def test_in_the_checkout() -> None:
    assert resources.resource_path("icons/app.svg").read_text().startswith("<!--")


def test_in_a_frozen_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources" / "icons").mkdir(parents=True)
    (tmp_path / "resources" / "icons" / "app.svg").write_text("frozen")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.resource_path("icons/app.svg").read_text() == "frozen"


def test_in_an_installed_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app" / "_resources").mkdir(parents=True)
    (tmp_path / "app" / "_resources" / "x.txt").write_text("installed")
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "app" / "resources.py"))
    assert resources.resource_path("x.txt").read_text() == "installed"


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"icons/nothing\.svg is missing"):
        resources.resource_path("icons/nothing.svg")
