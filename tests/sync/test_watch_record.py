"""The log says itself when somebody was watching, and why nobody was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.clock import isoformat
from app.domain.gaps import GapReason
from app.domain.status import Reach
from app.eventlog import EventLog
from app.sandbox import Sandbox
from app.sync import watch_record
from app.sync.catch_up import COMPLETE_UNTIL
from app.sync.proof import DETECTION, Proof
from app.sync.status_board import StatusBoard
from app.sync.watch_record import ALIVE, WatchRecord
from app.transport.service_time import ServiceTime
from tests.eventlog.conftest import KEY
from tests.sync.rig import CUSTOMER, FRONT, PATIENCE, Installation, became, reached, stored

MORNING = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)


class Clock:
    """Both times, set by hand."""

    def __init__(self) -> None:
        self.wall = MORNING
        self.steady = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def passes(self, minutes: float) -> None:
        self.wall += timedelta(minutes=minutes)
        self.steady += minutes * 60

    def sleeps(self, minutes: float) -> None:
        self.wall += timedelta(minutes=minutes)


class Desk:
    """A log, a status and the record between them."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self.board = StatusBoard(clock)
        self.time = ServiceTime(clock)
        self.oldest_unstored: datetime | None = None
        # Minutes pass in no time here: only what the wall clock gains over the other is a sleep.
        self.proof = Proof(clock, self.time, lambda: self.oldest_unstored, beat=1e9)
        self.told: list[str] = []
        self.record = WatchRecord(
            log,
            self.board,
            clock,
            self.time,
            self.proof,
            slept=lambda: self.told.append("slept"),
            survived=lambda: self.told.append("survived"),
        )

    async def becomes(self, reach: Reach) -> None:
        self.board.change(reach=reach)
        await self.settled()

    async def settled(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.record.up_to_date()

    async def gaps(self) -> list[tuple[float, float | None, GapReason]]:
        """In minutes since the morning began, oldest first."""
        found = []
        for gap in reversed(await self.log.reader.gaps()):
            ended = None if gap.ended is None else (gap.ended - MORNING) / timedelta(minutes=1)
            found.append(((gap.began - MORNING) / timedelta(minutes=1), ended, gap.reason))
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@asynccontextmanager
async def running(folder: Path, clock: Clock, *, orderly: bool = True) -> AsyncIterator[Desk]:
    """A run of the program, which ends in good order or does not."""
    async with await EventLog.open(folder / "log.db", KEY) as log:
        desk = Desk(log, clock)
        task = asyncio.get_running_loop().create_task(desk.record.run())
        try:
            await desk.settled()
            yield desk
            await desk.settled()
        finally:
            task.cancel()
            await asyncio.wait({task})
            if orderly:
                await desk.record.end()


async def watched(folder: Path, clock: Clock, minutes: float) -> None:
    """An earlier run that was live for so long, and ended in good order."""
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        clock.passes(minutes)


async def test_before_the_first_connection_of_all_there_is_nothing_to_record(
    folder: Path, clock: Clock
) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.SIGNED_OUT)
        clock.passes(30)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == []
        assert desk.board.status.offline_since is None


async def test_an_interruption(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        clock.passes(10)
        await desk.becomes(Reach.RECONNECTING)
        assert await desk.gaps() == [(10, None, GapReason.OFFLINE)]
        assert desk.board.status.offline_since == MORNING + timedelta(minutes=10)
        clock.passes(5)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(10, 15, GapReason.OFFLINE)]
        assert desk.board.status.offline_since is None
        clock.passes(5)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(0.5)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(10, 15, GapReason.OFFLINE)], "too short to speak of"


async def test_a_dead_connection_is_noticed_later_than_it_died(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        clock.passes(10)
        desk.board.change(proof_at=clock.now())
        clock.passes(0.7)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(5)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(10, pytest.approx(15.7), GapReason.OFFLINE)]


@pytest.mark.parametrize(
    ("reach", "reason"),
    [
        (Reach.SIGNED_OUT, GapReason.SIGNED_OUT),
        (Reach.NO_NUMBERS, GapReason.STOPPED),
        (Reach.STOPPED, GapReason.STOPPED),
        (Reach.CONNECTING, GapReason.OFFLINE),
    ],
)
async def test_why_nobody_watched(folder: Path, clock: Clock, reach: Reach, reason: GapReason) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        await desk.becomes(reach)
        clock.passes(5)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(0, 5, reason)]


async def test_reasons_that_follow_one_another(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(0.1)
        await desk.becomes(Reach.SIGNED_OUT)
        clock.passes(20)
        await desk.becomes(Reach.SIGNING_IN)
        await desk.becomes(Reach.CONNECTING)
        clock.passes(0.2)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(0, pytest.approx(20.3), GapReason.SIGNED_OUT)]
        clock.passes(10)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(10)
        await desk.becomes(Reach.SIGNED_OUT)
        assert desk.board.status.offline_since == MORNING + timedelta(minutes=30.3)
        clock.passes(10)
        await desk.becomes(Reach.LIVE)
        assert (await desk.gaps())[1:] == [
            (pytest.approx(30.3), pytest.approx(40.3), GapReason.OFFLINE),
            (pytest.approx(40.3), pytest.approx(50.3), GapReason.SIGNED_OUT),
        ]


async def test_the_program_was_closed(folder: Path, clock: Clock) -> None:
    await watched(folder, clock, 30)
    clock.passes(60)
    async with running(folder, clock) as desk:
        clock.passes(0.1)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(30, pytest.approx(90.1), GapReason.CLOSED)]
    # Started anew at once, it leaves nothing to speak of.
    clock.passes(0.1)
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        assert len(await desk.gaps()) == 1


async def test_closed_while_it_was_offline(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        clock.passes(10)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(10)
    clock.passes(60)
    async with running(folder, clock) as desk:
        await desk.settled()
        assert desk.board.status.offline_since == MORNING + timedelta(minutes=10)
        clock.passes(5)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [
            (10, 20, GapReason.OFFLINE),
            (20, 80, GapReason.CLOSED),
            (80, 85, GapReason.OFFLINE),
        ]


async def test_after_a_crash_the_last_sign_of_life_counts(folder: Path, clock: Clock) -> None:
    async with running(folder, clock, orderly=False) as desk:
        await desk.becomes(Reach.LIVE)
        clock.passes(7)
        # A sign of life goes with every event.
        assert desk.record.notes()[ALIVE] == isoformat(clock.now())
        await desk.log.append([], notes={ALIVE: isoformat(clock.now())})
        clock.passes(2)
    clock.passes(60)
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(7, 69, GapReason.CLOSED)]


async def test_the_computer_slept(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        clock.passes(10)
        clock.sleeps(97)
        clock.passes(0.1)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(0.1)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [(pytest.approx(10.1), pytest.approx(107.2), GapReason.ASLEEP)]


async def test_it_slept_while_there_was_no_network(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        await desk.becomes(Reach.LIVE)
        await desk.becomes(Reach.RECONNECTING)
        clock.passes(10)
        clock.sleeps(60)
        desk.record._beat()
        assert desk.told == ["slept"]
        clock.passes(10)
        await desk.becomes(Reach.LIVE)
        assert await desk.gaps() == [
            (0, 10, GapReason.OFFLINE),
            (10, 70, GapReason.ASLEEP),
            (70, 80, GapReason.OFFLINE),
        ]


async def test_a_connection_that_survived_a_sleep_is_not_trusted(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        desk.proof.beat_every = 30.0
        await desk.becomes(Reach.LIVE)
        clock.passes(0.4)
        desk.proof.covered(clock.now())
        clock.sleeps(5)
        desk.record._beat()
        assert desk.told == ["slept"]
        clock.passes(0.5)
        desk.record._beat()
        assert desk.told == ["slept", "survived"]
        await desk.settled()
        assert await desk.gaps() == [(pytest.approx(0.4), pytest.approx(5.4), GapReason.ASLEEP)]
        clock.passes(30)
        assert desk.proof.until == MORNING + timedelta(minutes=0.4)


async def test_of_two_programs_one_keeps_the_record(
    box: Sandbox, shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_record, "TURN", 0.02)
    async with shop.watching():
        pass
    async with shop.idle() as engine:
        await engine.log.set_meta(ALIVE, isoformat(datetime.now(UTC) - timedelta(hours=2)))
    async with shop.watching() as third, shop.watching() as fourth:
        # The later one took up the session of the other, which must make a new one.
        await became(third, lambda status: status.reach is not Reach.LIVE)
        await reached(third, Reach.LIVE)
        async with asyncio.timeout(PATIENCE):
            await third.caught_up()
            await fourth.caught_up()
        [gap] = await third.log.reader.gaps()
        assert (gap.reason, gap.closed) == (GapReason.CLOSED, True)
        await third.log.set_meta(ALIVE, None)
    # Whoever ends last has kept it to the end.
    async with shop.idle() as engine:
        assert await engine.log.meta(ALIVE) is not None
        assert len(await engine.log.reader.gaps()) == 1


# ------------------------------------------------------------------ until when all is well


async def test_what_is_proven_moves_on_while_a_connection_lives(folder: Path, clock: Clock) -> None:
    async with running(folder, clock) as desk:
        assert desk.proof.until is None
        await desk.becomes(Reach.LIVE)
        clock.passes(10)
        assert desk.proof.until is None, "what was before is not covered yet"
        desk.proof.covered(clock.now())
        clock.passes(10)
        assert desk.proof.until == clock.now() - DETECTION
        desk.oldest_unstored = clock.now() - timedelta(minutes=3)
        clock.passes(1)
        assert desk.proof.until == MORNING + timedelta(minutes=19), "it never goes back"
        clock.passes(10)
        assert desk.proof.until == MORNING + timedelta(minutes=19)
        desk.oldest_unstored = None
        assert desk.proof.until == clock.now() - DETECTION
        assert desk.record.notes()[COMPLETE_UNTIL] == isoformat(clock.now() - DETECTION)
        desk.proof.lost()
        proven = desk.proof.until
        clock.passes(60)
        assert desk.proof.until == proven


# ------------------------------------------------------------------ with everything else


async def test_a_laptop_that_sleeps_over_night(box: Sandbox, shop: Installation) -> None:
    class Lid(Clock):
        """Follows real time, which sleeps are added to."""

        def __init__(self) -> None:
            self.slept = timedelta(0)

        def now(self) -> datetime:
            return datetime.now(UTC) + self.slept

        def monotonic(self) -> float:
            return asyncio.get_running_loop().time()

    lid = Lid()
    shop.clock = lid
    async with shop.watching() as engine:
        box.world.inbound(CUSTOMER, "good night", number=FRONT)
        await stored(engine, 1)
        lid.slept += timedelta(hours=9)
        box.clock.skip(9 * 3600)
        box.gateway.forget_sessions()
        box.world.inbound(CUSTOMER, "good morning", number=FRONT)
        engine.woke()
        await reached(engine, Reach.RECONNECTING)
        await became(engine, lambda status: status.reach is Reach.LIVE and not status.catching_up)
        async with asyncio.timeout(PATIENCE):
            await engine.caught_up()
        await stored(engine, 2)
        [gap] = await engine.log.reader.gaps()
    assert (gap.reason, gap.closed) == (GapReason.ASLEEP, True)
    assert gap.ended is not None
    assert gap.ended - gap.began > timedelta(hours=8, minutes=59)
