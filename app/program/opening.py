"""The first moments: whose the data directory is, and the icon, before anything slow is loaded.

Nothing is imported here that a bare tray program does not need: it decides how soon the user sees that
the program is there.
"""

import asyncio
from pathlib import Path

import shiboken6
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from app.desktop.single_instance import SingleInstance
from app.ui import icons
from app.ui.theme import tray_ink


class Opening:
    """Claims the data directory and shows an icon that says: starting."""

    def __init__(self) -> None:
        self.quit_asked = asyncio.Event()
        """Set when the user wants the program to end, which may be before it is there."""
        self.instance: SingleInstance | None = None
        self._icon: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None

    def begin(self, folder: Path) -> bool:
        """Claim ``folder`` and show the icon. Returns whether this process is the one that runs.

        May be called again after that; then nothing more is done.

        Raises:
            BadInput: nothing can be written in the data directory.
        """
        if self.instance is not None:
            return True
        instance = SingleInstance(folder)
        if not instance.claim():
            instance.deleteLater()
            return False
        self.instance = instance
        self._show()
        return True

    def take_icon(self) -> QSystemTrayIcon | None:
        """Hand over the icon with its menu; from now on they are the caller's."""
        icon, self._icon = self._icon, None
        return icon

    def end(self) -> None:
        """Let another process take over, and take the icon away if nobody took it."""
        if self._icon is not None and self._menu is not None:
            shiboken6.delete(self._icon)
            shiboken6.delete(self._menu)
        self._icon = self._menu = None
        if self.instance is not None:
            self.instance.release()
            self.instance.deleteLater()
            self.instance = None

    def _show(self) -> None:
        self._menu = QMenu()
        self._menu.addAction("&Quit Textbell").triggered.connect(self.quit_asked.set)
        self._icon = QSystemTrayIcon()
        self._icon.setIcon(icons.tray_icon("tray-connecting", tray_ink(dark=_dark())))
        self._icon.setToolTip("Textbell is starting")
        self._icon.setContextMenu(self._menu)
        self._icon.show()


def _dark() -> bool:
    palette = QApplication.palette()
    window: QColor = palette.color(QPalette.ColorRole.Window)
    return window.lightness() < 128
