"""The icon beside the clock, and its menu."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.domain.status import Reach, Status
from app.ui import icons, theme
from app.ui.status_words import APP_NAME, GRACE, menu_line, paused, standing, tooltip
from app.ui.theme import Theme

MORNING = 8
"""“Until tomorrow morning” ends at this hour."""
_LONGEST_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """A line of the Recent submenu."""

    id: int
    text: str


class Tray(QObject):
    """Always shown: where there is no tray yet, Qt puts the icon there as soon as one appears."""

    open_asked = Signal()
    event_asked = Signal(object)
    """The id of the event (ids do not fit an ``int`` of Qt's)."""
    pause_asked = Signal(object)
    """Until when, or ``None`` to resume."""
    check_asked = Signal()
    settings_asked = Signal()
    help_asked = Signal()
    quit_asked = Signal()

    def __init__(
        self,
        its_theme: Theme,
        now: Callable[[], datetime],
        zone: tzinfo | None = None,
        icon: QSystemTrayIcon | None = None,
    ) -> None:
        """``icon`` may be shown already, with a menu or without; both are taken over."""
        super().__init__(its_theme)
        self._theme = its_theme
        self._now = now
        self._zone = zone
        self._status: Status | None = None
        self._news = False
        self._shown = ""
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._show_again)
        self.icon = icon or QSystemTrayIcon()
        self.icon.setParent(self)
        self.icon.activated.connect(self._activated)
        # The same menu, filled anew: some panels do not notice that an icon has another one.
        its_menu: QMenu | None = self.icon.contextMenu()
        self.menu = QMenu() if its_menu is None else its_menu
        self.menu.clear()
        self._build()
        self.icon.setContextMenu(self.menu)
        its_theme.changed.connect(self._redraw)

    def show(self) -> None:
        """Put the icon into the tray, now or when there is one."""
        self.icon.show()

    def hide(self) -> None:
        """Take it away: the program ends."""
        self.icon.hide()

    def dispose(self) -> None:
        """Delete icon and menu at once. Not to be called from one of their own signals."""
        self.hide()
        for part in (self.icon, self.menu):
            shiboken6.delete(part)

    @staticmethod
    def available() -> bool:
        """Whether there is a tray now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show_status(self, status: Status, *, news: bool) -> None:
        """The program stands so now; ``news``: something arrived that nobody looked at."""
        self._status, self._news = status, news
        now = self._now()
        self._state.setText(menu_line(status, now, self._zone))
        self.icon.setToolTip(tooltip(status, now, self._zone))
        held = paused(status, now)
        for way in self._pauses:
            way.setVisible(not held)
        self._resume.setVisible(held)
        self._pause.setTitle("&Notifications paused" if held else "&Pause notifications")
        self._check.setEnabled(status.reach not in (Reach.SIGNED_OUT, Reach.SIGNING_IN))
        self._draw(standing(status, now, self._zone, news=news).tray)
        self._look_again(status, now)

    def show_recent(self, events: Sequence[RecentEvent]) -> None:
        """The newest events, newest first."""
        self._recent.clear()
        for event in events:
            made = self._recent.addAction(event.text.replace("&", "&&"))
            made.triggered.connect(lambda _=False, id_=event.id: self.event_asked.emit(id_))
        self._recent.setEnabled(bool(events))

    def show_checking(self, checking: bool) -> None:
        """“Check now” is under way."""
        self._check.setText("Checking…" if checking else "&Check now")
        self._check.setEnabled(not checking)

    @property
    def icon_name(self) -> str:
        """Which of the shapes is shown."""
        return self._shown

    # --------------------------------------------------------------- the menu

    def _build(self) -> None:
        self._state = self._add("", lambda: None)
        self._state.setEnabled(False)
        self.menu.addSeparator()
        first = self._add(f"&Open {APP_NAME}", self.open_asked.emit)
        self.menu.setDefaultAction(first)
        self._recent = self.menu.addMenu("&Recent")
        self._recent.setEnabled(False)
        self.menu.addSeparator()
        self._pause = self.menu.addMenu("&Pause notifications")
        self._pauses = [
            self._pause_for("For 30 &minutes", lambda now: now + timedelta(minutes=30)),
            self._pause_for("For 1 &hour", lambda now: now + timedelta(hours=1)),
            self._pause_for("Until &tomorrow morning", self.tomorrow_morning),
        ]
        self._resume = self._pause.addAction("&Resume notifications")
        self._resume.triggered.connect(lambda: self.pause_asked.emit(None))
        self._resume.setVisible(False)
        note = self._pause.addAction("The log goes on")
        note.setEnabled(False)
        self._check = self._add("&Check now", self.check_asked.emit)
        self.menu.addSeparator()
        self._add("&Settings…", self.settings_asked.emit)
        self._add("&Help", self.help_asked.emit)
        self.menu.addSeparator()
        self._add(f"&Quit {APP_NAME}", self.quit_asked.emit)

    def _add(self, text: str, does: Callable[[], object]) -> QAction:
        made = self.menu.addAction(text)
        made.triggered.connect(lambda: does())
        return made

    def _pause_for(self, text: str, end: Callable[[datetime], datetime]) -> QAction:
        made = self._pause.addAction(text)
        made.triggered.connect(lambda: self.pause_asked.emit(end(self._now())))
        return made

    def tomorrow_morning(self, now: datetime) -> datetime:
        """Eight o'clock local time of the next day."""
        local = now.astimezone(self._zone) + timedelta(days=1)
        morning = local.replace(tzinfo=None, hour=MORNING, minute=0, second=0, microsecond=0)
        # Without the old offset: the clocks may change during the night.
        return morning.astimezone() if self._zone is None else morning.replace(tzinfo=self._zone)

    def _look_again(self, status: Status, now: datetime) -> None:
        """Some words end by the clock alone: a pause, the grace for a lost connection."""
        ends = [status.paused_until] if status.paused_until is not None else []
        if status.reach is Reach.RECONNECTING:
            ends.append(status.since + GRACE)
        waits = [(end - now).total_seconds() for end in ends if end > now]
        if waits:
            self._again.start(min(_LONGEST_MS, round(min(waits) * 1000) + 1))
        else:
            self._again.stop()

    def _show_again(self) -> None:
        if self._status is not None:
            self.show_status(self._status, news=self._news)

    # --------------------------------------------------------------- the icon

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        wanted = (
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
            QSystemTrayIcon.ActivationReason.MiddleClick,
        )
        if reason in wanted and sys.platform != "darwin":
            self.open_asked.emit()

    def _draw(self, name: str) -> None:
        if name != self._shown:
            self._shown = name
            self._redraw()

    def _redraw(self) -> None:
        if not self._shown:
            return
        self.icon.setIcon(icons.tray_icon(self._shown, theme.tray_ink(dark=self._theme.tokens.dark)))
