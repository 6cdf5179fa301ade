"""The left side of the window: the built-in views, and below them numbers and settings."""

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QSizePolicy, QWidget

from app.ui import icons, theme
from app.ui.filters import View
from app.ui.parts import column, label, line
from app.ui.status_words import APP_NAME
from app.ui.theme import Theme


class Sidebar(QWidget):
    """Chooses the view. Numbers and settings open windows of their own."""

    view_chosen = Signal(object)
    """The ``View``."""
    numbers_asked = Signal()
    settings_asked = Signal()

    def __init__(self, its_theme: Theme) -> None:
        super().__init__()
        self._theme = its_theme
        self.setFixedWidth(theme.SIDEBAR)
        inner = column(self, gap=theme.TIGHT)
        inner.setContentsMargins(0, theme.MARGIN, 0, theme.GAP)
        name = line(gap=theme.GAP)
        name.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.WIDE)
        self._mark = label()
        name.addWidget(self._mark)
        name.addWidget(label(APP_NAME, its_theme.heading))
        name.addStretch(1)
        inner.addLayout(name)
        self.views = QListWidget()
        self.views.setObjectName("sidebar")
        self.views.setAccessibleName("Views")
        self.views.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.views.setIconSize(QSize(theme.ICON, theme.ICON))
        for view in View:
            item = QListWidgetItem(view.title)
            item.setData(Qt.ItemDataRole.UserRole, view.name)
            self.views.addItem(item)
        self.views.setCurrentRow(0)
        self.views.currentRowChanged.connect(self._chosen)
        inner.addWidget(self.views, 1)
        self._foot = {
            "numbers": self._entry("&Numbers", self.numbers_asked),
            "settings": self._entry("&Settings", self.settings_asked),
        }
        for entry in self._foot.values():
            inner.addWidget(entry)
        its_theme.changed.connect(self._draw)
        self._draw()

    def show_view(self, view: View) -> None:
        """Mark a view as the current one; tells nobody."""
        self.views.blockSignals(True)
        self.views.setCurrentRow(list(View).index(view))
        self.views.blockSignals(False)
        self._draw()

    def _entry(self, text: str, asked: SignalInstance) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("kind", "nav")
        made.setAutoDefault(False)
        made.setIconSize(QSize(theme.ICON, theme.ICON))
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.clicked.connect(lambda: asked.emit())
        return made

    def _chosen(self, row: int) -> None:
        self._draw()
        if row >= 0:
            self.view_chosen.emit(View[self.views.item(row).data(Qt.ItemDataRole.UserRole)])

    def _draw(self) -> None:
        tokens = self._theme.tokens
        ratio = self.devicePixelRatioF()
        self._mark.setPixmap(icons.pixmap("tray-live", tokens.accent, theme.ICON_LARGE, ratio))
        for row, view in enumerate(View):
            colour = tokens.accent if row == self.views.currentRow() else tokens.muted
            self.views.item(row).setIcon(icons.icon(view.icon, colour, theme.ICON))
        for icon, entry in self._foot.items():
            entry.setIcon(icons.icon(icon, tokens.muted, theme.ICON))
