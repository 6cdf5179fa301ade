"""The settings window: a list of pages at the left, the page at the right."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QScrollArea, QSizePolicy, QStackedWidget, QWidget

from app.domain.status import Status
from app.settings import SettingsFile
from app.ui import settings_pages, theme
from app.ui.log_page import LogPage
from app.ui.numbers_page import NumbersPage
from app.ui.parts import action, column, hairline, line
from app.ui.ports import EngineView, StartAtLogin
from app.ui.server_fields import NOTHING_GIVEN, Given
from app.ui.sidebar import NavButton
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme

_ICONS = {
    "General": "settings",
    "Numbers": "numbers",
    "Notifications": "bell",
    "Log": "clock",
    "Account": "user",
    "Help": "help",
}


class SettingsWindow(QWidget):
    """General, Numbers, Notifications, Log, Account, Help."""

    sign_in_asked = Signal()
    numbers_asked = Signal()

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        settings: SettingsFile,
        tasks: Tasks,
        start_at_login: StartAtLogin,
        open_folder: Callable[[Path], object],
        now: Callable[[], datetime],
        zone: tzinfo | None = None,
        given: Given = NOTHING_GIVEN,
    ) -> None:
        super().__init__()
        self._theme = its_theme
        self.setWindowTitle(f"Settings - {APP_NAME}")
        self.resize(*theme.SETTINGS)
        self.setMinimumSize(*theme.SETTINGS_LEAST)
        outer = line(self, gap=0)
        self.pages = QButtonGroup(self)
        side = QWidget()
        side.setFixedWidth(theme.SIDEBAR - theme.GROUP)
        left = column(side, gap=theme.TIGHT // 2)
        left.setContentsMargins(0, theme.MARGIN, 0, theme.GAP)
        outer.addWidget(side)
        outer.addWidget(hairline(upright=True))
        self._stack = QStackedWidget()
        self._stack.setObjectName("surface")
        self._stack.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer.addWidget(self._stack, 1)
        self.general = settings_pages.GeneralPage(its_theme, settings, start_at_login)
        self.numbers = NumbersPage(its_theme, engine)
        self.notifications = settings_pages.NotificationsPage(its_theme, settings, engine, tasks, now, zone)
        self.log = LogPage(its_theme, settings, engine, tasks, open_folder, now, zone)
        self.account = settings_pages.AccountPage(its_theme, settings, engine, tasks, given)
        self.help = settings_pages.HelpPage(its_theme)
        shown = (self.general, self.numbers, self.notifications, self.log, self.account, self.help)
        for at, (name, page) in enumerate(zip(_ICONS, shown, strict=True)):
            entry = NavButton(its_theme, name, _ICONS[name], place=True)
            self.pages.addButton(entry, at)
            left.addWidget(entry)
            self._stack.addWidget(_scrolled(page))
        left.addStretch(1)
        self.pages.idToggled.connect(self._choose)
        self.pages.button(0).setChecked(True)
        self.account.sign_in_asked.connect(self.sign_in_asked)
        self.numbers.choose_asked.connect(self.numbers_asked)
        action(self, "Close", self.close, "Esc", "Ctrl+W")

    def show_status(self, status: Status) -> None:
        """The program stands so now."""
        self.numbers.show_status(status)
        self.notifications.show_status(status)
        self.account.show_status(status)

    def show_page(self, name: str) -> None:
        """Turn to a page by its name."""
        entry = self.pages.button(list(_ICONS).index(name))
        entry.setChecked(True)
        entry.setFocus()

    def _choose(self, at: int, on: bool) -> None:
        if on:
            self._stack.setCurrentIndex(at)


def _scrolled(page: QWidget) -> QScrollArea:
    # In here everything gets the height it needs at its width. What a text would need at a width that Qt
    # guesses would only make a page scroll that fits.
    for text in page.findChildren(QLabel):
        if text.wordWrap():
            text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
