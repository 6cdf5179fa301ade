"""What happens by itself: the scenarios, from a seed."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from app.sandbox.options import SCENARIOS
from app.sandbox.world import World


class Stage:
    """Where a scenario plays: the world, its own chance, and its own pace."""

    def __init__(self, world: World, rng: Random, time_scale: float) -> None:
        self.world = world
        self.rng = rng
        self._time_scale = time_scale

    async def pause(self, seconds: float) -> None:
        """Let so much of the scenario's time pass."""
        await asyncio.sleep(seconds / self._time_scale)

    async def send_out(self, batch_id: str, *, seconds: float, steps: int = 5) -> None:
        """Send a batch's messages over some seconds, complete it, then let the reports come in."""
        batch = self.world.journal.batches[batch_id]
        share = max(1, -(-len(batch.messages) // steps))
        while batch.status != "Completed":
            await self.pause(seconds / steps)
            self.world.progress_batch(batch_id, share)
        while self.world.settle_batch(batch_id, share):
            await self.pause(seconds / steps)


def _nothing(stage: Stage) -> None:
    return


async def _silence(stage: Stage) -> None:
    return


Prepare = Callable[[Stage], None]
Run = Callable[[Stage], Coroutine[Any, Any, None]]

SCENARIO_STEPS: dict[str, tuple[Prepare, Run]] = dict.fromkeys(SCENARIOS, (_nothing, _silence))
