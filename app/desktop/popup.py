"""Our own pop-up windows, for desktops without notifications of their own."""

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QEvent, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QBitmap,
    QColor,
    QCursor,
    QEnterEvent,
    QGuiApplication,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QScreen,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.notices.port import Notice
from app.resources import resource_path

SECONDS = 8.0
"""How long a pop-up stays, unless the pointer rests on it."""
MOST = 3
WIDTH = 360
MARGIN = 16
GAP = 8
_RADIUS = 10
_INK = "#1B1F24"
"""The colour the icons are drawn in."""


class PopupCard(QWidget):
    """One pop-up: never takes the focus, closes by itself."""

    opened = Signal()
    gone = Signal()

    def __init__(self, notice: Notice, seconds: float = SECONDS) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus
            | Qt.WindowType.NoDropShadowWindowHint,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, on=False)
        # X11 may have nobody to blend windows: there the corners are cut off instead.
        self._blended = QGuiApplication.platformName() != "xcb"
        if self._blended:
            self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedWidth(WIDTH)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(round(seconds * 1000))
        self._timer.timeout.connect(self.close)
        self._build()
        self.tell(notice)

    def tell(self, notice: Notice) -> None:
        """Show this notice; only one that is not quiet starts the time anew."""
        self.notice = notice
        self._title.setText(notice.title)
        self._body.setText(notice.body)
        self._body.setVisible(bool(notice.body))
        self.setWindowTitle(notice.title)
        self.setAccessibleName(notice.title)
        self.setAccessibleDescription(notice.body)
        self._open.setAccessibleName(f"Open: {notice.title}")
        self._fit()
        if not notice.quiet:
            self._timer.start()

    def announce(self) -> None:
        """Let a screen reader say it without interrupting."""
        event = QAccessibleAnnouncementEvent(self, f"{self.notice.title}. {self.notice.body}")
        QAccessible.updateAccessibility(event)

    def _build(self) -> None:
        self._icon = QLabel()
        self._icon.setFixedSize(32, 32)
        self._title, self._body = QLabel(), QLabel()
        for label in (self._title, self._body):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        font = self._title.font()
        font.setWeight(font.Weight.DemiBold)
        self._title.setFont(font)
        self._open, self._close = QPushButton("Open"), QToolButton()
        self._close.setAccessibleName("Close")
        self._close.setToolTip("Close")
        for button in (self._open, self._close):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
        self._open.clicked.connect(self._opened)
        self._close.clicked.connect(self.close)

        heading = QHBoxLayout()
        heading.setSpacing(8)
        heading.addWidget(self._title, 1)
        heading.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(heading)
        words.addWidget(self._body)
        words.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)
        self._title.setContentsMargins(0, 3, 0, 0)
        self._body.setContentsMargins(0, 0, 10, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 10, 10)
        row.setSpacing(12)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self._body.setObjectName("body")
        self._open.setObjectName("open")
        self._colour()

    def _colour(self) -> None:
        palette = QGuiApplication.palette()
        text = palette.color(QPalette.ColorRole.Text)
        surface = palette.color(QPalette.ColorRole.Base)
        muted = _mixed(text, surface, 0.7)
        accent = palette.color(QPalette.ColorRole.Link).name()
        hover = _mixed(text, surface, 0.08).name()
        style = (
            f"QLabel {{ color: {text.name()}; background: transparent; }}"
            f"QLabel#body {{ color: {muted.name()}; }}"
            "QToolButton { border: none; border-radius: 6px; background: transparent; padding: 4px; }"
            f"QToolButton:hover {{ background: {hover}; }}"
            f"QPushButton#open {{ color: {accent}; background: transparent; border: none; text-align: left;"
            " padding: 4px 0; margin: 2px 0 0 0; min-width: 0; min-height: 0; font-weight: 600; }"
            "QPushButton#open:hover { background: transparent; text-decoration: underline; }"
        )
        if style == self.styleSheet():
            return
        self.setStyleSheet(style)
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(_drawn("app", 32, ratio))
        self._close.setIcon(QIcon(_drawn("close", 16, ratio, muted.name())))

    def _fit(self) -> None:
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.totalHeightForWidth(WIDTH))

    def _opened(self) -> None:
        self.opened.emit()
        self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = QGuiApplication.palette()
        surface = palette.color(QPalette.ColorRole.Base)
        edge = _mixed(palette.color(QPalette.ColorRole.Text), surface, 0.22)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(surface)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._blended:
            mask = QBitmap(self.size())
            mask.fill(Qt.GlobalColor.color0)
            painter = QPainter(mask)
            painter.setBrush(Qt.GlobalColor.color1)
            painter.setPen(Qt.GlobalColor.color1)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), _RADIUS, _RADIUS)
            painter.end()
            self.setMask(mask)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._colour()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._opened()

    def closeEvent(self, event: QEvent) -> None:
        self._timer.stop()
        self.gone.emit()


class PopupNotifier:
    """Shows notices as pop-ups in a corner of the screen: at most three, the newest nearest to it."""

    def __init__(self, on_open: Callable[[Notice], None], *, seconds: float = SECONDS) -> None:
        """``on_open`` is called when the user opens a notice."""
        self._on_open = on_open
        self._seconds = seconds
        self._cards: dict[str, PopupCard] = {}

    @property
    def on_screen(self) -> tuple[Notice, ...]:
        """What is shown now, oldest first."""
        return tuple(card.notice for card in self._cards.values())

    async def show(self, notice: Notice) -> bool:
        if not QGuiApplication.screens():
            return False
        card = self._cards.get(notice.tag)
        if card is not None:
            card.tell(notice)
        elif notice.quiet:
            return True
        else:
            while len(self._cards) >= MOST:
                next(iter(self._cards.values())).close()
            card = self._new_card(notice)
        self._arrange()
        card.show()
        if not notice.quiet:
            card.announce()
            if notice.sound:
                QApplication.beep()
        return True

    async def withdraw(self, tag: str) -> None:
        card = self._cards.get(tag)
        if card is not None:
            card.close()

    def close(self) -> None:
        """Take all of them away."""
        for card in list(self._cards.values()):
            card.close()

    def _new_card(self, notice: Notice) -> PopupCard:
        card = PopupCard(notice, self._seconds)
        tag = notice.tag
        card.opened.connect(lambda: self._on_open(card.notice))
        card.gone.connect(lambda: self._forget(tag))
        self._cards[tag] = card
        return card

    def _forget(self, tag: str) -> None:
        self._cards.pop(tag, None)
        self._arrange()

    def _arrange(self) -> None:
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        area, downwards = _corner(screen)
        y = area.top() if downwards else area.bottom() + 1
        for card in reversed(self._cards.values()):
            if not downwards:
                y -= card.height()
            card.move(area.right() + 1 - card.width(), y)
            y += card.height() + GAP if downwards else -GAP


def _corner(screen: QScreen) -> tuple[QRect, bool]:
    """Where pop-ups may be, and whether they grow downwards: away from the panel with the clock."""
    free = screen.availableGeometry()
    panel_at_bottom = screen.geometry().bottom() - free.bottom() > free.top() - screen.geometry().top()
    return free.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), not panel_at_bottom


def _mixed(over: QColor, under: QColor, share: float) -> QColor:
    def blend(a: int, b: int) -> int:
        return round(a * share + b * (1 - share))

    return QColor(
        blend(over.red(), under.red()),
        blend(over.green(), under.green()),
        blend(over.blue(), under.blue()),
    )


def _drawn(name: str, size: int, ratio: float, colour: str = _INK) -> QPixmap:
    source = resource_path(f"icons/{name}.svg").read_text(encoding="utf-8").replace(_INK, colour)
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
