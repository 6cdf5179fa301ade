"""The pages of the settings window. What is changed here counts at once."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QVBoxLayout, QWidget

from app import __version__
from app.domain.problems import Expected
from app.domain.status import Reach, Status
from app.settings import Appearance, Disclosure, Notifications, SettingsFile
from app.ui import theme
from app.ui.notification_test import NotificationTest
from app.ui.parts import Notice, button, column, hairline, label, line
from app.ui.ports import EngineView, StartAtLogin
from app.ui.server_fields import NOTHING_GIVEN, Given, ServerFields
from app.ui.status_words import APP_NAME, paused
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import until

CHECK_INDENT = 26
"""Where the text of a check box begins."""


class Page(QWidget):
    """A titled column that can say one sentence when something did not work."""

    def __init__(self, its_theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = its_theme
        self.inner = column(self, gap=theme.GAP, margin=theme.GROUP)
        self.inner.addWidget(label(title, its_theme.heading))
        self.inner.addSpacing(theme.GAP)
        self.problem = Notice(its_theme)

    def finish(self) -> None:
        """No more parts: the rest stays empty."""
        self.inner.addWidget(self.problem)
        self.inner.addStretch(1)

    def explain(self, text: str, *, indent: bool = False) -> None:
        """A muted line below what it explains."""
        said = label(text, tone="muted", wrap=True)
        if indent:
            said.setContentsMargins(CHECK_INDENT, 0, 0, theme.TIGHT)
        self.inner.addWidget(said)

    def rule(self) -> None:
        """A line between two groups."""
        self.inner.addSpacing(theme.GAP)
        self.inner.addWidget(hairline())
        self.inner.addSpacing(theme.GAP)

    def attempt(self, change: Callable[[], object]) -> bool:
        """Make a change; say why if it was refused."""
        try:
            change()
        except Expected as error:
            self.problem.say(str(error), tone="bad")
            return False
        self.problem.say("")
        return True


def choice(names: list[tuple[str, object]], current: object, said: str) -> QComboBox:
    """A drop-down list of names and their values; ``said`` is what a screen reader calls it."""
    made = QComboBox()
    made.setAccessibleName(said)
    for name, value in names:
        made.addItem(name, value)
    made.setCurrentIndex(next((at for at, (_, value) in enumerate(names) if value == current), 0))
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return made


class GeneralPage(Page):
    """Start at login, and light or dark."""

    def __init__(self, its_theme: Theme, settings: SettingsFile, start_at_login: StartAtLogin) -> None:
        super().__init__(its_theme, "General")
        self._settings = settings
        self._start_at_login = start_at_login
        self.at_login = QCheckBox("&Start Textbell when I sign in to this computer")
        self.at_login.setChecked(start_at_login.enabled)
        self.at_login.clicked.connect(self._switch)
        self.inner.addWidget(self.at_login)
        self.explain("It waits quietly beside the clock, so that nothing is missed.", indent=True)
        self.rule()
        row = line(gap=theme.MARGIN)
        name = label("&Appearance")
        self.appearance = choice(
            [
                ("Same as the system", Appearance.SYSTEM),
                ("Light", Appearance.LIGHT),
                ("Dark", Appearance.DARK),
            ],
            settings.value.window.appearance,
            "Appearance",
        )
        name.setBuddy(self.appearance)
        row.addWidget(name)
        row.addStretch(1)
        row.addWidget(self.appearance)
        self.inner.addLayout(row)
        self.appearance.activated.connect(self._choose)
        self.finish()

    def _switch(self, on: bool) -> None:
        def change() -> None:
            (self._start_at_login.enable if on else self._start_at_login.disable)()
            self._settings.update(start_at_login=on)

        if not self.attempt(change):
            self.at_login.setChecked(not on)

    def _choose(self) -> None:
        chosen = Appearance(self.appearance.currentData())
        window = self._settings.value.window.model_copy(update={"appearance": chosen})
        self.attempt(lambda: self._settings.update(window=window))


class NotificationsPage(Page):
    """What is announced, and how much of it is shown."""

    def __init__(
        self,
        its_theme: Theme,
        settings: SettingsFile,
        engine: EngineView,
        tasks: Tasks,
        now: Callable[[], datetime],
        zone: tzinfo | None,
    ) -> None:
        super().__init__(its_theme, "Notifications")
        self._settings = settings
        self._engine = engine
        self._now = now
        self._zone = zone
        self._paused = Notice(its_theme)
        self.inner.addWidget(self._paused)
        self.inner.addSpacing(theme.TIGHT)
        self.inner.addWidget(label("Tell me when", its_theme.strong))
        value = settings.value.notifications
        self.batch = self._switch("a &batch is finished", "batch_completed", on=value.batch_completed)
        self.opted_out = self._switch("a customer opts &out", "opted_out", on=value.opted_out)
        self.opted_in = self._switch("a customer opts back &in", "opted_in", on=value.opted_in)
        self.rule()
        self.sound = self._switch("Play a &sound", "sound", on=value.sound)
        row = line(gap=theme.MARGIN)
        name = label("Show in &notifications")
        self.disclosure = choice(
            [
                ("Number and text", Disclosure.NUMBER_AND_TEXT),
                ("Number only", Disclosure.NUMBER),
                ("Neither", Disclosure.NEITHER),
            ],
            value.disclosure,
            "Show in notifications",
        )
        name.setBuddy(self.disclosure)
        row.addWidget(name)
        row.addStretch(1)
        row.addWidget(self.disclosure)
        self.inner.addLayout(row)
        self.explain("Choose less if customers can see this screen.")
        self.disclosure.activated.connect(self._disclose)
        self.rule()
        self.test = NotificationTest(its_theme, engine, tasks)
        self.inner.addWidget(self.test)
        self.finish()
        self.show_status(engine.status)

    def show_status(self, status: Status) -> None:
        """Say that notifications are paused, if they are."""
        if status.paused_until is not None and paused(status, self._now()):
            ends = until(status.paused_until, self._now(), self._zone)
            self._paused.say(
                f"Paused until {ends}. Events still go to the log.",
                icon="pause",
                action="Resume",
                pressed=lambda: self._engine.pause(None),
            )
        else:
            self._paused.say("")

    def _switch(self, text: str, name: str, *, on: bool) -> QCheckBox:
        made = QCheckBox(text)
        made.setChecked(on)

        def clicked(on: bool) -> None:
            if not self.attempt(lambda: self._store(name, on)):
                made.setChecked(not on)

        made.clicked.connect(clicked)
        self.inner.addWidget(made)
        return made

    def _store(self, name: str, value: object) -> None:
        notifications: Notifications = self._settings.value.notifications.model_copy(update={name: value})
        self._settings.update(notifications=notifications)

    def _disclose(self) -> None:
        chosen = Disclosure(self.disclosure.currentData())
        self.attempt(lambda: self._store("disclosure", chosen))


class AccountPage(Page):
    """Who is signed in, signing out, and the server for administrators."""

    sign_in_asked = Signal()

    def __init__(
        self,
        its_theme: Theme,
        settings: SettingsFile,
        engine: EngineView,
        tasks: Tasks,
        given: Given = NOTHING_GIVEN,
    ) -> None:
        super().__init__(its_theme, "Account")
        self._engine = engine
        self._tasks = tasks
        self._sure = False
        self._who = label(wrap=True)
        self.inner.addWidget(self._who)
        row = line(gap=theme.GAP)
        self.sign = button("", self._press)
        self.cancel = button("Cancel", self._not_sure)
        row.addWidget(self.sign)
        row.addWidget(self.cancel)
        row.addStretch(1)
        self.inner.addLayout(row)
        self._warning = label(
            "Textbell stops watching until you sign in again. The log stays.", tone="muted", wrap=True
        )
        self.inner.addWidget(self._warning)
        self.rule()
        self.inner.addWidget(label("For administrators", its_theme.strong))
        self.server = ServerFields(its_theme, settings, given)
        self.inner.addWidget(self.server)
        if not (given.client_id and given.server_url):
            self.explain("A change counts from the next sign-in.")
        self.finish()
        self.show_status(engine.status)

    def show_status(self, status: Status) -> None:
        """Who is signed in now."""
        self._signed_in = status.reach not in (Reach.SIGNED_OUT, Reach.SIGNING_IN)
        who = status.account or "your RingCentral account"
        self._who.setText(f"Signed in as {who}." if self._signed_in else "Nobody is signed in.")
        self._not_sure()

    def _not_sure(self) -> None:
        self._sure = False
        self._dress()

    def _dress(self) -> None:
        texts = {True: "Sign out and stop watching" if self._sure else "Sign &out…", False: "Sign &in"}
        self.sign.setText(texts[self._signed_in])
        self.sign.setProperty("kind", "destructive" if self._sure else "")
        self.sign.style().unpolish(self.sign)
        self.sign.style().polish(self.sign)
        self.cancel.setVisible(self._sure)
        self._warning.setVisible(self._sure)

    def _press(self) -> None:
        if not self._signed_in:
            self.sign_in_asked.emit()
        elif self._sure:
            self._tasks.latest("sign-out", self._engine.sign_out, failed=self._failed)
            self._not_sure()
        else:
            self._sure = True
            self._dress()
            self.cancel.setFocus()

    def _failed(self, error: Expected) -> None:
        self.problem.say(str(error), tone="bad")


_KEYS = (
    ("Ctrl+F or /", "Search"),
    ("Ctrl+1 … Ctrl+6", "Views"),
    ("Enter", "Details of a row"),
    ("Home", "Newest event"),
    ("Ctrl+C", "Copy rows as text"),
    ("Ctrl+Shift+C", "Copy the customer’s number"),
    ("Ctrl+E", "Export what is shown"),
    ("F5", "Check now"),
    ("F6", "Next part of the window"),
    ("Esc", "Close details, clear filters, hide"),
    ("Ctrl+,", "Settings"),
    ("Ctrl+W", "Hide the window"),
    ("Ctrl+Q", "Quit"),
)

_SEARCHES = (
    ("holiday hours", "Texts with both words"),
    ("“holiday hours”", "Texts with exactly this"),
    ("(212) 555-0100", "One customer, in any spelling"),
    ("0100", "Numbers with these digits"),
    ("status:failed", "Texts that did not arrive"),
    ("after:yesterday type:optout", "Opt-outs since yesterday"),
)


class HelpPage(Page):
    """Keys, searching, and the version."""

    def __init__(self, its_theme: Theme) -> None:
        super().__init__(its_theme, "Help")
        self.inner.addWidget(label("Searching", its_theme.strong))
        self._table(self.inner, _SEARCHES)
        self.rule()
        self.inner.addWidget(label("Keys", its_theme.strong))
        self._table(self.inner, _KEYS)
        self.rule()
        self.inner.addWidget(label(f"{APP_NAME} {__version__}", tone="muted", select=True))
        self.finish()

    def _table(self, inner: QVBoxLayout, rows: tuple[tuple[str, str], ...]) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GROUP)
        grid.setVerticalSpacing(theme.TIGHT)
        for at, (left, right) in enumerate(rows):
            grid.addWidget(label(left, select=True), at, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label(right, tone="muted"), at, 1, Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(1, 1)
        inner.addLayout(grid)
