"""A desk over a real log and a small engine, for the tests of the windows."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtWidgets import QApplication

from app.domain.problems import Expected
from app.domain.status import Reach, Status
from app.eventlog import EventLog
from app.settings import FollowedNumber, SettingsFile
from app.ui.desk import Desk
from app.ui.main_window import MainWindow
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from tests.ui import shop
from tests.ui.engine import DeskEngine, LoginSwitch

ZONE = ZoneInfo("America/New_York")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What the screenless platform cannot do, and says so, is no fault of ours.
    ignored = pytest.mark.qt_log_ignore("plugin does not support", "systemTrayWindowChanged", extend=True)
    for item in items:
        if "tests/ui" in item.path.as_posix():
            item.add_marker(ignored)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Each test has a Qt loop of its own, whose timers are garbage afterwards. Collected in one of the
    log's threads they would die in the wrong thread; so they are collected here."""
    yield
    if "app" in getattr(item, "fixturenames", ()):
        gc.collect()


@pytest.fixture
def app(qapp: QApplication) -> QApplication:
    return qapp


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    opened = await EventLog.open(tmp_path / "log.db", "ab" * 32)
    yield opened
    await opened.aclose()


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    made = SettingsFile(tmp_path / "settings.json")
    follow = [FollowedNumber(e164=n.e164, label=n.label).model_dump() for n in shop.NUMBERS]
    made.update(first_run_done=True, client_id="TB1x9fQ2", follow=follow)
    return made


@pytest.fixture
def engine(log: EventLog, settings: SettingsFile) -> DeskEngine:
    status = Status(Reach.LIVE, shop.NOW - timedelta(minutes=5), account="Pat Smith", numbers=shop.NUMBERS)
    made = DeskEngine(log, status, shop.NUMBERS)
    made.settings = settings
    return made


class Escaped:
    """What escaped from tasks: sentences nobody else showed, and bugs."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.bugs: list[BaseException] = []

    def expected(self, error: Expected) -> None:
        self.sentences.append(str(error))

    def bug(self, name: str, error: BaseException) -> None:
        self.bugs.append(error)


@pytest.fixture
async def escaped() -> AsyncIterator[Escaped]:
    found = Escaped()
    yield found
    if found.bugs:
        raise found.bugs[0]


@pytest.fixture
async def tasks(escaped: Escaped, log: EventLog) -> AsyncIterator[Tasks]:
    made = Tasks(escaped.expected, escaped.bug)
    yield made
    late = await made.stop(2.0)
    assert late == ()


@pytest.fixture
async def theme(app: QApplication) -> AsyncIterator[Theme]:
    made = Theme(app)
    yield made
    made.deleteLater()


@dataclass
class DeskKit:
    """A desk and what it was built of."""

    desk: Desk
    engine: DeskEngine
    settings: SettingsFile
    login: LoginSwitch
    shop: shop.Shop
    opened: list[str]
    """Addresses given to the browser."""
    quits: list[bool]
    tasks: Tasks

    async def settled(self) -> None:
        """Wait until nothing is under way: between a test and its clean-up no loop runs, and a task
        that took a step there would find none."""
        while self.tasks.names():
            await asyncio.sleep(0.01)

    @property
    def main(self) -> MainWindow:
        assert self.desk.main is not None
        return self.desk.main


@pytest.fixture
async def kit(
    app: QApplication, engine: DeskEngine, settings: SettingsFile, tasks: Tasks
) -> AsyncIterator[DeskKit]:
    opened: list[str] = []
    quits: list[bool] = []
    login = LoginSwitch()

    async def open_link(link: str) -> bool:
        opened.append(link)
        return True

    desk = Desk(
        app,
        engine,
        engine.log.reader,
        settings,
        tasks,
        start_at_login=login,
        on_quit=lambda: quits.append(True),
        open_link=open_link,
        now=lambda: shop.NOW,
        zone=ZONE,
    )
    yield DeskKit(desk, engine, settings, login, shop.Shop(), opened, quits, tasks)
    desk.hide()
    await tasks.stop(2.0)
    desk.close()
