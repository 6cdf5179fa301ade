"""The pane beside the table: everything known of one event."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.domain import error_codes
from app.domain.events import BatchSummary, Entry, Family
from app.domain.numbers import format_number
from app.ui import detail_facts, event_words, theme
from app.ui.event_delegate import paint_bar
from app.ui.parts import Card, Disclosure, Glyph, IconButton, Notice, button, column, hairline, label, line
from app.ui.theme import Theme
from app.ui.words import Labels, moment

_BAR_HEIGHT = 8


class OutcomeBar(QWidget):
    """The outcome of a batch over the whole width."""

    def __init__(self, its_theme: Theme, batch: BatchSummary) -> None:
        super().__init__()
        self._theme = its_theme
        self._batch = batch
        self.setAccessibleName(event_words.outcome(batch))
        self.setFixedHeight(_BAR_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        its_theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(theme.DETAIL // 2, _BAR_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_bar(painter, QRectF(self.rect()), self._batch, self._theme.tokens)
        painter.end()


class DetailPane(QWidget):
    """Shows one entry. Asks come out as signals; copying it does itself."""

    closed = Signal()
    customer_asked = Signal(str)
    batch_asked = Signal(str, str)
    """Only what belongs to this batch: its id and its name."""

    def __init__(self, its_theme: Theme, now: Callable[[], datetime], zone: tzinfo | None = None) -> None:
        super().__init__()
        self._theme = its_theme
        self._now = now
        self._zone = zone
        self._entry: Entry | None = None
        self._batch: BatchSummary | None = None
        self._labels = Labels()
        self._raw_open = False
        self.setObjectName("surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(theme.DETAIL * 4 // 5)
        self.setAccessibleName("Details")
        outer = column(self, gap=0)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        outer.addWidget(self._scroll)
        its_theme.changed.connect(self._build)

    @property
    def entry(self) -> Entry | None:
        """What is shown."""
        return self._entry

    def show_entry(self, entry: Entry, batch: BatchSummary | None, labels: Labels) -> None:
        """Show this event; keeps the place if it is the one shown already."""
        same = self._entry is not None and self._entry.id == entry.id
        if same and (entry.event, batch) == (self._entry and self._entry.event, self._batch):
            return
        self._entry, self._batch, self._labels = entry, batch, labels
        place = self._scroll.verticalScrollBar().value() if same else 0
        self._build()
        self._scroll.verticalScrollBar().setValue(place)

    # --------------------------------------------------------------- the parts

    def _build(self) -> None:
        if self._entry is None:
            return
        body = QWidget()
        body.setMinimumWidth(1)  # the pane is as wide as it is: nothing inside may widen it
        inner = column(body, gap=theme.GAP, margin=theme.MARGIN)
        self._heading(inner, self._entry)
        self._message(inner, self._entry)
        if self._batch is not None and self._entry.event.family is Family.BATCH:
            self._outcome(inner, self._batch)
        self._error(inner, self._entry)
        self._actions(inner, self._entry)
        inner.addSpacing(theme.GAP)
        inner.addWidget(hairline())
        inner.addSpacing(theme.GAP)
        self._facts(inner, self._entry)
        inner.addSpacing(theme.GAP)
        self._raw(inner, self._entry)
        inner.addStretch(1)
        former = self._scroll.takeWidget()
        if former is not None:  # what was pressed may be in it, and must outlive its own signal
            former.setParent(self)
            former.hide()
            former.deleteLater()
        self._scroll.setWidget(body)

    def _heading(self, inner: QVBoxLayout, entry: Entry) -> None:
        shown = event_words.row(entry.event, self._batch, whole=True)
        top = line(gap=theme.GAP)
        top.addWidget(Glyph(self._theme, shown.icon, shown.tone, theme.ICON_LARGE))
        kind = shown.lead or event_words.KIND_OF_ONE[entry.event.family]
        top.addWidget(label(kind, self._theme.strong, tone=shown.tone, wrap=True), 1)
        top.addWidget(IconButton(self._theme, "close", "Close the details", self.closed.emit))
        inner.addLayout(top)
        who = line(gap=theme.GAP)
        who.addWidget(label(shown.who, self._theme.heading, wrap=True, select=True), 1)
        if entry.event.customer:
            number = format_number(entry.event.customer)
            copy = IconButton(self._theme, "copy", "Copy number", lambda: _copy(number))
            who.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        inner.addLayout(who)
        when = moment(entry.event.timestamp, self._now(), self._zone)
        own = self._labels.short(entry.event.number) if entry.event.number else ""
        inner.addWidget(label(f"{when} · {own}" if own else when, tone="muted", wrap=True))

    def _message(self, inner: QVBoxLayout, entry: Entry) -> None:
        text = entry.event.text
        if entry.event.family is Family.BATCH:
            text = self._batch.text if self._batch is not None else ""
        if text:
            inner.addSpacing(theme.TIGHT)
            inner.addWidget(Card(self._theme, _TEXT_ICONS.get(entry.event.family, "batch"), text))

    def _outcome(self, inner: QVBoxLayout, batch: BatchSummary) -> None:
        parts = detail_facts.outcome_lines(batch)
        if not parts:
            return
        inner.addSpacing(theme.GAP)
        inner.addWidget(OutcomeBar(self._theme, batch))
        grid = _grid()
        for row, (tone, said, count) in enumerate(parts):
            number = label(f"{count:,}", self._theme.strong, tone=tone)
            grid.addWidget(number, row, 0, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(said), row, 1)
        inner.addLayout(grid)
        failures = detail_facts.failure_lines(batch)
        if not failures:
            return
        inner.addSpacing(theme.GAP)
        inner.addWidget(label("Why texts failed", self._theme.strong))
        reasons = _grid()
        for row, (said, count, advice) in enumerate(failures):
            top = Qt.AlignmentFlag.AlignTop
            number = label(f"{count:,}", self._theme.strong)
            reasons.addWidget(number, 2 * row, 0, top | Qt.AlignmentFlag.AlignRight)
            reasons.addWidget(label(said, wrap=True), 2 * row, 1)
            if advice:
                reasons.addWidget(label(advice, tone="muted", wrap=True), 2 * row + 1, 1)
        inner.addLayout(reasons)

    def _error(self, inner: QVBoxLayout, entry: Entry) -> None:
        code = entry.event.error_code
        if not code:
            return
        known = error_codes.meaning(code)
        said = known.advice if known else "The service gave a reason that is not in its guide."
        waiting = known is not None and known.heap is error_codes.Heap.NO_ANSWER
        notice = Notice(self._theme)
        notice.say(
            f"{said} [{code}]", icon="clock" if waiting else "warning", tone="waiting" if waiting else "bad"
        )
        inner.addSpacing(theme.TIGHT)
        inner.addWidget(notice)

    def _actions(self, inner: QVBoxLayout, entry: Entry) -> None:
        event = entry.event
        row = line(gap=theme.MARGIN)
        if event.customer:
            row.addWidget(
                button("Only this customer", lambda: self.customer_asked.emit(event.customer), kind="link")
            )
        elif event.family is Family.BATCH and event.batch_id:
            name = event_words.row(event, self._batch).who
            row.addWidget(
                button("Only this batch", lambda: self.batch_asked.emit(event.batch_id, name), kind="link")
            )
        row.addWidget(button("Copy as text", self._copy_all, kind="link"))
        row.addStretch(1)
        inner.addSpacing(theme.TIGHT)
        inner.addLayout(row)

    def _facts(self, inner: QVBoxLayout, entry: Entry) -> None:
        grid = _grid()
        known = detail_facts.facts(entry, self._batch, self._labels, self._now(), self._zone)
        for row, fact in enumerate(known):
            name = label(fact.name, tone="muted")
            value = label(fact.value, wrap=True, select=True)
            value.setAccessibleName(f"{fact.name}: {fact.value}")
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
        inner.addLayout(grid)

    def _raw(self, inner: QVBoxLayout, entry: Entry) -> None:
        toggle = Disclosure(self._theme, "What RingCentral sent", self._toggle_raw, opened=self._raw_open)
        row = line(gap=theme.GAP)
        row.addWidget(toggle)
        row.addStretch(1)
        inner.addLayout(row)
        if not self._raw_open:
            return
        row.addWidget(
            IconButton(self._theme, "copy", "Copy what RingCentral sent", lambda: _copy(entry.event.raw))
        )
        shown = QPlainTextEdit(detail_facts.readable_json(entry.event.raw))
        shown.setReadOnly(True)
        shown.setAccessibleName("What RingCentral sent")
        shown.setTabChangesFocus(True)
        mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        mono.setPointSizeF(self._theme.caption.pointSizeF())
        shown.setFont(mono)
        lines = min(24, shown.document().blockCount() + 2)
        shown.setMinimumHeight(lines * shown.fontMetrics().lineSpacing() + theme.MARGIN)
        shown.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        inner.addWidget(shown)

    def _toggle_raw(self, on: bool) -> None:
        self._raw_open = on
        place = self._scroll.verticalScrollBar().value()
        self._build()
        self._scroll.verticalScrollBar().setValue(place)

    def _copy_all(self) -> None:
        if self._entry is None:
            return
        known = detail_facts.facts(self._entry, self._batch, self._labels, self._now(), self._zone)
        said = event_words.sentence(self._entry, self._batch, self._labels, self._now(), self._zone)
        lines = [said.removeprefix("New. "), *(f"{fact.name}: {fact.value}" for fact in known)]
        if self._entry.event.text:
            lines.append(f"Text: {self._entry.event.text}")
        _copy("\n".join(lines))


_TEXT_ICONS = {Family.INBOUND: "inbound", Family.OUTBOUND: "outbound", Family.UNKNOWN: "unknown"}


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.MARGIN)
    grid.setVerticalSpacing(theme.TIGHT + 2)
    grid.setColumnStretch(1, 1)
    return grid


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
