"""Our own pop-ups, off screen."""

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QEnterEvent, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton

from app.desktop.popup import MOST, PopupCard, PopupNotifier
from app.notices.port import Notice, NoticeKind
from tests.conftest import Until

# The off-screen platform says so at each window.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def notice(tag: str = "a", **more: object) -> Notice:
    made = Notice(tag, NoticeKind.BATCH, f"Batch {tag} <b>finished</b>", "“Hi &amp; <i>bye</i>”", (1,))
    return replace(made, **more)  # type: ignore[arg-type]


def cards() -> list[PopupCard]:
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, PopupCard) and w.isVisible()]
    return sorted(shown, key=lambda card: card.y())


@pytest.fixture
def opened() -> list[Notice]:
    return []


@pytest.fixture
def popups(qapp: QApplication, opened: list[Notice]):
    notifier = PopupNotifier(opened.append, seconds=60)
    yield notifier
    notifier.close()


async def test_title_and_body_literally_and_no_focus(popups: PopupNotifier) -> None:
    assert await popups.show(notice())
    (card,) = cards()
    texts = {label.text() for label in card.findChildren(QLabel)}
    assert {"Batch a <b>finished</b>", "“Hi &amp; <i>bye</i>”"} <= texts
    assert all(
        label.textFormat() is Qt.TextFormat.PlainText for label in card.findChildren(QLabel) if label.text()
    )
    assert card.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert card.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus
    assert card.accessibleName() == "Batch a <b>finished</b>"
    assert {button.accessibleName() for button in card.findChildren(QToolButton)} == {"Close"}
    (button,) = card.findChildren(QPushButton)
    assert button.accessibleName() == "Open: Batch a <b>finished</b>"
    area = QGuiApplication.primaryScreen().availableGeometry()
    assert area.contains(card.geometry())


async def test_open_by_button_or_by_the_card(popups: PopupNotifier, opened: list[Notice]) -> None:
    await popups.show(notice("a"))
    QTest.mouseClick(cards()[0].findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert opened == [notice("a")]
    assert popups.on_screen == ()
    await popups.show(notice("b"))
    QTest.mouseClick(cards()[0], Qt.MouseButton.LeftButton, pos=QPoint(20, 60))
    assert opened == [notice("a"), notice("b")]
    await popups.show(notice("c"))
    QTest.mouseClick(cards()[0].findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert len(opened) == 2
    assert popups.on_screen == ()


async def test_the_same_tag_is_replaced(popups: PopupNotifier, opened: list[Notice]) -> None:
    await popups.show(notice("a"))
    newer = notice("a", title="Newer", entry_ids=(2, 1))
    assert await popups.show(newer)
    (card,) = cards()
    assert popups.on_screen == (newer,)
    QTest.mouseClick(card.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert opened == [newer]


async def test_a_quiet_update_brings_nothing_back(popups: PopupNotifier) -> None:
    assert await popups.show(notice("a", quiet=True))
    assert popups.on_screen == ()
    await popups.show(notice("a"))
    await popups.show(notice("a", title="13 more", quiet=True))
    assert [shown.title for shown in popups.on_screen] == ["13 more"]
    await popups.withdraw("a")
    await popups.withdraw("a")
    assert cards() == []


async def test_never_more_than_three_and_none_over_another(popups: PopupNotifier) -> None:
    for tag in "abcde":
        await popups.show(notice(tag, body=f"{tag} " * 20))
    shown = cards()
    assert len(shown) == MOST
    assert [card.notice.tag for card in shown] in (["c", "d", "e"], ["e", "d", "c"])
    for above, below in pairwise(shown):
        assert above.geometry().bottom() < below.y()
    assert len({card.geometry().right() for card in shown}) == 1
    corner_first = popups.on_screen[-1]
    assert corner_first.tag == "e"
    await popups.withdraw("d")
    above, below = cards()
    assert below.y() - above.geometry().bottom() < 20, "the gap is closed"


async def test_it_goes_by_itself_but_not_under_the_pointer(
    qapp: QApplication, opened: list[Notice], until: Until
) -> None:
    popups = PopupNotifier(opened.append, seconds=0.05)
    await popups.show(notice("a"))
    await until(lambda: popups.on_screen == ())
    await popups.show(notice("b"))
    (card,) = cards()
    middle = card.rect().center().toPointF()
    QApplication.sendEvent(card, QEnterEvent(middle, middle, middle))
    await popups.show(notice("c"))
    await until(lambda: [shown.tag for shown in popups.on_screen] == ["b"])
    QApplication.sendEvent(card, QEvent(QEvent.Type.Leave))
    await until(lambda: popups.on_screen == ())
    assert opened == []


async def test_light_and_dark(popups: PopupNotifier, qapp: QApplication, until: Until) -> None:
    before = qapp.palette()
    await popups.show(notice())
    (card,) = cards()
    try:
        for surface, text in (("#ffffff", "#1b1f24"), ("#1f2328", "#e8eaed")):
            palette = QPalette(before)
            palette.setColor(QPalette.ColorRole.Base, QColor(surface))
            palette.setColor(QPalette.ColorRole.Text, QColor(text))
            qapp.setPalette(palette)
            await until(lambda text=text: text in card.styleSheet())
            assert card.grab().toImage().pixelColor(10, card.height() // 2).name() == surface
    finally:
        qapp.setPalette(before)
