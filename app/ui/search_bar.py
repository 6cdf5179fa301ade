"""The search box, the chips beneath it, how much was found, and whether sent texts are among it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QPushButton, QWidget

from app.domain.events import Family
from app.domain.numbers import OwnNumber
from app.ui import filters, icons, theme
from app.ui.event_words import KINDS
from app.ui.filters import Chip, Filters, View
from app.ui.parts import button, column, emptied, label, line, set_tone
from app.ui.theme import Theme
from app.ui.words import Labels, total

_TYPING_MS = 120


class SearchField(QLineEdit):
    """Esc and the arrow down are handed on; everything else is a line edit's."""

    down = Signal()
    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)


class SearchBar(QWidget):
    """Edits the chips and the typed words of a ``Filters``; the side bar owns the view."""

    changed = Signal(object)
    """The new ``Filters``. Typing is gathered for a moment, everything else comes at once."""
    left = Signal()
    """The arrow down, or Enter: on to the rows."""
    escaped = Signal()
    """Esc in an empty field."""

    def __init__(self, its_theme: Theme) -> None:
        super().__init__()
        self._theme = its_theme
        self._filters = Filters()
        self._numbers: Sequence[OwnNumber] = ()
        outer = column(self, gap=theme.GAP)
        top = self.top = line(gap=theme.GAP)
        self.field = SearchField()
        self.field.setPlaceholderText("Search by number or words")
        self.field.setAccessibleName("Search the log")
        self.field.setClearButtonEnabled(False)
        self.field.setMaximumWidth(theme.READABLE)
        self._glass = QAction(self.field)
        self.field.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._clear_text = QAction("Clear the search", self.field)
        self._clear_text.triggered.connect(self.field.clear)
        self.field.addAction(self._clear_text, QLineEdit.ActionPosition.TrailingPosition)
        self.field.textChanged.connect(self._typed)
        self.field.returnPressed.connect(self._entered)
        self.field.down.connect(self.left)
        self.field.escaped.connect(self._escape)
        self._filter = button("&Filter", self._offer)
        self._count = label(tone="muted")
        self._count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top.addWidget(self.field, 3)
        top.addWidget(self._filter)
        top.addStretch(1)
        self._texts = button("", self._turn_texts, kind="link")
        self._texts.setToolTip(
            "Texts waiting, on their way or delivered, and the progress of batches. "
            "Finished batches and failed texts are always shown."
        )
        top.addWidget(self._texts)
        top.addSpacing(theme.TIGHT)
        top.addWidget(self._count)
        outer.addLayout(top)
        self._wrong = label(tone="bad", wrap=True)
        self._wrong.hide()
        outer.addWidget(self._wrong)
        self._chips = QWidget()
        self._chip_row = line(self._chips, gap=theme.GAP)
        outer.addWidget(self._chips)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_TYPING_MS)
        self._wait.timeout.connect(self._tell_typed)
        self._show_texts()
        its_theme.changed.connect(self._draw)
        self._draw()

    # --------------------------------------------------------------- what the window does

    def show_filters(self, filters_: Filters) -> None:
        """Show these; tells nobody."""
        self._wait.stop()
        self._filters = filters_
        if self.field.text() != filters_.typed:
            self.field.blockSignals(True)
            self.field.setText(filters_.typed)
            self.field.blockSignals(False)
        self._show_clear()
        self._show_chips()
        self._show_texts()

    def show_numbers(self, numbers: Sequence[OwnNumber]) -> None:
        """The own numbers that can be filtered by."""
        self._numbers = numbers

    def show_total(self, count: int) -> None:
        """How much was found."""
        batches = self._filters.view is View.BATCHES
        self._count.setText(total(count, "batch", "batches") if batches else total(count))

    def show_wrong(self, sentence: str) -> None:
        """Say what is wrong with the typed words, or that nothing is (``""``)."""
        self._wrong.setText(sentence)
        self._wrong.setVisible(bool(sentence))
        self.field.setProperty("wrong", bool(sentence))
        set_tone(self.field, "bad" if sentence else "")
        self.field.setAccessibleDescription(sentence)

    @property
    def wrong(self) -> str:
        """The sentence under the field."""
        return self._wrong.text()

    @property
    def count_text(self) -> str:
        """How much was found, as shown."""
        return self._count.text()

    def focus(self) -> None:
        """Ready to type; what is there is selected."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    # --------------------------------------------------------------- chips

    def _show_chips(self) -> None:
        emptied(self._chip_row)
        for chip in self._filters.chips:
            made = button(chip.title, partial(self._remove, chip), kind="chip")
            made.setAccessibleName(f"Remove the filter {chip.title}")
            made.setToolTip("Remove this filter")
            made.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            made.setIcon(icons.icon("close", self._theme.tokens.accent, theme.MARGIN))
            made.setIconSize(QSize(theme.MARGIN, theme.MARGIN))
            self._chip_row.addWidget(made)
        if self._filters.chips:
            self._chip_row.addWidget(button("Clear filters", self.clear, kind="link"))
        self._chip_row.addStretch(1)
        self._chips.setVisible(bool(self._filters.chips))

    @property
    def chips(self) -> list[QPushButton]:
        """The buttons that take a chip away."""
        return [b for b in self._chips.findChildren(QPushButton) if b.property("kind") == "chip"]

    def clear(self) -> None:
        """No chips and no words."""
        self._set(self._filters.plain(self._filters.view))

    def _remove(self, chip: Chip) -> None:
        self._set(self._filters.without_chip(chip))
        self.field.setFocus()

    def add(self, chip: Chip) -> None:
        """Narrow down by one more."""
        self._set(self._filters.with_chip(chip))

    def _set(self, filters_: Filters) -> None:
        self.show_filters(filters_)
        self.changed.emit(filters_)

    def filter_menu(self) -> QMenu:
        """What can be narrowed down by a click."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&New events only").triggered.connect(lambda: self.add(filters.NEW_ONLY))
        menu.addSeparator()
        kinds = menu.addMenu("&Kind")
        for family in (Family.BATCH, Family.OPTOUT, Family.INBOUND, Family.OUTBOUND, Family.UNKNOWN):
            chosen = kinds.addAction(KINDS[family])
            chosen.triggered.connect(lambda _=False, f=family: self.add(filters.kind_chip(f)))
        own = menu.addMenu("&Your number")
        own.setEnabled(bool(self._numbers))
        labels = Labels(self._numbers)
        for number in self._numbers:
            chosen = own.addAction(number.title.replace("&", "&&"))
            chosen.triggered.connect(
                lambda _=False, e=number.e164: self.add(filters.own_number_chip(e, labels))
            )
        return menu

    def _offer(self) -> None:
        self.filter_menu().popup(self._filter.mapToGlobal(QPoint(0, self._filter.height() + theme.TIGHT)))

    @property
    def filters(self) -> Filters:
        """What is asked for now."""
        return self._filters

    @property
    def texts(self) -> QPushButton:
        """The switch for sent texts; hidden where they are never left out."""
        return self._texts

    def _turn_texts(self) -> None:
        self._set(replace(self._filters, all_texts=not self._filters.all_texts))

    def _show_texts(self) -> None:
        self._texts.setText("Hide sent &texts" if self._filters.all_texts else "Show sent &texts")
        self._texts.setVisible(self._filters.can_leave_out)

    # --------------------------------------------------------------- typing

    def _typed(self) -> None:
        self._show_clear()
        self._wait.start()

    def _tell_typed(self) -> None:
        self._wait.stop()
        typed = self.field.text()
        if typed != self._filters.typed:
            self._filters = replace(self._filters, typed=typed)
            self._show_texts()
            self.changed.emit(self._filters)

    def _entered(self) -> None:
        self._tell_typed()
        self.left.emit()

    def _escape(self) -> None:
        if self.field.text():
            self.field.clear()
            self._tell_typed()
        else:
            self.escaped.emit()

    def _show_clear(self) -> None:
        self._clear_text.setVisible(bool(self.field.text()))

    def _draw(self) -> None:
        tokens = self._theme.tokens
        self._glass.setIcon(icons.icon("search", tokens.muted, theme.ICON))
        self._clear_text.setIcon(icons.icon("close", tokens.muted, theme.ICON))
        self._filter.setIcon(icons.icon("filter", tokens.muted, theme.ICON))
        self._filter.setIconSize(QSize(theme.ICON, theme.ICON))
        self._show_clear()
        self._show_chips()
