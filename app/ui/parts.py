"""Small parts the windows are built of: labels, buttons, hairlines, notices, empty states."""

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QFont, QKeySequence, QResizeEvent, QTextOption
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import icons, theme
from app.ui.theme import Theme

_EMPTY_WIDTH = theme.DETAIL
_BUTTON_HEIGHT = 32


def column(parent: QWidget | None = None, *, gap: int = theme.GAP, margin: int = 0) -> QVBoxLayout:
    """A column with this gap and margin."""
    layout = QVBoxLayout(parent) if parent is not None else QVBoxLayout()
    layout.setSpacing(gap)
    layout.setContentsMargins(margin, margin, margin, margin)
    return layout


def line(parent: QWidget | None = None, *, gap: int = theme.GAP, margin: int = 0) -> QHBoxLayout:
    """A row with this gap and margin."""
    layout = QHBoxLayout(parent) if parent is not None else QHBoxLayout()
    layout.setSpacing(gap)
    layout.setContentsMargins(margin, margin, margin, margin)
    return layout


def emptied(layout: QLayout) -> None:
    """Take everything out of a layout, and let it go."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            emptied(inner)


def hairline(*, upright: bool = False) -> QFrame:
    """The thin line between two regions."""
    rule = QFrame()
    rule.setObjectName("rule")
    if upright:
        rule.setFixedWidth(theme.HAIRLINE)
    else:
        rule.setFixedHeight(theme.HAIRLINE)
    return rule


def set_tone(widget: QWidget, tone: str) -> None:
    """Give a widget one of the style sheet's tones: ``muted``, ``good``, ``bad``, ``waiting`` ..."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def label(
    text: str = "", font: QFont | None = None, *, tone: str = "", wrap: bool = False, select: bool = False
) -> QLabel:
    """A line or paragraph of plain text. ``select`` lets it be marked and copied."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if font is not None:
        made.setFont(font)
    if tone:
        made.setProperty("tone", tone)
    if wrap:
        made.setWordWrap(True)
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if select:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        made.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return made


def button(
    text: str, clicked: Callable[[], object], *, kind: str = "", tip: str = "", parent: QWidget | None = None
) -> QPushButton:
    """A push button. ``kind``: ``primary``, ``destructive``, ``link``, ``chip``, ``pill``, or plain."""
    made = QPushButton(text, parent)
    made.setAutoDefault(kind == "primary")
    if kind:
        made.setProperty("kind", kind)
    if kind in ("link", "disclosure", "chip", "pill"):
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    if tip:
        made.setToolTip(tip)
    made.clicked.connect(lambda: clicked())
    return made


class Glyph(QLabel):
    """An icon that stands by itself and follows the appearance. Says nothing to a screen reader:
    the words beside it do."""

    def __init__(self, its_theme: Theme, name: str, tone: str = "muted", size: int = theme.ICON) -> None:
        super().__init__()
        self._theme = its_theme
        self._name = name
        self._tone = tone
        self._size = size
        self.setFixedSize(size, size)
        its_theme.changed.connect(self._draw)
        self._draw()

    def show_icon(self, name: str, tone: str) -> None:
        """Another icon, or another tone: a field of ``Tokens``."""
        if (name, tone) != (self._name, self._tone):
            self._name, self._tone = name, tone
            self._draw()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._draw()
        return super().event(event)

    def _draw(self) -> None:
        colour = getattr(self._theme.tokens, self._tone)
        self.setPixmap(icons.pixmap(self._name, colour, self._size, self.devicePixelRatioF()))


class Card(QFrame):
    """A customer's or our own text on a tinted ground, beside the icon of its direction."""

    def __init__(self, its_theme: Theme, icon: str, text: str) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("tone", "plain")
        row = line(self, gap=theme.GAP)
        row.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        row.addWidget(Glyph(its_theme, icon, "accent"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Prose(text), 1, Qt.AlignmentFlag.AlignVCenter)


class IconButton(QToolButton):
    """A button that shows an icon only; its name is spoken and shown as a tooltip."""

    def __init__(
        self,
        its_theme: Theme,
        name: str,
        said: str,
        clicked: Callable[[], object] | None = None,
        *,
        shortcut: QKeySequence | None = None,
    ) -> None:
        super().__init__()
        self._theme = its_theme
        self._name = name
        self.setAccessibleName(said)
        keys = shortcut.toString(QKeySequence.SequenceFormat.NativeText) if shortcut else ""
        self.setToolTip(f"{said} ({keys})" if keys else said)
        self.setIconSize(QSize(theme.ICON, theme.ICON))
        self.setFixedSize(theme.TARGET + theme.TIGHT, theme.TARGET + theme.TIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if clicked is not None:
            self.clicked.connect(lambda: clicked())
        its_theme.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        tokens = self._theme.tokens
        self.setIcon(icons.icon(self._name, tokens.muted, theme.ICON, tokens.hairline))


class Notice(QFrame):
    """One sentence on a tinted ground, with at most one button: what is wrong, and what to do."""

    def __init__(self, its_theme: Theme, icon: str = "warning", tone: str = "waiting") -> None:
        super().__init__()
        self.setObjectName("notice")
        row = line(self, gap=theme.GAP)
        row.setContentsMargins(theme.WIDE, theme.GAP, theme.WIDE, theme.GAP)
        self._glyph = Glyph(its_theme, icon, "accent" if tone == "plain" else tone)
        self._text = label(wrap=True, select=True)
        self._button = button("", self._press)
        self._pressed: Callable[[], object] | None = None
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        row.addWidget(self._button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._style(icon, tone)
        self._button.hide()
        self.hide()

    def say(
        self,
        text: str,
        *,
        icon: str = "warning",
        tone: str = "waiting",
        action: str = "",
        pressed: Callable[[], object] | None = None,
    ) -> None:
        """Show a sentence, or hide if it is empty."""
        self._text.setText(text)
        self.setAccessibleName(text)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        # Beside a button the one line of text is centred on it, and the icon on the line.
        self._glyph.setFixedHeight(_BUTTON_HEIGHT if action else theme.ICON)
        self._pressed = pressed
        self._style(icon, tone)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """What it says now."""
        return self._text.text()

    @property
    def action(self) -> QPushButton:
        """Its button."""
        return self._button

    def _style(self, icon: str, tone: str) -> None:
        self._glyph.show_icon(icon, tone if tone != "plain" else "accent")
        set_tone(self, tone)

    def _press(self) -> None:
        if self._pressed is not None:
            self._pressed()


class Prose(QTextEdit):
    """Somebody's own words, to be read and marked. As tall as it needs; breaks even endless words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setObjectName("prose")
        self.setReadOnly(True)
        self.setPlainText(text)
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(ceil(self.document().size().height()))


class EmptyState(QWidget):
    """What stands where nothing is yet: a quiet icon, one line, and at most one action."""

    def __init__(self, its_theme: Theme) -> None:
        super().__init__()
        self.setObjectName("surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._glyph = Glyph(its_theme, "bell", "hairline", theme.ICON_HERO)
        self._title = label(font=its_theme.heading)
        self._text = label(tone="muted", wrap=True)
        self._text.setFixedWidth(_EMPTY_WIDTH)
        self._button = button("", self._press)
        self._button.hide()
        self._pressed: Callable[[], object] | None = None
        centre = Qt.AlignmentFlag.AlignHCenter
        self._title.setAlignment(centre)
        self._text.setAlignment(centre)
        inner = column(self, gap=theme.GAP, margin=theme.PAGE)
        inner.addStretch(2)
        inner.addWidget(self._glyph, 0, centre)
        inner.addSpacing(theme.GAP)
        inner.addWidget(self._title, 0, centre)
        inner.addWidget(self._text, 0, centre)
        inner.addSpacing(theme.GAP)
        inner.addWidget(self._button, 0, centre)
        inner.addStretch(3)

    def say(
        self,
        icon: str,
        title: str,
        text: str,
        action: str = "",
        pressed: Callable[[], object] | None = None,
    ) -> None:
        """Fill it."""
        self._glyph.setVisible(bool(icon))
        if icon:
            self._glyph.show_icon(icon, "field_edge")
        self._title.setText(title)
        self._text.setText(text)
        self._text.setFixedHeight(max(0, self._text.heightForWidth(_EMPTY_WIDTH)))
        self._text.setVisible(bool(text))
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._pressed = pressed

    @property
    def title(self) -> str:
        """Its one line."""
        return self._title.text()

    def _press(self) -> None:
        if self._pressed is not None:
            self._pressed()


def action(
    owner: QWidget,
    text: str,
    triggered: Callable[[], object],
    *keys: QKeySequence | QKeySequence.StandardKey | str,
) -> QAction:
    """An action of a window, with its shortcuts; works wherever the focus is in that window."""
    made = QAction(text, owner)
    made.setShortcuts([QKeySequence(key) for key in keys])
    made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    made.triggered.connect(lambda: triggered())
    owner.addAction(made)
    return made


class Disclosure(QPushButton):
    """A quiet line that opens or closes what stands below it."""

    def __init__(
        self, its_theme: Theme, text: str, toggled: Callable[[bool], object], *, opened: bool = False
    ) -> None:
        super().__init__(text)
        self._theme = its_theme
        self.setProperty("kind", "disclosure")
        self.setCheckable(True)
        self.setChecked(opened)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._draw)
        self.toggled.connect(lambda on: toggled(on))
        its_theme.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        name = "chevron-down" if self.isChecked() else "chevron-right"
        self.setIcon(icons.icon(name, self._theme.tokens.muted, theme.ICON - theme.TIGHT))
        self.setIconSize(QSize(theme.ICON - theme.TIGHT, theme.ICON - theme.TIGHT))
