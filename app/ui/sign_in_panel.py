"""Signing in: one button; while the browser is busy, ways to open it again, copy the link, give up."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.domain.problems import Expected
from app.ui import theme
from app.ui.parts import Glyph, Notice, button, column, label, line
from app.ui.ports import EngineView, OpenLink
from app.ui.tasks import Tasks
from app.ui.theme import Theme

_TASK = "sign-in"


class SignInPanel(QWidget):
    """Starts the engine's sign-in and ends in ``signed_in`` or in a sentence with a way to retry."""

    signed_in = Signal()
    changed = Signal()

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        tasks: Tasks,
        *,
        open_link: OpenLink,
        before: Callable[[], bool] = lambda: True,
    ) -> None:
        """``open_link`` opens the system browser; ``before`` may refuse the start, having said why."""
        super().__init__()
        self._engine = engine
        self._tasks = tasks
        self._open_link = open_link
        self._before = before
        self._link = ""
        inner = column(self, gap=theme.WIDE)
        self.problem = Notice(its_theme)
        inner.addWidget(self.problem)
        start = line(gap=theme.GAP)
        self.begin = button("Sign &in to RingCentral", self.start, kind="primary")
        start.addWidget(self.begin)
        start.addStretch(1)
        inner.addLayout(start)
        self._waiting = QWidget()
        waits = column(self._waiting, gap=theme.WIDE)
        said = line(gap=theme.GAP)
        said.addWidget(Glyph(its_theme, "clock", "waiting"))
        said.addWidget(label("Waiting for you to sign in, in your browser.", wrap=True), 1)
        waits.addLayout(said)
        ways = line(gap=theme.GAP)
        self.again = button("&Open the page again", self._open_again)
        self.copy = button("&Copy link", self._copy)
        self.give_up = button("Cancel", self.cancel)
        for way in (self.again, self.copy, self.give_up):
            ways.addWidget(way)
        ways.addStretch(1)
        waits.addLayout(ways)
        self._waiting.hide()
        inner.addWidget(self._waiting)

    @property
    def waiting(self) -> bool:
        """Whether the browser is being waited for."""
        return not self._waiting.isHidden()

    def start(self) -> None:
        """Open the browser."""
        self.problem.say("")
        if self._before():
            self._link = ""
            self._show_waiting(True)
            self._tasks.latest(_TASK, self._run, failed=self._failed)

    def cancel(self) -> None:
        """Give up waiting."""
        if self.waiting:
            self._tasks.cancel(_TASK)
            self._show_waiting(False)
            self.begin.setFocus()

    def say(self, sentence: str) -> None:
        """Say why it did not work."""
        self.problem.say(sentence, tone="bad")

    async def _run(self) -> None:
        try:
            await self._engine.sign_in(self._show_link)
        finally:
            self._show_waiting(False)
        self.signed_in.emit()

    def _show_link(self, link: str) -> None:
        self._link = link
        self.again.setEnabled(True)
        self.copy.setEnabled(True)

    def _show_waiting(self, waiting: bool) -> None:
        self._waiting.setVisible(waiting)
        self.begin.setVisible(not waiting)
        self.copy.setText("&Copy link")
        if waiting:
            self.again.setEnabled(bool(self._link))
            self.copy.setEnabled(bool(self._link))
            self.give_up.setFocus()
        self.changed.emit()

    def _open_again(self) -> None:
        self._tasks.start("open-link", self._open_link, self._link)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._link)
        self.copy.setText("Copied")

    def _failed(self, error: Expected) -> None:
        self.say(str(error))
        self.begin.setFocus()
