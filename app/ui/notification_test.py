"""Showing a test notification, asking whether it was seen, and what to do if not."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.domain.problems import Expected
from app.ui import theme
from app.ui.parts import Notice, button, column, label, line
from app.ui.ports import EngineView
from app.ui.tasks import Tasks
from app.ui.theme import Theme

_UNSEEN = (
    "Look whether “Do not disturb” or “Focus” is on, and whether Textbell may show notifications "
    "in the system’s settings; then try again. Nothing is lost meanwhile: everything is in the log."
)


class NotificationTest(QWidget):
    """A button, a question, an answer."""

    seen = Signal()
    """Notifications work."""

    def __init__(self, its_theme: Theme, engine: EngineView, tasks: Tasks) -> None:
        super().__init__()
        self._engine = engine
        self._tasks = tasks
        inner = column(self, gap=theme.GAP)
        ask = line(gap=theme.GAP)
        self.show_it = button("Show a &test notification", self.start)
        ask.addWidget(self.show_it)
        ask.addStretch(1)
        inner.addLayout(ask)
        self._asking = QWidget()
        answer = line(self._asking, gap=theme.GAP)
        answer.addWidget(label("Did you see it?", its_theme.strong))
        self.yes = button("&Yes, I saw it", self._saw_it)
        self.no = button("&No", self._saw_nothing)
        answer.addWidget(self.yes)
        answer.addWidget(self.no)
        answer.addStretch(1)
        self._asking.hide()
        inner.addWidget(self._asking)
        self.result = Notice(its_theme)
        inner.addWidget(self.result)

    def start(self) -> None:
        """Show the notification and ask whether it was seen."""
        self.result.say("")
        self.show_it.setEnabled(False)
        self._tasks.latest("test-notification", self._test, failed=self._failed)

    async def _test(self) -> None:
        try:
            shown = await self._engine.test_notification()
        finally:
            self.show_it.setEnabled(True)
        self.show_it.setText("Show it &again")
        self._asking.setVisible(shown)
        if shown:
            self.yes.setFocus()
        else:
            self.result.say(_UNSEEN)

    def _failed(self, error: Expected) -> None:
        self.result.say(str(error), tone="bad")

    def _saw_it(self) -> None:
        self._asking.hide()
        self.result.say("Good. That is all.", icon="check", tone="good")
        self.seen.emit()

    def _saw_nothing(self) -> None:
        self._asking.hide()
        self.result.say(_UNSEEN)
        self.show_it.setFocus()
