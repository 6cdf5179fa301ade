"""The main window: views at the left, how the program stands on top, the log below."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QWidget

from app.domain.events import Appended, Entry
from app.domain.numbers import OwnNumber
from app.domain.problems import Remedy
from app.domain.status import Status
from app.eventlog import LogReader
from app.ui import attention, theme
from app.ui.filters import View
from app.ui.log_panel import LogPanel
from app.ui.parts import Notice, action, column, hairline, line
from app.ui.ports import EngineView
from app.ui.progress_strip import ProgressStrip
from app.ui.sidebar import Sidebar
from app.ui.status_line import StatusLine
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme


class MainWindow(QWidget):
    """Side bar, status line and log. What belongs to other windows comes out as signals."""

    closing = Signal()
    """The user closed it: whoever owns it decides what that means."""
    looked_at = Signal()
    """Somebody looks at it."""
    remedy_asked = Signal(Remedy)
    check_asked = Signal()
    numbers_asked = Signal()
    settings_asked = Signal()
    help_asked = Signal()
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
        self._now = now
        self._zone = zone
        self._today = now().astimezone(zone).date()
        self.setWindowTitle(APP_NAME)
        self.setMinimumSize(*theme.MAIN_WINDOW_LEAST)
        self.resize(*theme.MAIN_WINDOW)
        outer = line(self, gap=0)
        self.sidebar = Sidebar(its_theme)
        outer.addWidget(self.sidebar)
        outer.addWidget(hairline(upright=True))
        surface = QWidget()
        surface.setObjectName("surface")
        surface.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer.addWidget(surface, 1)
        inner = column(surface, gap=0)
        head = column(gap=theme.WIDE)
        head.setContentsMargins(theme.MARGIN, theme.WIDE, theme.MARGIN, theme.WIDE)
        self.status_line = StatusLine(its_theme, now, zone)
        self.hint = Notice(its_theme, "info", "plain")
        head.addWidget(self.hint)
        head.addWidget(self.status_line)
        inner.addLayout(head)
        self.log = LogPanel(its_theme, engine, log, tasks, now, zone)
        inner.addWidget(self.log, 1)
        self.strip = ProgressStrip(its_theme)
        inner.addWidget(self.strip)
        self._connect(engine)
        self._keys()
        self.show_status(engine.status)
        self.log.search.field.setFocus()

    def _connect(self, engine: EngineView) -> None:
        self.sidebar.view_chosen.connect(self.log.show_view)
        self.sidebar.numbers_asked.connect(self.numbers_asked)
        self.sidebar.settings_asked.connect(self.settings_asked)
        self.status_line.remedy_asked.connect(self.remedy_asked)
        self.status_line.resume_asked.connect(lambda: engine.pause(None))
        self.status_line.check_asked.connect(self.check_asked)
        self.log.view_changed.connect(self.sidebar.show_view)
        self.log.escaped.connect(self.close)
        self.destroyed.connect(engine.keeping.listen_gone(lambda _: self._events_gone()))

    def _keys(self) -> None:
        standard = QKeySequence.StandardKey
        action(self, "Search", self.log.search.focus, standard.Find, "/")
        action(self, "Leave", self.log.escape, "Esc")
        action(self, "Newest", self._newest, "Home")
        action(self, "Copy the number", self.log.list.copy_number, "Ctrl+Shift+C")
        action(self, "Check now", self.check_asked.emit, "F5")
        action(self, "Hide", self.close, "Ctrl+W")
        action(self, "Quit", self.quit_asked.emit, "Ctrl+Q")
        action(self, "Settings", self.settings_asked.emit, "Ctrl+,")
        action(self, "Help", self.help_asked.emit, "F1")
        action(self, "Next pane", lambda: self._next_pane(1), "F6")
        action(self, "Previous pane", lambda: self._next_pane(-1), "Shift+F6")
        for at, view in enumerate(View, start=1):
            action(self, view.title, partial(self.log.show_view, view), f"Ctrl+{at}")

    # --------------------------------------------------------------- what others tell it

    def show_status(self, status: Status) -> None:
        """The program stands so now."""
        self._note_day()
        self.status_line.show_status(status)
        self.log.show_state()
        self.log.feed.status_changed(status)

    def show_numbers(self, numbers: tuple[OwnNumber, ...]) -> None:
        """The numbers that have names."""
        self.log.show_numbers(numbers)

    def log_changed(self, appended: Appended) -> None:
        """The log was written to."""
        self.log.log_changed(appended)

    def sees(self, entry: Entry) -> bool:
        """Whether whoever works in this window has the event before their eyes."""
        return self.isActiveWindow() and self.isVisible() and attention.shows(self.log, entry)

    async def show_event(self, id_: int) -> None:
        """Lead to one event of the log."""
        await self.log.show_event(id_)

    def say_hint(self, sentence: str, action: str = "", pressed: Callable[[], object] | None = None) -> None:
        """One quiet line at the top; ``""`` takes it away."""
        self.hint.say(sentence, icon="info", tone="plain", action=action, pressed=pressed)

    def say_problem(self, sentence: str) -> None:
        """One line at the top about something that did not work; its button takes it away."""
        self.hint.say(sentence, icon="warning", tone="bad", action="Close", pressed=lambda: self.say_hint(""))

    def _events_gone(self) -> None:
        if self.log.feed.following:  # who reads further down keeps the rows before their eyes
            self.log.feed.reload()

    # --------------------------------------------------------------- keys

    def _newest(self) -> None:
        self.log.list.go_first()

    def _next_pane(self, step: int) -> None:
        panes = [self.sidebar.current, *self.log.panes()]
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
            if self.isActiveWindow():
                self.looked_at.emit()
            else:
                self.log.note_seen()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._note_day()

    def _note_day(self) -> None:
        today = self._now().astimezone(self._zone).date()
        if today != self._today:
            self._today = today
            self.log.day_passed()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.log.note_seen()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.closing.emit()


def _holds_focus(pane: QWidget) -> bool:
    return pane.hasFocus() or any(child.hasFocus() for child in pane.findChildren(QWidget))
