"""The main window: views at the left, the log in the middle, the details at the right."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.domain.events import Appended, Entry, Family
from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput, Remedy
from app.domain.status import Reach, Status
from app.eventlog import LogReader
from app.ui import filters, theme
from app.ui.detail_pane import DetailPane
from app.ui.event_list import EventList, event_menu
from app.ui.event_model import EventTableModel
from app.ui.feed import MOST_PENDING, EventFeed, FeedState
from app.ui.filters import Filters, View
from app.ui.parts import EmptyState, Notice, action, column, hairline, line
from app.ui.ports import EngineView
from app.ui.search_bar import SearchBar
from app.ui.sidebar import Sidebar
from app.ui.status_line import StatusLine
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import Labels


class MainWindow(QWidget):
    """Shows the log and how the program stands. What belongs to other windows comes out as signals."""

    closing = Signal()
    """The user closed it: whoever owns it decides what that means."""
    left = Signal()
    """Nobody looks at it any more."""
    looked_at = Signal()
    """Somebody looks at it."""
    remedy_asked = Signal(Remedy)
    numbers_asked = Signal()
    settings_asked = Signal()
    quit_asked = Signal()

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
        self._theme = its_theme
        self._engine = engine
        self._log = log
        self._tasks = tasks
        self._now = now
        self._zone = zone
        self._filters = Filters()
        self._wanted: int | None = None
        self._today = now().astimezone(zone).date()
        self.setWindowTitle(APP_NAME)
        self.setMinimumSize(720, 440)
        self.resize(1120, 720)
        self.model = EventTableModel(now, zone)
        self.feed = EventFeed(log, self.model, tasks)
        self._build()
        self._connect()
        self._keys()
        self.show_status(engine.status)
        self._search(self._filters)

    # --------------------------------------------------------------- building

    def _build(self) -> None:
        outer = line(self, gap=0)
        self.sidebar = Sidebar(self._theme)
        outer.addWidget(self.sidebar)
        outer.addWidget(hairline(upright=True))
        surface = QWidget()
        surface.setObjectName("surface")
        surface.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer.addWidget(surface, 1)
        self._column = column(surface, gap=0)
        head = QVBoxLayout()
        head.setContentsMargins(theme.MARGIN, theme.WIDE, theme.MARGIN, theme.WIDE)
        head.setSpacing(theme.WIDE)
        self.status_line = StatusLine(self._theme, self._now, self._zone)
        self.hint = Notice(self._theme, "info", "plain")
        self.search = SearchBar(self._theme)
        head.addWidget(self.hint)
        head.addWidget(self.status_line)
        head.addWidget(self.search)
        self._column.addLayout(head)
        self._column.addWidget(hairline())
        self.list = EventList(self._theme, self.model)
        self.empty = EmptyState(self._theme)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        self.details = DetailPane(self._theme, self._now, self._zone)
        self.details.hide()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(theme.HAIRLINE)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._stack)
        self._split.addWidget(self.details)
        self._split.setStretchFactor(0, 1)
        self._split.setStretchFactor(1, 0)
        self._split.setSizes([theme.DETAIL * 2, theme.DETAIL])
        self._column.addWidget(self._split, 1)

    def _connect(self) -> None:
        self.sidebar.view_chosen.connect(self._choose_view)
        self.sidebar.numbers_asked.connect(self.numbers_asked)
        self.sidebar.settings_asked.connect(self.settings_asked)
        self.search.changed.connect(self._search)
        self.search.left.connect(self._to_rows)
        self.search.escaped.connect(self._escape)
        self.status_line.remedy_asked.connect(self.remedy_asked)
        self.status_line.resume_asked.connect(lambda: self._engine.pause(None))
        self.status_line.check_asked.connect(self.check_now)
        self.list.at_newest.connect(self.feed.set_following)
        self.list.near_oldest.connect(self.feed.older)
        self.list.picked.connect(self._picked)
        self.list.opened.connect(self._open_details)
        self.list.menu_asked.connect(self._offer)
        self.feed.state_changed.connect(self._show_state)
        self.feed.reloaded.connect(self._reloaded)
        self.feed.counted.connect(self._counted)
        self.feed.pending_changed.connect(lambda: self.list.show_pending(self.feed.pending, MOST_PENDING))
        self.model.dataChanged.connect(self._current_may_have_changed)
        self.details.closed.connect(self._close_details)
        self.details.customer_asked.connect(self.only_customer)
        self.details.batch_asked.connect(lambda id_, name: self.search.add(filters.batch_chip(id_, name)))

    def _keys(self) -> None:
        standard = QKeySequence.StandardKey
        action(self, "Search", self.search.focus, standard.Find, "/")
        action(self, "Leave", self._escape, "Esc")
        action(self, "Copy the number", self.list.copy_number, "Ctrl+Shift+C")
        action(self, "Check now", self.check_now, "F5")
        action(self, "Hide", self.close, "Ctrl+W")
        action(self, "Quit", self.quit_asked.emit, "Ctrl+Q")
        action(self, "Settings", self.settings_asked.emit, "Ctrl+,")
        action(self, "Next pane", lambda: self._next_pane(1), "F6")
        action(self, "Previous pane", lambda: self._next_pane(-1), "Shift+F6")
        for at, view in enumerate(View, start=1):
            action(self, view.title, partial(self._choose_view, view), f"Ctrl+{at}")

    # --------------------------------------------------------------- what others tell it

    def show_status(self, status: Status) -> None:
        """The program stands so now."""
        self.status_line.show_status(status)
        self._show_state()

    def show_numbers(self, numbers: tuple[OwnNumber, ...]) -> None:
        """The numbers that have names."""
        self.model.set_labels(Labels(numbers))
        self.search.show_numbers(numbers)

    def log_changed(self, appended: Appended) -> None:
        """The log was written to."""
        self.feed.changed(appended)

    async def show_event(self, id_: int) -> None:
        """Lead to one event: its row if it can be reached, its details in any case."""
        entry = await self._log.entry(id_)
        if entry is None:
            return
        if self._filters.narrowed or self._filters.view is not View.ACTIVITY:
            self._wanted = id_
            self._choose_view(View.ACTIVITY)
        elif not self.list.select_id(id_):
            self._wanted = id_
            self.feed.reload()
        await self._show_details(entry)

    def say_hint(self, sentence: str, action: str = "", pressed: Callable[[], object] | None = None) -> None:
        """One quiet line at the top; ``""`` takes it away."""
        self.hint.say(sentence, icon="info", tone="plain", action=action, pressed=pressed)

    def check_now(self) -> None:
        """Try at once what would be tried later anyway."""
        self._tasks.latest("check-now", self._engine.check_now)

    def only_customer(self, e164: str) -> None:
        """Narrow down to one customer, whatever the view was."""
        if self._filters.view is not View.ACTIVITY:
            self.sidebar.show_view(View.ACTIVITY)
        self._search(Filters(View.ACTIVITY).with_chip(filters.customer_chip(e164)))
        self.search.show_filters(self._filters)

    # --------------------------------------------------------------- searching

    def _choose_view(self, view: View) -> None:
        self.sidebar.show_view(view)
        self._search(Filters(view))
        self.search.show_filters(self._filters)

    def _search(self, asked: Filters) -> None:
        self._filters = asked
        try:
            query = asked.query(self._now(), self._zone)
        except BadInput as error:
            self.search.show_wrong(str(error))  # the rows of the last good search stay
            return
        self.search.show_wrong("")
        self.feed.show(query)

    def _counted(self) -> None:
        self.search.show_total(self.feed.total)
        self._show_state()

    def _reloaded(self) -> None:
        self.list.go_newest()
        self._show_state()
        if self._wanted is not None:
            self.list.select_id(self._wanted)
            self._wanted = None

    def _show_state(self) -> None:
        empty = self.model.rowCount() == 0
        if self.feed.state is FeedState.FAILED:
            self.empty.say(
                "warning", "The log cannot be read", self.feed.problem, "Try again", self.feed.reload
            )
        elif self.feed.state is FeedState.LOADING:
            self.empty.say("clock", "Opening the log", "")
        elif empty and self._filters.narrowed:
            chips = " · ".join(chip.title for chip in self._filters.chips)
            typed = f"“{self._filters.typed.strip()}”" if self._filters.typed.strip() else ""
            what = " · ".join(part for part in (typed, chips) if part)
            self.empty.say("search", "Nothing found", what, "Clear filters", self.search.clear)
        elif empty:
            self._say_empty(self._filters.view, self._engine.status.reach)
        shown = self.empty if empty or self.feed.state is FeedState.FAILED else self.list
        if self._stack.currentWidget() is not shown:
            self._stack.setCurrentWidget(shown)

    def _say_empty(self, view: View, reach: Reach) -> None:
        if view is not View.ACTIVITY:
            self.empty.say(view.icon, _EMPTY[view], "New ones appear here by themselves.")
        elif reach is Reach.SIGNED_OUT:
            self.empty.say(
                "sign-in",
                "Sign in to begin",
                "Batches, opt-outs and texts of your numbers will appear here as they happen.",
                "Sign in",
                lambda: self.remedy_asked.emit(Remedy.SIGN_IN),
            )
        else:
            self.empty.say(
                "bell",
                "Nothing has happened yet",
                "Batches, opt-outs and texts of your numbers will appear here as they happen.",
            )

    # --------------------------------------------------------------- details

    def _picked(self, entry: Entry | None) -> None:
        if entry is None:
            return
        if entry.unread:
            self.model.set_read([entry.id])
            self._tasks.start("mark-read", self._engine.mark_read, (entry.id,))
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
            batch = self.model.batch(batch_id) or (await self._log.batches([batch_id])).get(batch_id)
        self.details.show_entry(entry, batch, self.model.labels)
        self.details.show()

    def _close_details(self) -> None:
        self.details.hide()
        self.list.setFocus()

    def _current_may_have_changed(self) -> None:
        shown = self.details.entry
        if shown is None or not self.details.isVisible():
            return
        entry = self.model.entry_at(self.model.row_of(shown.id))
        if entry is not None:
            self.details.show_entry(entry, self.model.batch(entry.event.batch_id), self.model.labels)

    # --------------------------------------------------------------- menus and keys

    def _offer(self, entry: Entry, at: QPoint) -> None:
        event = entry.event
        items: list[tuple[str, str, Callable[[], object]] | None] = [
            ("Show &details", "Return", self._open_details),
            None,
            ("&Copy as text", "Ctrl+C", self.list.copy_text),
        ]
        if event.customer or event.number:
            items.append(("Copy &number", "Ctrl+Shift+C", self.list.copy_number))
        items.append(None)
        if event.customer:
            items.append(("Only this c&ustomer", "", lambda: self.only_customer(event.customer)))
        if event.number:
            chip = filters.own_number_chip(event.number, self.model.labels)
            items.append(("Only this number of &yours", "", lambda: self.search.add(chip)))
        kind = filters.kind_chip(event.family)
        items.append((f"Only &kind: {kind.value}", "", lambda: self.search.add(kind)))
        items += [None, ("Mark &all as read", "", self._mark_all_read)]
        event_menu(self, items).popup(at)

    def _mark_all_read(self) -> None:
        self._tasks.latest("mark-all-read", self._all_read)

    async def _all_read(self) -> None:
        query = filters.NEW_ONLY.query
        while (page := await self._log.page(query, limit=500)).entries:
            ids = [entry.id for entry in page.entries]
            await self._engine.mark_read(ids)
            self.model.set_read(ids)

    def _to_rows(self) -> None:
        if self.model.rowCount():
            self.list.setFocus()

    def _escape(self) -> None:
        if self.details.isVisible():
            self._close_details()
        elif self._filters.narrowed:
            self.search.clear()
        else:
            self.close()

    def _next_pane(self, step: int) -> None:
        panes = [self.sidebar.views, self.search.field]
        panes += [self.list] if self._stack.currentWidget() is self.list else []
        panes += [self.details] if self.details.isVisible() else []
        held = [_holds_focus(pane) for pane in panes]
        at = held.index(True) if True in held else -1
        panes[(at + step) % len(panes)].setFocus(Qt.FocusReason.TabFocusReason)

    # --------------------------------------------------------------- coming and going

    def saved_geometry(self) -> str:
        """Where it is, for the settings."""
        return base64.b64encode(self.saveGeometry().data()).decode("ascii")

    def restore(self, geometry: str) -> None:
        """Be where it was, if that still is a place."""
        try:
            self.restoreGeometry(QByteArray(base64.b64decode(geometry, validate=True)))
        except (binascii.Error, ValueError):
            return  # written by hand, or by another program: the default place is good

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            (self.looked_at if self.isActiveWindow() else self.left).emit()
            if not self.isActiveWindow():
                self._note_read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        today = self._now().astimezone(self._zone).date()
        if today != self._today:
            self._today = today
            self.model.times_passed()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._note_read()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.closing.emit()

    def _note_read(self) -> None:
        seen = self.list.seen_from_here()
        if seen:
            self.model.set_read(seen)
            self._tasks.start("mark-read", self._engine.mark_read, seen)


def _holds_focus(pane: QWidget) -> bool:
    return pane.hasFocus() or any(child.hasFocus() for child in pane.findChildren(QWidget))


_EMPTY = {
    View.TODAY: "Nothing has happened today",
    View.OPT_OUTS: "Nobody opted out this week",
    View.BATCHES: "No batches yet",
    View.RECEIVED: "No texts received yet",
    View.FAILED: "No failed texts",
}
