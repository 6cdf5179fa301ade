"""The window for choosing which numbers are watched."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.domain.numbers import OwnNumber
from app.ui import theme
from app.ui.numbers_panel import NumbersPanel
from app.ui.parts import action, button, column, hairline, label, line
from app.ui.ports import EngineView
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted


class NumbersDialog(QWidget):
    """One decision: which numbers. Saved by its button, left by Esc."""

    def __init__(self, its_theme: Theme, engine: EngineView, tasks: Tasks) -> None:
        super().__init__(None, Qt.WindowType.Dialog)
        self._engine = engine
        self.setWindowTitle(f"Numbers - {APP_NAME}")
        self.resize(*theme.DIALOG)
        self.setMinimumSize(*theme.DIALOG_LEAST)
        outer = column(self, gap=0)
        inner = column(gap=theme.GAP, margin=theme.MARGIN)
        inner.addWidget(label("Which numbers should Textbell watch?", its_theme.heading, wrap=True))
        inner.addWidget(
            label("You see batches, opt-outs and texts of the ticked ones.", tone="muted", wrap=True)
        )
        inner.addSpacing(theme.GAP)
        self.panel = NumbersPanel(its_theme, engine, tasks)
        self.panel.changed.connect(self._changed)
        self.panel.done.connect(self.close)
        inner.addWidget(self.panel, 1)
        outer.addLayout(inner, 1)
        outer.addWidget(hairline())
        feet = line(gap=theme.GAP, margin=theme.MARGIN)
        feet.addStretch(1)
        feet.addWidget(button("Cancel", self.close))
        self.save = button("Watch", self.panel.save, kind="primary")
        feet.addWidget(self.save)
        outer.addLayout(feet)
        self.panel.accepted.connect(self.save.click)
        action(self, "Cancel", self.close, "Esc", "Ctrl+W")
        action(self, "Save", self.save.click, "Ctrl+Return")

    def begin(self) -> None:
        """Fetch the numbers; whoever owns the window shows it."""
        self.panel.load(self._followed)

    def _followed(self, found: tuple[OwnNumber, ...]) -> Iterable[str]:
        return [number.e164 for number in self._engine.status.numbers]

    def _changed(self) -> None:
        chosen = len(self.panel.numbers.chosen())
        self.save.setEnabled(self.panel.ready)
        self.save.setText("Saving…" if self.panel.saving else f"&Watch {counted(chosen, 'number')}")
