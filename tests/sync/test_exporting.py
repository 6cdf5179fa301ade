"""Everything a query finds, as a file that is there as a whole or not at all."""

import asyncio
import csv
import errno
import io
import sys
import threading
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from xlsxwriter.worksheet import Worksheet

from app.domain.events import Event, Family
from app.domain.problems import BadInput
from app.eventlog import EventLog, Query, parse_query
from app.ringcentral.bodies import event_from_line
from app.sync import exporting
from app.sync.exporting import FileKind, Layout, export_file, export_stream
from app.sync.files import NewFile, Stopped, cannot_write
from tests.eventlog.events import batch, message

KINDS = tuple(FileKind)
COUNT = 1_234


def texts(count: int = COUNT) -> list[Event]:
    noon = datetime(2026, 11, 3, 12, tzinfo=UTC)
    return [
        message(str(7000 + n), text=f"Zoë {n}" if n % 2 else "=1+1", at=noon + timedelta(seconds=n))
        for n in range(count)
    ]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    (tmp_path / "data").mkdir()
    async with await EventLog.open(tmp_path / "data" / "log.db", "ab" * 32) as opened:
        await opened.append(texts())
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Documents"
    made.mkdir()
    return made


def layout(kind: FileKind, **more: object) -> Layout:
    return Layout(kind, {"+16505550100": "Front desk"}, ZoneInfo("America/New_York"), **more)  # type: ignore[arg-type]


def rows_in(path: Path) -> int:
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        try:
            return sum(1 for _ in book.worksheets[0].iter_rows()) - 1
        finally:
            book.close()
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1 if path.suffix == ".csv" else sum(1 for _ in file)


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_is_written_and_nothing_else_is_left(
    log: EventLog, folder: Path, kind: FileKind
) -> None:
    path = folder / f"all.{kind}"
    told: list[tuple[int, int | None]] = []
    count = await export_file(
        log.reader, Query(), path, layout(kind), lambda done, total: told.append((done, total))
    )
    assert count == rows_in(path) == COUNT
    assert told[0] == (0, None)
    assert told[1:] == [(0, COUNT), (500, COUNT), (1000, COUNT), (COUNT, COUNT)]
    assert list(folder.iterdir()) == [path]


async def test_only_what_is_found(log: EventLog, folder: Path) -> None:
    path = folder / "some.jsonl"
    assert await export_file(log.reader, parse_query('"Zoë 17"'), path, layout(FileKind.JSONL)) == 1
    [line] = path.read_text("utf-8").splitlines()
    assert event_from_line(line, received_at=datetime.now(UTC)).text == "Zoë 17"
    empty = folder / "none.csv"
    assert await export_file(log.reader, parse_query("nowhere"), empty, layout(FileKind.CSV)) == 0
    assert rows_in(empty) == 0


async def test_excel_is_told_how_the_text_is_spelled(log: EventLog, folder: Path) -> None:
    path = folder / "excel.csv"
    await export_file(log.reader, Query(), path, layout(FileKind.CSV, for_excel=True))
    assert path.read_bytes().startswith(b"\xef\xbb\xbfTime,")
    assert "'=1+1" in path.read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunks", [0, 1, 2])
async def test_given_up_it_leaves_what_was_there(
    log: EventLog, folder: Path, kind: FileKind, chunks: int
) -> None:
    path = folder / f"all.{kind}"
    path.write_text("yesterday's")
    task: asyncio.Task[int]

    def progress(done: int, _: int | None) -> None:
        if done >= chunks * exporting.CHUNK:
            task.cancel()

    task = asyncio.get_running_loop().create_task(
        export_file(log.reader, Query(), path, layout(kind), progress)
    )
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(folder.iterdir()) == [path]
    assert path.read_text() == "yesterday's"
    await log.reader.count()  # the log is as usable as before


async def test_given_up_while_the_workbook_is_packed(
    log: EventLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "all.xlsx"
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    write = zipfile.ZipFile.write

    def packing(self: zipfile.ZipFile, *args: object, **more: object) -> None:
        loop.call_soon_threadsafe(begun.set)
        write(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "write", packing)
    task = loop.create_task(export_file(log.reader, Query(), path, layout(FileKind.XLSX)))
    await begun.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert list(folder.iterdir()) == []
    else:
        assert rows_in(path) == COUNT


async def test_given_up_while_the_rows_are_put_together(
    log: EventLog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library does before it writes a single byte of the file."""
    begun, stopped = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    assemble = Worksheet._assemble_xml_file

    def assembling(self: Worksheet) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert stopped.wait(20)
        assemble(self)

    monkeypatch.setattr(Worksheet, "_assemble_xml_file", assembling)
    task = loop.create_task(export_file(log.reader, Query(), folder / "all.xlsx", layout(FileKind.XLSX)))
    await begun.wait()
    task.cancel()
    loop.call_later(0.05, stopped.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(folder.iterdir()) == []


async def test_the_log_goes_on_meanwhile(log: EventLog, folder: Path) -> None:
    more = [message(str(90_000 + n), at=datetime(2026, 11, 5, tzinfo=UTC)) for n in range(50)]
    written: list[asyncio.Task[object]] = []
    loop = asyncio.get_running_loop()

    def progress(done: int, _: int | None) -> None:
        if done and not written:
            written.append(loop.create_task(log.append(more)))

    path = folder / "all.csv"
    assert await export_file(log.reader, Query(), path, layout(FileKind.CSV), progress) >= COUNT
    await written[0]
    assert await log.reader.count() == COUNT + 50


@pytest.mark.skipif(sys.platform == "win32", reason="devices are files elsewhere")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_full_disk_is_told(log: EventLog, kind: FileKind) -> None:
    full = Path("/dev/full")
    with pytest.raises(BadInput, match=r"disk .* is full"):
        await export_file(log.reader, Query(), full, layout(kind))
    assert full.is_char_device()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_folder_that_is_not_there(log: EventLog, folder: Path, kind: FileKind) -> None:
    with pytest.raises(BadInput, match=r"There is no folder “.*gone”"):
        await export_file(log.reader, Query(), folder / "gone" / f"x.{kind}", layout(kind))
    (folder / "file").touch()
    with pytest.raises(BadInput, match="There is no folder"):
        await export_file(log.reader, Query(), folder / "file" / f"x.{kind}", layout(kind))
    with pytest.raises(BadInput):
        await export_file(log.reader, Query(), folder, layout(kind))


def test_why_a_file_cannot_be_written(tmp_path: Path) -> None:
    there = tmp_path / "Textbell Activity.xlsx"
    there.touch()
    excel = PermissionError(errno.EACCES, "Permission denied")
    said = {
        str(cannot_write(there, excel)),
        str(cannot_write(tmp_path / "no" / "x.csv", FileNotFoundError(errno.ENOENT, "No such file"))),
        str(cannot_write(tmp_path / "x.csv", OSError(errno.ENOSPC, "No space left on device"))),
        str(cannot_write(tmp_path / "x.csv", OSError(errno.EROFS, "Read-only file system"))),
        str(cannot_write(tmp_path / "x.csv", PermissionError(errno.EACCES, "Permission denied"))),
        str(cannot_write(tmp_path / "x.csv", OSError(errno.ENAMETOOLONG, "File name too long"))),
        str(cannot_write(tmp_path / "x.csv", OSError(errno.EIO, "Input/output error"))),
    }
    assert len(said) == 6, "a folder that is read-only is one thing, whoever says so"
    assert any("open in another program" in sentence for sentence in said)
    assert all(sentence.endswith(".") and "Errno" not in sentence for sentence in said)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    new = NewFile(link)
    new.file.write(b"new")
    new.finish()
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_stopped_file_takes_nothing_more(tmp_path: Path) -> None:
    new = NewFile(tmp_path / "x")
    new.file.write(b"1")
    new.stop()
    with pytest.raises(Stopped):
        new.file.write(b"2")
    new.abandon()
    assert list(tmp_path.iterdir()) == []


async def test_a_stream_gets_the_same_as_a_file(log: EventLog, folder: Path) -> None:
    for kind in (FileKind.CSV, FileKind.JSONL):
        out = io.StringIO(newline="")
        assert await export_stream(log.reader, Query(), out, layout(kind)) == COUNT
        path = folder / f"all.{kind}"
        await export_file(log.reader, Query(), path, layout(kind))
        assert out.getvalue() == path.read_bytes().decode("utf-8")
    with pytest.raises(BadInput):
        await export_stream(log.reader, Query(), io.StringIO(), layout(FileKind.XLSX))


async def test_batches_are_written_as_they_stand_now(log: EventLog, folder: Path) -> None:
    noon = datetime(2026, 11, 3, 18, tzinfo=UTC)
    failed = message("92", state="DeliveryFailed", error_code="SMS-CAR-411", batch_id="b-1", at=noon)
    await log.append(
        [
            batch("b-1", state="Queued", size=4, processed=0, at=noon),
            message("91", text="=Hello", batch_id="b-1", at=noon),
            failed,
            batch("b-1", size=4, processed=4, rejected=1, at=noon + timedelta(minutes=5)),
        ]
    )
    shown = Query(families=(Family.BATCH,), batch_starts=True)
    path = folder / "batches.csv"
    assert await export_file(log.reader, shown, path, layout(FileKind.CSV)) == 1
    with path.open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["Text"], row["Status"], row["Label"]) == ("'=Hello", "Completed", "Front desk")
    figures = ("Batch size", "Delivered", "Failed", "Waiting", "Rejected")
    assert [row[name] for name in figures] == ["4", "1", "1", "1", "1"]
    assert row["Errors"] == "SMS-CAR-411: 1"
    assert row["Completed"].startswith("2026-11-03T13:0")
    book = folder / "batches.xlsx"
    assert await export_file(log.reader, shown, book, layout(FileKind.XLSX)) == 1
    assert rows_in(book) == 1
    lines = folder / "batches.jsonl"
    await export_file(log.reader, shown, lines, layout(FileKind.JSONL))
    [line] = lines.read_text("utf-8").splitlines()
    assert event_from_line(line, received_at=noon).state == "Queued", "events, to be added elsewhere"
