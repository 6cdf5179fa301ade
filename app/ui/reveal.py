"""Bringing into sight what has just opened."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QScrollArea, QWidget

from app.ui import theme


def reveal(widget: QWidget) -> None:
    """Scroll what ``widget`` stands in until it is seen, as soon as it has its place."""
    QTimer.singleShot(0, widget, lambda: _scroll_to(widget))


def _scroll_to(widget: QWidget) -> None:
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget, 0, theme.GROUP)
            return
        above = above.parentWidget()
