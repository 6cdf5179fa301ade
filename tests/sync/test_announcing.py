"""What is announced when, and that nothing on the way from the log to the desktop loses or repeats it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.domain.events import BatchSummary, Event, Source
from app.domain.problems import LogUnavailable
from app.domain.status import Reach
from app.eventlog import EventLog
from app.notices import lateness
from app.notices.port import NoticeKind
from app.notices.rules import NoticeRules
from app.sandbox import Sandbox
from app.sync import outbox as outbox_module
from app.sync.outbox import Outbox
from app.transport.clock import SystemClock
from tests.eventlog.events import batch, opt
from tests.sync.rig import CUSTOMER, FRONT, Desktop, Installation, became, reached, stored

KEY = "ab" * 32
AT_ONCE = 2.0
"""Seconds. What waits for its turn waits for five at least."""


@pytest.fixture
async def event_log(tmp_path: Path) -> AsyncIterator[EventLog]:
    async with await EventLog.open(tmp_path / "log.db", KEY) as log:
        yield log


async def no_batch(summary: BatchSummary) -> BatchSummary:
    return summary


def outbox_of(log: EventLog, desktop: Desktop) -> Outbox:
    return Outbox(log, desktop, SystemClock(), NoticeRules(), no_batch)


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(outbox.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled()


async def store(log: EventLog, outbox: Outbox, *events: Event) -> tuple[int, ...]:
    appended = await log.append(events)
    outbox.offer(appended)
    return tuple(entry.id for entry in appended.new)


async def nothing_owed(log: EventLog) -> None:
    async with asyncio.timeout(10):
        while await log.due():
            await asyncio.sleep(0.005)


def customer(number: int) -> str:
    return f"+1212555{number:04d}"


# ------------------------------------------------------------------ the engine


async def test_live_news_after_a_digest_is_announced_at_once(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await stored(engine, 1)
    box.gateway.forget_sessions()
    box.world.opt_out(customer(1), number=FRONT)
    async with shop.watching():
        [older] = await shop.desktop.showed(1)
        assert older.title == "(212) 555-0001 opted out"
        async with asyncio.timeout(AT_ONCE):
            box.world.opt_out(customer(2), number=FRONT)
            assert (await shop.desktop.showed(2))[1].title == "(212) 555-0002 opted out"
            done = box.world.create_batch("Hello", number=FRONT, size=2)
            box.world.complete_batch(done.id)
            assert (await shop.desktop.showed(3))[2].kind is NoticeKind.BATCH


async def _interrupt(box: Sandbox, shop: Installation) -> list[str]:
    """Two customers opt out while the connection is gone; it is resumed. The titles shown."""
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "before", number=FRONT)
        await stored(engine, 1)
        box.gateway.drop()
        await became(engine, lambda status: status.reach is not Reach.LIVE)
        for number in (1, 2):
            box.world.opt_out(customer(number), number=FRONT)
        await engine.check_now()
        await reached(engine, Reach.LIVE)
        entries = await stored(engine, 2, "type:optout")
        assert {entry.event.source for entry in entries} == {Source.REPLAYED}
        await shop.desktop.showed(1)
        return shop.desktop.titles


async def test_what_is_replayed_after_a_blip_is_announced_like_live_events(
    shop: Installation, box: Sandbox
) -> None:
    [title] = (await _interrupt(box, shop))[:1]
    assert title in ("(212) 555-0001 opted out", "2 customers opted out")


async def test_what_is_replayed_after_an_outage_is_one_digest(
    shop: Installation, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lateness, "BLIP", lateness.BLIP * 0)
    assert await _interrupt(box, shop) == ["While you were away"]


async def test_what_somebody_looks_at_is_not_announced(shop: Installation, box: Sandbox) -> None:
    async with shop.watching() as engine:
        looking = engine.attend(lambda entry: entry.event.customer != customer(3))
        box.world.opt_out(customer(1), number=FRONT)
        box.world.opt_out(customer(2), number=FRONT)
        box.world.opt_out(customer(3), number=FRONT)
        [notice] = await shop.desktop.showed(1)
        assert notice.title == "(212) 555-0003 opted out"
        looking()
        done = box.world.create_batch("Hello", number=FRONT, size=2)
        box.world.complete_batch(done.id)
        assert (await shop.desktop.showed(2))[1].kind is NoticeKind.BATCH
        await nothing_owed(engine.log)


# ------------------------------------------------------------------ the outbox


async def test_a_service_that_is_slow_to_name_a_batch_holds_up_nothing_else(event_log: EventLog) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(summary: BatchSummary) -> BatchSummary:
        asked.set()
        await answer.wait()
        return BatchSummary(summary.batch_id, summary.number, summary.size, summary.state, text="Hello!")

    desktop = Desktop()
    outbox = Outbox(event_log, desktop, SystemClock(), NoticeRules(), slow)
    async with running(outbox):
        await store(event_log, outbox, batch("b-1"), opt(customer=customer(1)))
        await asked.wait()
        [notice] = await desktop.showed(1)
        assert notice.kind is NoticeKind.OPTED_OUT
        assert len(await event_log.due()) == 1
        answer.set()
        notice = (await desktop.showed(2))[1]
        assert "Hello!" in notice.body
        await nothing_owed(event_log)
    assert len(desktop.shown) == 2


async def test_what_another_process_stored_is_announced(event_log: EventLog, tmp_path: Path) -> None:
    desktop = Desktop()
    outbox = outbox_of(event_log, desktop)
    outbox.connected()
    outbox.sum_up()
    async with running(outbox), await EventLog.open(tmp_path / "log.db", KEY) as other:
        event = opt(at=SystemClock().now())
        [entry] = (await other.append([event])).new
        await store(event_log, outbox, event)
        [notice] = await desktop.showed(1)
        assert notice.entry_ids == (entry.id,)
        await store(event_log, outbox, event)
        await nothing_owed(event_log)
    assert len(desktop.shown) == 1


async def test_debts_that_nobody_closes_the_gap_for_are_told_after_a_while(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await event_log.append([opt(source=Source.READ_BACK), batch("b-1")])
    monkeypatch.setattr(lateness, "PATIENCE", lateness.PATIENCE / 600)
    desktop = Desktop()
    async with running(outbox_of(event_log, desktop)):
        [notice] = await desktop.showed(1)
        assert notice.body == "1 batch finished, 1 customer opted out."
        await nothing_owed(event_log)


async def test_an_import_is_silent(event_log: EventLog) -> None:
    desktop = Desktop()
    outbox = outbox_of(event_log, desktop)
    outbox.connected()
    async with running(outbox):
        outbox.offer(await event_log.append([opt(), batch("b-1")], news=False))
        outbox.sum_up()
        await store(event_log, outbox, opt(customer=customer(1)))
        await desktop.showed(1)
    assert desktop.titles == ["(212) 555-0001 opted out"]


class RefusingLog(EventLog):
    """A log that cannot be written for a while."""

    refusals = 3

    async def mark_noticed(self, ids: Iterable[int]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise LogUnavailable("The disk is full.")
        await super().mark_noticed(ids)


async def test_nothing_is_shown_that_the_next_run_would_show_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_DELAY", 0.01)
    async with await RefusingLog.open(tmp_path / "log.db", KEY) as log:
        desktop = Desktop()
        outbox = outbox_of(log, desktop)
        async with running(outbox):
            await store(log, outbox, opt())
            await desktop.showed(1)
            assert log.refusals == 0
            assert await log.due() == ()


class SlowDesktop(Desktop):
    """A daemon that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def show(self, notice: object) -> bool:
        self.asked.set()
        await self.answer.wait()
        return await super().show(notice)  # type: ignore[arg-type]


async def test_the_end_of_the_program_waits_for_what_is_being_shown(event_log: EventLog) -> None:
    desktop = SlowDesktop()
    outbox = outbox_of(event_log, desktop)
    task = asyncio.get_running_loop().create_task(outbox.run())
    await store(event_log, outbox, opt())
    await desktop.asked.wait()
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    desktop.answer.set()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
    assert len(desktop.shown) == 1
    assert await event_log.due() == ()
