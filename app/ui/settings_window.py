"""The settings window: a list of pages at the left, the page at the right."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QScrollArea, QStackedWidget, QWidget

from app.domain.status import Status
from app.settings import SettingsFile
from app.ui import icons, settings_pages, theme
from app.ui.numbers_page import NumbersPage
from app.ui.parts import action, column, hairline, line
from app.ui.ports import EngineView, StartAtLogin
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
    ) -> None:
        super().__init__()
        self._theme = its_theme
        self.setWindowTitle(f"Settings - {APP_NAME}")
        self.resize(760, 560)
        self.setMinimumSize(600, 420)
        outer = line(self, gap=0)
        self.pages = QListWidget()
        self.pages.setObjectName("sidebar")
        self.pages.setAccessibleName("Settings pages")
        self.pages.setFixedWidth(theme.SIDEBAR - theme.GROUP)
        self.pages.setIconSize(QSize(theme.ICON, theme.ICON))
        left = column(gap=0)
        left.setContentsMargins(0, theme.MARGIN, 0, theme.GAP)
        left.addWidget(self.pages)
        outer.addLayout(left)
        outer.addWidget(hairline(upright=True))
        self._stack = QStackedWidget()
        self._stack.setObjectName("surface")
        self._stack.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer.addWidget(self._stack, 1)
        self.general = settings_pages.GeneralPage(its_theme, settings, start_at_login)
        self.numbers = NumbersPage(its_theme, engine)
        self.notifications = settings_pages.NotificationsPage(its_theme, settings, engine, tasks, now, zone)
        self.log = settings_pages.LogPage(its_theme, settings.path.parent, open_folder)
        self.account = settings_pages.AccountPage(its_theme, settings, engine, tasks)
        self.help = settings_pages.HelpPage(its_theme)
        shown = (self.general, self.numbers, self.notifications, self.log, self.account, self.help)
        for name, page in zip(_ICONS, shown, strict=True):
            self.pages.addItem(QListWidgetItem(name))
            self._stack.addWidget(_scrolled(page))
        self.pages.currentRowChanged.connect(self._choose)
        self.pages.setCurrentRow(0)
        self.account.sign_in_asked.connect(self.sign_in_asked)
        self.numbers.choose_asked.connect(self.numbers_asked)
        action(self, "Close", self.close, "Esc", "Ctrl+W")
        its_theme.changed.connect(self._draw)

    def show_status(self, status: Status) -> None:
        """The program stands so now."""
        self.numbers.show_status(status)
        self.notifications.show_status(status)
        self.account.show_status(status)

    def show_page(self, name: str) -> None:
        """Turn to a page by its name."""
        self.pages.setCurrentRow(list(_ICONS).index(name))

    def _choose(self, row: int) -> None:
        self._stack.setCurrentIndex(row)
        self._draw()

    def _draw(self) -> None:
        tokens = self._theme.tokens
        for row, icon in enumerate(_ICONS.values()):
            colour = tokens.accent if row == self.pages.currentRow() else tokens.muted
            self.pages.item(row).setIcon(icons.icon(icon, colour, theme.ICON))


def _scrolled(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
