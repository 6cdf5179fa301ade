"""Choosing from the account's numbers: names, check boxes, a filter when there are many."""

import re
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeySequence, QMouseEvent, QShortcut
from PySide6.QtWidgets import QCheckBox, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from app.domain.numbers import OwnNumber, format_number
from app.ui import theme
from app.ui.parts import column, label, line
from app.ui.theme import Theme
from app.ui.words import counted

FILTER_FROM = 9
"""So many numbers are worth a field to filter them."""


class _Rows(QTreeWidget):
    """A click anywhere on a row ticks it, not only one on the box."""

    def __init__(self) -> None:
        super().__init__()
        self._pressed = QPersistentModelIndex()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = QPersistentModelIndex(self._row_under(event))
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed = QPersistentModelIndex(self._row_under(event))
        super().mouseDoubleClickEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = self._row_under(event)
        if event.button() != Qt.MouseButton.LeftButton or not row.isValid() or self._pressed != row:
            super().mouseReleaseEvent(event)
            return
        item = self.itemFromIndex(row)
        before = item.checkState(0)
        super().mouseReleaseEvent(event)
        if item.checkState(0) == before:
            item.setCheckState(0, _state(before != Qt.CheckState.Checked))

    def _row_under(self, event: QMouseEvent) -> QModelIndex:
        return self.indexAt(event.position().toPoint()).siblingAtColumn(0)


class NumberList(QWidget):
    """Shows numbers with a check box each. A filter hides rows; it never changes what is ticked."""

    changed = Signal()
    accepted = Signal()
    """Enter in the list: the choice is made. Space ticks."""

    def __init__(self, its_theme: Theme) -> None:
        super().__init__()
        self._theme = its_theme
        self._numbers: tuple[OwnNumber, ...] = ()
        outer = column(self, gap=theme.GAP)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name or number")
        self.filter.setAccessibleName("Filter the numbers")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        outer.addWidget(self.filter)
        top = line(gap=theme.GAP)
        top.setContentsMargins(theme.WIDE + 3, 0, theme.WIDE, 0)
        self.all = QCheckBox("Select &all")
        self.all.clicked.connect(self._all_clicked)
        self._chosen = label(tone="muted")
        top.addWidget(self.all)
        top.addStretch(1)
        top.addWidget(self._chosen)
        outer.addLayout(top)
        self.list = _Rows()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAccessibleName("Your numbers")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemChanged.connect(self._item_changed)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QShortcut(
                QKeySequence(key), self.list, self.accepted.emit, context=Qt.ShortcutContext.WidgetShortcut
            )
        outer.addWidget(self.list, 1)
        self._none = label("No number matches.", tone="muted")
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._none.hide()
        outer.addWidget(self._none, 1)

    def show_numbers(self, numbers: Sequence[OwnNumber], ticked: Iterable[str]) -> None:
        """Show these, with those ticked."""
        chosen = set(ticked)
        self._numbers = tuple(sorted(numbers, key=lambda n: (not n.label, n.label.casefold(), n.e164)))
        self.list.blockSignals(True)
        self.list.clear()
        quiet = QBrush(QColor(self._theme.tokens.muted))
        for number in self._numbers:
            item = QTreeWidgetItem([number.label or "No name", format_number(number.e164)])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(0, _state(number.e164 in chosen))
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, number.title)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setForeground(1, quiet)
            self.list.addTopLevelItem(item)
        if self._numbers:
            self.list.setCurrentItem(self._item(0))
        self.list.blockSignals(False)
        self.filter.clear()
        self.filter.setVisible(len(self._numbers) >= FILTER_FROM)
        self._tell()

    def chosen(self) -> tuple[OwnNumber, ...]:
        """What is ticked, seen or not."""
        return tuple(
            number
            for row, number in enumerate(self._numbers)
            if self._item(row).checkState(0) == Qt.CheckState.Checked
        )

    def _item(self, row: int) -> QTreeWidgetItem:
        item = self.list.topLevelItem(row)
        assert item is not None, "a row of a number that is shown"
        return item

    def _rows(self) -> list[QTreeWidgetItem]:
        items = [self._item(row) for row in range(self.list.topLevelItemCount())]
        return [item for item in items if not item.isHidden()]

    def _all_clicked(self) -> None:
        on = any(item.checkState(0) != Qt.CheckState.Checked for item in self._rows())
        self.list.blockSignals(True)
        for item in self._rows():
            item.setCheckState(0, _state(on))
        self.list.blockSignals(False)
        self._tell()

    def _item_changed(self) -> None:
        self._tell()

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        # “Office 1” is a name; “555-01” is a part of a number, or of a name.
        digits = "" if re.search(r"[^\W\d_]", text) else re.sub(r"\D", "", text)
        for row, number in enumerate(self._numbers):
            name = number.label.casefold()
            fits = all(word in name for word in words) or (bool(digits) and digits in number.e164)
            self._item(row).setHidden(not fits)
        found = bool(self._rows())
        self.list.setVisible(found)
        self._none.setVisible(not found)
        self._tell()

    def _tell(self) -> None:
        chosen = len(self.chosen())
        self._chosen.setText(f"{chosen:,} of {counted(len(self._numbers), 'number')}")
        states = {item.checkState(0) for item in self._rows()}
        self.all.setEnabled(bool(states))
        if len(states) == 1:
            self.all.setTristate(False)
            self.all.setCheckState(states.pop())
        elif states:
            self.all.setCheckState(Qt.CheckState.PartiallyChecked)
        self.changed.emit()


def _state(on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
