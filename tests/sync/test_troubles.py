"""A log that refuses, a queue that is full, and debts of notices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from app.domain.events import Appended, BatchSummary, Event, Family, ResumePoint, Source
from app.domain.problems import Problem
from app.domain.status import Reach
from app.eventlog import EventLog
from app.notices.port import NoticeKind
from app.notices.rules import NoticeRules
from app.sandbox import Sandbox
from app.sync import intake as intake_module
from app.sync.intake import Intake
from app.sync.outbox import Outbox
from app.transport.clock import SystemClock
from tests.sync.rig import CUSTOMER, PATIENCE, Installation, became, reached, reaches, run, stored

KEY = "ab" * 32
UNLIMITED = 4_000_000_000


def _event(number: int, text: str = "Hello") -> Event:
    moment = datetime(2026, 11, 3, 9, 0, number % 60, tzinfo=UTC)
    raw = f'{{"uuid":"{number}","body":{{}}}}'
    return Event(
        Family.INBOUND, str(number), "", moment, moment, Source.LIVE, raw, ref=str(number), text=text
    )


@pytest.fixture
async def event_log(tmp_path: Path) -> AsyncIterator[EventLog]:
    async with await EventLog.open(tmp_path / "log.db", KEY) as log:
        yield log


async def _allow_pages(log: EventLog, pages: Callable[[int], int]) -> None:
    """Let the log's file grow to so many pages: what a full disk does, and SQLite's own limit as well."""

    def limit(connection: apsw.Connection) -> None:
        connection.pragma("max_page_count", pages(connection.pragma("page_count")))

    await log._run(lambda: limit(log._connection))


@asynccontextmanager
async def _running(intake: Intake) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(intake.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class _Heard:
    def __init__(self) -> None:
        self.stored: list[Appended] = []
        self.troubles: list[Problem | None] = []
        self.changed = asyncio.Event()

    def on_stored(self, appended: Appended) -> None:
        self.stored.append(appended)
        self.changed.set()

    def on_trouble(self, problem: Problem | None) -> None:
        self.troubles.append(problem)
        self.changed.set()

    async def heard(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def _intake(log: EventLog, heard: _Heard, **options: float) -> Intake:
    return Intake(log, stored=heard.on_stored, trouble=heard.on_trouble, **options)  # type: ignore[arg-type]


async def test_a_full_disk_keeps_events_waiting(event_log: EventLog) -> None:
    heard = _Heard()
    intake = _intake(event_log, heard, retry_delay=0.02)
    await _allow_pages(event_log, lambda now: now)
    async with _running(intake):
        for number in range(300):
            intake.put(_event(number, "long " * 100), ResumePoint("wsc", number))
        await heard.heard(lambda: heard.troubles)
        assert heard.troubles[0] is not None
        assert "full" in heard.troubles[0].message
        assert len(intake) == 300
        assert await event_log.resume_point() is None
        await _allow_pages(event_log, lambda _: UNLIMITED)
        await heard.heard(lambda: heard.troubles[-1] is None)
        await intake.settled()
    assert len([entry for appended in heard.stored for entry in appended.new]) == 300
    assert await event_log.resume_point() == ResumePoint("wsc", 299)


async def test_an_ending_program_gives_a_full_disk_up(event_log: EventLog) -> None:
    heard = _Heard()
    intake = _intake(event_log, heard)
    await _allow_pages(event_log, lambda now: now)
    for number in range(300):
        intake.put(_event(number, "long " * 100))
    async with asyncio.timeout(2):
        await intake.drain()
    assert len(intake) == 300
    await _allow_pages(event_log, lambda _: UNLIMITED)
    await intake.drain()
    assert len(intake) == 0


async def test_a_write_that_is_cancelled_is_still_told_of(event_log: EventLog) -> None:
    heard = _Heard()
    intake = _intake(event_log, heard)
    for number in range(400):
        intake.put(_event(number))
    for _ in range(20):  # at whatever moment it is cancelled
        async with _running(intake):
            await asyncio.sleep(0)
    await intake.drain()
    told = [entry.id for appended in heard.stored for entry in appended.new]
    assert len(told) == len(set(told)) == 400
    assert (await event_log.reader.stats()).events == 400


async def test_a_full_queue_takes_nothing_more(event_log: EventLog) -> None:
    intake = _intake(event_log, _Heard(), longest_queue=2)
    intake.put(_event(1))
    intake.put(_event(2))
    with pytest.raises(asyncio.QueueFull):
        intake.put(_event(3))
    assert len(intake) == 2


async def test_notes_are_kept_without_events(event_log: EventLog) -> None:
    intake = _intake(event_log, _Heard())
    intake.note("subscription", "abc")
    async with _running(intake):
        await intake.settled()
    assert await event_log.meta("subscription") == "abc"


async def test_the_status_tells_of_a_full_disk(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop.watching() as engine:
        monkeypatch.setattr(engine._intake, "_retry_delay", 0.05)
        await _allow_pages(engine.log, lambda now: now)
        box.world.flood(200)
        status = await became(engine, lambda status: status.problem is not None)
        assert status.problem is not None
        assert "full" in status.problem.message
        # A new connection does not make the trouble go away.
        box.gateway.drop()
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        await engine.check_now()
        status = await reached(engine, Reach.LIVE)
        assert status.problem is not None
        await _allow_pages(engine.log, lambda _: UNLIMITED)
        await became(engine, lambda status: status.problem is None)
        await stored(engine, 200)


async def test_too_much_at_once_costs_the_connection_not_the_events(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        intake_module.Intake.__init__, "__kwdefaults__", {"longest_queue": 20, "retry_delay": 5}
    )
    async with shop.watching() as engine:
        seen = reaches(engine)
        box.world.flood(60)
        await became(engine, lambda status: Reach.RECONNECTING in seen)
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        box.world.inbound(CUSTOMER, "and on it goes")
        await stored(engine, 1, '"and on it goes"')
        assert box.gateway.connections_made >= 2
        # What the service had sent and nobody took is read back; what was taken is stored once.
        await stored(engine, 60, "Message")


async def test_debts_are_announced_once_by_the_next_start(shop: Installation, box: Sandbox) -> None:
    async with shop.watching(announcing=False) as engine:
        box.world.opt_out(CUSTOMER)
        box.world.opt_out("+12125550101")
        await stored(engine, 2, "type:optout")
    assert shop.desktop.shown == []
    async with shop.idle() as engine, run(engine):
        [notice] = await shop.desktop.showed(1)
        assert notice.title == "While you were away"
        assert "2 customers opted out" in notice.body
        assert len(notice.entry_ids) == 2
    async with shop.watching() as engine:
        box.world.opt_out("+12125550102")
        notices = await shop.desktop.showed(2)
        assert notices[-1].title == "(212) 555-0102 opted out"
    assert len(shop.desktop.shown) == 2
    async with shop.idle() as engine:
        assert await engine.log.due() == ()


async def test_debts_and_news_together_are_announced_once(event_log: EventLog, shop: Installation) -> None:
    moment = datetime.now(UTC)
    event = Event(
        Family.OPTOUT, "1", "", moment, moment, Source.LIVE, "{}",
        number="+16505550100", customer=CUSTOMER, state="OptedOut",
    )  # fmt: skip
    outbox = Outbox(event_log, shop.desktop, SystemClock(), NoticeRules(), _no_batch)
    outbox.offer(await event_log.append([event]))
    for _ in range(2):  # as after a fault of the engine
        task = asyncio.get_running_loop().create_task(outbox.run())
        await shop.desktop.showed(1)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait({task})
    assert len(shop.desktop.shown) == 1


async def _no_batch(summary: BatchSummary) -> BatchSummary:
    return summary


async def test_a_finished_batch_is_announced_with_its_text(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        batch = box.world.create_batch("Our holiday hours", size=4)
        box.world.complete_batch(batch.id)
        [notice, *_] = await shop.desktop.showed(1)
        assert notice.kind is NoticeKind.BATCH
        assert notice.title == "Batch finished: 4 texts"
        assert "Our holiday hours" in notice.body
        await stored(engine, sum(len(change.uuids) for change in box.world.journal.truth))
        assert {each.tag for each in shop.desktop.shown} == {notice.tag}


async def test_nothing_is_announced_during_a_pause(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        engine.pause(datetime.now(UTC) + timedelta(hours=1))
        assert engine.status.paused_until is not None
        box.world.opt_out(CUSTOMER)
        await stored(engine, 1, "type:optout")
        assert shop.desktop.shown == []
        engine.pause(None)
        [notice] = await shop.desktop.showed(1)
        assert notice.kind is NoticeKind.OPTED_OUT


async def test_a_trial_notification(shop: Installation) -> None:
    async with shop.idle() as engine:
        assert await engine.test_notification()
        assert shop.desktop.shown[0].kind is NoticeKind.TEST
    async with shop.idle(announcing=False) as engine:
        assert not await engine.test_notification()
