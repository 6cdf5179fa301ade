"""A long outage is announced once, a short one never."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.events import BatchSummary
from app.domain.problems import Problem, Remedy
from app.domain.status import Reach
from app.eventlog import EventLog
from app.notices.rules import NoticeRules
from app.sync.outage import OutageWatch
from app.sync.outbox import Outbox
from app.sync.status_board import StatusBoard
from app.transport.clock import SystemClock
from tests.sync.rig import Desktop

PATIENCE = 0.2
GRACE = 1.0


async def no_batch(summary: BatchSummary) -> BatchSummary:
    return summary


class SleepyClock(SystemClock):
    """A clock of a computer that can sleep: the steady one stands still meanwhile."""

    slept = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.slept


class Scene:
    def __init__(self, log: EventLog) -> None:
        self.clock = SleepyClock()
        self.board = StatusBoard(self.clock)
        self.desktop = Desktop()
        outbox = Outbox(log, self.desktop, self.clock, NoticeRules(), no_batch)
        self.outages = OutageWatch(self.board, outbox, self.clock, patience=PATIENCE, grace=GRACE)

    async def becomes(self, reach: Reach, seconds: float = 0.0) -> None:
        self.board.change(reach=reach)
        await asyncio.sleep(seconds)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with await EventLog.open(tmp_path / "log.db", "ab" * 32) as log:
        scene = Scene(log)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(scene.outages.run())
            yield scene
            watching.cancel()


async def test_one_outage_is_one_notice_that_goes_away_when_it_is_over(scene: Scene) -> None:
    await scene.becomes(Reach.LIVE)
    await scene.becomes(Reach.RECONNECTING)
    [notice] = await scene.desktop.showed(1)
    assert notice.title == "Textbell is not watching"
    await scene.becomes(Reach.STOPPED, PATIENCE * 3)
    assert len(scene.desktop.shown) == 1
    await scene.becomes(Reach.LIVE, 0.02)
    assert scene.desktop.withdrawn == [notice.tag]


async def test_a_short_outage_and_a_signed_out_program_are_not_announced(scene: Scene) -> None:
    await scene.becomes(Reach.RECONNECTING, PATIENCE / 5)
    await scene.becomes(Reach.LIVE, PATIENCE * 2)
    await scene.becomes(Reach.SIGNED_OUT, PATIENCE * 2)
    assert scene.desktop.shown == []


async def test_a_start_without_a_network_is_an_outage(scene: Scene) -> None:
    await scene.becomes(Reach.CONNECTING)
    [notice] = await scene.desktop.showed(1)
    assert notice.title == "Textbell is not watching"


async def test_it_tells_since_when_nothing_is_known_to_have_come(scene: Scene) -> None:
    scene.board.change(reach=Reach.RECONNECTING, offline_since=datetime(2025, 11, 3, 12, 0, tzinfo=UTC))
    [notice] = await scene.desktop.showed(1)
    assert notice.body.startswith("No connection since Mon 3 Nov 2025, ")


async def test_it_tells_what_stopped_it(scene: Scene) -> None:
    problem = Problem("A permission is missing.", Remedy.OPEN_SETTINGS)
    scene.board.change(reach=Reach.STOPPED, problem=problem)
    [notice] = await scene.desktop.showed(1)
    assert (notice.title, notice.body) == ("Textbell is not watching", "A permission is missing.")


async def test_after_a_sleep_the_network_gets_its_time(scene: Scene) -> None:
    began = scene.clock.monotonic()
    await scene.becomes(Reach.RECONNECTING, PATIENCE / 2)
    scene.clock.slept = timedelta(hours=8)
    await scene.desktop.showed(1)
    assert scene.clock.monotonic() - began >= GRACE


async def test_a_computer_that_only_woke_up_says_nothing(scene: Scene) -> None:
    await scene.becomes(Reach.RECONNECTING, PATIENCE / 2)
    scene.clock.slept = timedelta(hours=8)
    await asyncio.sleep(GRACE / 2)
    await scene.becomes(Reach.LIVE, GRACE)
    assert scene.desktop.shown == []
