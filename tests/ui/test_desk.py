"""The tray and the windows together."""

import gc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import shiboken6
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QLineEdit,
    QSystemTrayIcon,
)

from app.domain.problems import BadInput, Problem, Remedy
from app.domain.status import Reach
from app.settings import Appearance, Disclosure
from app.ui.closing import CLOSE_HINT
from app.ui.theme import Theme
from app.ui.trouble_window import TroubleWindow
from tests.ui import shop
from tests.ui.conftest import DeskKit

Until = Callable[..., Awaitable[None]]


def _menu(kit: DeskKit) -> list[str]:
    actions = kit.desk.tray.menu.actions()
    return ["-" if a.isSeparator() else a.text().replace("&", "") for a in actions if a.isVisible()]


def _press(kit: DeskKit, text: str) -> None:
    for menu in (kit.desk.tray.menu, kit.desk.tray._pause, kit.desk.tray._recent):
        for action in menu.actions():
            if action.text().replace("&", "") == text:
                action.trigger()
                return
    raise AssertionError(f"no “{text}” in the menu")


async def test_the_menu_is_short_and_in_order(kit: DeskKit) -> None:
    assert _menu(kit) == [
        "Watching 3 numbers",
        "-",
        "Open Textbell",
        "Recent",
        "-",
        "Pause notifications",
        "Check now",
        "-",
        "Settings…",
        "Help",
        "-",
        "Quit Textbell",
    ]
    assert not kit.desk.tray.menu.actions()[0].isEnabled()
    assert kit.desk.tray.menu.defaultAction().text() == "&Open Textbell"
    assert kit.desk.tray.icon.toolTip() == "Textbell: watching 3 numbers"
    _press(kit, "Quit Textbell")
    assert kit.quits == [True]


async def test_pausing_and_resuming(kit: DeskKit) -> None:
    _press(kit, "For 30 minutes")
    assert kit.engine.status.paused_until == shop.NOW + timedelta(minutes=30)
    assert _menu(kit)[0] == "Paused until 5:00 pm"
    assert kit.desk.tray.icon_name == "tray-paused"
    _press(kit, "Resume notifications")
    assert kit.engine.status.paused_until is None
    assert kit.desk.tray.icon_name == "tray-live"
    _press(kit, "Until tomorrow morning")
    assert kit.engine.status.paused_until is not None
    assert kit.engine.status.paused_until.isoformat() == "2026-11-04T08:00:00-05:00"


async def test_recent_events_lead_to_themselves(kit: DeskKit, until: Until) -> None:
    await kit.engine.happen(*kit.shop.morning())
    await until(lambda: len(kit.desk.tray._recent.actions()) == 5)
    texts = [action.text() for action in kit.desk.tray._recent.actions()]
    assert texts[0] == "4:28 pm  Batch of 1 text: finished"
    assert texts[1] == "4:26 pm  (313) 555-0003 opted out"
    _press(kit, texts[1])
    await until(lambda: kit.desk.main is not None and kit.main.log.details.isVisible())
    entry = kit.main.log.details.entry
    assert entry is not None
    assert entry.event.customer == "+13135550003"
    await kit.settled()


async def test_news_marks_the_icon_until_somebody_looks(kit: DeskKit, until: Until) -> None:
    await kit.engine.happen(kit.shop.outbound(shop.NOW))
    await kit.settled()
    assert kit.desk.tray.icon_name == "tray-live"
    await kit.engine.happen(kit.shop.optout(shop.NOW))
    await until(lambda: kit.desk.tray.icon_name == "tray-new")
    kit.desk.show_main()
    await until(lambda: kit.desk.tray.icon_name == "tray-live")
    await kit.settled()


async def test_a_click_on_the_icon_opens_the_window(kit: DeskKit) -> None:
    kit.desk.tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    assert kit.main.isVisible()
    await kit.settled()


async def test_check_now_says_that_it_checked(kit: DeskKit, until: Until) -> None:
    kit.desk.show_main()
    line = kit.main.status_line
    assert "heck" not in line.news
    line.show_checking(True)
    line.show_status(kit.engine.status)
    assert line.news.endswith("Checking…")
    await until(kit.main.isActiveWindow)
    QTest.keyClick(kit.main, Qt.Key.Key_F5)
    await until(lambda: line.news.endswith("Checked just now"))
    await kit.settled()


async def test_whoever_goes_on_working_keeps_the_window(
    kit: DeskKit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    kit.desk.show_main()
    await until(kit.main.isActiveWindow)
    QTest.keyClick(kit.main, Qt.Key.Key_Escape)
    assert kit.main.hint.text == CLOSE_HINT
    assert kit.desk._closing is not None
    QTest.keyClicks(kit.main.log.search.field, "a")
    assert kit.main.hint.isHidden()
    assert not kit.desk._closing.leaving
    assert kit.main.isVisible()
    await kit.settled()


async def test_closing_says_once_where_it_goes(
    kit: DeskKit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    kit.desk.show_main()
    kit.main.close()
    assert kit.main.isVisible()
    assert kit.main.hint.text == CLOSE_HINT
    kit.main.hint.action.click()
    assert not kit.main.isVisible()
    kit.desk.show_main()
    assert kit.main.hint.isHidden()
    await until(kit.main.isActiveWindow)
    QTest.keyClick(kit.main, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not kit.main.isVisible()
    assert kit.settings.value.window.close_hint_shown
    assert kit.settings.value.window.geometry
    await kit.settled()


async def test_without_a_tray_closing_minimises(kit: DeskKit) -> None:
    kit.desk.show_main()
    kit.main.close()
    assert kit.main.isMinimized()
    kit.desk.show_main()
    assert not kit.main.isMinimized()
    await kit.settled()


@pytest.mark.parametrize(
    ("remedy", "button"),
    [(Remedy.SIGN_IN, "Sign in"), (Remedy.TRY_AGAIN, "Try again"), (Remedy.CHOOSE_NUMBERS, "Choose numbers")],
)
async def test_trouble_is_one_sentence_and_one_button(
    kit: DeskKit, until: Until, remedy: Remedy, button: str
) -> None:
    kit.desk.show_main()
    line = kit.main.status_line
    assert line.notice.isHidden()
    kit.engine.become(reach=Reach.STOPPED, problem=Problem("It stopped. Do something.", remedy))
    assert line.headline == "Not watching since 4:25 pm"
    assert line.notice.text == "It stopped. Do something."
    assert line.notice.action.text() == button
    line.notice.action.click()
    if remedy is Remedy.TRY_AGAIN:
        await until(lambda: kit.engine.checks == 1)
    elif remedy is Remedy.SIGN_IN:
        assert kit.desk.beside.sign_in_window is not None
        await until(kit.desk.beside.sign_in_window.panel.again.isEnabled)
        kit.engine.browser_done.set()
        await until(lambda: not kit.desk.beside.sign_in_window.isVisible())
        assert kit.engine.status.reach is Reach.NO_NUMBERS
    else:
        assert kit.desk.beside.numbers_dialog is not None
        assert kit.desk.beside.numbers_dialog.isVisible()
    await kit.settled()


async def test_what_failed_elsewhere_is_one_line_that_can_be_closed(kit: DeskKit) -> None:
    kit.desk.show_main()
    kit.desk.show_problem(BadInput("It did not work. Try again."))
    assert kit.main.hint.text == "It did not work. Try again."
    kit.main.hint.action.click()
    assert kit.main.hint.isHidden()
    await kit.settled()


async def test_choosing_numbers_again(kit: DeskKit, until: Until) -> None:
    kit.engine.numbers = (*shop.NUMBERS, replace(shop.SURVEYS, e164="+14155550199", label="Spare"))
    kit.desk.show_numbers()
    dialog = kit.desk.beside.numbers_dialog
    assert dialog is not None
    await until(lambda: dialog.panel.ready)
    assert dialog.save.text() == "&Watch 3 numbers"
    rows = dialog.panel.numbers.list
    box = rows.visualRect(rows.model().index(0, 0))
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=box.center())
    assert dialog.save.text() == "&Watch 2 numbers"
    QTest.mouseClick(
        rows.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 16, box.center().y())
    )
    assert dialog.save.text() == "&Watch 3 numbers"
    dialog.panel.numbers.all.click()
    assert dialog.save.text() == "&Watch 4 numbers"
    QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: not dialog.isVisible())
    assert len(kit.engine.status.numbers) == 4
    await kit.settled()


async def test_settings_count_at_once(kit: DeskKit, until: Until) -> None:
    kit.desk.show_settings("Notifications")
    window = kit.desk.beside.settings_window
    assert window is not None
    window.notifications.opted_in.click()
    assert kit.settings.value.notifications.opted_in
    window.notifications.disclosure.setCurrentIndex(2)
    window.notifications.disclosure.activated.emit(2)
    assert kit.settings.value.notifications.disclosure is Disclosure.NEITHER
    window.general.appearance.setCurrentIndex(2)
    window.general.appearance.activated.emit(2)
    assert kit.settings.value.window.appearance is Appearance.DARK
    assert kit.desk.theme.tokens.dark
    window.general.at_login.click()
    assert kit.login.on
    kit.login.refusal = BadInput("The system does not allow it.")
    window.general.at_login.click()
    assert window.general.at_login.isChecked()
    assert window.general.problem.text == "The system does not allow it."
    window.notifications.test.show_it.click()
    await until(lambda: kit.engine.tests == 1)
    await kit.settled()


async def test_signing_out_is_asked_twice(kit: DeskKit, until: Until) -> None:
    kit.desk.show_settings("Account")
    window = kit.desk.beside.settings_window
    assert window is not None
    window.account.sign.click()
    assert window.account.sign.text() == "Sign out and stop watching"
    window.account.cancel.click()
    assert kit.engine.status.reach is Reach.LIVE
    window.account.sign.click()
    window.account.sign.click()
    await until(lambda: kit.engine.status.reach is Reach.SIGNED_OUT)
    assert window.account.sign.text() == "Sign &in"
    assert kit.desk.tray.icon_name == "tray-signed-out"
    await kit.settled()


async def test_every_pane_can_be_reached_by_f6(kit: DeskKit, until: Until) -> None:
    await kit.engine.log.append(kit.shop.morning())
    kit.desk.show_main()
    log = kit.main.log
    await until(log.list.isVisible)
    log.search.field.setFocus()
    reached = []
    for _ in range(3):
        QTest.keyClick(kit.main, Qt.Key.Key_F6)
        reached.append(QApplication.focusWidget())
    assert reached == [log.list, kit.main.sidebar.current, log.search.field]
    await kit.settled()


async def test_every_button_without_words_has_a_name(kit: DeskKit, until: Until) -> None:
    await kit.engine.log.append(kit.shop.morning())
    kit.desk.show_main()
    kit.desk.show_settings()
    kit.desk.show_numbers()
    await until(lambda: kit.main.log.model.rowCount() > 0)
    kit.main.log.list.select_id(kit.main.log.model.id_at(0))
    kit.main.log.list.opened.emit()
    await until(kit.main.log.details.isVisible)
    for window in kit.desk._windows():
        for kind in (QAbstractButton, QAbstractItemView, QLineEdit):
            for widget in window.findChildren(kind):
                if isinstance(widget, QHeaderView) or not widget.isVisibleTo(window):
                    continue
                inner = isinstance(widget.parent(), QLineEdit | QAbstractItemView)
                words = widget.text() if isinstance(widget, QAbstractButton) else ""
                assert inner or widget.accessibleName() or words, widget
    await kit.settled()


async def test_the_trouble_window_decides_once(app: QApplication, theme: Theme) -> None:
    window = TroubleWindow(theme, "Textbell cannot start", "There is no keyring.")
    decisions: list[str] = []
    window.try_again.connect(lambda: decisions.append("again"))
    window.quit_asked.connect(lambda: decisions.append("quit"))
    window.show()
    window.again.click()
    assert decisions == ["again"]
    other = TroubleWindow(theme, "Textbell cannot start", "There is no keyring.", can_retry=False)
    other.quit_asked.connect(lambda: decisions.append("quit"))
    other.show()
    assert other.again.isHidden()
    other.close()
    assert decisions == ["again", "quit"]


async def test_nothing_is_left_after_closing(kit: DeskKit, until: Until) -> None:
    await kit.engine.log.append(kit.shop.morning())
    kit.desk.show_main()
    kit.desk.show_settings()
    kit.desk.show_numbers()
    kit.desk.show_sign_in()
    await until(lambda: kit.main.log.model.rowCount() > 0)
    kit.engine.browser_done.set()
    await kit.settled()
    kit.desk.hide()
    await kit.tasks.stop(2.0)
    kit.desk.close()
    assert kit.engine.listeners == 0
    gc.collect()
    ours = [
        type(thing).__name__
        for thing in gc.get_objects()
        if isinstance(thing, QObject)
        and type(thing).__module__.startswith("app.")
        and shiboken6.isValid(thing)
    ]
    assert ours == []
