"""From the gateway into the log: what arrived is stored, in groups, before anyone is told of it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from itertools import islice

from app.domain.events import Appended, Event, ResumePoint
from app.domain.problems import LogUnavailable, Problem
from app.eventlog import EventLog

log = logging.getLogger(__name__)

LARGEST_GROUP = 500
"""Events in one transaction: beyond that, a commit gains little and others wait longer."""
LONGEST_QUEUE = 50_000
"""Events held in memory. Beyond that the connection is given up, never an event: what was not
stored is fetched again."""
RETRY_DELAY = 5.0
"""Seconds between attempts to write to a log that refuses."""


class Intake:
    """A queue in front of the log, and the task that empties it."""

    def __init__(
        self,
        event_log: EventLog,
        *,
        stored: Callable[[Appended], None],
        trouble: Callable[[Problem | None], None],
        longest_queue: int = LONGEST_QUEUE,
        retry_delay: float = RETRY_DELAY,
    ) -> None:
        """``stored`` is called after every transaction; ``trouble`` when the log cannot be written,
        and with ``None`` when it can again."""
        self._log = event_log
        self._stored = stored
        self._trouble = trouble
        self._longest_queue = longest_queue
        self._retry_delay = retry_delay
        self._queue: deque[tuple[Event | None, ResumePoint | None]] = deque()
        self._notes: dict[str, str] = {}
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_trouble = False
        self._group = 0
        self._writing: asyncio.Task[Appended | None] | None = None

    def put(self, event: Event | None, resume: ResumePoint | None = None) -> None:
        """Queue an event. ``resume`` is where the session can be taken up after it, or (without an
        event) now.

        Raises:
            asyncio.QueueFull: the event was not taken.
        """
        if len(self._queue) >= self._longest_queue:
            raise asyncio.QueueFull
        self._queue.append((event, resume))
        self._something_to_do()

    async def give(self, event: Event) -> None:
        """Queue an event that can wait: it leaves half of the queue to what comes live."""
        while len(self._queue) >= self._longest_queue // 2:
            await self._idle.wait()
        self.put(event)

    def note(self, name: str, value: str) -> None:
        """Have a value kept in the log under a name, before anything queued after this is stored."""
        self._notes[name] = value
        self._something_to_do()

    def __len__(self) -> int:
        return len(self._queue)

    async def settled(self) -> None:
        """Wait until everything queued so far is stored."""
        await self._idle.wait()

    async def run(self) -> None:
        """Store what arrives, for ever. Cancelled, it leaves what is not stored yet to ``drain``."""
        while True:
            await self._arrived.wait()
            try:
                await self._store_group()
            except LogUnavailable as error:
                log.warning("the log refused %d events", self._group)
                self._in_trouble = True
                self._trouble(error.problem())
                await asyncio.sleep(self._retry_delay)
            else:
                if self._in_trouble:
                    self._in_trouble = False
                    self._trouble(None)

    async def drain(self) -> None:
        """Store what is still queued: the last step of shutting down. Gives up if the log refuses."""
        try:
            while self._queue or self._notes:
                await self._store_group()
        except LogUnavailable:
            log.warning("%d events could not be stored before the end", len(self._queue))

    def _something_to_do(self) -> None:
        self._idle.clear()
        self._arrived.set()

    async def _store_group(self) -> None:
        # A write that has begun comes to its end, and is told of, even if this task is cancelled in
        # the middle of it: `drain` waits for it.
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="log write")
        try:
            appended = await asyncio.shield(self._writing)
        except LogUnavailable:
            self._writing = None
            raise
        # Not when this task was cancelled, though the write may be done by then: what it stored is
        # still to be told of.
        self._writing = None
        for _ in range(self._group):
            self._queue.popleft()
        self._group = 0
        if not self._queue and not self._notes:
            self._arrived.clear()
            self._idle.set()
        if appended is not None:
            self._stored(appended)

    async def _write(self) -> Appended | None:
        for name, value in tuple(self._notes.items()):
            await self._log.set_meta(name, value)
            if self._notes.get(name) == value:
                del self._notes[name]
        # No lingering: while one transaction is being committed the next group gathers by itself,
        # so groups grow exactly when there is something to gain from it.
        group = list(islice(self._queue, LARGEST_GROUP))
        self._group = len(group)
        if not group:
            return None
        resume = next((point for _, point in reversed(group) if point is not None), None)
        return await self._log.append([event for event, _ in group if event is not None], resume=resume)
