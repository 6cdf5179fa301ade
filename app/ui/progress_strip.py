"""One line that tells how far something long has come, then what came of it."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from app.ui import theme
from app.ui.parts import Glyph, IconButton, button, column, hairline, label, line
from app.ui.theme import Theme

_WIDTH = 160
_HEIGHT = 6
_STEPS = 1000


class ProgressStrip(QFrame):
    """Hidden until there is something to tell; does not move what stands above more than its own height."""

    def __init__(self, its_theme: Theme, *, ruled: bool = True) -> None:
        """``ruled``: a line parts it from what stands above."""
        super().__init__()
        outer = column(self, gap=0)
        self._rule = hairline()
        self._rule.setVisible(ruled)
        outer.addWidget(self._rule)
        self._row = QWidget()
        row = line(self._row, gap=theme.WIDE)
        side = theme.MARGIN if ruled else 0
        row.setContentsMargins(side, theme.GAP, side, theme.GAP)
        self._glyph = Glyph(its_theme, "check", "good")
        self._text = label(wrap=True, select=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self._bar.setFixedSize(_WIDTH, _HEIGHT)
        self._bar.setRange(0, _STEPS)
        self._cancel = button("&Cancel", self._press_cancel)
        self._button = button("", self._press)
        self._close = IconButton(its_theme, "close", "Close this message", self.clear)
        middle = Qt.AlignmentFlag.AlignVCenter
        row.addWidget(self._glyph, 0, middle)
        row.addWidget(self._text, 1, middle)
        for part in (self._bar, self._cancel, self._button, self._close):
            row.addWidget(part, 0, middle)
        outer.addWidget(self._row)
        self._cancelled: Callable[[], object] = _nothing
        self._pressed: Callable[[], object] = _nothing
        self.clear()

    def begin(self, text: str, cancel: Callable[[], object]) -> None:
        """Something is under way, and can be given up."""
        self._cancelled = cancel
        self._show(text, running=True)
        self._bar.setRange(0, 0)

    def advance(self, text: str, share: float | None) -> None:
        """It has come so far: ``share`` from 0 to 1, ``None`` if nobody knows. Nothing if it ended."""
        if not self.running:
            return
        self._text.setText(text)
        self._bar.setRange(0, 0 if share is None else _STEPS)
        if share is not None:
            self._bar.setValue(round(share * _STEPS))

    def done(self, text: str, action: str = "", pressed: Callable[[], object] | None = None) -> None:
        """It came to its end; with at most one thing to do next."""
        self._pressed = pressed or _nothing
        self._glyph.show_icon("check", "good")
        self._show(text, running=False, action=action)

    def stopped(self, text: str) -> None:
        """It was given up, or there was nothing to do."""
        self._glyph.show_icon("info", "muted")
        self._show(text, running=False)

    def failed(self, text: str) -> None:
        """It could not be done, and why."""
        self._glyph.show_icon("warning", "bad")
        self._show(text, running=False)

    def clear(self) -> None:
        """Say nothing any more."""
        self.hide()
        self._text.clear()

    @property
    def running(self) -> bool:
        """Something is under way."""
        return not self.isHidden() and not self._cancel.isHidden()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    @property
    def share(self) -> float | None:
        """How far it has come."""
        return None if self._bar.maximum() == 0 else self._bar.value() / _STEPS

    def press_cancel(self) -> None:
        """As if its button were pressed."""
        self._cancel.click()

    def press_action(self) -> None:
        """As if its button were pressed."""
        self._button.click()

    def _show(self, text: str, *, running: bool, action: str = "") -> None:
        self._text.setText(text)
        self.setAccessibleName(text)
        self._glyph.setVisible(not running)
        self._bar.setVisible(running)
        self._cancel.setVisible(running)
        self._cancel.setEnabled(True)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._close.setVisible(not running)
        self.show()

    def _press_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._cancelled()

    def _press(self) -> None:
        self._pressed()


def _nothing() -> None:
    """Nobody asked for anything."""
