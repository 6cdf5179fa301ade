"""All windows and the tray of one running program: the front door of this room."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import shiboken6
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from app.domain.events import Appended
from app.domain.numbers import OwnNumber
from app.domain.problems import Expected, Remedy
from app.domain.status import Reach, Status
from app.eventlog import LogReader
from app.settings import Settings, SettingsFile
from app.ui import icons
from app.ui.checking import Checking
from app.ui.closing import Closing
from app.ui.exporting import Exporting
from app.ui.first_run import FirstRunWindow, Step
from app.ui.main_window import MainWindow
from app.ui.ports import EngineView, OpenLink, StartAtLogin
from app.ui.server_fields import NOTHING_GIVEN, Given
from app.ui.side_windows import SideWindows
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.tray import Tray
from app.ui.tray_news import TrayNews

_log = logging.getLogger("app.ui.desk")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """Builds the tray at once and each window when it is first needed.

    The engine may be signed out. Nothing here outlives ``close()``.

    No widget is ever left to Python's garbage collector: it may run in one of the log's threads, and
    Qt's objects must die in the thread they live in. So each has a parent, or is deleted in here.
    """

    def __init__(
        self,
        app: QApplication,
        engine: EngineView,
        log: LogReader,
        settings: SettingsFile,
        tasks: Tasks,
        *,
        start_at_login: StartAtLogin,
        given: Given = NOTHING_GIVEN,
        on_quit: Callable[[], None],
        open_link: OpenLink | None = None,
        open_folder: Callable[[Path], object] | None = None,
        now: Callable[[], datetime] = _utc_now,
        zone: tzinfo | None = None,
        icon: QSystemTrayIcon | None = None,
    ) -> None:
        """``on_quit`` is called when the user asks to quit; it decides when ``close()`` is due.

        ``given`` is what the command line says about the server.
        ``open_link`` opens an address in the system browser, ``open_folder`` shows a folder.
        ``zone`` is the computer's own unless given. ``icon``, in the tray already, is taken over.
        """
        self._engine = engine
        self._log = log
        self._settings = settings
        self._tasks = tasks
        self._on_quit = on_quit
        self._now = now
        self._zone = zone
        self._numbers: tuple[OwnNumber, ...] = ()
        self._closed = False
        self._unsaid = ""
        self._main: MainWindow | None = None
        self._closing: Closing | None = None
        app.setApplicationDisplayName(APP_NAME)
        app.setQuitOnLastWindowClosed(False)
        self.theme = Theme(app, settings.value.window.appearance)
        app.setWindowIcon(icons.app_icon())
        self.beside = SideWindows(
            self.theme,
            engine,
            settings,
            tasks,
            start_at_login=start_at_login,
            given=given,
            open_link=open_link or _open_link,
            open_folder=open_folder or _open_folder,
            now=now,
            zone=zone,
        )
        self.beside.sign_in_asked.connect(self.show_sign_in)
        self.beside.numbers_asked.connect(self.show_numbers)
        self.beside.first_run_finished.connect(self.show_main)
        self.tray = Tray(self.theme, now, zone, icon)
        self._news = TrayNews(self.tray, log, tasks, lambda: _is_active(self._main), zone)
        self._news.changed.connect(lambda: self._status_changed(engine.status))
        self._checking = Checking(engine, tasks, self._checking_now, self._checked)
        self._connect_tray()
        self._unlisten = [
            engine.listen(self._status_changed),
            engine.listen_changes(self._log_changed),
            settings.listen(self._settings_changed),
        ]
        self._status_changed(engine.status)
        self.tray.show()
        self._news.refresh()

    def _connect_tray(self) -> None:
        tray = self.tray
        tray.open_asked.connect(self.show_main)
        tray.event_asked.connect(self.show_event)
        tray.pause_asked.connect(self._engine.pause)
        tray.check_asked.connect(self._checking.start)
        tray.settings_asked.connect(lambda: self.show_settings())
        tray.help_asked.connect(lambda: self.show_settings("Help"))
        tray.quit_asked.connect(self._on_quit)

    # --------------------------------------------------------------- windows

    def show_main(self) -> None:
        """Open the main window, or the first-run window while that is not done."""
        if not self._settings.value.first_run_done:
            self.show_first_run()
            return
        _raise(self._main_window())

    def show_minimized(self) -> None:
        """Put the main window into the task bar: without a tray it is the only way in."""
        if self._main is None:
            self._main_window().showMinimized()

    def show_event(self, entry_id: int) -> None:
        """Open the main window at this event of the log."""
        window = self._main_window()
        _raise(window)
        self._tasks.latest("show-event", window.show_event, entry_id)

    def show_first_run(self) -> None:
        """Lead through sign-in, numbers and the test notification."""
        _raise(self.beside.first_run())

    def show_settings(self, page: str = "") -> None:
        """Open the settings, at a page."""
        _raise(self.beside.settings(page), over=self._main)

    def show_numbers(self) -> None:
        """Open the window that chooses the numbers."""
        if self._engine.status.reach in (Reach.SIGNED_OUT, Reach.SIGNING_IN):
            self.show_sign_in()
            return
        _raise(self.beside.numbers(), over=self._main)

    def show_sign_in(self) -> None:
        """Ask to sign in: within the first run if that is not done, else in a small window."""
        if not self._settings.value.first_run_done:
            self.show_first_run()
            self.beside.first_run().show_step(Step.SIGN_IN)
            return
        window = self.beside.sign_in()
        _raise(window, over=self._main)
        window.begin()

    def show_problem(self, error: Expected) -> None:
        """Say what did not work where nobody else said it: in the window that is there, or else in the
        main window once it is opened."""
        _log.warning("shown to the user: %s", type(error).__name__)
        if self.beside.say_problem(str(error)):
            return
        if self._main is not None:
            self._main.say_problem(str(error))
        else:
            self._unsaid = str(error)

    def hide(self) -> None:
        """Hide every window and the tray icon: the program is about to end."""
        if self._closed:
            return
        for window in self._windows():
            window.hide()
        self.tray.hide()

    def close(self) -> None:
        """Hide everything, remember where the window was, and listen to nothing any more.

        Stop ``tasks`` first: what still runs may want to show its end in a window. Everything is gone
        afterwards, so this must not be called from a slot: ``on_quit`` only says that it is wanted.
        """
        if self._closed:
            return
        if self._closing is not None:
            self._closing.remember()
        self.hide()
        self._closed = True
        for unlisten in self._unlisten:
            unlisten()
        self._unlisten = []
        self.beside.dispose()
        if self._main is not None and shiboken6.isValid(self._main):
            shiboken6.delete(self._main)
        self.tray.dispose()
        shiboken6.delete(self.theme)
        self._main = None

    @property
    def main(self) -> MainWindow | None:
        """The main window, once it was opened."""
        return self._main

    @property
    def first_run(self) -> FirstRunWindow | None:
        """The first-run window, once it was opened."""
        return self.beside.first_run_window

    def _main_window(self) -> MainWindow:
        if self._main is None:
            window = MainWindow(self.theme, self._engine, self._log, self._tasks, self._now, self._zone)
            window.show_numbers(_known_numbers(self._engine.status, self._settings.value))
            self._closing = Closing(window, self.tray, self._settings)
            show = self.beside.open_folder
            Exporting(window, self.theme, self._engine, self._log, self._tasks, show, self._now, self._zone)
            window.looked_at.connect(self._news.looked_at)
            window.remedy_asked.connect(self._remedy)
            window.check_asked.connect(self._checking.start)
            window.numbers_asked.connect(self.show_numbers)
            window.settings_asked.connect(lambda: self.show_settings())
            window.help_asked.connect(lambda: self.show_settings("Help"))
            window.quit_asked.connect(self._on_quit)
            self._main = window
            if self._unsaid:
                window.say_problem(self._unsaid)
                self._unsaid = ""
        return self._main

    def _windows(self) -> list[QWidget]:
        return [*([self._main] if self._main is not None else []), *self.beside.windows()]

    def _remedy(self, remedy: Remedy) -> None:
        match remedy:
            case Remedy.SIGN_IN:
                self.show_sign_in()
            case Remedy.CHOOSE_NUMBERS:
                self.show_numbers()
            case Remedy.OPEN_SETTINGS:
                self.show_settings("Account")
            case Remedy.TRY_AGAIN | Remedy.WAIT | Remedy.NONE:
                self._checking.start()

    def _status_changed(self, status: Status) -> None:
        self.tray.show_status(status, news=self._news.unseen)
        if self._main is not None:
            self._main.show_status(status)
        self.beside.show_status(status)
        self._show_numbers()

    def _checking_now(self, running: bool) -> None:
        self.tray.show_checking(running)
        if self._main is not None:
            self._main.status_line.show_checking(running)
        self._status_changed(self._engine.status)

    def _checked(self) -> None:
        if self._main is not None:
            self._main.status_line.note_checked()

    def _log_changed(self, appended: Appended) -> None:
        if self._main is not None:
            self._main.log_changed(appended)
        if appended.new:
            self._news.refresh()

    def _settings_changed(self, value: Settings) -> None:
        self.theme.choose(value.window.appearance)
        self._show_numbers()

    def _show_numbers(self) -> None:
        numbers = _known_numbers(self._engine.status, self._settings.value)
        if numbers != self._numbers:
            self._numbers = numbers
            if self._main is not None:
                self._main.show_numbers(numbers)


def _is_active(window: QWidget | None) -> bool:
    return window is not None and window.isActiveWindow()


def _known_numbers(status: Status, settings: Settings) -> tuple[OwnNumber, ...]:
    return status.numbers or tuple(number.own() for number in settings.follow)


def _raise(window: QWidget, over: QWidget | None = None) -> None:
    if over is not None and over.isVisible() and not window.isVisible():
        window.move(over.frameGeometry().center() - window.rect().center())
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()


async def _open_link(link: str) -> object:
    return QDesktopServices.openUrl(QUrl(link))


def _open_folder(folder: Path) -> object:
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
