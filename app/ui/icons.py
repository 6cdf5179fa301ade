"""The icons: drawn once as SVG in one ink, shown in any colour, crisp at any scale."""

import sys
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.resources import resource_path

INK = "#1B1F24"
"""The colour the files are drawn in, and which is replaced."""

_RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0)
_TRAY_SIZES = (16, 20, 22, 24, 32, 48, 64)


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon ``name`` in ``colour``, ``size`` logical pixels square, for a screen of ``ratio``."""
    return _rendered(name, colour, size, round(ratio * 100))


def icon(name: str, colour: str, size: int, disabled: str = "") -> QIcon:
    """The same for buttons, menus and lists: sharp on every screen; ``disabled`` tints the greyed one."""
    made = QIcon()
    for ratio in _RATIOS:
        made.addPixmap(pixmap(name, colour, size, ratio))
        if disabled:
            made.addPixmap(pixmap(name, disabled, size, ratio), QIcon.Mode.Disabled)
    return made


def tray_icon(name: str, colour: str) -> QIcon:
    """An icon for the tray, which scales as it likes: one exact picture for each usual size."""
    made = QIcon()
    for size in _TRAY_SIZES:
        made.addPixmap(pixmap(name, colour, size))
    made.setIsMask(sys.platform == "darwin")
    return made


def app_icon() -> QIcon:
    """The program's own icon, in its own colours."""
    made = QIcon()
    source = _source("app")
    for size in (*_TRAY_SIZES, 128, 256):
        made.addPixmap(_draw(source, size, 1.0))
    return made


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return resource_path(f"icons/{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _rendered(name: str, colour: str, size: int, percent: int) -> QPixmap:
    return _draw(_source(name).replace(INK, colour).replace(INK.lower(), colour), size, percent / 100)


def _draw(source: str, size: int, ratio: float) -> QPixmap:
    pixels = round(size * ratio)
    made = QPixmap(QSize(pixels, pixels))
    made.fill(QColor(0, 0, 0, 0))  # touching Qt's own names costs a start 30 ms
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
