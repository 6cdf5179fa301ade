"""The settings page of the log."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.domain.events import Event
from app.eventlog import EventLog, backup
from app.ringcentral.bodies import event_to_line
from app.sync import importing, retention
from app.sync.importing import Imported, WrongLine
from app.ui import backup_section, import_section
from app.ui.feed import FeedState
from app.ui.import_section import said_of
from app.ui.log_page import LogPage
from app.ui.words import size
from tests.ui import shop
from tests.ui.conftest import DeskKit

Until = Callable[..., Awaitable[None]]
WORDS = "four words make one"
YEAR = timedelta(days=366)


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_ROUNDS", 1_000)
    monkeypatch.setattr(retention, "PAUSE", 0)
    for module in (backup_section, import_section):
        monkeypatch.setattr(module, "documents", lambda: tmp_path)


async def opened(kit: DeskKit, until: Until) -> LogPage:
    kit.desk.show_settings("Log")
    window = kit.desk.beside.settings_window
    assert window is not None
    await until(lambda: not kit.tasks.names())
    return window.log


def old(kit: DeskKit, count: int, years: int) -> list[Event]:
    return [kit.shop.inbound(shop.NOW - years * YEAR + timedelta(seconds=n), "Old") for n in range(count)]


def choose(page: LogPage, years: int | None) -> None:
    box = page.keep.years
    box.setCurrentIndex(box.findData(years))
    box.activated.emit(box.currentIndex())


def click(widget: object) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]


async def test_how_much_there_is(kit: DeskKit, until: Until) -> None:
    page = await opened(kit, until)
    assert page.amount.text().startswith("No events yet (")
    await kit.engine.log.append(old(kit, 3, 1))
    page.refresh()
    await until(lambda: not kit.tasks.names())
    assert page.amount.text().startswith("3 events since Sun 2 Nov 2025, ")
    assert page.amount.text().endswith(" KB")


def test_sizes() -> None:
    shown = {340_400: "340 KB", 12: "1 KB", 4_240_000: "4.2 MB", 43_000_000: "43 MB", 999_600: "1.0 MB"}
    assert {given: size(given) for given in shown} == shown
    assert size(1_300_000_000) == "1.3 GB"
    assert size(43_000_000_000_000) == "43,000 GB"


async def test_old_events_go_after_a_question(kit: DeskKit, until: Until) -> None:
    await kit.engine.log.append([*old(kit, 7, 3), *old(kit, 2, 0)])
    page = await opened(kit, until)
    assert page.keep.years.currentText() == "5 years"
    choose(page, 2)
    await until(lambda: not kit.tasks.names())
    assert page.keep.question.startswith("7 events are older than 2 years.")
    assert page.keep.sure.text() == "&Delete 7 events"
    click(page.keep.cancel)
    assert page.keep.question == ""
    assert page.keep.years.currentData() == 5
    assert kit.settings.value.keep_years == 5
    choose(page, 1)
    await until(lambda: not kit.tasks.names())
    click(page.keep.sure)
    await until(lambda: not kit.tasks.names())
    assert page.keep.strip.text == "7 old events deleted."
    assert kit.settings.value.keep_years == 1
    assert await kit.engine.log.reader.count() == 2
    assert page.amount.text().startswith("2 events since")


async def test_the_window_lets_go_of_them_as_well(kit: DeskKit, until: Until) -> None:
    await kit.engine.log.append([*old(kit, 7, 3), *old(kit, 2, 0)])
    kit.desk.show_main()
    await until(lambda: kit.main.log.model.rowCount() == 9)
    await kit.engine.keeping.keep_years(1)
    await until(lambda: kit.main.log.model.rowCount() == 2)
    await kit.settled()


async def test_what_opens_is_brought_into_sight(kit: DeskKit, until: Until) -> None:
    page = await opened(kit, until)
    window = kit.desk.beside.settings_window
    assert window is not None
    window.resize(600, 420)
    click(page.backups.save)
    form = page.backups.form
    await until(lambda: not form.go.visibleRegion().isEmpty() and not form.first.visibleRegion().isEmpty())


async def test_longer_needs_no_question(kit: DeskKit, until: Until) -> None:
    await kit.engine.log.append(old(kit, 7, 3))
    page = await opened(kit, until)
    choose(page, None)
    await until(lambda: not kit.tasks.names())
    assert page.keep.question == ""
    assert kit.settings.value.keep_years is None
    assert await kit.engine.log.reader.count() == 7


async def test_a_file_is_added_and_the_window_shows_it(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    kit.desk.show_main()
    await until(lambda: kit.main.log.feed.state is FeedState.READY)
    page = await opened(kit, until)
    events = [kit.shop.inbound(shop.NOW - timedelta(minutes=n), f"Text {n}") for n in range(30)]
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join([*map(event_to_line, events), "no json"]), encoding="utf-8")
    click(page.adding.choose)
    dialog = page.adding.dialog
    assert dialog is not None
    dialog.selectFile(str(file))
    dialog.accept()
    await until(lambda: not page.adding.strip.running)
    assert page.adding.strip.text == "30 events added. Line 31 is no event and was left out."
    await until(lambda: kit.main.log.model.rowCount() == 30)
    await until(lambda: page.amount.text().startswith("30 events since"))
    page.adding.add(file)
    await until(lambda: not page.adding.strip.running)
    assert page.adding.strip.text.startswith("0 events added, 30 were known already.")
    await kit.settled()


async def test_what_is_too_old_to_stay_is_told(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    page = await opened(kit, until)
    file = tmp_path / "old.jsonl"
    file.write_text("\n".join(map(event_to_line, [*old(kit, 3, 6), *old(kit, 1, 0)])), encoding="utf-8")
    page.adding.add(file)
    await until(lambda: not page.adding.strip.running)
    assert page.adding.strip.text == "4 events added. 3 events older than 5 years will go within a day."
    await kit.settled()


async def test_adding_can_be_given_up(
    kit: DeskKit, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "GROUP", 5)
    page = await opened(kit, until)
    events = [kit.shop.inbound(shop.NOW - timedelta(minutes=n), f"Text {n}") for n in range(500)]
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join(map(event_to_line, events)), encoding="utf-8")
    page.adding.add(file)
    await until(lambda: (page.adding.strip.share or 0) > 0)
    page.adding.strip.press_cancel()
    await until(lambda: not page.adding.strip.running)
    added = await kit.engine.log.reader.count()
    assert 0 < added < 500
    assert page.adding.strip.text.startswith("Stopped. ")
    await kit.settled()


def test_wrong_lines_in_words() -> None:
    def found(*numbers: int, wrong: int | None = None) -> Imported:
        lines = tuple(WrongLine(number, "No.") for number in numbers)
        return Imported(2, 1, len(lines) if wrong is None else wrong, lines)

    assert said_of(Imported(1, 0)) == "1 event added."
    assert said_of(found(4)).endswith("Line 4 is no event and was left out.")
    assert said_of(found(4, 9)).endswith("Lines 4 and 9 are no events and were left out.")
    assert said_of(found(1, 2, 3, 4, 5, 6, 7)).endswith(
        "Lines 1, 2, 3, 4, 5 and 2 more are no events and were left out."
    )
    assert said_of(found(1, 2, 3, wrong=1_203)).startswith("2 events added, 1 was known already. ")


async def test_a_backup_is_saved(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    await kit.engine.log.append(old(kit, 20, 0))
    page = await opened(kit, until)
    form = page.backups.form
    click(page.backups.save)
    QTest.keyClicks(form.first, WORDS)
    QTest.keyClicks(form.second, "something else")
    click(form.go)
    assert form.wrong == "The two passphrases are not the same."
    form.first.setText("short")
    form.second.setText("short")
    click(form.go)
    assert "longer passphrase" in form.wrong
    form.first.setText(WORDS)
    form.second.setText(WORDS)
    QTest.keyClick(form.second, Qt.Key.Key_Return)
    dialog = page.backups.dialog
    assert dialog is not None
    path = tmp_path / "Textbell backup 2026-11-03.textbell"
    assert Path(dialog.selectedFiles()[0]).name == path.name
    dialog.accept()
    await until(lambda: not page.backups.strip.running)
    assert page.backups.strip.text == f"Saved as {path.name}. Keep the passphrase in a safe place."
    assert path.stat().st_size > 10_000
    assert form.first.text() == "", "it is not kept"
    await kit.settled()


async def test_a_backup_is_restored(kit: DeskKit, until: Until, tmp_path: Path) -> None:
    path = tmp_path / "old.textbell"
    async with await EventLog.open(tmp_path / "other.db", "cd" * 32) as other:
        await other.append(old(kit, 20, 0))
        kept, kit.engine.log = kit.engine.log, other
        await kit.engine.keeping.save_backup(path, WORDS)
        kit.engine.log, kit.engine._keeping = kept, None
    page = await opened(kit, until)
    form = page.backups.form
    page.backups.ask_for(path)
    assert form.second.isHidden()
    QTest.keyClicks(form.first, "not this one")
    QTest.keyClick(form.first, Qt.Key.Key_Return)
    await until(lambda: bool(form.wrong))
    assert "does not open with this passphrase" in form.wrong
    assert form.isVisible()
    form.first.setText(WORDS)
    click(form.go)
    await until(lambda: "restored" in page.backups.strip.text)
    assert page.backups.strip.text == "20 events restored. Quit Textbell and start it again to use them."
    await until(lambda: bool(page.waiting.text))
    assert "takes over" in page.waiting.text
    await kit.settled()
    assert json.loads(kit.settings.path.read_text("utf-8"))["keep_years"] == 5
