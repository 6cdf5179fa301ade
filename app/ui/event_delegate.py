"""Paints a row of the log: icon, who, what, own number, time; and the outcome bar of a batch."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.domain.events import BatchSummary, Entry
from app.ui import icons, theme
from app.ui.event_model import ROW_ROLE, Column
from app.ui.event_words import Row
from app.ui.theme import Theme, Tokens

_DOT = 6
_BAR_WIDTH = 96
_BAR_HEIGHT = 6
_BAR_GAP = 2
# Put together once: adding Qt's flags takes as long as drawing a word.
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_ELIDE = Qt.TextElideMode.ElideRight
_SELECTED = QStyle.StateFlag.State_Selected


def paint_bar(painter: QPainter, area: QRectF, batch: BatchSummary, tokens: Tokens) -> None:
    """A batch's outcome as segments with gaps: delivered filled, failed filled darker below a line,
    waiting hollow. A part that exists is never too thin to see."""
    parts = [
        (batch.delivered, tokens.good, True),
        (batch.failed + batch.rejected, tokens.bad, True),
        (batch.waiting, tokens.field_edge, False),
    ]
    shown = [(count, colour, solid) for count, colour, solid in parts if count > 0]
    whole = sum(count for count, _, _ in shown)
    if not whole:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    least = area.height()
    room = area.width() - _BAR_GAP * (len(shown) - 1) - least * len(shown)
    left = area.left()
    for count, colour, solid in shown:
        width = least + room * count / whole
        box = QRectF(left, area.top(), width, area.height())
        if solid:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
        else:
            painter.setPen(QPen(QColor(colour), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            box.adjust(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        left += width + _BAR_GAP
    painter.restore()


class EventDelegate(QStyledItemDelegate):
    """Draws the cells of ``EventTableModel`` in the theme's colours."""

    def __init__(self, its_theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = its_theme
        self.hovered = -1
        self._body = its_theme.body
        self._strong = its_theme.strong
        self._metrics = {id(font): QFontMetrics(font) for font in (self._body, self._strong)}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.TARGET, theme.ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tokens = self._theme.tokens
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        widget: QWidget = option.widget
        painter.save()
        if state & _SELECTED:
            active = widget.hasFocus()
            ground = tokens.selection if active else tokens.hover
            painter.fillRect(area, QColor(ground))
            if active and index.column() == Column.WHO:
                painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), QColor(tokens.accent))
        elif index.row() == self.hovered:
            painter.fillRect(area, QColor(tokens.hover))
        found = index.data(ROW_ROLE)
        inner = area.adjusted(theme.GAP, 0, -theme.GAP, 0)
        if found is None:
            self._text(painter, inner, "…", self._body, tokens.muted)
        else:
            entry, row = found
            self._cell(painter, inner, index, entry, row, widget.devicePixelRatioF())
        painter.restore()

    def _cell(
        self,
        painter: QPainter,
        area: QRect,
        index: QModelIndex | QPersistentModelIndex,
        entry: Entry | None,
        row: Row | None,
        ratio: float,
    ) -> None:
        tokens = self._theme.tokens
        if index.column() == Column.WHO and row is not None:
            self._who(painter, area, entry, row, ratio)
        elif index.column() == Column.WHAT and row is not None:
            self._what(painter, area, entry, row)
        else:
            last = index.column() == Column.TIME
            if last:
                area = area.adjusted(0, 0, -theme.GAP, 0)
            self._text(painter, area, str(index.data()), self._body, tokens.muted, _RIGHT if last else _LEFT)

    def _who(self, painter: QPainter, area: QRect, entry: Entry | None, row: Row, ratio: float) -> None:
        tokens = self._theme.tokens
        unread = entry is not None and entry.unread
        left = area.left() - theme.GAP + (theme.MARGIN - _DOT) // 2 + 1
        middle = area.center().y() + 1
        if unread:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawEllipse(QPointF(left + _DOT / 2, middle), _DOT / 2, _DOT / 2)
        left = area.left() - theme.GAP + theme.MARGIN
        colour = getattr(tokens, row.tone)
        drawn = icons.pixmap(row.icon, colour, theme.ICON, ratio)
        painter.drawPixmap(QPointF(left, middle - theme.ICON / 2), drawn)
        left += theme.ICON + theme.WIDE
        area = QRect(left, area.top(), area.right() - left + 1, area.height())
        self._text(
            painter,
            area,
            row.who,
            self._strong if unread else self._body,
            tokens.muted if entry is None else tokens.text,
        )

    def _what(self, painter: QPainter, area: QRect, entry: Entry | None, row: Row) -> None:
        tokens = self._theme.tokens
        unread = entry is not None and entry.unread
        if row.lead:
            colour = tokens.text if row.tone == "muted" else getattr(tokens, row.tone)
            font = self._strong if unread else self._body
            self._text(painter, area, row.lead, font, colour)
            area = area.adjusted(self._width(row.lead, font) + theme.WIDE, 0, 0, 0)
        roomy = area.width() - _BAR_WIDTH - theme.WIDE
        if row.summary is not None and roomy >= self._width(row.what, self._strong):
            bar = QRectF(area.left(), area.center().y() + 1 - _BAR_HEIGHT / 2, _BAR_WIDTH, _BAR_HEIGHT)
            if row.summary.delivered + row.summary.failed:
                paint_bar(painter, bar, row.summary, tokens)
                area = area.adjusted(_BAR_WIDTH + theme.WIDE, 0, 0, 0)
        if row.what and area.width() > theme.GROUP:
            strong = unread and row.summary is not None
            font = self._strong if strong else self._body
            muted = row.lead or entry is None
            self._text(painter, area, row.what, font, tokens.muted if muted else tokens.text)

    def _text(
        self,
        painter: QPainter,
        area: QRect,
        text: str,
        font: QFont,
        colour: str,
        flags: int = _LEFT,
    ) -> None:
        """Draw one line, shortened at its end."""
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(area, flags, self._metrics[id(font)].elidedText(text, _ELIDE, area.width()))

    def _width(self, text: str, font: QFont) -> int:
        return self._metrics[id(font)].horizontalAdvance(text)
