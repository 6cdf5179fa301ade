"""The windows beside the main one, each built when it is first needed."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.status import Status
from app.settings import SettingsFile
from app.ui.first_run import FirstRunWindow
from app.ui.numbers_dialog import NumbersDialog
from app.ui.ports import EngineView, OpenLink, StartAtLogin
from app.ui.server_fields import Given
from app.ui.settings_window import SettingsWindow
from app.ui.sign_in_window import SignInWindow
from app.ui.tasks import Tasks
from app.ui.theme import Theme


class SideWindows(QObject):
    """Builds them and remembers which there are; whoever asks for one shows it."""

    sign_in_asked = Signal()
    """The user wants to sign in."""
    numbers_asked = Signal()
    """The user wants to choose numbers."""
    first_run_finished = Signal()
    """The first run is over, and its window gone."""

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        settings: SettingsFile,
        tasks: Tasks,
        *,
        start_at_login: StartAtLogin,
        given: Given,
        open_link: OpenLink,
        open_folder: Callable[[Path], object],
        now: Callable[[], datetime],
        zone: tzinfo | None,
    ) -> None:
        """As for the ``Desk``."""
        super().__init__(its_theme)
        self._theme = its_theme
        self._engine = engine
        self._settings_file = settings
        self._tasks = tasks
        self._start_at_login = start_at_login
        self._given = given
        self._open_link = open_link
        self.open_folder = open_folder
        self._now = now
        self._zone = zone
        self.first_run_window: FirstRunWindow | None = None
        self.settings_window: SettingsWindow | None = None
        self.numbers_dialog: NumbersDialog | None = None
        self.sign_in_window: SignInWindow | None = None
        self._buried: list[QWidget] = []

    def first_run(self) -> FirstRunWindow:
        """The window that leads through sign-in, numbers and the test notification."""
        if self.first_run_window is None:
            self.first_run_window = FirstRunWindow(
                self._theme,
                self._engine,
                self._settings_file,
                self._tasks,
                self._start_at_login,
                self._open_link,
                self._given,
            )
            self.first_run_window.finished.connect(self._finish_first_run)
        return self.first_run_window

    def _finish_first_run(self) -> None:
        if self.first_run_window is not None:
            self.first_run_window.close()
            self.first_run_window.deleteLater()
            self._buried.append(self.first_run_window)
            self.first_run_window = None
        self.first_run_finished.emit()

    def say_problem(self, sentence: str) -> bool:
        """Say it in the first run, if that is open; whether it is."""
        if (first := self.first_run_window) is None:
            return False
        pages = (first.sign_in.problem, first.numbers.problem, first.test.result)
        pages[first.step].say(sentence, tone="bad")
        return True

    def settings(self, page: str = "") -> SettingsWindow:
        """The settings, at a page."""
        if self.settings_window is None:
            self.settings_window = SettingsWindow(
                self._theme,
                self._engine,
                self._settings_file,
                self._tasks,
                self._start_at_login,
                self.open_folder,
                self._now,
                self._zone,
                self._given,
            )
            self.settings_window.sign_in_asked.connect(self.sign_in_asked)
            self.settings_window.numbers_asked.connect(self.numbers_asked)
        if page:
            self.settings_window.show_page(page)
        return self.settings_window

    def numbers(self) -> NumbersDialog:
        """The window that chooses the numbers, begun anew unless it is open."""
        if self.numbers_dialog is None:
            self.numbers_dialog = NumbersDialog(self._theme, self._engine, self._tasks)
        if not self.numbers_dialog.isVisible():
            self.numbers_dialog.begin()
        return self.numbers_dialog

    def sign_in(self) -> SignInWindow:
        """The small window that signs in."""
        if self.sign_in_window is None:
            self.sign_in_window = SignInWindow(
                self._theme, self._engine, self._settings_file, self._tasks, self._open_link, self._given
            )
        return self.sign_in_window

    def show_status(self, status: Status) -> None:
        """Tell the settings, if they were opened, how the program stands."""
        if self.settings_window is not None:
            self.settings_window.show_status(status)

    def windows(self) -> list[QWidget]:
        """Those that are there."""
        known = (self.first_run_window, self.settings_window, self.numbers_dialog, self.sign_in_window)
        return [window for window in known if window is not None]

    def dispose(self) -> None:
        """Delete them all, those that were closed for good included."""
        for window in (*self.windows(), *self._buried):
            if shiboken6.isValid(window):
                shiboken6.delete(window)
        self.first_run_window = self.settings_window = self.numbers_dialog = self.sign_in_window = None
