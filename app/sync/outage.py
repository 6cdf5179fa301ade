"""A long outage is said once: the user would otherwise believe that somebody is watching."""

import asyncio

from app.domain.clock import Clock
from app.domain.status import Reach, Status
from app.notices import wording
from app.notices.port import Notice
from app.sync.outbox import Outbox
from app.sync.status_board import StatusBoard

PATIENCE = 300.0
"""Seconds without a connection before it is worth a notification; most outages heal sooner."""
GRACE = 60.0
"""Seconds after waking up in which nothing is said: the network takes its time to come back."""

_OUT = frozenset({Reach.CONNECTING, Reach.RECONNECTING, Reach.STOPPED})
_LOOK = 15.0
"""Seconds between two looks at the clocks during an outage."""
_SLEPT = 30.0
"""Wall time may run ahead of the timer by so many seconds before the computer must have slept."""


class OutageWatch:
    """Announces that nothing is watched, once in each outage, and takes that back afterwards."""

    def __init__(
        self,
        board: StatusBoard,
        outbox: Outbox,
        clock: Clock,
        *,
        patience: float = PATIENCE,
        grace: float = GRACE,
    ) -> None:
        self._board = board
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._grace = grace
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Watch the status, until cancelled."""
        unlisten = self._board.listen(self._note)
        try:
            while True:
                await self._until(out=True)
                if await self._healed():
                    continue
                notice = self._notice()
                await self._outbox.announce(notice)
                await self._until(out=False)
                await self._outbox.withdraw(notice.tag)
        finally:
            unlisten()

    def _notice(self) -> Notice:
        status = self._board.status
        if status.reach is Reach.STOPPED and status.problem is not None:
            return wording.trouble(status.problem.message)
        return wording.not_watching(status.offline_since or status.since, self._clock.now())

    def _note(self, _status: Status) -> None:
        self._changed.set()

    async def _until(self, *, out: bool) -> None:
        while (self._board.status.reach in _OUT) is not out:
            self._changed.clear()
            await self._changed.wait()

    async def _healed(self) -> bool:
        """Wait out the patience; whether the outage was over before that."""
        left = self._patience
        while left > 0:
            piece = min(left, _LOOK)
            wall, steady = self._clock.now(), self._clock.monotonic()
            try:
                async with asyncio.timeout(piece):
                    await self._until(out=False)
            except TimeoutError:
                left -= piece
            else:
                return True
            passed = self._clock.monotonic() - steady
            # Where the steady clock counts sleep as well, the timer itself comes late.
            ahead = (self._clock.now() - wall).total_seconds() - passed
            if max(ahead, passed - piece) > _SLEPT:
                left = max(left, self._grace)
        return False
