"""What the service tells of batches that the log knows by their numbers only."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from app.domain.events import BatchSummary
from app.domain.problems import Expected

PATIENCE = 2.0
"""Seconds that a finished batch's announcement waits for the service to tell its text."""
REMEMBERED = 100
"""Batches whose text is remembered."""

ReadBatch = Callable[[BatchSummary], Awaitable[BatchSummary]]
"""Completes what the log knows of a batch by asking the service. May raise ``Expected``."""


class BatchNames:
    """Asks for the text and the outcome of batches, and remembers them until the log knows better."""

    def __init__(self, read_batch: ReadBatch) -> None:
        self._read_batch = read_batch
        self._told: dict[str, BatchSummary] = {}

    async def ask(self, summaries: Iterable[BatchSummary]) -> None:
        """Ask the service about these, all at once: several wait no longer than one."""
        for told in await asyncio.gather(*map(self._complete, summaries)):
            self._told[told.batch_id] = told
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]

    def of(self, summary: BatchSummary) -> BatchSummary:
        """Add what the service told of the batch to what the log knows of it."""
        told = self._told.get(summary.batch_id)
        if told is None:
            return summary
        if summary.settled:
            del self._told[summary.batch_id]
        return replace(
            summary,
            text=summary.text or told.text,
            delivered=max(summary.delivered, told.delivered),
            failed=max(summary.failed, told.failed),
        )

    async def _complete(self, summary: BatchSummary) -> BatchSummary:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._read_batch(summary)
        except (Expected, TimeoutError):
            return summary
