"""Fetching the account's numbers, choosing, and saying it when that fails: one panel for all places."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.domain.numbers import OwnNumber
from app.domain.problems import Expected
from app.ui.number_list import NumberList
from app.ui.parts import EmptyState, Notice, column
from app.ui.ports import EngineView
from app.ui.tasks import Tasks
from app.ui.theme import Theme


class NumbersPanel(QWidget):
    """Loads the list when asked, keeps what is ticked, hands the choice to the engine."""

    changed = Signal()
    """Whether ``ready`` may have changed."""
    accepted = Signal()
    """Enter in the list."""
    done = Signal()
    """The choice was taken."""

    def __init__(self, its_theme: Theme, engine: EngineView, tasks: Tasks) -> None:
        super().__init__()
        self._engine = engine
        self._tasks = tasks
        self._saving = False
        self._ticked: Callable[[tuple[OwnNumber, ...]], Iterable[str]] | None = None
        inner = column(self)
        self.numbers = NumberList(its_theme)
        self.numbers.changed.connect(self.changed)
        self.numbers.accepted.connect(self.accepted)
        self.state = EmptyState(its_theme)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.state)
        self._stack.addWidget(self.numbers)
        inner.addWidget(self._stack, 1)
        self.problem = Notice(its_theme)
        inner.addWidget(self.problem)

    def load(self, ticked: Callable[[tuple[OwnNumber, ...]], Iterable[str]]) -> None:
        """Fetch the numbers; ``ticked`` says which of them start ticked."""
        self._ticked = ticked
        self.problem.say("")
        self.state.say("refresh", "Fetching your numbers", "")
        self._stack.setCurrentWidget(self.state)
        self.changed.emit()
        self._tasks.latest("list-numbers", self._load, failed=self._not_loaded)

    def save(self) -> None:
        """Follow what is ticked; ``done`` tells when."""
        self._saving = True
        self.problem.say("")
        self.changed.emit()
        self._tasks.latest("choose-numbers", self._save, failed=self._not_saved)

    @property
    def ready(self) -> bool:
        """Something is ticked, and can be saved."""
        shown = self._stack.currentWidget() is self.numbers
        return shown and not self._saving and bool(self.numbers.chosen())

    @property
    def saving(self) -> bool:
        """The choice is on its way."""
        return self._saving

    async def _load(self) -> None:
        found = await self._engine.list_numbers()
        if not found:
            self.state.say(
                "numbers",
                "No numbers for High Volume SMS",
                "This account has none yet. Ask your RingCentral administrator to set one up, "
                "then look again.",
                "Look again",
                self._again,
            )
            return
        self.numbers.show_numbers(found, self._ticked(found) if self._ticked else ())
        self._stack.setCurrentWidget(self.numbers)
        self.numbers.list.setFocus()
        self.changed.emit()

    async def _save(self) -> None:
        try:
            await self._engine.choose(self.numbers.chosen())
        finally:
            self._saving = False
        self.changed.emit()
        self.done.emit()

    def _again(self) -> None:
        if self._ticked is not None:
            self.load(self._ticked)

    def _not_loaded(self, error: Expected) -> None:
        self.state.say("warning", "Your numbers could not be fetched", str(error), "Try again", self._again)

    def _not_saved(self, error: Expected) -> None:
        self.problem.say(str(error), tone="bad", action="Try again", pressed=self.save)
        self.changed.emit()
