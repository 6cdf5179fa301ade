"""The top of the window: how the program stands, and the one thing to do if it stands badly."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.domain.problems import Remedy
from app.domain.status import Reach, Status
from app.ui import theme
from app.ui.parts import Glyph, IconButton, Notice, button, column, label, line
from app.ui.status_words import catching_up, paused, standing
from app.ui.theme import Theme
from app.ui.words import ago, moment, until

_MINUTE_MS = 60_000
_FRESH = timedelta(minutes=1)


class StatusLine(QWidget):
    """Shape, “Watching 3 numbers”, the time of the last event; trouble adds a sentence and a button."""

    remedy_asked = Signal(Remedy)
    resume_asked = Signal()
    check_asked = Signal()

    def __init__(self, its_theme: Theme, now: Callable[[], datetime], zone: tzinfo | None = None) -> None:
        super().__init__()
        self._now = now
        self._zone = zone
        self._status: Status | None = None
        self._remedy = Remedy.NONE
        self._checking = False
        self._checked_at: datetime | None = None
        self.setAccessibleName("Status")
        outer = column(self, gap=theme.GAP)
        row = line(gap=theme.GAP)
        self._glyph = Glyph(its_theme, "refresh", "muted")
        self._headline = label(font=its_theme.strong)
        self._last = label(tone="muted")
        self._paused = label(tone="muted")
        self._resume = button("Resume notifications", self.resume_asked.emit, kind="link")
        self._check = IconButton(its_theme, "refresh", "Check now (F5)", self.check_asked.emit)
        row.addWidget(self._glyph)
        row.addWidget(self._headline)
        row.addSpacing(theme.TIGHT)
        row.addWidget(self._last)
        row.addStretch(1)
        row.addWidget(self._paused)
        row.addWidget(self._resume)
        row.addWidget(self._check)
        outer.addLayout(row)
        self._notice = Notice(its_theme)
        self._silent = Notice(its_theme)
        outer.addWidget(self._notice)
        outer.addWidget(self._silent)
        # Only while somebody can see it: “2 min ago” must not wake an idle computer.
        self._minute = QTimer(self)
        self._minute.setSingleShot(True)
        self._minute.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._minute.timeout.connect(self._again)

    def show_status(self, status: Status) -> None:
        """Put a status into words and shapes."""
        self._status = status
        now = self._now()
        shown = standing(status, now, self._zone)
        self._glyph.show_icon(shown.icon, shown.tone)
        self._headline.setText(shown.headline)
        self._last.setText(self._news(status, now))
        holds = paused(status, now)
        self._paused.setVisible(holds)
        self._resume.setVisible(holds)
        if holds and status.paused_until is not None:
            self._paused.setText(f"Notifications paused until {until(status.paused_until, now, self._zone)}")
        self._remedy = shown.remedy
        sentence = shown.detail or _HELP.get(status.reach, "")
        self._notice.say(
            sentence,
            icon="warning" if shown.tone == "bad" else shown.icon,
            tone="bad" if shown.tone == "bad" else "waiting",
            action=shown.button,
            pressed=lambda: self.remedy_asked.emit(self._remedy),
        )
        self._silent.say(_not_sent(status), icon="info", tone="plain")
        self._check.setEnabled(
            not self._checking and status.reach not in (Reach.SIGNED_OUT, Reach.SIGNING_IN)
        )

    def show_checking(self, checking: bool) -> None:
        """“Check now” runs, or is over. The next status shows it."""
        self._checking = checking

    def note_checked(self) -> None:
        """“Check now” went well: said for a minute, for else nothing would tell that it did anything."""
        self._checked_at = self._now()
        if self.isVisible():
            self._minute.start(_MINUTE_MS)

    @property
    def notice(self) -> Notice:
        """The sentence and button shown in trouble."""
        return self._notice

    @property
    def news(self) -> str:
        """The time of the last event, and how the last check went."""
        return self._last.text()

    @property
    def headline(self) -> str:
        """What it says first."""
        return self._headline.text()

    def _news(self, status: Status, now: datetime) -> str:
        said = [catching_up(status, now, self._zone) or self._last_event(status, now)]
        if self._checking:
            said.append("Checking…")
        elif status.reach is Reach.LIVE and self._checked_at is not None and now - self._checked_at < _FRESH:
            said.append("Checked just now")
        return " · ".join(part for part in said if part)

    def _last_event(self, status: Status, now: datetime) -> str:
        if status.last_event_at is None:
            return "No events yet" if status.reach is Reach.LIVE else ""
        passed = ago(status.last_event_at, now)
        shown = moment(status.last_event_at, now, self._zone)
        shown = f"today{shown.removeprefix('Today')}" if shown.startswith("Today") else shown
        return f"Last event {shown}" + (f", {passed}" if passed else "")

    def _again(self) -> None:
        if self._status is not None and self.isVisible():
            self.show_status(self._status)
            self._minute.start(_MINUTE_MS)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._again()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._minute.stop()


_HELP = {
    Reach.SIGNED_OUT: "Sign in to RingCentral to see batches and opt-outs as they happen.",
    Reach.NO_NUMBERS: "Choose which of your numbers Textbell should watch.",
}


def _not_sent(status: Status) -> str:
    if not status.disabled_filters:
        return ""
    first = "; ".join(status.disabled_filters[:2])
    rest = len(status.disabled_filters) - 2
    more = f" and {rest} more" if rest > 0 else ""
    return (
        f"RingCentral does not send: {first}{more}. "
        "Ask your RingCentral administrator whether your account may see them."
    )
