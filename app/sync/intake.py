"""From the gateway into the log: what arrived is stored, in groups, before anyone is told of it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
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


class Intake:
    """A queue in front of the log, and the task that empties it."""

    def __init__(
        self,
        event_log: EventLog,
        *,
        stored: Callable[[Appended], None],
        trouble: Callable[[Problem | None], None],
        longest_queue: int = LONGEST_QUEUE,
    ) -> None:
        """``stored`` is called after every transaction; ``trouble`` when the log cannot be written,
        and with ``None`` when it can again."""
        self._log = event_log
        self._stored = stored
        self._trouble = trouble
        self._longest_queue = longest_queue
        self._queue: deque[tuple[Event | None, ResumePoint | None]] = deque()
        self._notes: dict[str, str] = {}
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_trouble = False

    def put(self, event: Event | None, resume: ResumePoint | None = None) -> None:
        """Queue an event. ``resume`` is where the session can be taken up after it, or (without an
        event) now.

        Raises:
            asyncio.QueueFull: the event was not taken.
        """
        if len(self._queue) >= self._longest_queue:
            raise asyncio.QueueFull
        self._queue.append((event, resume))
        self._idle.clear()
        self._arrived.set()

    def note(self, name: str, value: str) -> None:
        """Have a value kept in the log under a name, before anything queued after this is stored."""
        self._notes[name] = value

    def __len__(self) -> int:
        return len(self._queue)

    async def settled(self) -> None:
        """Wait until everything queued so far is stored."""
        await self._idle.wait()

    async def run(self) -> None:
        """Store what arrives, for ever. Cancelled, it leaves what is queued to ``drain``."""
        while True:
            await self._arrived.wait()
            await self._store_group()

    async def drain(self) -> None:
        """Store what is still queued: the last step of shutting down. Gives up if the log refuses."""
        while self._queue:
            if not await self._store_group(retry=False):
                log.error("%d events could not be stored before the end", len(self._queue))
                return

    async def _store_group(self, *, retry: bool = True) -> bool:
        # No lingering: while one transaction is being committed the next group gathers by itself,
        # so groups grow exactly when there is something to gain from it.
        group = list(islice(self._queue, LARGEST_GROUP))
        resume = next((point for _, point in reversed(group) if point is not None), None)
        events = [event for event, _ in group if event is not None]
        appended = await self._append(events, resume, retry=retry)
        if appended is None:
            return False
        for _ in group:
            self._queue.popleft()
        if not self._queue:
            self._arrived.clear()
            self._idle.set()
        self._stored(appended)
        return True

    async def _append(
        self, events: Sequence[Event], resume: ResumePoint | None, *, retry: bool
    ) -> Appended | None:
        while True:
            try:
                # A commit that has begun is not abandoned: cancelled in the middle, the group stays
                # queued and the log's own de-duplication makes a second attempt harmless.
                for name, value in tuple(self._notes.items()):
                    await self._log.set_meta(name, value)
                    if self._notes.get(name) == value:
                        del self._notes[name]
                appended = await self._log.append(events, resume=resume)
            except LogUnavailable as error:
                log.warning("the log refused %d events", len(events))
                self._in_trouble = True
                self._trouble(error.problem())
                if not retry:
                    return None
                await asyncio.sleep(RETRY_DELAY)
            else:
                if self._in_trouble:
                    self._in_trouble = False
                    self._trouble(None)
                return appended
