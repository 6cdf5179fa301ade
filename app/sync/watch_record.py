"""The record of when somebody was watching: gaps, with the reason for each, kept in the log."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.domain.clock import Clock, isoformat
from app.domain.gaps import SHORTEST, Gap, GapReason
from app.domain.problems import LogUnavailable
from app.domain.status import Reach, Status
from app.eventlog import EventLog
from app.sync.catch_up import COMPLETE_UNTIL
from app.sync.proof import DETECTION, Proof
from app.sync.status_board import StatusBoard
from app.transport.process_lock import ProcessLock
from app.transport.service_time import ServiceTime

log = logging.getLogger(__name__)

ALIVE = "alive"
"""Under this name the log keeps when the program last certainly ran."""

SIGN_OF_LIFE = 240.0
"""Seconds after which the program says that it runs, if it has nothing else to write. Most ends are known
better: an orderly one to the second, a crash by the last event."""

TURN = 10.0
"""Seconds between two attempts to keep the record instead of another process."""

LOCK = "record.lock"
"""File in the data directory: whoever holds it keeps the record."""

SELDOM = 5.0
"""Seconds between two such signs that go with events."""

MOMENT = timedelta(seconds=5)
"""A connection that lasted no longer did not end the interruption."""

RETRY = 30.0
"""Seconds until the next attempt to write to a log that refused."""

_REASONS = {
    Reach.LIVE: None,
    Reach.CONNECTING: GapReason.OFFLINE,
    Reach.RECONNECTING: GapReason.OFFLINE,
    Reach.SIGNED_OUT: GapReason.SIGNED_OUT,
    Reach.SIGNING_IN: GapReason.SIGNED_OUT,
    Reach.NO_NUMBERS: GapReason.STOPPED,
    Reach.STOPPED: GapReason.STOPPED,
}


class WatchRecord:
    """Follows the status and the clocks, and writes down when nothing was received, and why.

    Times are the service's, by which the log is sorted. An interruption that has several reasons, one after
    the other, becomes several gaps; what lasts less than ``SHORTEST`` counts to its neighbour.
    """

    def __init__(
        self,
        event_log: EventLog,
        board: StatusBoard,
        clock: Clock,
        time: ServiceTime,
        proof: Proof,
        *,
        folder: Path | None = None,
        slept: Callable[[], None],
        survived: Callable[[], None],
    ) -> None:
        """``folder`` belongs to all processes that share the log: one of them keeps the record.
        ``slept`` is called when the computer turns out to have slept; ``survived`` when a connection
        did that, too: whether everything came through it nobody can tell."""
        self._log = event_log
        self._board = board
        self._clock = clock
        self._time = time
        self._proof = proof
        self._slept = slept
        self._survived = survived
        self._turns: deque[tuple[datetime, GapReason | None]] = deque()
        self._reason: GapReason | None = None
        self._ever = False
        self._gap: Gap | None = None
        self._before: Gap | None = None  # The one from which this one followed without a break.
        self._last: Gap | None = None  # The one that ended last.
        self._began: datetime | None = None  # The first of those that followed one another.
        self._alive_at = float("-inf")
        self._woke_at: float | None = None
        self._wake = asyncio.Event()
        self._written = asyncio.Event()
        self._keeping = False
        lock = None if folder is None else folder / LOCK
        self._alone = ProcessLock(lock, patience=math.inf, sleep=self._let_another)

    def notes(self) -> dict[str, str]:
        """What is to be kept with the next events: that the program runs, and until when all is well."""
        if not self._ever or self._clock.monotonic() - self._alive_at < SELDOM:
            return {}
        return self._signs()

    async def up_to_date(self) -> None:
        """Wait until everything that happened so far is written, by this process if it keeps the record."""
        await self._written.wait()

    async def run(self) -> None:
        """Look at the clocks, and keep the record while no other process does, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat_on(), name="clocks")
            async with self._alone.held():
                await self._keep()

    async def _keep(self) -> None:
        await self._take_up()
        self._keeping = True
        unlisten = self._board.listen(self._look)
        try:
            self._look(self._board.status)
            while True:
                await self._write()
                self._wake.clear()
                if not self._turns:
                    await self._wake.wait()
        finally:
            unlisten()

    async def _let_another(self, _pause: float) -> None:
        # Another process keeps the record; what happens here happens there as well.
        self._written.set()
        await asyncio.sleep(TURN)

    async def end(self) -> None:
        """The program ends in good order: note when. Gives up if the log refuses."""
        with suppress(LogUnavailable):
            while self._turns:
                await self._turn(*self._turns[0])
                self._turns.popleft()
            if self._keeping and self._ever:
                await self._log.keep(self._signs())

    # ------------------------------------------------------------ what happens

    async def _take_up(self) -> None:
        """Go on from where the last run of the program ended."""
        while True:
            try:
                kept = await self._log.meta(ALIVE)
                unfinished = await self._log.unfinished_gaps()
                break
            except LogUnavailable:
                await asyncio.sleep(RETRY)
        if kept is None:
            return
        self._ever = True
        self._gap = next((gap for gap in unfinished[::-1] if gap.ended is None), None)
        self._began = None if self._gap is None else self._gap.began
        ended = min(self._time.now(), datetime.fromisoformat(kept).astimezone(UTC))
        self._reason = GapReason.CLOSED
        self._turns.append((ended, GapReason.CLOSED))

    def _look(self, status: Status) -> None:
        """Called whenever the status changes."""
        reason = _REASONS[status.reach]
        if reason is None and not self._ever:
            # The first connection of all: from here on there is something to keep a record of.
            self._ever = True
            self._wake.set()
        if reason is not self._reason:
            asleep = self._notice_sleep()
            now = self._time.now()
            if reason is GapReason.OFFLINE and self._reason is None and not asleep:
                # A connection that is dead without a farewell is noticed some time after its end.
                silence = self._clock.now() - (status.proof_at or self._clock.now())
                now -= min(max(timedelta(0), silence), DETECTION)
            self._happened(now, reason)

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(self._proof.beat_every)
            self._beat()
            if self._clock.monotonic() - self._alive_at >= SIGN_OF_LIFE:
                self._wake.set()

    def _beat(self) -> None:
        if (
            self._woke_at is not None
            and self._clock.monotonic() - self._woke_at >= self._proof.beat_every / 2
        ):
            self._woke_at = None
            if self._board.status.reach is Reach.LIVE:
                self._survived()
        if self._notice_sleep():
            self._slept()
            self._woke_at = self._clock.monotonic()

    def _notice_sleep(self) -> bool:
        slept = self._proof.beat()
        if not slept:
            return False
        log.info("the computer slept for %.0f s", slept)
        if self._reason in (None, GapReason.OFFLINE):
            now = self._time.now()
            awake = self._reason
            self._happened(now - timedelta(seconds=slept), GapReason.ASLEEP)
            self._happened(now, awake)
        return True

    def _happened(self, at: datetime, reason: GapReason | None) -> None:
        self._reason = reason
        if self._ever and self._keeping:
            self._turns.append((at, reason))
            self._written.clear()
            self._wake.set()

    # ------------------------------------------------------------ what is written

    async def _write(self) -> None:
        try:
            while self._turns:
                await self._turn(*self._turns[0])
                self._turns.popleft()
            if self._ever and self._clock.monotonic() - self._alive_at >= SIGN_OF_LIFE:
                await self._log.keep(self._signs())
        except LogUnavailable:
            log.warning("the record of gaps could not be written")
            await asyncio.sleep(RETRY)
            self._wake.set()
            return
        self._written.set()

    def _signs(self) -> dict[str, str]:
        self._alive_at = self._clock.monotonic()
        signs = {ALIVE: isoformat(self._time.now())} if self._keeping else {}
        if (until := self._proof.until) is not None:
            signs[COMPLETE_UNTIL] = isoformat(until)
        return signs

    async def _turn(self, at: datetime, reason: GapReason | None) -> None:
        gap = self._gap
        if gap is None:
            if reason is not None:
                self._gap = await self._log.open_gap(at, reason)
                if self._last is not None and self._last.ended is not None:
                    # It was over for no more than a moment.
                    self._before = self._last if at - self._last.ended < MOMENT else None
                self._began = (self._before or self._gap).began
        elif reason is None:
            await self._end(gap, at)
        elif reason is gap.reason:
            pass
        elif at - gap.began >= SHORTEST:
            await self._log.change_gap(gap.id, ended=at)
            self._gap, self._before = await self._log.open_gap(at, reason), replace(gap, ended=at)
        elif self._before is not None and self._before.reason is reason:
            # Too short to speak of, and as before: it never was.
            await self._log.join_gap(gap.id, self._before.id)
            self._gap, self._before = replace(self._before, ended=None), None
        else:
            await self._log.change_gap(gap.id, reason=reason)
            self._gap = replace(gap, reason=reason)
        self._tell()

    async def _end(self, gap: Gap, at: datetime) -> None:
        await self._log.change_gap(gap.id, ended=at)
        if self._before is not None and at - gap.began < SHORTEST:
            await self._log.join_gap(gap.id, self._before.id)
            gap = self._before
        self._last = replace(gap, ended=at)
        self._gap = self._before = self._began = None

    def _tell(self) -> None:
        self._board.change(offline_since=self._began)
