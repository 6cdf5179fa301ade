"""What the system is told to run at login."""

import sys
from pathlib import Path

import pytest

from app.program.at_login import start_command
from app.program.options import Options, parse_options


def test_what_the_program_was_told_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = parse_options(["--data-dir", "mine", "--server", "http://127.0.0.1:9", "--client-id", "a b"])
    command = start_command(options)
    told = command[command.index("--minimized") + 1 :]
    assert told == [
        *("--data-dir", str(tmp_path / "mine")),
        *("--server", "http://127.0.0.1:9"),
        *("--client-id", "a b"),
    ]


def test_the_environment_counts_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTBELL_DATA_DIR", "/somewhere")
    monkeypatch.setenv("RINGCENTRAL_CLIENT_ID", "abc")
    command = start_command(parse_options([]))
    assert command[-4:] == ["--data-dir", "/somewhere", "--client-id", "abc"]


def test_nothing_else_is_needed() -> None:
    command = start_command(Options())
    assert command[-1] == "--minimized"
    assert Path(command[0]).is_absolute()


def test_a_frozen_program_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert start_command(Options()) == [sys.executable, "--minimized"]


def test_a_flag_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTBELL_DATA_DIR", "/env")
    monkeypatch.setenv("RINGCENTRAL_SERVER_URL", "http://env")
    options = parse_options(["--data-dir", "/flag", "--server", "http://flag"])
    assert (options.data_dir, options.server) == ("/flag", "http://flag")
