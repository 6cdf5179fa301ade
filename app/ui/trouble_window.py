"""The window for when the program cannot start, or cannot go on: what happened, and two ways out."""

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from app.ui import theme
from app.ui.parts import Glyph, action, button, column, hairline, label, line
from app.ui.status_words import APP_NAME
from app.ui.theme import Theme


class TroubleWindow(QWidget):
    """A title, a sentence, ``Try again`` and ``Quit``. Closing it is quitting."""

    try_again = Signal()
    quit_asked = Signal()

    def __init__(self, its_theme: Theme, title: str, sentence: str, *, can_retry: bool = True) -> None:
        super().__init__()
        self._decided = False
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(APP_NAME)
        self.setFixedWidth(theme.READABLE)
        outer = column(self, gap=0)
        inner = line(gap=theme.MARGIN, margin=theme.GROUP)
        inner.addWidget(Glyph(its_theme, "warning", "bad", theme.ICON_HERO), 0, Qt.AlignmentFlag.AlignTop)
        words = column(gap=theme.GAP)
        words.addWidget(label(title, its_theme.heading, wrap=True))
        words.addWidget(label(sentence, wrap=True, select=True))
        words.addStretch(1)
        inner.addLayout(words, 1)
        outer.addLayout(inner, 1)
        outer.addWidget(hairline())
        feet = line(gap=theme.GAP, margin=theme.MARGIN)
        feet.addStretch(1)
        self.leave = button(
            "&Quit", lambda: self._decide(self.quit_asked), kind="" if can_retry else "primary"
        )
        feet.addWidget(self.leave)
        self.again = button("&Try again", lambda: self._decide(self.try_again), kind="primary")
        self.again.setVisible(can_retry)
        feet.addWidget(self.again)
        outer.addLayout(feet)
        action(self, "Quit", self.leave.click, "Ctrl+Q", "Ctrl+W", "Esc")
        (self.again if can_retry else self.leave).setFocus()
        self.ensurePolished()
        self.setFixedHeight(outer.totalHeightForWidth(theme.READABLE))

    def _decide(self, decision: SignalInstance) -> None:
        if not self._decided:
            self._decided = True
            self.close()
            decision.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if not self._decided:
            self._decided = True
            self.quit_asked.emit()
