"""Answers that take their time, and lists that do not know yet what the stream has told."""

import asyncio
from datetime import datetime, timedelta

from app.sandbox.clock import SandboxClock


class Slowness:
    """How long answers take, and how far the lists lag behind."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.lag = 0.0
        """Seconds by which the lists are behind the stream. Reads by id are not."""
        self._answers: list[tuple[str, float, float]] = []

    def answer_after(self, seconds: float, *, path: str = "", lasting: float = 60.0) -> None:
        """Withhold each answer to a path that begins so for ``seconds``; for ``lasting`` seconds. The
        request is carried out at once."""
        self._answers.append((path, seconds, self._clock.monotonic() + lasting))

    def clear(self) -> None:
        """End all of it."""
        self.lag = 0.0
        self._answers.clear()

    def as_of(self) -> datetime:
        """The moment whose state the lists show; one to come while they do not lag."""
        return self._clock.now() - (timedelta(seconds=self.lag) if self.lag else -timedelta(days=1))

    async def pass_time(self, path: str) -> None:
        """Wait as long as an answer to this path is to be withheld."""
        now = self._clock.monotonic()
        self._answers = [each for each in self._answers if each[2] > now]
        delay = max((seconds for part, seconds, _ in self._answers if path.startswith(part)), default=0.0)
        if delay:
            await asyncio.sleep(delay)
