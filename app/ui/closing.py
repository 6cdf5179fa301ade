"""What closing the main window means: it hides, and says so the first time."""

import logging

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.problems import BadInput
from app.settings import SettingsFile, Window
from app.ui.main_window import MainWindow
from app.ui.tray import Tray

CLOSE_HINT = "Textbell keeps watching. Quit from the tray icon."
_HINT_MS = 5_000

_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Shift, Qt.Key.Key_Meta)

_log = logging.getLogger("app.ui.closing")


class Closing(QObject):
    """Hides the window into the tray, or minimises it where there is none; remembers where it was."""

    def __init__(self, window: MainWindow, tray: Tray, settings: SettingsFile) -> None:
        super().__init__(window)
        self._window = window
        self._tray = tray
        self._settings = settings
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.setInterval(_HINT_MS)
        self._leaving.timeout.connect(self._leave)
        window.closing.connect(self._closing)
        window.restore(settings.value.window.geometry)

    @property
    def leaving(self) -> bool:
        """The window is about to go by itself."""
        return self._leaving.isActive()

    def remember(self) -> None:
        """Store where the window is, if it is anywhere."""
        if self._window.isVisible():
            geometry = self._window.saved_geometry()
            if geometry != self._settings.value.window.geometry:
                self._store({"geometry": geometry})

    def _closing(self) -> None:
        self.remember()
        if not self._tray.available():
            self._window.showMinimized()
        elif self._settings.value.window.close_hint_shown or self._leaving.isActive():
            self._leave()
        else:
            # Said once, in the window itself, which then goes by itself: a balloon would be one too many.
            self._window.say_hint(CLOSE_HINT, "Got it", self._leave)
            self._leaving.start()
            app = QApplication.instance()
            assert app is not None, "a window is there"
            app.installEventFilter(self)
            self._store({"close_hint_shown": True})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Whoever goes on working in the window while it is about to leave keeps it."""
        if self._leaving.isActive() and self._works_on(watched, event):
            self._settle()
        return False

    def _works_on(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(watched, QWidget) or watched.window() is not self._window:
            return False
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            return event.key() not in _MODIFIERS
        pressed = event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.Wheel)
        return pressed and not self._window.hint.isAncestorOf(watched)

    def _settle(self) -> None:
        self._leaving.stop()
        self._window.say_hint("")
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)

    def _leave(self) -> None:
        self._settle()
        self._window.hide()

    def _store(self, changes: dict[str, object]) -> None:
        window: Window = self._settings.value.window.model_copy(update=changes)
        try:
            self._settings.update(window=window)
        except BadInput as error:  # where a window was is not worth a dialog
            _log.warning("A window's place was not saved: %s", error)
