"""One process at a time, however the other ends, and not for ever."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.transport.process_lock import ProcessLock

_HOLDER = """
import asyncio, sys
from pathlib import Path
from app.transport.process_lock import ProcessLock

async def main():
    async with ProcessLock(Path(sys.argv[1])).held() as got:
        print("held" if got else "not held", flush=True)
        sys.stdin.readline()

asyncio.run(main())
"""


@asynccontextmanager
async def other_process(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that holds the lock until it is told to end, or killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLDER, str(path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).split() == [b"held"]
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_nobody_else_has_it() -> None:
    async with ProcessLock(None).held() as got:
        assert not got, "there is nothing to lock"


async def test_it_is_made_where_it_is_not(tmp_path: Path) -> None:
    lock = ProcessLock(tmp_path / "new" / "lock")
    for _ in range(3):
        async with lock.held() as got:
            assert got


async def test_the_other_waits_until_it_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with other_process(path) as other:
        waiting = asyncio.get_running_loop().create_task(_held(ProcessLock(path)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        assert other.stdin is not None
        other.stdin.write(b"\n")
        assert await asyncio.wait_for(waiting, 5)


async def test_a_killed_process_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with other_process(path) as other:
        other.kill()
        await other.wait()
        async with ProcessLock(path, patience=2).held() as got:
            assert got


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
async def test_a_process_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with other_process(path) as other:
        other.send_signal(signal.SIGSTOP)
        async with ProcessLock(path, patience=0.2).held() as got:
            assert not got
        other.send_signal(signal.SIGCONT)


async def test_cancelled_while_waiting(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with other_process(path):
        before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0
        waiting = asyncio.get_running_loop().create_task(_held(ProcessLock(path)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        if sys.platform == "linux":
            assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with ProcessLock(tmp_path / "file" / "lock").held() as got:
        assert not got, "two programs that cannot keep apart are better than none"


async def _held(lock: ProcessLock) -> bool:
    async with lock.held() as got:
        return got
