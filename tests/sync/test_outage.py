"""A long outage is announced once, a short one never."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.events import BatchSummary
from app.domain.status import Reach
from app.eventlog import EventLog
from app.notices.rules import NoticeRules
from app.sync.outage import OutageWatch
from app.sync.outbox import Outbox
from app.sync.status_board import StatusBoard
from app.transport.clock import SystemClock
from tests.sync.rig import Desktop

PATIENCE = 0.05


async def no_batch(summary: BatchSummary) -> BatchSummary:
    return summary


class Scene:
    def __init__(self, log: EventLog) -> None:
        clock = SystemClock()
        self.board = StatusBoard(clock)
        self.desktop = Desktop()
        outbox = Outbox(log, self.desktop, clock, NoticeRules(), no_batch)
        self.outages = OutageWatch(self.board, outbox, clock, patience=PATIENCE)

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
