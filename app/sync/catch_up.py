"""After every connection: what the stream cannot have told is read back, in the background."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.domain.clock import Clock, isoformat
from app.domain.problems import Expected
from app.eventlog import EventLog
from app.sync.backoff import Backoff
from app.sync.read_back import ReadBack

log = logging.getLogger(__name__)

COMPLETE_UNTIL = "complete_until"
"""Under this name the log keeps until when it holds everything there was."""

DETECTION = timedelta(seconds=60)
"""A connection may have been dead for so long before that was noticed."""


class CatchUp:
    """Keeps the log complete over gaps: knows until when it is, and closes what is missing.

    Whatever the gateway says of its own recovery, each connection is followed by a reading back: a
    replay holds the newest hundred events at most, and none that were written into a dead socket.
    """

    def __init__(
        self,
        event_log: EventLog,
        clock: Clock,
        new_read_back: Callable[[], ReadBack],
        done: Callable[[], None],
    ) -> None:
        """``new_read_back`` may raise SignInNeeded; ``done`` is called when a gap was closed."""
        self._log = event_log
        self._clock = clock
        self._new_read_back = new_read_back
        self._done = done
        self._live_since: datetime | None = None
        self._complete = False
        self._lost_at: datetime | None = None
        self._asked = asyncio.Event()
        self._backoff = Backoff(random.random, first=10.0, longest=300.0)

    def connected(self) -> None:
        """Events come live from now on."""
        self._live_since = self._clock.now()
        self._asked.set()

    def lost(self) -> None:
        """They do not any more."""
        if self._complete:
            self._lost_at = self._clock.now() - DETECTION
        self._live_since = None
        self._complete = False

    async def run(self) -> None:
        """Read back after each connection, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._close_gap()
            except Expected as error:
                log.info("reading back did not come to its end: %s", type(error).__name__)
                await self._pause(self._backoff.next())
            else:
                self._backoff.reset()

    async def _close_gap(self) -> None:
        live_since = self._live_since
        if live_since is None:
            return  # Lost again: the next connection asks anew.
        if self._lost_at is not None:
            await self._log.set_meta(COMPLETE_UNTIL, isoformat(self._lost_at))
            self._lost_at = None
        kept = await self._log.meta(COMPLETE_UNTIL)
        if kept is not None:
            await self._new_read_back().run(datetime.fromisoformat(kept).astimezone(UTC))
            self._done()
        # What happened before the first connection of all is not ours to tell.
        await self._log.set_meta(COMPLETE_UNTIL, isoformat(live_since))
        self._complete = self._live_since == live_since

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            if self._live_since is not None:
                self._asked.set()
