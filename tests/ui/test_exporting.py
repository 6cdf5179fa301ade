"""What the window shows, as a file."""

import csv
from collections.abc import Awaitable, Callable
from pathlib import Path

import openpyxl
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from app.sync import exporting as writing
from app.sync.exporting import FileKind
from app.ui import exporting, file_dialogs
from app.ui.exporting import Exporting
from app.ui.feed import FeedState
from app.ui.filters import View, customer_chip
from tests.ui.conftest import DeskKit

Until = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def _documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "documents", lambda: tmp_path)


async def opened(kit: DeskKit, until: Until, *, fill: bool = True) -> Exporting:
    if fill:
        await kit.engine.log.append(kit.shop.morning())
    kit.desk.show_main()
    await until(lambda: kit.main.log.feed.state is FeedState.READY)
    await until(lambda: not kit.tasks.names())
    [found] = kit.main.findChildren(Exporting)
    return found


def answer(dialog: QFileDialog | None, path: Path) -> None:
    """Somebody types a name and presses Save."""
    assert dialog is not None
    dialog.selectFile(str(path))
    dialog.accept()


async def test_what_is_shown_is_what_is_written(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    export = await opened(kit, until)
    kit.main.log.show_view(View.OPT_OUTS)
    await until(lambda: not kit.tasks.names())
    shown = kit.main.log.feed.total
    assert 0 < shown < await kit.engine.log.reader.count()
    QTest.keyClick(kit.main, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert export.proposed.name == "Textbell Opt-outs this week 2026-11-03.xlsx"
    path = tmp_path / export.proposed.name
    answer(export.dialog, path)
    await until(lambda: not kit.tasks.names())
    assert kit.main.strip.text == f"Exported {shown} events."
    book = openpyxl.load_workbook(path, read_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    assert len(rows) == shown + 1
    assert "Front desk" in {row[4] for row in rows}


async def test_words_and_chips_count(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    export = await opened(kit, until)
    entry = kit.main.log.model.entry_at(0)
    assert entry is not None
    customer = next(
        e.event.customer for e in map(kit.main.log.model.entry_at, range(40)) if e and e.event.customer
    )
    kit.main.log.search.add(customer_chip(customer))
    await until(lambda: not kit.tasks.names())
    shown = kit.main.log.feed.total
    kit.main.log.export_asked.emit()
    path = tmp_path / "one.csv"
    answer(export.dialog, path)
    await until(lambda: not kit.tasks.names())
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == shown > 0
    assert len({row["Customer"] for row in rows}) == 1


async def test_the_folder_is_opened_and_remembered(
    kit: DeskKit, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = await opened(kit, until)
    folders: list[Path] = []
    monkeypatch.setattr(export, "_open_folder", folders.append)
    place = tmp_path / "Reports"
    place.mkdir()
    QTest.mouseClick(export.button, Qt.MouseButton.LeftButton)
    answer(export.dialog, place / "all.jsonl")
    await until(lambda: not kit.tasks.names())
    kit.main.strip.press_action()
    assert folders == [place]
    assert export.proposed.parent == place


async def test_it_can_be_given_up(
    kit: DeskKit, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "CHUNK", 10)
    export = await opened(kit, until)
    strip = kit.main.strip
    export.write(kit.main.log.query, tmp_path / "all.xlsx", FileKind.XLSX)
    assert strip.running
    await until(lambda: strip.share not in (None, 0.0))
    assert "of" in strip.text
    export.ask()
    assert export.dialog is None, "one at a time"
    strip.press_cancel()
    await until(lambda: not kit.tasks.names())
    assert not strip.running
    assert "cancelled" in strip.text
    assert [path.name for path in tmp_path.iterdir() if "all" in path.name or path.suffix == ".part"] == []


async def test_what_went_wrong_is_said_there(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    export = await opened(kit, until)
    export.write(kit.main.log.query, tmp_path / "gone" / "x.csv", FileKind.CSV)
    await until(lambda: not kit.tasks.names())
    assert "There is no folder" in kit.main.strip.text
    kit.main.strip.clear()
    assert kit.main.strip.isHidden()


async def test_the_key_works_while_somebody_types(kit: DeskKit, until: Until) -> None:
    """On X11 a field would take it for the end of the line."""
    export = await opened(kit, until)
    field = kit.main.log.search.field
    field.setFocus()
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    override.ignore()  # as Qt sends it
    QGuiApplication.sendEvent(field, override)
    assert not override.isAccepted()
    other = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    other.ignore()
    QGuiApplication.sendEvent(field, other)
    assert other.isAccepted()
    QTest.keyClick(field, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert export.dialog is not None
    export.dialog.reject()


async def test_nothing_to_export(kit: DeskKit, until: Until) -> None:
    export = await opened(kit, until, fill=False)
    export.ask()
    assert export.dialog is None
    assert kit.main.strip.text == "There is nothing here to export."


async def test_the_list_of_kinds_decides_the_end_of_the_name(
    kit: DeskKit, until: Until, tmp_path: Path
) -> None:
    await opened(kit, until)
    given: list[tuple[Path, str]] = []
    for typed, chosen, expected in (
        ("a.xlsx", "csv", ("a.csv", "csv")),
        ("b.csv", "xlsx", ("b.xlsx", "xlsx")),
        ("c", "jsonl", ("c.jsonl", "jsonl")),
    ):
        dialog = file_dialogs.ask_where(
            kit.main,
            "Export",
            tmp_path / "x.xlsx",
            exporting.KINDS,
            lambda path, kind: given.append((path, kind)),
        )
        dialog.selectFile(str(tmp_path / typed))
        for filter_ in dialog.nameFilters():
            if f"*.{chosen})" in filter_:
                dialog.selectNameFilter(filter_)
                dialog.filterSelected.emit(filter_)
        dialog.accept()
        path, kind = given[-1]
        assert (path.name, kind) == expected
