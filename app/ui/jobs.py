"""Something long that is begun by a click, told of by a strip, and can be given up."""

import asyncio
from collections.abc import Awaitable, Callable

from app.domain.problems import Expected
from app.ui.progress_strip import ProgressStrip
from app.ui.reveal import reveal
from app.ui.tasks import OnExpected, Tasks


class Job:
    """One kind of work, one at a time."""

    def __init__(self, name: str, strip: ProgressStrip, tasks: Tasks) -> None:
        self._name = name
        self._strip = strip
        self._tasks = tasks

    @property
    def running(self) -> bool:
        """It is under way."""
        return self._strip.running

    def start(
        self,
        said: str,
        work: Callable[[], Awaitable[object]],
        *,
        given_up: Callable[[], str],
        failed: OnExpected | None = None,
    ) -> None:
        """Do ``work``, which tells the strip of its progress and of its end.

        ``given_up`` is asked what to say if it was cancelled; ``failed`` gets what went wrong, else the
        strip says it.
        """
        if self.running:
            return
        reveal(self._strip)
        self._strip.begin(said, lambda: self._tasks.cancel(self._name))
        self._tasks.latest(self._name, self._run, work, given_up, failed=failed or self._say)

    async def _run(self, work: Callable[[], Awaitable[object]], given_up: Callable[[], str]) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            self._strip.stopped(given_up())
            raise

    def _say(self, error: Expected) -> None:
        self._strip.failed(str(error))
