"""The log in the window: search box, table, details, and what stands there when nothing is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QWidget

from app.domain.events import Appended, Entry, Family
from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput
from app.eventlog import LogReader
from app.eventlog.query import EVERYTHING
from app.ui import filters, theme
from app.ui.detail_pane import DetailPane
from app.ui.empty_words import nothing_yet
from app.ui.event_list import EventList
from app.ui.event_model import EventTableModel
from app.ui.feed import MOST_PENDING, EventFeed, FeedState
from app.ui.filters import Filters, View
from app.ui.parts import EmptyState, column, hairline
from app.ui.ports import EngineView
from app.ui.reading import ReadMarks
from app.ui.row_menu import Item, copy_items, filter_items, menu_of
from app.ui.search_bar import SearchBar
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import Labels

_SIDE_BY_SIDE = 2 * theme.DETAIL
_UNREADABLE = "The log cannot be read"


class LogPanel(QWidget):
    """Shows what a ``Filters`` finds, live. The view is chosen outside, everything else in here."""

    view_changed = Signal(object)
    """The ``View`` changed from in here: whoever shows the choice follows."""
    escaped = Signal()
    """Esc, with nothing left in here to close or clear."""
    export_asked = Signal()

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        log: LogReader,
        tasks: Tasks,
        now: Callable[[], datetime],
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._log = log
        self._tasks = tasks
        self._now = now
        self._zone = zone
        self._filters = Filters()
        self.query = EVERYTHING
        self._wanted: int | None = None
        self.model = EventTableModel(now, zone, self)
        self.feed = EventFeed(log, self.model, tasks, self)
        self.marks = ReadMarks(self.model, engine, log, tasks)
        self.search = SearchBar(its_theme)
        self.list = EventList(its_theme, self.model)
        self.empty = EmptyState(its_theme)
        self.details = DetailPane(its_theme, now, zone)
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self._find(self._filters)

    def _build(self) -> None:
        outer = column(self, gap=0)
        head = column(gap=0)
        head.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.WIDE)
        head.addWidget(self.search)
        outer.addLayout(head)
        outer.addWidget(hairline())
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.list)
        self.details.hide()
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(theme.HAIRLINE)
        split.setChildrenCollapsible(False)
        split.addWidget(self._stack)
        split.addWidget(self.details)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setSizes([theme.DETAIL * 2, theme.DETAIL])
        outer.addWidget(split, 1)

    def _connect(self) -> None:
        self.search.changed.connect(self._find)
        self.search.left.connect(self.focus_rows)
        self.search.escaped.connect(self.escape)
        self.list.at_newest.connect(self.feed.set_following)
        self.list.near_oldest.connect(self.feed.older)
        self.list.picked.connect(self._picked)
        self.list.opened.connect(self._open_details)
        self.list.menu_asked.connect(lambda entry, at: self.row_menu(entry).popup(at))
        self.feed.state_changed.connect(self.show_state)
        self.feed.reloaded.connect(self._reloaded)
        self.feed.counted.connect(self._counted)
        self.feed.pending_changed.connect(lambda: self.list.show_pending(self.feed.pending, MOST_PENDING))
        self.model.dataChanged.connect(self._current_may_have_changed)
        self.details.closed.connect(self._close_details)
        self.details.customer_asked.connect(self.only_customer)
        self.details.batch_asked.connect(self._only_batch)

    # --------------------------------------------------------------- what others tell it

    def show_view(self, view: View) -> None:
        """Turn to a built-in view; chips and words go."""
        self._ask(self._filters.plain(view))

    def show_numbers(self, numbers: tuple[OwnNumber, ...]) -> None:
        """The numbers that have names."""
        self.model.set_labels(Labels(numbers))
        self.search.show_numbers(numbers)

    def log_changed(self, appended: Appended) -> None:
        """The log was written to."""
        if self._filters.leaves_out:
            # Thousands of them may come in a minute; the feed need not look for what it cannot find.
            new = tuple(entry for entry in appended.new if filters.is_news(entry.event))
            appended = replace(appended, new=new)
        self.feed.changed(appended)

    async def show_event(self, id_: int) -> None:
        """Lead to one event: its row if it can be reached, its details in any case."""
        entry = await self._log.entry(id_)
        if entry is None:
            return
        asked = self._filters.plain()
        if not filters.is_news(entry.event):
            asked = replace(asked, all_texts=True)
        if self._filters != asked:
            self._wanted = id_
            self._ask(asked)
        elif not self.list.select_id(id_):
            self._wanted = id_
            self.feed.reload()
        await self._show_details(entry)

    def day_passed(self) -> None:
        """“Today” is another day now."""
        self.model.times_passed()
        if self._filters.view in (View.TODAY, View.OPT_OUTS):
            self._find(self._filters)

    def only_customer(self, e164: str) -> None:
        """Narrow down to one customer, whatever the view was."""
        self._ask(self._filters.plain().with_chip(filters.customer_chip(e164)))

    def show_state(self) -> None:
        """Rows, or what stands in their place."""
        empty = self.model.rowCount() == 0
        failed = self.feed.state is FeedState.FAILED
        if failed:
            self.empty.say("warning", _UNREADABLE, self.feed.problem, "Try again", self.feed.reload)
        elif self.feed.state is FeedState.LOADING:
            self.empty.say("", "", "")
        elif empty and self._filters.narrowed:
            self.empty.say("search", "Nothing found", self._filters.said, "Clear filters", self.search.clear)
        elif empty:
            self.empty.say(*nothing_yet(self._filters.view, self._engine.status.reach))
        shown = self.empty if empty or failed else self.list
        if self._stack.currentWidget() is not shown:
            self._stack.setCurrentWidget(shown)

    # --------------------------------------------------------------- searching

    def _ask(self, asked: Filters) -> None:
        self.search.show_filters(asked)
        self._find(asked)

    def _find(self, asked: Filters) -> None:
        if asked.view is not self._filters.view:
            self.view_changed.emit(asked.view)
        self._filters = asked
        try:
            query = asked.query(self._now(), self._zone)
        except BadInput as error:
            self.search.show_wrong(str(error))  # the rows of the last good search stay
            return
        self.search.show_wrong("")
        self.query = query
        self.feed.show(query, gaps=asked.with_gaps)

    def _only_batch(self, batch_id: str, name: str) -> None:
        self._ask(self._filters.plain().with_chip(filters.batch_chip(batch_id, name)))

    def _counted(self) -> None:
        self.search.show_total(self.feed.total)
        self.show_state()

    def _reloaded(self) -> None:
        self.list.go_newest()
        self.show_state()
        if self._wanted is not None:
            self.list.select_id(self._wanted)
            self._wanted = None

    # --------------------------------------------------------------- details

    def _picked(self, entry: Entry | None) -> None:
        if entry is None:
            return
        if entry.unread:
            self.marks.looked_at([entry.id])
        if self.details.isVisible():
            self._tasks.latest("details", self._show_details, entry)

    def _open_details(self) -> None:
        entry = self.model.entry_at(self.list.currentIndex().row())
        if entry is not None:
            self._tasks.latest("details", self._show_details, entry)

    async def _show_details(self, entry: Entry) -> None:
        batch = None
        batch_id = entry.event.batch_id
        if entry.event.family is Family.BATCH and batch_id:
            batch = self.model.batch(batch_id) or await self._log.batch(batch_id)
        self.details.show_entry(entry, batch, self.model.labels)
        self.details.show()
        self._arrange()

    def _close_details(self) -> None:
        self.details.hide()
        self._arrange()
        self.list.setFocus()

    def _arrange(self) -> None:
        # Where both do not fit side by side, the details take the place of the rows.
        self._stack.setVisible(self.details.isHidden() or self.width() >= _SIDE_BY_SIDE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _current_may_have_changed(self) -> None:
        shown = self.details.entry
        if shown is None or not self.details.isVisible():
            return
        entry = self.model.entry_at(self.model.row_of(shown.id))
        if entry is not None:
            self.details.show_entry(entry, self.model.batch(entry.event.batch_id), self.model.labels)

    def note_seen(self) -> None:
        """The reader leaves: what was in sight is not new any more."""
        self.marks.looked_at(self.list.seen_from_here())

    # --------------------------------------------------------------- menus and keys

    def row_menu(self, entry: Entry) -> QMenu:
        """What can be done with a row."""
        copies = copy_items(entry, self.list.copy_text, self.list.copy_number)
        narrows = filter_items(entry, self.model.labels, self.only_customer, self.search.add)
        shows: list[Item] = [("Show &details", "Return", self._open_details)]
        marks: list[Item] = [("Mark &all as read", "", self.marks.all_looked_at)]
        exports: list[Item] = [("&Export…", "Ctrl+E", self.export_asked.emit)]
        return menu_of(self, [shows, copies, narrows, marks, exports])

    def focus_rows(self) -> None:
        """The keyboard goes to the rows, if there are any."""
        if self.model.rowCount():
            self.list.setFocus()

    def escape(self) -> None:
        """Close the details; else clear what narrows the view down; else tell."""
        if self.details.isVisible():
            self._close_details()
        elif self._filters.narrowed:
            self.search.clear()
        else:
            self.escaped.emit()

    def panes(self) -> list[QWidget]:
        """What F6 goes through, as far as it can be seen."""
        found: list[QWidget] = [self.search.field]
        found += [self.list] if self._stack.currentWidget() is self.list else []
        return [*found, self.details] if self.details.isVisible() else found
