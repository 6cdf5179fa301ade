"""After every connection: what the stream cannot have told is read back, in the background."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.clock import Clock, isoformat
from app.domain.gaps import SHORTEST
from app.domain.problems import Expected, PermissionMissing, Problem, SignInNeeded
from app.domain.status import CatchingUp
from app.sync.backoff import Backoff
from app.sync.consents import LONG
from app.sync.proof import Proof
from app.sync.read_back import Progress, ReadBack
from app.sync.reading import Reading
from app.sync.status_board import StatusBoard
from app.sync.to_read import Span
from app.transport.service_time import ServiceTime

log = logging.getLogger(__name__)

COMPLETE_UNTIL = "complete_until"
"""Under this name the log keeps until when it holds everything there was, or notes it as to be read."""

OVERLAP = timedelta(minutes=10)
"""Read again before the gap: what was made just before it may have reached the lists late."""

LOOK_AGAIN = 180.0
"""Seconds after which the newest part is read once more: lists may lag behind the stream by moments. After
a long gap the consents are checked then as well."""

QUIET = 2.0
"""Seconds that a reading may take before it is worth a word, if hardly anything can have been missed."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is told of catching up. All are called in the loop's thread."""

    connected: Callable[[], None]
    """Events come again."""
    lost: Callable[[], None]
    """They do not any more."""
    gave_up: Callable[[], None]
    """A gap could not be closed, for now."""
    done: Callable[[], None]
    """Everything that was to be read back is in the log."""
    recorded: Callable[[], Awaitable[None]]
    """Returns when the record of gaps is up to date."""


class CatchUp:
    """Keeps the log complete over gaps: knows until when it is, and closes what is missing.

    Whatever the gateway says of its own recovery, each connection is followed by a reading back: a
    replay holds the newest hundred events at most, and none that were written into a dead socket.
    What is to be read is noted in the log before anything else, in one transaction with the claim that
    the log is complete but for that: so whoever is interrupted, however often, goes on where he was.
    """

    def __init__(
        self,
        reading: Reading,
        proof: Proof,
        clock: Clock,
        time: ServiceTime,
        board: StatusBoard,
        new_read_back: Callable[[Reading, Progress], ReadBack],
        hooks: Hooks,
    ) -> None:
        """``new_read_back`` may raise SignInNeeded."""
        self._reading = reading
        self._proof = proof
        self._clock = clock
        self._time = time
        self._board = board
        self._new_read_back = new_read_back
        self._hooks = hooks
        self._live_since: datetime | None = None
        self._noted_until: datetime | None = None
        self._look_again_at: float | None = None
        self._ended: tuple[int, ...] = ()
        self._check_since: datetime | None = None
        self._problem: Problem | None = None
        self._asked = asyncio.Event()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = Backoff(random.random, first=5.0, longest=120.0)

    def connected(self) -> None:
        """Events come live from now on."""
        self._live_since = max(self._time.now(), self._time.steady())
        self._idle.clear()
        self._asked.set()
        self._hooks.connected()

    def lost(self) -> None:
        """They do not any more."""
        self._proof.lost()
        self._live_since = None
        self._look_again_at = None
        self._hooks.lost()

    async def caught_up(self) -> None:
        """Wait until what the connections so far could not tell has been read back."""
        await self._idle.wait()

    async def run(self) -> None:
        """Read back after each connection, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note_connections(), name="what is to be read")
            tasks.create_task(self._read_on(), name="reading back")

    # ------------------------------------------------------------ what is to be read

    async def _note_connections(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._note()
            except Expected as error:
                log.warning("what is to be read cannot be noted: %s", type(error).__name__)
                await _signal(self._asked, self._backoff.next())
                self._asked.set()

    async def _note(self) -> None:
        live_since = self._live_since
        if live_since is None:
            return  # Lost again: the next connection asks anew.
        kept = await self._reading.log.meta(COMPLETE_UNTIL)
        claim = {COMPLETE_UNTIL: isoformat(live_since)}
        if kept is None:
            # What happened before the first connection of all is not ours to tell. But where nothing tells
            # the times of consents, later changes show only against what there was.
            await self._reading.ask_for_consents(Span(live_since, live_since), claim)
        else:
            complete = max(datetime.fromisoformat(kept).astimezone(UTC), self._proof.until or _LONG_AGO)
            since = min(complete, live_since) - OVERLAP
            await self._reading.ask_for(Span(since, live_since), claim)
            if live_since - since >= LONG and self._check_since is None:
                self._check_since = since
        if self._live_since == live_since:
            self._proof.covered(live_since)
        await self._hooks.recorded()
        gaps = await self._reading.log.unfinished_gaps()
        self._ended = tuple(gap.id for gap in gaps if gap.ended is not None)
        self._noted_until = live_since
        self._look_again_at = None
        self._work.set()

    # ------------------------------------------------------------ reading

    async def _read_on(self) -> None:
        while True:
            look_again = not await self._something_to_read()
            try:
                if look_again:
                    await self._note_second_look()
                await self._read(second_look=look_again)
            except Expected as error:
                log.info("reading back did not come to its end: %s", type(error).__name__)
                if isinstance(error, SignInNeeded):
                    self._board.change(catching_up=None)
                if isinstance(error, PermissionMissing):
                    # Nothing but a word with the administrator ends this.
                    self._complain(error.problem())
                self._hooks.gave_up()
                await _signal(self._work, self._backoff.next())
                self._work.set()
            else:
                self._backoff.reset()
                self._complain(None)

    def _complain(self, problem: Problem | None) -> None:
        """Tell what keeps gaps from being closed; ``None``: nothing does, any more."""
        if problem != self._problem and self._board.status.problem in (None, self._problem):
            self._board.change(problem=problem)
        self._problem = problem

    async def _something_to_read(self) -> bool:
        """Wait for it; False if it is time for the second look."""
        while True:
            wait = None if self._look_again_at is None else self._look_again_at - self._clock.monotonic()
            if await _signal(self._work, wait):
                self._work.clear()
                return True
            if self._look_again_at is not None and self._look_again_at <= self._clock.monotonic():
                self._look_again_at = None
                return False

    async def _note_second_look(self) -> None:
        if self._noted_until is not None:
            await self._reading.ask_for(Span(self._noted_until - OVERLAP, self._time.now()))

    async def _read(self, *, second_look: bool) -> None:
        until = self._noted_until
        if until is None:
            return
        began = self._clock.monotonic()
        since = await self._began()

        def show(left: int | None, waiting_until: datetime | None) -> None:
            passed = self._clock.monotonic() - began
            if since is not None or waiting_until is not None or passed >= QUIET:
                self._board.change(catching_up=CatchingUp(since or until, left, waiting_until))

        show(None, None)
        check = self._check_since if second_look else None
        await self._new_read_back(self._reading, show).run(again=second_look, check_since=check)
        if second_look:
            self._check_since = None
        # What was asked for meanwhile was read as well.
        ended, self._ended = self._ended, ()
        await self._reading.log.close_gaps(ended)
        self._board.change(catching_up=None)
        self._hooks.done()
        if not self._asked.is_set() and not self._work.is_set():
            self._idle.set()
        if not second_look:
            self._look_again_at = self._clock.monotonic() + LOOK_AGAIN

    async def _began(self) -> datetime | None:
        """When the oldest gap began that is worth a word; ``None``: there is none."""
        for gap in await self._reading.log.unfinished_gaps():
            if gap.ended is not None and gap.ended - gap.began >= SHORTEST:
                return gap.began
        return None


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def _signal(event: asyncio.Event, within: float | None) -> bool:
    """Wait for it, and return whether it came in so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
            return True
    return False
