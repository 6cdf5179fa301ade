"""When to watch: while somebody is signed in, numbers are chosen and nobody is changing either."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.domain.problems import SignInNeeded
from app.domain.status import Reach
from app.ringcentral.filters import FilterSet
from app.sync.status_board import StatusBoard
from app.sync.watch import Watch


class Vigil:
    """Begins and ends the watching."""

    def __init__(
        self,
        board: StatusBoard,
        *,
        resting: Callable[[], Reach],
        filters: Callable[[], FilterSet],
        new_watch: Callable[[], Watch],
        ended: Callable[[SignInNeeded], Awaitable[None]],
    ) -> None:
        """``resting`` tells why there is nothing to watch, or CONNECTING if there is; ``ended`` is
        awaited when the service ended the session."""
        self._board = board
        self._resting = resting
        self._filters = filters
        self._new_watch = new_watch
        self._ended = ended
        self._watch: Watch | None = None
        self._unwatched = asyncio.Event()
        self._unwatched.set()
        self._changed = asyncio.Event()
        self._held = 0

    def reconsider(self) -> None:
        """Something that decides whether to watch may have changed."""
        self._changed.set()

    def choose(self) -> None:
        """The chosen numbers changed: follow the new ones on the connection at hand."""
        if self._watch is not None:
            self._watch.choose(self._filters())

    def hurry(self) -> None:
        """Do at once what would be tried later."""
        if self._watch is not None:
            self._watch.hurry()

    def rest(self) -> None:
        """End the connection for a sleep of the computer."""
        if self._watch is not None:
            self._watch.rest()

    def reconnect(self) -> None:
        """Trust no connection made before."""
        if self._watch is not None:
            self._watch.reconnect()

    def doubt(self) -> None:
        """Have the connection prove that it lives; do at once what would be tried later."""
        if self._watch is not None:
            self._watch.doubt()

    @asynccontextmanager
    async def suspended(self) -> AsyncIterator[None]:
        """While this is entered nothing is watched: the session is being changed."""
        self._held += 1
        self._changed.set()
        try:
            await self._unwatched.wait()
            yield
        finally:
            self._held -= 1
            if not self._held:
                self._board.change(reach=self._resting())
            self._changed.set()

    async def run(self) -> None:
        """Watch, or wait for a reason to, until cancelled."""
        while True:
            self._changed.clear()
            if self._may_watch:
                await self._watch_once()
                continue
            if not self._held:
                self._board.change(reach=self._resting())
            await self._changed.wait()

    @property
    def _may_watch(self) -> bool:
        return not self._held and self._resting() is Reach.CONNECTING

    async def _watch_once(self) -> None:
        """Watch until the session ends, or until who or where we are changes."""
        self._board.change(reach=Reach.CONNECTING)
        watch = self._watch = self._new_watch()
        watch.choose(self._filters())
        self._unwatched.clear()
        ended: SignInNeeded | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(_session_end(watch), name="gateway")
                while not watching.done():
                    changed = tasks.create_task(self._changed.wait(), name="change of mind")
                    await asyncio.wait({watching, changed}, return_when=asyncio.FIRST_COMPLETED)
                    changed.cancel()
                    self._changed.clear()
                    if not self._may_watch:
                        watching.cancel()
                        break
            if not watching.cancelled():
                ended = watching.result()
        finally:
            self._watch = None
            self._unwatched.set()
        if ended is not None and not self._held:
            await self._ended(ended)


async def _session_end(watch: Watch) -> SignInNeeded:
    """Watch until the service ends the session; what it said."""
    try:
        await watch.run()
    except SignInNeeded as error:
        return error
