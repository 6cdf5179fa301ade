"""Events from a file into the log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.events import Appended
from app.domain.problems import BadInput
from app.eventlog import EventLog
from app.ringcentral.bodies import event_to_line
from app.sync import importing
from app.sync.importing import Imported, import_file
from tests.eventlog.events import message, opt

LINES = [event_to_line(message(str(7000 + n), text=f"Text {n}")) for n in range(1_200)]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    async with await EventLog.open(tmp_path / "log.db", "ab" * 32) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "events.jsonl"
    made.write_text("\n".join(LINES), encoding="utf-8")
    return made


async def test_what_is_known_is_skipped(log: EventLog, file: Path) -> None:
    told: list[Imported] = []
    stored: list[Appended] = []
    first = await import_file(log, file, told.append, stored.append)
    assert (first.new, first.known, first.wrong) == (1_200, 0, 0)
    assert [found.new for found in told] == [500, 1_000, 1_200]
    assert [found.share for found in told] == sorted(found.share for found in told)
    assert told[-1].share == 1.0
    assert sum(len(appended.new) for appended in stored) == 1_200
    again = await import_file(log, file, None, stored.append)
    assert (again.new, again.known) == (0, 1_200)
    assert len(stored) == 3, "nothing was stored the second time"
    assert await log.reader.unread_count() == 0
    assert await log.due() == ()


async def test_wrong_lines_are_named(log: EventLog, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_LONGEST", 20_000)
    lines = [LINES[0], "no json", "", "x" * 45_000, LINES[1], "[]", event_to_line(opt())]
    file.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    found = await import_file(log, file)
    assert (found.new, found.wrong) == (3, 3)
    assert [line.number for line in found.named] == [2, 4, 6]
    assert all(line.reason.endswith(".") for line in found.named)


async def test_given_up_it_keeps_what_was_added(log: EventLog, file: Path) -> None:
    task = asyncio.get_running_loop().create_task(import_file(log, file, lambda _: task.cancel()))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await log.reader.count() == 500
    assert (await import_file(log, file)).new == 700


async def test_another_kind_of_file(log: EventLog, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir\n" * 5_000)
    with pytest.raises(BadInput, match="not a file of events"):
        await import_file(log, other)
    zeros = tmp_path / "zeros"
    zeros.write_bytes(b"\0" * 10_000_000)
    assert (await import_file(log, zeros)).wrong == 1
    for missing in (tmp_path / "gone.jsonl", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            await import_file(log, missing)
    empty = tmp_path / "empty"
    empty.touch()
    assert await import_file(log, empty) == Imported(share=1.0)
