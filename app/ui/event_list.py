"""The table of the log: newest first, live, and never moving under the reader's eyes."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.domain.events import Entry
from app.domain.numbers import format_number
from app.ui import theme
from app.ui.event_delegate import EventDelegate
from app.ui.event_model import Column, EventTableModel
from app.ui.parts import button
from app.ui.theme import Theme
from app.ui.words import counted

_MOST_COPIED = 5_000
_ROOMY = 720
"""Below this width the own number and the names of batches give their room to the words."""


class EventList(QTableView):
    """Shows an ``EventTableModel``. What the reader asks for comes out as signals."""

    picked = Signal(object)
    """The current ``Entry``, or ``None``."""
    opened = Signal()
    """Enter or a double click on a row: its details."""
    menu_asked = Signal(object, QPoint)
    """A context menu for an ``Entry`` at a global point."""
    at_newest = Signal(bool)
    """Whether the newest row is in sight."""
    near_oldest = Signal()
    """The reader comes near the last row that is loaded."""

    def __init__(self, its_theme: Theme, model: EventTableModel) -> None:
        super().__init__()
        self._theme = its_theme
        self._events = model
        self._newest = True
        self.deepest = -1
        """The furthest row that was in sight since ``seen_from_here``."""
        self.setAccessibleName("Events, newest first")
        self.setModel(model)
        self._delegate = EventDelegate(its_theme, self)
        self.setItemDelegate(self._delegate)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(theme.ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(theme.GROUP * 3)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(Column.WHAT, QHeaderView.ResizeMode.Stretch)
        header.setFont(its_theme.caption)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setFixedHeight(theme.PAGE)
        self._pill = button("", self.go_newest, kind="pill", parent=self)
        self._pill.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._pill.hide()
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().setSingleStep(theme.ROW)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        its_theme.changed.connect(self.viewport().update)

    def _size_columns(self) -> None:
        """Numbers and times always fit; names of batches and of own numbers where there is room."""
        plain, strong = QFontMetrics(self._theme.body), QFontMetrics(self._theme.strong)
        room = self.viewport().width()
        widest = "“Hi! Our holiday hours…”" if room > _ROOMY else "Batch of 1,204 texts"
        lead = theme.MARGIN + theme.ICON + theme.WIDE
        name = plain.horizontalAdvance(widest)
        self.setColumnWidth(
            Column.WHO, lead + max(name, strong.horizontalAdvance("(650) 555-0100")) + theme.MARGIN
        )
        self.setColumnWidth(Column.NUMBER, plain.horizontalAdvance("(650) 555-0100") + theme.GROUP)
        self.setColumnWidth(Column.TIME, plain.horizontalAdvance("Wed 30 Nov, 10:12 pm") + theme.PAGE)
        self.setColumnHidden(Column.NUMBER, room < _ROOMY)

    # --------------------------------------------------------------- what the window does

    def show_pending(self, pending: int, most: int) -> None:
        """Offer the way back to the newest, while new events wait above."""
        shown = "New events" if pending >= most else counted(pending, "new event")
        self._pill.setText(f"↑  {shown}")
        self._pill.setVisible(pending > 0)
        self._place_pill()

    @property
    def pill(self) -> QWidget:
        """The button over the rows that leads to the newest."""
        return self._pill

    def go_newest(self) -> None:
        """Scroll to the newest row, which follows the log again. The selection stays."""
        self.scrollToTop()
        self._tell_newest(True)

    def select_id(self, id_: int) -> bool:
        """Make the event's row the current one; ``False`` if it has none."""
        row = self._events.row_of(id_)
        if row < 0:
            return False
        self.setCurrentIndex(self._events.index(row, 0))
        return True

    def chosen(self) -> list[Entry]:
        """The selected events, newest first."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        found = (self._events.entry_at(row) for row in rows[:_MOST_COPIED])
        return [entry for entry in found if entry is not None]

    def copy_text(self) -> None:
        """Copy the selected rows as sentences, one a line."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines = [self._events.sentence(row).removeprefix("New. ") for row in rows[:_MOST_COPIED]]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(line for line in lines if line))

    def copy_number(self) -> None:
        """Copy the customers' numbers of the selected rows, each once."""
        numbers = dict.fromkeys(
            format_number(entry.event.customer or entry.event.number) for entry in self.chosen()
        )
        shown = [number for number in numbers if number]
        if shown:
            QGuiApplication.clipboard().setText("\n".join(shown))

    def seen_from_here(self) -> list[int]:
        """Ids of new events that were in sight since the last call."""
        self._note_sight()
        deepest, self.deepest = self.deepest, -1
        found = (self._events.entry_at(row) for row in range(deepest + 1))
        return [entry.id for entry in found if entry is not None and entry.unread]

    # --------------------------------------------------------------- the reader's moves

    def _scrolled(self, value: int) -> None:
        self._tell_newest(value <= theme.ROW // 2)
        self._note_sight()
        bar = self.verticalScrollBar()
        if bar.maximum() - value < 40 * theme.ROW:
            self.near_oldest.emit()

    def _tell_newest(self, newest: bool) -> None:
        if newest != self._newest:
            self._newest = newest
            self.at_newest.emit(newest)

    def _note_sight(self) -> None:
        if self.isVisible() and self.window().isActiveWindow():
            last = self.rowAt(self.viewport().height() - 1)
            rows = self._events.rowCount()
            self.deepest = max(self.deepest, last if last >= 0 else rows - 1)

    def _current_changed(self, current: QModelIndex) -> None:
        self.picked.emit(self._events.entry_at(current.row()) if current.isValid() else None)

    def rowsInserted(self, parent: QModelIndex, start: int, end: int) -> None:  # type: ignore[override]
        """Rows that arrive above what is being read push nothing: the sight stays where it is."""
        bar = self.verticalScrollBar()
        value, above = bar.value(), start * theme.ROW <= bar.value()
        super().rowsInserted(parent, start, end)
        if above and not self._newest:
            self.updateGeometries()
            bar.setValue(value + (end - start + 1) * theme.ROW)
        self._note_sight()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers()
        steps: dict[int, Callable[[], None]] = {
            Qt.Key.Key_End: self._go_last,
            Qt.Key.Key_Return: self.opened.emit,
            Qt.Key.Key_Enter: self.opened.emit,
        }
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_text()
        elif key in steps and held in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            steps[key]()
        elif key == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Off: letters belong to the shortcuts."""

    def go_first(self) -> None:
        """To the newest row, which becomes the current one."""
        self.go_newest()
        if self._events.rowCount():
            self._go_to(0)

    def _go_last(self) -> None:
        if rows := self._events.rowCount():
            self._go_to(rows - 1)

    def _go_to(self, row: int) -> None:
        flags = (
            QItemSelectionModel.SelectionFlag.ClearAndSelect
            | QItemSelectionModel.SelectionFlag.Rows
            | QItemSelectionModel.SelectionFlag.Current
        )
        self.selectionModel().setCurrentIndex(self._events.index(row, 0), flags)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        chosen = self.selectionModel().hasSelection()
        if event.reason() != Qt.FocusReason.MouseFocusReason and not chosen and self._events.rowCount():
            self._go_to(max(0, self.currentIndex().row(), self.rowAt(0)))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.currentIndex().isValid():
            self.opened.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.rowAt(event.position().toPoint().y()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered:
            self._delegate.hovered = row
            self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            index = self.indexAt(event.pos())
            point = event.globalPos()
        else:
            index = self.currentIndex()
            point = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        entry = self._events.entry_at(index.row()) if index.isValid() else None
        if entry is not None:
            self.menu_asked.emit(entry, point)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._size_columns()
        self._place_pill()
        self._note_sight()

    def _place_pill(self) -> None:
        self._pill.adjustSize()
        left = (self.viewport().width() - self._pill.width()) // 2
        self._pill.move(left, self.horizontalHeader().height() + theme.GAP)
        self._pill.raise_()
