"""All windows and the tray of one running program: the front door of this room."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.events import Appended, Family
from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput, Expected, Remedy
from app.domain.status import Reach, Status
from app.eventlog import LogReader
from app.eventlog.query import EVERYTHING
from app.settings import Settings, SettingsFile
from app.ui import event_words, icons
from app.ui.first_run import FirstRunWindow, Step
from app.ui.main_window import MainWindow
from app.ui.numbers_dialog import NumbersDialog
from app.ui.ports import EngineView, OpenLink, StartAtLogin
from app.ui.settings_window import SettingsWindow
from app.ui.sign_in_window import SignInWindow
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.tray import RecentEvent, Tray
from app.ui.words import Labels

CLOSE_HINT = "Textbell keeps watching. Quit from the tray icon."
_HINT_MS = 5_000
_RECENT = 5
_RECENT_MS = 1_000

_log = logging.getLogger("app.ui.desk")


def _single_shot(parent: QObject, after_ms: int, does: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(after_ms)
    timer.timeout.connect(does)
    return timer


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
        on_quit: Callable[[], None],
        open_link: OpenLink | None = None,
        open_folder: Callable[[Path], object] | None = None,
        now: Callable[[], datetime] = _utc_now,
        zone: tzinfo | None = None,
    ) -> None:
        """``on_quit`` is called when the user asks to quit; it decides when ``close()`` is due.

        ``open_link`` opens an address in the system browser, ``open_folder`` shows a folder.
        ``zone`` is the computer's own unless given.
        """
        self._engine = engine
        self._log = log
        self._settings = settings
        self._tasks = tasks
        self._start_at_login = start_at_login
        self._on_quit = on_quit
        self._open_link = open_link or _open_link
        self._open_folder = open_folder or _open_folder
        self._now = now
        self._zone = zone
        self._news = False
        self._numbers: tuple[OwnNumber, ...] = ()
        self._closed = False
        self._buried: list[QWidget] = []
        self._main: MainWindow | None = None
        self._first_run: FirstRunWindow | None = None
        self._numbers_dialog: NumbersDialog | None = None
        self._settings_window: SettingsWindow | None = None
        self._sign_in: SignInWindow | None = None
        app.setApplicationDisplayName(APP_NAME)
        app.setQuitOnLastWindowClosed(False)
        self.theme = Theme(app, settings.value.window.appearance)
        app.setWindowIcon(icons.app_icon())
        self.tray = Tray(self.theme, now, zone)
        self._leaving = _single_shot(self.tray, _HINT_MS, self._leave)
        self._recent_due = _single_shot(self.tray, _RECENT_MS, self._fill_recent)
        self._connect_tray()
        self._unlisten = [
            engine.listen(self._status_changed),
            engine.listen_changes(self._log_changed),
            settings.listen(self._settings_changed),
        ]
        self._status_changed(engine.status)
        self.tray.show()
        self._refresh_recent()

    def _connect_tray(self) -> None:
        tray = self.tray
        tray.open_asked.connect(self.show_main)
        tray.event_asked.connect(self.show_event)
        tray.pause_asked.connect(self._engine.pause)
        tray.check_asked.connect(self._check_now)
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

    def show_event(self, entry_id: int) -> None:
        """Open the main window at this event of the log."""
        window = self._main_window()
        _raise(window)
        self._tasks.latest("show-event", window.show_event, entry_id)

    def show_first_run(self) -> None:
        """Lead through sign-in, numbers and the test notification."""
        if self._first_run is None:
            self._first_run = FirstRunWindow(
                self.theme, self._engine, self._settings, self._tasks, self._start_at_login, self._open_link
            )
            self._first_run.finished.connect(self._first_run_finished)
        _raise(self._first_run)

    def show_settings(self, page: str = "") -> None:
        """Open the settings, at a page."""
        if self._settings_window is None:
            window = SettingsWindow(
                self.theme,
                self._engine,
                self._settings,
                self._tasks,
                self._start_at_login,
                self._open_folder,
                self._now,
                self._zone,
            )
            window.sign_in_asked.connect(self.show_sign_in)
            window.numbers_asked.connect(self.show_numbers)
            self._settings_window = window
        if page:
            self._settings_window.show_page(page)
        _raise(self._settings_window, over=self._main)

    def show_numbers(self) -> None:
        """Open the window that chooses the numbers."""
        if self._engine.status.reach in (Reach.SIGNED_OUT, Reach.SIGNING_IN):
            self.show_sign_in()
            return
        if self._numbers_dialog is None:
            self._numbers_dialog = NumbersDialog(self.theme, self._engine, self._tasks)
        if not self._numbers_dialog.isVisible():
            self._numbers_dialog.begin()
        _raise(self._numbers_dialog, over=self._main)

    def show_sign_in(self) -> None:
        """Ask to sign in: within the first run if that is not done, else in a small window."""
        if not self._settings.value.first_run_done:
            self.show_first_run()
            if self._first_run is not None:
                self._first_run.show_step(Step.SIGN_IN)
            return
        if self._sign_in is None:
            self._sign_in = SignInWindow(
                self.theme, self._engine, self._settings, self._tasks, self._open_link
            )
        _raise(self._sign_in, over=self._main)
        self._sign_in.begin()

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
        self._remember_geometry()
        self.hide()
        self._closed = True
        for unlisten in self._unlisten:
            unlisten()
        self._unlisten = []
        self._leaving.stop()
        self._recent_due.stop()
        for window in (*self._windows(), *self._buried):
            if shiboken6.isValid(window):
                shiboken6.delete(window)
        self.tray.dispose()
        shiboken6.delete(self.theme)
        self._main = self._first_run = None
        self._numbers_dialog = self._settings_window = self._sign_in = None

    @property
    def main(self) -> MainWindow | None:
        """The main window, once it was opened."""
        return self._main

    @property
    def first_run(self) -> FirstRunWindow | None:
        """The first-run window, once it was opened."""
        return self._first_run

    def _main_window(self) -> MainWindow:
        if self._main is None:
            window = MainWindow(self.theme, self._engine, self._log, self._tasks, self._now, self._zone)
            window.restore(self._settings.value.window.geometry)
            window.show_numbers(self._known_numbers())
            window.closing.connect(self._main_closing)
            window.looked_at.connect(self._looked_at)
            window.remedy_asked.connect(self._remedy)
            window.check_asked.connect(self._check_now)
            window.numbers_asked.connect(self.show_numbers)
            window.settings_asked.connect(lambda: self.show_settings())
            window.help_asked.connect(lambda: self.show_settings("Help"))
            window.quit_asked.connect(self._on_quit)
            self._main = window
        return self._main

    def _windows(self) -> list[QWidget]:
        known = (self._main, self._first_run, self._numbers_dialog, self._settings_window, self._sign_in)
        return [window for window in known if window is not None]

    # --------------------------------------------------------------- what the user does

    def _main_closing(self) -> None:
        if self._main is None:
            return
        self._remember_geometry()
        if not self.tray.available():
            self._main.showMinimized()
            return
        window = self._settings.value.window
        if window.close_hint_shown or self._leaving.isActive():
            self._leaving.stop()
            self._main.hide()
            return
        # Said once, in the window itself, which then goes by itself: a balloon would be one too many.
        self._main.say_hint(CLOSE_HINT, "Got it", self._leave)
        self._leaving.start()
        self._store(window=window.model_copy(update={"close_hint_shown": True}))

    def _leave(self) -> None:
        self._leaving.stop()
        if self._main is not None:
            self._main.say_hint("")
            self._main.hide()

    def _looked_at(self) -> None:
        self._set_news(False)

    def _remedy(self, remedy: Remedy) -> None:
        match remedy:
            case Remedy.SIGN_IN:
                self.show_sign_in()
            case Remedy.CHOOSE_NUMBERS:
                self.show_numbers()
            case Remedy.OPEN_SETTINGS:
                self.show_settings("Account")
            case Remedy.TRY_AGAIN | Remedy.WAIT | Remedy.NONE:
                self._check_now()

    def _check_now(self) -> None:
        if not self._tasks.running("check-now"):
            self._tasks.latest("check-now", self._check)

    async def _check(self) -> None:
        self.tray.show_checking(True)
        try:
            await self._engine.check_now()
        finally:
            self.tray.show_checking(False)
            self.tray.show_status(self._engine.status, news=self._news)

    def _first_run_finished(self) -> None:
        if self._first_run is not None:
            self._first_run.close()
            self._first_run.deleteLater()
            self._buried.append(self._first_run)
            self._first_run = None
        self.show_main()

    # --------------------------------------------------------------- what the program says

    def _status_changed(self, status: Status) -> None:
        self.tray.show_status(status, news=self._news)
        if self._main is not None:
            self._main.show_status(status)
        if self._settings_window is not None:
            self._settings_window.show_status(status)
        self._show_numbers()

    def _log_changed(self, appended: Appended) -> None:
        if self._main is not None:
            self._main.log_changed(appended)
        if appended.new:
            self._refresh_recent()

    def _settings_changed(self, value: Settings) -> None:
        self.theme.choose(value.window.appearance)
        self._show_numbers()

    def _show_numbers(self) -> None:
        numbers = self._known_numbers()
        if numbers != self._numbers:
            self._numbers = numbers
            if self._main is not None:
                self._main.show_numbers(numbers)

    def _known_numbers(self) -> tuple[OwnNumber, ...]:
        return self._engine.status.numbers or tuple(n.own() for n in self._settings.value.follow)

    def _set_news(self, news: bool) -> None:
        if news != self._news:
            self._news = news
            self.tray.show_status(self._engine.status, news=news)

    def _refresh_recent(self) -> None:
        # The menu is filled when it is opened where the desktop tells; a panel that draws the menu
        # itself does not tell, so it is kept up to date, at most once in a while.
        if not self._recent_due.isActive():
            self._recent_due.start()

    def _fill_recent(self) -> None:
        self._tasks.latest("recent", self._load_recent, failed=self._recent_failed)

    def _recent_failed(self, error: Expected) -> None:
        # The window says it too, where it can be read; a menu without its last lines still works.
        _log.warning("The recent events cannot be read: %s", error)

    async def _load_recent(self) -> None:
        watched = self._main is not None and self._main.isActiveWindow()
        self._set_news(not watched and await self._log.unread_count() > 0)
        page = await self._log.page(EVERYTHING, limit=_RECENT)
        labels = Labels(self._known_numbers())
        ids = [e.event.batch_id for e in page.entries if e.event.family is Family.BATCH]
        batches = await self._log.batches(ids) if ids else {}
        self.tray.show_recent(
            [
                RecentEvent(e.id, event_words.brief(e, batches.get(e.event.batch_id), labels, self._zone))
                for e in page.entries
            ]
        )

    # --------------------------------------------------------------- remembering

    def _remember_geometry(self) -> None:
        if self._main is not None and self._main.isVisible():
            geometry = self._main.saved_geometry()
            window = self._settings.value.window
            if geometry != window.geometry:
                self._store(window=window.model_copy(update={"geometry": geometry}))

    def _store(self, **changes: object) -> None:
        try:
            self._settings.update(**changes)
        except BadInput as error:  # where a window was is not worth a dialog
            _log.warning("A window's place was not saved: %s", error)


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
