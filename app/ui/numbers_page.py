"""The settings page that names the numbers watched."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from app.domain.numbers import format_number
from app.domain.status import Reach, Status
from app.ui import theme
from app.ui.parts import button, column, emptied, label, line
from app.ui.ports import EngineView
from app.ui.settings_pages import Page
from app.ui.theme import Theme


class NumbersPage(Page):
    """Lists what is watched; choosing happens in the numbers window."""

    choose_asked = Signal()

    def __init__(self, its_theme: Theme, engine: EngineView) -> None:
        super().__init__(its_theme, "Numbers")
        self.explain("Textbell watches these of your numbers.")
        self.inner.addSpacing(theme.GAP)
        self._list: QVBoxLayout = column(gap=theme.GAP)
        self.inner.addLayout(self._list)
        self.inner.addSpacing(theme.GAP)
        row = line(gap=theme.GAP)
        self.choose = button("&Choose numbers…", self.choose_asked.emit)
        row.addWidget(self.choose)
        row.addStretch(1)
        self.inner.addLayout(row)
        self._shown: object = None
        self.finish()
        self.show_status(engine.status)

    def show_status(self, status: Status) -> None:
        """The numbers watched now."""
        self.choose.setEnabled(status.reach not in (Reach.SIGNED_OUT, Reach.SIGNING_IN))
        if status.numbers == self._shown:
            return
        self._shown = status.numbers
        emptied(self._list)
        for number in status.numbers:
            row = line(gap=theme.MARGIN)
            row.addWidget(label(number.label or "No name", tone="" if number.label else "muted"), 1)
            row.addWidget(label(format_number(number.e164), tone="muted", select=True))
            self._list.addLayout(row)
        if not status.numbers:
            self._list.addWidget(label("None yet.", tone="muted"))
