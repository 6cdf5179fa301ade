"""The one table of colours, sizes and type, and the palette and style sheet made from it.

Nothing else in this room names a colour or a size. Light and dark follow the system unless the
user chose one of them.
"""

import sys
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.domain.appearance import Appearance
from app.ui.style_sheet import style_sheet

TIGHT = 4
GAP = 8
WIDE = 12
MARGIN = 16
GROUP = 24
PAGE = 32
HAIRLINE = 1
RADIUS = 6
ROW = 36
TARGET = 28
ICON = 20
ICON_LARGE = 24
ICON_HERO = 40
SIDEBAR = 196
DETAIL = 360
READABLE = 520
"""Width of a column of running text or fields."""

Size = tuple[int, int]
MAIN_WINDOW: Size = (1160, 740)
MAIN_WINDOW_LEAST: Size = (720, 440)
FIRST_RUN: Size = (584, 620)
FIRST_RUN_LEAST: Size = (460, 480)
SETTINGS: Size = (760, 560)
SETTINGS_LEAST: Size = (600, 420)
DIALOG: Size = (READABLE, 560)
DIALOG_LEAST: Size = (400, 380)
SMALL_DIALOG: Size = (READABLE, 208)

TINT_LIGHT = 0.10
TINT_DARK = 0.16


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one appearance, by meaning. Each is ``#RRGGBB``."""

    dark: bool
    window: str
    surface: str
    hairline: str
    field_edge: str
    """The outline of what can be typed in or ticked: at least 3:1 on the surface."""
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_hover: str
    good: str
    bad: str
    waiting: str
    opted_out: str

    def tint(self, colour: str, strength: float = 1.0) -> str:
        """``colour`` laid thinly over the surface: the ground of chips, cards and selections."""
        share = (TINT_DARK if self.dark else TINT_LIGHT) * strength
        return mix(colour, self.surface, share)

    @property
    def hover(self) -> str:
        """The ground under the pointer."""
        return mix(self.text, self.surface, 0.08 if self.dark else 0.04)

    @property
    def selection(self) -> str:
        """The ground of what is selected."""
        return self.tint(self.accent, 1.2)


LIGHT = Tokens(
    dark=False,
    window="#F6F7F9",
    surface="#FFFFFF",
    hairline="#D9DDE3",
    field_edge="#8A929C",
    text="#1B1F24",
    muted="#565E68",
    accent="#0B63C5",
    on_accent="#FFFFFF",
    accent_hover="#0A56AB",
    good="#0A6B4F",
    bad="#B3261E",
    waiting="#7A5200",
    opted_out="#7A2E8E",
)

DARK = Tokens(
    dark=True,
    window="#16191D",
    surface="#1F2328",
    hairline="#3A4048",
    field_edge="#757E89",
    text="#E8EAED",
    muted="#A3ABB5",
    accent="#7DB4FF",
    on_accent="#10243F",
    accent_hover="#9BC5FF",
    good="#5FD0A5",
    bad="#FF8A80",
    waiting="#F0B84D",
    opted_out="#D9A0EA",
)

TRAY_ON_ANY_PANEL = "#4287E0"
"""Where nobody tells whether the panel is light or dark: at least 3:1 on both."""


def tray_ink(*, dark: bool) -> str:
    """The colour of the icon in the tray; ``dark`` is whether windows are."""
    if sys.platform == "win32":
        return (DARK if dark else LIGHT).text
    return TRAY_ON_ANY_PANEL


def mix(over: str, under: str, share: float) -> str:
    """The colour that ``share`` of ``over`` on top of ``under`` makes."""
    a, b = QColor(over), QColor(under)
    return QColor(
        round(a.red() * share + b.red() * (1 - share)),
        round(a.green() * share + b.green() * (1 - share)),
        round(a.blue() * share + b.blue() * (1 - share)),
    ).name()


class Theme(QObject):
    """The appearance in force; applies it to the whole application and tells when it changes."""

    changed = Signal()

    def __init__(self, app: QApplication, appearance: Appearance = Appearance.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._appearance = appearance
        self._base = QFont(app.font())
        if sys.platform != "darwin":
            app.setStyle("Fusion")
        self.tokens = self._pick()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._refresh)
        self._apply()

    def choose(self, appearance: Appearance) -> None:
        """Follow the system, or stay light or dark."""
        self._appearance = appearance
        self._refresh()

    def font(self, scale: float = 1.0, *, strong: bool = False) -> QFont:
        """The system's font at a scale of it. Figures are tabular where the font can do that."""
        font = QFont(self._base)
        font.setPointSizeF(self._base.pointSizeF() * scale)
        if strong:
            font.setWeight(QFont.Weight.DemiBold)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    @property
    def caption(self) -> QFont:
        return self.font(0.85)

    @property
    def body(self) -> QFont:
        return self.font()

    @property
    def strong(self) -> QFont:
        return self.font(strong=True)

    @property
    def heading(self) -> QFont:
        return self.font(1.25, strong=True)

    @property
    def verdict(self) -> QFont:
        return self.font(1.7, strong=True)

    def _pick(self) -> Tokens:
        if self._appearance is Appearance.SYSTEM:
            dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = self._appearance is Appearance.DARK
        return DARK if dark else LIGHT

    def _refresh(self) -> None:
        tokens = self._pick()
        if tokens is not self.tokens:
            self.tokens = tokens
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._app.setPalette(palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens))


def palette(tokens: Tokens) -> QPalette:
    """Qt's own roles, for everything the style sheet leaves to the style."""
    roles = QPalette.ColorRole
    colours = {
        roles.Window: tokens.window,
        roles.WindowText: tokens.text,
        roles.Base: tokens.surface,
        roles.AlternateBase: tokens.window,
        roles.Text: tokens.text,
        roles.PlaceholderText: tokens.muted,
        roles.Button: tokens.surface,
        roles.ButtonText: tokens.text,
        roles.BrightText: tokens.bad,
        roles.ToolTipBase: tokens.surface,
        roles.ToolTipText: tokens.text,
        roles.Highlight: tokens.accent,
        roles.HighlightedText: tokens.on_accent,
        roles.Accent: tokens.accent,
        roles.Link: tokens.accent,
        roles.LinkVisited: tokens.accent,
        roles.Light: mix(tokens.text, tokens.surface, 0.02),
        roles.Midlight: mix(tokens.text, tokens.surface, 0.06),
        roles.Mid: tokens.hairline,
        roles.Dark: tokens.field_edge,
        roles.Shadow: mix("#000000", tokens.window, 0.4),
    }
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    faint = QColor(mix(tokens.muted, tokens.surface, 0.7))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return made
