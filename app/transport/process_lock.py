"""One at a time across processes: the tray and the console companion share a data directory."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

_log = logging.getLogger("app.transport.lock")

PATIENCE = 30.0
"""Seconds to wait for another process; one that hangs for longer does not stop this one."""
_FIRST_LOOK, _LONGEST_LOOK = 0.01, 0.2


class ProcessLock:
    """A lock on a file, which the operating system takes back from a process that ends, however it ends.

    It keeps processes apart, not the tasks of one process.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``path`` is made if it is not there; ``None``: nobody shares anything, and nothing is locked."""
        self._path = path
        self._patience = patience
        self._sleep = sleep

    @asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Hold the lock meanwhile. False: it could not be had in time, or not at all; go on all the same."""
        handle = None
        try:
            handle = None if self._path is None else open_shared(self._path)
        except OSError as error:
            _log.warning("no lock file: %s", error.strerror or type(error).__name__)
        if handle is None:
            yield False
            return
        try:
            got = await self._taken(handle)
            if not got:
                _log.warning("another process kept the lock too long; going on without it")
            try:
                yield got
            finally:
                if got:
                    unlock_file(handle)
        finally:
            os.close(handle)

    async def _taken(self, handle: int) -> bool:
        waited, pause = 0.0, _FIRST_LOOK
        while not lock_file(handle):
            if waited >= self._patience:
                return False
            await self._sleep(pause)
            waited += pause
            pause = min(pause * 1.5, _LONGEST_LOOK)
        return True


def open_shared(path: Path) -> int:
    """Open a file of this user's that processes share, making it and its folder; its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def lock_file(handle: int) -> bool:
        """Lock an open file, if nobody else has; whether that worked."""
        # One byte, beyond whatever the file may hold: the lock is mandatory there.
        os.lseek(handle, 0x4000_0000, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock_file(handle: int) -> None:
        """Give it back."""
        os.lseek(handle, 0x4000_0000, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock_file(handle: int) -> bool:
        """Lock an open file, if nobody else has; whether that worked."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def unlock_file(handle: int) -> None:
        """Give it back."""
        fcntl.flock(handle, fcntl.LOCK_UN)
