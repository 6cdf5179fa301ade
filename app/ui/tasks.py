"""The one bridge from a Qt slot to a coroutine. Every task started here has an owner and a name."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from app.domain.problems import Expected

OnExpected = Callable[[Expected], None]
OnBug = Callable[[str, BaseException], None]


class Tasks:
    """Starts coroutines for slots, keeps them, and hands on what escapes from them.

    Takes a function and its arguments, not a coroutine: a coroutine cancelled before its first step
    would complain that it was never awaited. Needs a running event loop when something is started.
    """

    def __init__(self, on_expected: OnExpected, on_bug: OnBug) -> None:
        """``on_expected`` shows a problem nobody else showed; ``on_bug`` gets the task's name and
        any other exception. One failing task leaves the others alone."""
        self._on_expected = on_expected
        self._on_bug = on_bug
        self._running: dict[asyncio.Task[None], str] = {}
        self._latest: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    def start(
        self,
        name: str,
        function: Callable[..., Awaitable[object]],
        *args: object,
        failed: OnExpected | None = None,
    ) -> None:
        """Run ``function(*args)`` beside whatever else runs; refused while stopping.

        ``failed`` gets an ``Expected`` instead of the general handler, to show it in its place.
        """
        self._begin(name, partial(function, *args), failed)

    def latest(
        self,
        name: str,
        function: Callable[..., Awaitable[object]],
        *args: object,
        failed: OnExpected | None = None,
    ) -> None:
        """As ``start``, but cancels the one of the same name that still runs: only the newest counts."""
        self.cancel(name)
        task = self._begin(name, partial(function, *args), failed)
        if task is not None:
            self._latest[name] = task

    def cancel(self, name: str) -> None:
        """Cancel what ``latest`` runs under this name, if anything."""
        task = self._latest.pop(name, None)
        if task is not None:
            task.cancel()

    def running(self, name: str) -> bool:
        """Whether anything of this name is under way."""
        return name in self._running.values()

    def names(self) -> tuple[str, ...]:
        """The names of everything under way."""
        return tuple(self._running.values())

    async def stop(self, within: float) -> tuple[str, ...]:
        """Refuse new work, cancel what runs, and wait for it at most ``within`` seconds.

        Returns the names of tasks that had not ended by then.
        """
        self._stopping = True
        own = asyncio.current_task()
        pending = [task for task in self._running if task is not own]
        for task in pending:
            task.cancel()
        if not pending:
            return ()
        _, late = await asyncio.wait(pending, timeout=within)
        return tuple(task.get_name() for task in late)

    def _begin(
        self, name: str, call: Callable[[], Awaitable[object]], failed: OnExpected | None
    ) -> asyncio.Task[None] | None:
        if self._stopping:
            return None
        task = asyncio.get_running_loop().create_task(
            self._guarded(name, call, failed or self._on_expected), name=name
        )
        self._running[task] = name
        task.add_done_callback(self._forget)
        return task

    async def _guarded(
        self, name: str, call: Callable[[], Awaitable[object]], on_expected: OnExpected
    ) -> None:
        try:
            await call()
        except Expected as error:
            on_expected(error)
        except Exception as error:  # noqa: BLE001 - the last stop: the handler shows and logs it
            self._on_bug(name, error)

    def _forget(self, task: asyncio.Task[None]) -> None:
        name = self._running.pop(task, "")
        if self._latest.get(name) is task:
            del self._latest[name]
