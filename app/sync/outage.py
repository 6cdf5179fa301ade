"""A long outage is said once: the user would otherwise believe that somebody is watching."""

import asyncio

from app.domain.clock import Clock
from app.domain.status import Reach, Status
from app.notices import wording
from app.sync.outbox import Outbox
from app.sync.status_board import StatusBoard

PATIENCE = 300.0
"""Seconds without a connection before it is worth a notification; most outages heal sooner."""

_OUT = frozenset({Reach.RECONNECTING, Reach.STOPPED})


class OutageWatch:
    """Announces that nothing is watched, once in each outage, and takes that back afterwards."""

    def __init__(
        self, board: StatusBoard, outbox: Outbox, clock: Clock, *, patience: float = PATIENCE
    ) -> None:
        self._board = board
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Watch the status, until cancelled."""
        unlisten = self._board.listen(self._note)
        try:
            while True:
                await self._until(out=True)
                if await self._healed():
                    continue
                since = self._board.status.since
                notice = wording.not_watching(since, self._clock.now())
                await self._outbox.announce(notice)
                await self._until(out=False)
                await self._outbox.withdraw(notice.tag)
        finally:
            unlisten()

    def _note(self, _status: Status) -> None:
        self._changed.set()

    async def _until(self, *, out: bool) -> None:
        while (self._board.status.reach in _OUT) is not out:
            self._changed.clear()
            await self._changed.wait()

    async def _healed(self) -> bool:
        """Wait out the patience; whether the outage was over before that."""
        try:
            async with asyncio.timeout(self._patience):
                await self._until(out=False)
        except TimeoutError:
            return False
        return True
