"""Work in a thread that is never left behind."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], stop: Callable[[], object] | None = None) -> T:
    """Do ``work`` in a thread and return its result.

    Cancelled, ``stop`` is called, and the cancellation comes out only once the work has ended: so what
    it uses may be closed or removed right after.
    """
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        while not future.done():
            try:
                await asyncio.wait({future})
            except asyncio.CancelledError:
                continue  # asked again; the work still is not done
        if not future.cancelled():
            future.exception()  # it was given up: what it says does not matter
        raise
