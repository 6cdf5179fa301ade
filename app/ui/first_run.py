"""The first-run window: sign in, choose numbers, see a test notification. Never again afterwards."""

from collections.abc import Iterable
from enum import IntEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.domain.numbers import OwnNumber
from app.domain.problems import Expected
from app.domain.status import Reach
from app.settings import SettingsFile
from app.ui import theme
from app.ui.notification_test import NotificationTest
from app.ui.numbers_panel import NumbersPanel
from app.ui.parts import Disclosure, Glyph, action, button, column, hairline, label, line, set_tone
from app.ui.ports import EngineView, OpenLink, StartAtLogin
from app.ui.server_fields import NOTHING_GIVEN, Given, ServerFields
from app.ui.settings_pages import CHECK_INDENT
from app.ui.sign_in_panel import SignInPanel
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted


class Step(IntEnum):
    """The three steps, in order."""

    SIGN_IN = 0
    NUMBERS = 1
    TEST = 2


_STEPS = ("Sign in", "Choose numbers", "Test notification")


class FirstRunWindow(QWidget):
    """Leads through the three steps. ``finished`` says that all of them are done."""

    finished = Signal()

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        settings: SettingsFile,
        tasks: Tasks,
        start_at_login: StartAtLogin,
        open_link: OpenLink,
        given: Given = NOTHING_GIVEN,
    ) -> None:
        super().__init__()
        self._theme = its_theme
        self._engine = engine
        self._settings = settings
        self._tasks = tasks
        self._start_at_login = start_at_login
        self._open_link = open_link
        self._given = given
        self.setWindowTitle(f"Welcome - {APP_NAME}")
        self.resize(*theme.FIRST_RUN)
        self.setMinimumSize(*theme.FIRST_RUN_LEAST)
        outer = column(self, gap=0)
        outer.addLayout(self._steps())
        outer.addWidget(hairline())
        self._pages = QStackedWidget()
        self._pages.setObjectName("surface")
        self._pages.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer.addWidget(self._pages, 1)
        self._feet = QWidget()
        below = column(self._feet, gap=0)
        below.addWidget(hairline())
        feet = line(gap=theme.GAP)
        feet.setContentsMargins(theme.PAGE, theme.MARGIN, theme.PAGE, theme.MARGIN)
        self._aside = button("", self._go_back, kind="link")
        feet.addWidget(self._aside)
        feet.addStretch(1)
        self.forward = button("", self._go_on, kind="primary")
        feet.addWidget(self.forward)
        below.addLayout(feet)
        outer.addWidget(self._feet)
        self._pages.addWidget(self._sign_in_page())
        self._pages.addWidget(self._numbers_page())
        self._pages.addWidget(self._test_page())
        action(self, "Hide", self.close, "Ctrl+W")
        self.show_step(self._first_step())

    def _first_step(self) -> Step:
        signed_out = self._engine.status.reach in (Reach.SIGNED_OUT, Reach.SIGNING_IN)
        if signed_out:
            return Step.SIGN_IN
        return Step.TEST if self._engine.status.numbers else Step.NUMBERS

    # --------------------------------------------------------------- the pages

    def _steps(self) -> QHBoxLayout:
        row = line(gap=theme.GAP)
        row.setContentsMargins(theme.PAGE, theme.MARGIN, theme.PAGE, theme.MARGIN)
        self._marks = []
        for at, name in enumerate(_STEPS):
            mark = label(f"{at + 1}  {name}", self._theme.body, tone="muted")
            self._marks.append(mark)
            row.addWidget(mark)
            if at + 1 < len(_STEPS):
                row.addWidget(Glyph(self._theme, "chevron-right", "field_edge", theme.MARGIN))
        row.addStretch(1)
        return row

    def _page(self, title: str, text: str) -> tuple[QWidget, QVBoxLayout]:
        page = QWidget()
        inner = column(page, gap=theme.GAP, margin=theme.PAGE)
        inner.setContentsMargins(theme.PAGE, theme.GROUP, theme.PAGE, theme.MARGIN)
        inner.addWidget(label(title, self._theme.verdict, wrap=True))
        inner.addWidget(label(text, tone="muted", wrap=True))
        inner.addSpacing(theme.MARGIN)
        return page, inner

    def _sign_in_page(self) -> QWidget:
        page, inner = self._page(
            "Welcome to Textbell",
            "It watches the numbers your business texts from, and tells you when a batch is finished "
            "or a customer opts out. Sign in to RingCentral first: your browser opens.",
        )
        self.sign_in = SignInPanel(
            self._theme,
            self._engine,
            self._tasks,
            open_link=self._open_link,
            before=self._store_server,
        )
        self.sign_in.signed_in.connect(lambda: self.show_step(Step.NUMBERS))
        self.sign_in.changed.connect(self._changed)
        inner.addWidget(self.sign_in)
        inner.addStretch(1)
        self.server = ServerFields(self._theme, self._settings, self._given)
        self.advanced = Disclosure(
            self._theme,
            "For administrators",
            self.server.setVisible,
            opened=not self.server.complete,
        )
        self.server.setVisible(self.advanced.isChecked())
        inner.addWidget(self.advanced)
        inner.addWidget(self.server)
        return page

    def _numbers_page(self) -> QWidget:
        page, inner = self._page(
            "Which numbers should Textbell watch?",
            "You see batches, opt-outs and texts of the ticked ones. Change this any time.",
        )
        self.numbers = NumbersPanel(self._theme, self._engine, self._tasks)
        self.numbers.changed.connect(self._changed)
        self.numbers.accepted.connect(self.forward.click)
        self.numbers.done.connect(lambda: self.show_step(Step.TEST))
        inner.addWidget(self.numbers, 1)
        return page

    def _test_page(self) -> QWidget:
        page, inner = self._page(
            "Can you see notifications?",
            "Textbell shows a notification when a batch is finished or a customer opts out.",
        )
        self.test = NotificationTest(self._theme, self._engine, self._tasks)
        self.test.seen.connect(self.forward.setFocus)
        inner.addWidget(self.test)
        inner.addSpacing(theme.MARGIN)
        inner.addWidget(hairline())
        inner.addSpacing(theme.MARGIN)
        self.at_login = QCheckBox("&Start Textbell when I sign in to this computer")
        self.at_login.setChecked(True)
        inner.addWidget(self.at_login)
        waits = label(
            "It waits quietly beside the clock, so that nothing is missed.", tone="muted", wrap=True
        )
        waits.setContentsMargins(CHECK_INDENT, 0, 0, 0)
        inner.addWidget(waits)
        inner.addSpacing(theme.MARGIN)
        pin = line(gap=theme.GAP)
        pin.addWidget(Glyph(self._theme, "info", "muted"), 0, Qt.AlignmentFlag.AlignTop)
        pin.addWidget(
            label(
                "If you cannot find its bell there, open the hidden icons beside the clock "
                "and drag the bell out.",
                tone="muted",
                wrap=True,
            ),
            1,
        )
        inner.addLayout(pin)
        inner.addStretch(1)
        return page

    # --------------------------------------------------------------- the steps

    @property
    def step(self) -> Step:
        """Where it stands."""
        return Step(self._pages.currentIndex())

    def show_step(self, step: Step) -> None:
        """Go to a step."""
        self._pages.setCurrentIndex(step)
        for at, mark in enumerate(self._marks):
            set_tone(mark, "step" if at == step else "muted")
        if step is Step.NUMBERS:
            self.numbers.load(self._all_or_followed)
        self._changed()
        if step is Step.SIGN_IN:
            self.sign_in.begin.setFocus()
        elif step is Step.TEST:
            self.test.show_it.setFocus()

    def _all_or_followed(self, found: tuple[OwnNumber, ...]) -> Iterable[str]:
        followed = [number.e164 for number in self._engine.status.numbers]
        return followed or [number.e164 for number in found]

    def _changed(self) -> None:
        step = self.step
        self._feet.setVisible(step is not Step.SIGN_IN)
        self._aside.setVisible(step is Step.TEST)
        self._aside.setText("Back to the numbers")
        if step is Step.NUMBERS:
            chosen = len(self.numbers.numbers.chosen())
            self.forward.setText("Saving…" if self.numbers.saving else f"&Watch {counted(chosen, 'number')}")
            self.forward.setEnabled(self.numbers.ready)
        elif step is Step.TEST:
            self.forward.setText("Finish")
            self.forward.setEnabled(True)

    def _go_on(self) -> None:
        if self.step is Step.NUMBERS:
            self.numbers.save()
        elif self.step is Step.TEST:
            self._finish()

    def _go_back(self) -> None:
        self.show_step(Step.NUMBERS)

    def _store_server(self) -> bool:
        if not self.server.store():
            return False
        if not self.server.complete:
            self.advanced.setChecked(True)
            self.server.client_id.setFocus()
            self.sign_in.say("Type the client ID first. Your RingCentral administrator has it.")
            return False
        return True

    def _finish(self) -> None:
        try:
            wanted = self.at_login.isChecked()
            if wanted != self._start_at_login.enabled:
                (self._start_at_login.enable if wanted else self._start_at_login.disable)()
            self._settings.update(first_run_done=True, start_at_login=wanted)
        except Expected as error:
            self.test.result.say(str(error), tone="bad")
            return
        self.finished.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.sign_in.cancel()
        super().closeEvent(event)
