"""A log in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.eventlog import EventLog

KEY = "a1" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
async def log(path: Path) -> AsyncIterator[EventLog]:
    async with await EventLog.open(path, KEY) as log:
        yield log
