"""How long events are kept: once a day what is older goes, a little at a time."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from app.domain.problems import LogUnavailable
from app.eventlog import EventLog

log = logging.getLogger(__name__)

FIRST_AFTER = 10 * 60.0
"""Seconds after the start: there is enough to do before that."""
EVERY = 24 * 60 * 60.0
PAUSE = 0.02
"""Seconds between two steps, in which events are stored."""
_IDLE = timedelta(days=31)

OnProgress = Callable[[int, int], object]
"""Called with how many events have gone, and how many there were to go."""


def cut_off(now: datetime, years: int) -> datetime:
    """The same day so many years ago; of a 29 February, the day before."""
    year = max(1, now.year - years)
    try:
        return now.replace(year=year)
    except ValueError:
        return now.replace(year=year, day=28)


class OldEvents:
    """Lets go of events older than the setting says; see ``app.eventlog.retention`` for what stays."""

    def __init__(
        self,
        event_log: EventLog,
        keep_years: Callable[[], int | None],
        now: Callable[[], datetime],
        gone: Callable[[int], object] = lambda _: None,
    ) -> None:
        """``keep_years`` tells the setting (``None``: for ever), ``now`` the service's time; ``gone`` is
        called with how many events went, if any did."""
        self._log = event_log
        self._keep_years = keep_years
        self._now = now
        self._gone = gone
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Once a day, until cancelled."""
        wait = FIRST_AFTER
        while True:
            await asyncio.sleep(wait)
            wait = EVERY
            try:
                gone = await self.let_go()
            except LogUnavailable as error:
                log.warning("old events stay for now: %s", type(error).__name__)
            else:
                log.info("%d old events let go", gone)

    async def count(self, years: int | None) -> int:
        """How many events would go if so many years were kept. Raises LogUnavailable."""
        before = await self._before(years)
        return 0 if before is None else await self._log.retention().outdated(before)

    async def let_go(self, progress: OnProgress | None = None) -> int:
        """Let go of what is too old now; how many events. May be cancelled, and goes on another time.

        Raises:
            LogUnavailable: as the log does.
        """
        async with self._one_at_a_time:
            keeper = self._log.retention()
            before = await self._before(self._keep_years())
            gone = 0
            if before is not None:
                total = await keeper.outdated(before) if progress is not None else 0
                reached: int | None = -1
                try:
                    while reached is not None:
                        step = await keeper.forget_some(before, reached)
                        gone, reached = gone + step.deleted, step.reached
                        if progress is not None:
                            progress(gone, max(gone, total))
                        await asyncio.sleep(PAUSE)
                finally:
                    if gone:
                        self._gone(gone)
            more = True
            while more:
                more = await keeper.give_back_some()
                await asyncio.sleep(PAUSE)
            return gone

    async def _before(self, years: int | None) -> datetime | None:
        if years is None:
            return None
        newest = (await self._log.reader.stats()).newest
        # A clock that is years ahead must not empty the log: time goes on only while events come.
        return None if newest is None else cut_off(min(self._now(), newest + _IDLE), years)
