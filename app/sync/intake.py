"""From the gateway into the log: what arrived is stored, in groups, before anyone is told of it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NoReturn

from app.domain.events import Appended, Event, ResumePoint
from app.domain.problems import LogUnavailable, Problem
from app.eventlog import EventLog

log = logging.getLogger(__name__)

LARGEST_GROUP = 512
"""Events in one transaction: beyond that, a commit gains little and others wait longer. A power of two,
because rows are written by statements of so many."""
LONGEST_QUEUE = 50_000
"""Events held in memory. Beyond that the connection is given up, never an event: what was not
stored is fetched again."""
RETRY_DELAY = 5.0
"""Seconds between attempts to write to a log that refuses."""
_AT_ONCE = 2
"""Groups handed to the log's thread together in a flood, so that it need not wait for the loop between."""


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
        self.along: Callable[[], Mapping[str, str]] = dict
        """Tells what else is to be kept in the log, under which names, whenever events are stored."""
        self._series = event_log.series()
        self._stored = stored
        self._trouble = trouble
        self._longest_queue = longest_queue
        self._retry_delay = retry_delay
        self._queue: deque[tuple[Event | None, ResumePoint | None]] = deque()
        self._notes: dict[str, str] = {}
        self._writing = 0  # groups
        self._begun = 0  # events at the head of the queue, which are in those groups
        self._open = False
        self._results: deque[Appended] = deque()
        self._failure: BaseException | None = None
        self._changed = asyncio.Event()
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

    @property
    def oldest(self) -> datetime | None:
        """When the oldest event arrived that is not stored yet; ``None``: all are."""
        return next((event.received_at for event, _ in self._queue if event is not None), None)

    def __len__(self) -> int:
        return len(self._queue)

    async def settled(self) -> None:
        """Wait until everything queued so far is stored."""
        await self._idle.wait()

    async def run(self) -> NoReturn:
        """Store what arrives, for ever. Cancelled, it leaves what is not stored yet to ``drain``."""
        self._open = True
        try:
            while True:
                self._begin()
                await self._changed.wait()
                self._tell()
                failure = await self._failed()
                if failure is not None:
                    self._in_trouble = True
                    self._trouble(failure.problem())
                    await asyncio.sleep(self._retry_delay)
                    self._failure = None
        finally:
            self._open = False

    async def drain(self) -> None:
        """Store what is still queued: the last step of shutting down. Gives up if the log refuses."""
        self._failure = None
        self._open = True
        try:
            self._begin()
            while True:
                self._tell()
                if await self._failed() is not None:
                    log.warning("%d events could not be stored before the end", len(self._queue))
                    return
                if self._idle.is_set():
                    return
                await self._changed.wait()
        finally:
            self._open = False

    def _something_to_do(self) -> None:
        self._idle.clear()
        if self._open and not self._writing:
            self._begin()

    def _begin(self) -> None:
        """Hand groups to the log, as many as are good for it now."""
        # No lingering: while one transaction is being committed the next group gathers by itself,
        # so groups grow exactly when there is something to gain from it.
        while self._open and self._failure is None and self._writing < _AT_ONCE:
            waiting = len(self._queue) - self._begun
            if self._writing and waiting < LARGEST_GROUP:
                return
            if not waiting and not self._notes:
                return
            group = list(islice(self._queue, self._begun, self._begun + LARGEST_GROUP))
            notes, self._notes = self._notes, {}
            future = self._series.append(
                [event for event, _ in group if event is not None],
                resume=next((point for _, point in reversed(group) if point is not None), None),
                notes={**self.along(), **notes},
            )
            self._writing += 1
            self._begun += len(group)
            future.add_done_callback(partial(self._ended, len(group), notes))

    def _ended(self, size: int, notes: dict[str, str], future: asyncio.Future[Appended]) -> None:
        """One group is written, or is not. They end in the order in which they were begun."""
        self._writing -= 1
        self._begun -= size
        failure = future.exception()
        if failure is None:
            for _ in range(size):
                self._queue.popleft()
            self._results.append(future.result())
        else:
            self._notes = notes | self._notes
            self._failure = self._failure or failure
        self._begin()
        self._changed.set()

    def _tell(self) -> None:
        """Tell of what was stored."""
        self._changed.clear()
        while self._results:
            if self._in_trouble:
                self._in_trouble = False
                self._trouble(None)
            self._stored(self._results.popleft())
        if not self._queue and not self._notes and not self._writing:
            self._idle.set()

    async def _failed(self) -> LogUnavailable | None:
        """Why the log refused, if it did; then nothing is under way any more.

        Raises:
            BaseException: what went wrong was no refusal.
        """
        if self._failure is None:
            return None
        while self._writing:
            await self._changed.wait()
            self._changed.clear()
        if not isinstance(self._failure, LogUnavailable):
            raise self._failure
        log.warning("the log refused %d events", len(self._queue))
        return self._failure
