"""From the first window to the last: how the program starts, runs and ends."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from app.compose import open_engine
from app.desktop.autostart import system_autostart
from app.desktop.browser import open_browser
from app.desktop.popup import PopupNotifier
from app.desktop.power import PowerHooks, WakeWatch
from app.desktop.toasts import FallbackNotifier, NativeNotifier
from app.domain.problems import BadInput, Expected
from app.notices.port import Notice
from app.program import diagnostics
from app.program.opening import Opening
from app.program.stage import Stage
from app.program.status_file import StatusFile
from app.resources import resource_path
from app.settings import SettingsFile
from app.sync.engine import Engine
from app.transport.clock import SystemClock
from app.ui import icons
from app.ui.desk import Desk
from app.ui.server_fields import Given
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.trouble_window import TroubleWindow

log = logging.getLogger(__name__)

QUIT_LIMIT = 4.0
"""Seconds the tasks have to end when the user quits; with closing the files it stays under five."""
RESTART_DELAY = 5.0
TRAY_PATIENCE = 10.0
"""Seconds a tray has to come up beside a program that was started at login."""
FAULT = "Textbell had a fault and began again. If this keeps happening, send the file diagnostics.log."


Then = Callable[["Program"], Awaitable[None]]
_T = TypeVar("_T")


class Program:
    """One run of the tray program."""

    def __init__(
        self,
        app: QApplication,
        make_stage: Callable[[], Stage],
        *,
        at_login: Sequence[str],
        minimized: bool = False,
        attended: bool = True,
        opening: Opening | None = None,
    ) -> None:
        """``make_stage`` is asked anew at each attempt to start; ``at_login`` is the command that the
        system runs at login if the user wants that.

        Not ``attended``: nobody is there to press "Try again"; ``refusal`` says why it did not start.
        ``opening`` may have begun already.
        """
        self._app = app
        self._make_stage = make_stage
        self._at_login = tuple(at_login)
        self._minimized = minimized
        self._attended = attended
        self._opening = opening or Opening()
        self._quit = self._opening.quit_asked
        self.refusal = ""
        self.settings: SettingsFile | None = None
        self.native: NativeNotifier | None = None
        self.desk: Desk | None = None
        self.engine: Engine | None = None

    def quit(self) -> None:
        """Ask the program to end. Returns at once."""
        self._quit.set()

    async def run(self, then: Then | None = None) -> int:
        """Run until somebody quits, and return the exit status.

        ``then`` is called once everything is up.
        """
        with Signals(self.quit):
            while True:
                try:
                    return await self._run(then)
                except Expected as error:
                    if not await self._trouble(error):
                        return 1

    async def _run(self, then: Then | None) -> int:
        stage = self._make_stage()
        folder = stage.choices.data_dir
        async with AsyncExitStack() as closing:
            closing.callback(self._opening.end)
            if not self._opening.begin(folder):
                return 0
            closing.callback(diagnostics.end, diagnostics.begin(folder))
            closing.push(_note_refusal)
            settings = self.settings = SettingsFile(stage.choices.settings_path)
            tasks = Tasks(self._on_expected, self._on_bug)
            self.native = NativeNotifier(self._open, icon=resource_path("icons/app.svg"))
            closing.push_async_callback(self.native.close)
            popups = PopupNotifier(self._open)
            closing.callback(popups.close)
            opening = open_engine(
                stage.choices,
                settings,
                stage.make_vault(settings.value),
                SystemClock(),
                open_browser=stage.open_browser,
                notifier=FallbackNotifier([self.native, popups]),
            )
            # The keyring may be waiting for its password, and the user may want to quit instead.
            engine = await self._unless_quit(closing.enter_async_context(opening))
            if engine is None:
                return 0
            self.engine = engine
            status_file = StatusFile(stage.choices.status_path)
            status_file.write(engine.status)
            closing.callback(status_file.remove)
            closing.callback(engine.listen(status_file.write))
            if stage.signs_in and not settings.value.first_run_done:
                settings.update(first_run_done=True)
            desk = self._desk(
                engine, settings, tasks, Given(stage.choices.server_url, stage.choices.client_id)
            )
            self.desk = desk
            closing.callback(desk.close)
            if not stage.tells_all:
                closing.callback(engine.attend(lambda entry: desk.main is not None and desk.main.sees(entry)))
            assert self._opening.instance is not None
            self._opening.instance.show_requested.connect(desk.show_main)
            tasks.start("engine", self._keep_running, engine)
            power = PowerHooks(engine.going_to_sleep, engine.woke, engine.network_changed)
            tasks.start("power", WakeWatch(power).run)
            closing.callback(self._app.applicationStateChanged.disconnect, self._on_state)
            self._app.applicationStateChanged.connect(self._on_state)
            if stage.signs_in:
                tasks.start("sign-in", self._sign_in, engine)
            if not (self._minimized and settings.value.first_run_done):
                desk.show_main()
            else:
                tasks.start("tray", self._be_found, desk)
            for sentence in _set_aside(settings, engine):
                desk.show_problem(BadInput(sentence))
            if then is not None:
                tasks.start("then", then, self)
            await self._quit.wait()
            desk.hide()
            for name in await tasks.stop(QUIT_LIMIT):
                log.error("still running at the end: %s", name)
        return 0

    def _desk(self, engine: Engine, settings: SettingsFile, tasks: Tasks, given: Given) -> Desk:
        return Desk(
            self._app,
            engine,
            engine.log.reader,
            settings,
            tasks,
            start_at_login=system_autostart(self._at_login),
            given=given,
            on_quit=self.quit,
            open_link=open_browser,
            icon=self._opening.take_icon(),
        )

    async def _keep_running(self, engine: Engine) -> None:
        # A bug must not leave the program looking alive while nothing is watched: it is written
        # down, the user gets one sentence, and the engine begins again.
        while True:
            try:
                await engine.run()
            except Exception as error:  # noqa: BLE001 - see above
                self._on_bug("engine", error)
            await asyncio.sleep(RESTART_DELAY)

    async def _unless_quit(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """Do ``work`` and return its result; give it up, and return ``None``, if the user quits first."""
        loop = asyncio.get_running_loop()
        doing = loop.create_task(work, name="opening")
        quitting = loop.create_task(self._quit.wait(), name="quit")
        await asyncio.wait({doing, quitting}, return_when=asyncio.FIRST_COMPLETED)
        quitting.cancel()
        if doing.done():
            return doing.result()
        doing.cancel()
        await asyncio.wait({doing})
        return None if doing.cancelled() else doing.result()

    async def _be_found(self, desk: Desk) -> None:
        await asyncio.sleep(TRAY_PATIENCE)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            desk.show_minimized()

    async def _sign_in(self, engine: Engine) -> None:
        await engine.sign_in(lambda _link: None)
        await engine.choose(await engine.list_numbers())

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive and self.engine is not None:
            self.engine.look_again()

    def _open(self, notice: Notice) -> None:
        if self.desk is None:
            return
        if notice.entry_ids:
            self.desk.show_event(notice.entry_ids[0])
        else:
            self.desk.show_main()

    def _on_expected(self, error: Expected) -> None:
        if self.desk is not None:
            self.desk.show_problem(error)

    def _on_bug(self, name: str, error: BaseException) -> None:
        log.critical("a fault in %s", name, exc_info=error)
        if self.desk is not None:
            self.desk.show_problem(BadInput(FAULT))

    async def _trouble(self, error: Expected) -> bool:
        """Show why the program cannot start. Returns whether to try again."""
        self.refusal = str(error)
        if sys.stderr is not None:
            print(f"textbell: {error}", file=sys.stderr, flush=True)  # noqa: T201 - for who started it there
        if self._quit.is_set() or not self._attended:
            return False
        decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        theme = Theme(self._app)
        self._app.setWindowIcon(icons.app_icon())
        window = TroubleWindow(theme, "Textbell can't start", str(error))

        def decide(answer: bool) -> None:
            if not decided.done():
                decided.set_result(answer)

        window.try_again.connect(lambda: decide(True))
        window.quit_asked.connect(lambda: decide(False))
        quitting = asyncio.get_running_loop().create_task(self._quit.wait(), name="quit")
        quitting.add_done_callback(lambda _: decide(False))
        window.show()
        again = await decided
        quitting.cancel()
        if shiboken6.isValid(window):  # it deletes itself once the user has decided
            window.close()
        theme.deleteLater()
        return again


def _set_aside(settings: SettingsFile, engine: Engine) -> list[str]:
    """What had to begin anew because its file was damaged, and where the damaged one is."""
    sentences = []
    if settings.set_aside is not None:
        sentences.append(
            "The settings were damaged and begin anew; "
            f"the damaged file is kept as {settings.set_aside.name}."
        )
    if engine.log.set_aside is not None:
        sentences.append(
            "The log was damaged and a new one was begun; the damaged file is kept as "
            f"{engine.log.set_aside.name}. Send it to your administrator if its events are needed."
        )
    return sentences


def _note_refusal(
    kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
) -> None:
    if isinstance(error, Expected):
        log.warning("cannot start: %s", type(error).__name__)


class Signals:
    """While entered, SIGINT and SIGTERM ask the program to end in good order."""

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish = finish
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform == "win32":
                self._before[number] = signal.signal(
                    number, lambda *_: loop.call_soon_threadsafe(self._finish)
                )
            else:
                loop.add_signal_handler(number, self._finish)

    def __exit__(self, *exc_info: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform == "win32":
                signal.signal(number, self._before[number])  # type: ignore[arg-type]
            else:
                loop.remove_signal_handler(number)
