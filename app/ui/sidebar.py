"""The left side of the window: the built-in views, and below them numbers and settings."""

from PySide6.QtCore import QSize, Signal, SignalInstance
from PySide6.QtWidgets import QButtonGroup, QPushButton, QSizePolicy, QWidget

from app.ui import icons, theme
from app.ui.filters import View
from app.ui.parts import column, label, line
from app.ui.status_words import APP_NAME
from app.ui.theme import Theme

_BETWEEN = "\u2002"
"""Qt leaves too little room between a button's icon and its text, and offers no way to say so."""


class NavButton(QPushButton):
    """An entry of a side bar: icon and name; the checked one is where we are."""

    def __init__(self, its_theme: Theme, text: str, icon: str, *, place: bool) -> None:
        super().__init__(_BETWEEN + text)
        self._theme = its_theme
        self._icon = icon
        self.setAccessibleName(text.replace("&", ""))
        self.setProperty("kind", "nav")
        self.setCheckable(place)
        self.setAutoDefault(False)
        self.setIconSize(QSize(theme.ICON, theme.ICON))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._draw)
        its_theme.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        tokens = self._theme.tokens
        colour = tokens.accent if self.isChecked() else tokens.muted
        self.setIcon(icons.icon(self._icon, colour, theme.ICON))


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
        inner = column(self, gap=theme.TIGHT // 2)
        inner.setContentsMargins(0, theme.MARGIN, 0, theme.WIDE)
        name = line(gap=theme.GAP)
        name.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.WIDE)
        self._mark = label()
        name.addWidget(self._mark)
        name.addWidget(label(APP_NAME, its_theme.heading))
        name.addStretch(1)
        inner.addLayout(name)
        self._group = QButtonGroup(self)
        self._views: dict[View, NavButton] = {}
        for view in View:
            entry = NavButton(its_theme, view.title, view.icon, place=True)
            entry.clicked.connect(self._clicked)
            self._group.addButton(entry)
            self._views[view] = entry
            inner.addWidget(entry)
        self._views[View.ACTIVITY].setChecked(True)
        inner.addStretch(1)
        inner.addWidget(self._window("&Numbers", "numbers", self.numbers_asked))
        inner.addWidget(self._window("&Settings", "settings", self.settings_asked))
        its_theme.changed.connect(self._draw)
        self._draw()

    @property
    def current(self) -> NavButton:
        """The entry of the view that is shown."""
        return next(entry for entry in self._views.values() if entry.isChecked())

    def entry(self, view: View) -> NavButton:
        """The entry of a view."""
        return self._views[view]

    def show_view(self, view: View) -> None:
        """Mark a view as the current one; tells nobody."""
        self._views[view].setChecked(True)

    def _window(self, text: str, icon: str, asked: SignalInstance) -> NavButton:
        entry = NavButton(self._theme, text, icon, place=False)
        entry.clicked.connect(lambda: asked.emit())
        return entry

    def _clicked(self) -> None:
        self.view_chosen.emit(next(view for view, entry in self._views.items() if entry.isChecked()))

    def _draw(self) -> None:
        colour, ratio = self._theme.tokens.accent, self.devicePixelRatioF()
        self._mark.setPixmap(icons.pixmap("tray-live", colour, theme.ICON_LARGE, ratio))
