"""What a support person gets to read."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.program import diagnostics


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    handler = diagnostics.begin(tmp_path)
    yield tmp_path
    diagnostics.end(handler)


def written(folder: Path) -> str:
    return (folder / diagnostics.NAME).read_text(encoding="utf-8")


def fault(message: str) -> RuntimeError:
    """An exception that was raised, with its traceback."""
    with pytest.raises(RuntimeError) as raised:
        _raise(message)
    return raised.value


def _raise(message: str) -> None:
    raise RuntimeError(message)


def test_what_the_program_notes_is_there(folder: Path) -> None:
    logging.getLogger("app.sync.watch").info("next attempt in %.1f s", 2.5)
    assert written(folder).endswith(" INFO app.sync.watch: next attempt in 2.5 s\n")


def test_what_nobody_caught_is_there(folder: Path) -> None:
    error = fault("seen nowhere else")
    sys.excepthook(type(error), error, error.__traceback__)
    assert "Traceback" in written(folder)
    assert "RuntimeError: seen nowhere else" in written(folder)


def test_an_exception_tells_no_number_and_no_token(folder: Path) -> None:
    token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9abcdefghij.eyJzdWIiOiIx.c2lnbmF0dXJl"
    error = fault(f"+16505550143 with {token}, batch 12345678")
    logging.getLogger("app.sync").critical("a fault", exc_info=error)
    assert "RuntimeError: …0143 with …, batch …5678" in written(folder).splitlines()


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    handler = diagnostics.begin(tmp_path / "missing")
    assert handler is None
    diagnostics.end(handler)


def test_afterwards_nothing_is_written_any_more(tmp_path: Path) -> None:
    before = sys.excepthook
    diagnostics.end(diagnostics.begin(tmp_path))
    logging.getLogger("app.sync").error("too late")
    assert written(tmp_path) == ""
    assert sys.excepthook is sys.__excepthook__ or sys.excepthook is before
