"""``python -m tests.bench.window_open FOLDER SERVER CLIENT``: the tray program with its window open, watched.

Signs in and follows every number by itself. Writes JSON lines to stdout: its status at each change, and
several times a second its memory and the longest time for which its event loop did nothing else.
"""

import asyncio
import gc
import json
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from app.compose import Choices
from app.domain.status import Status
from app.program import run as program_run
from app.program.run import Program
from app.program.stage import Stage
from tests.bench.day_program import have_been_in_use
from tests.chaos.lapse import Lapse, Shift, WrongClock
from tests.chaos.program import FileVault, browse

BEAT = 0.005
SAMPLE = 0.25
STALL = 0.04


def say(what: str, **fields: Any) -> None:
    """A line."""
    # One write: the witness speaks from a thread of its own.
    sys.stdout.write(json.dumps({"what": what, "at": time.monotonic(), **fields}) + "\n")
    sys.stdout.flush()


class _Witness:
    """A thread that says what the loop's thread was doing while it was late."""

    def __init__(self) -> None:
        self.beat = time.monotonic()
        self._watched = threading.get_ident()
        threading.Thread(target=self._run, name="witness", daemon=True).start()

    def _run(self) -> None:
        told = 0.0
        while True:
            time.sleep(BEAT)
            beat = self.beat
            if beat != told and time.monotonic() - beat > STALL:
                told = beat
                frame = sys._current_frames()[self._watched]
                stack = traceback.extract_stack(frame)
                say("stall", places=[f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in stack[-6:]])


async def watch_the_loop() -> None:
    """Say by how much the loop was late, at most, and how much memory is in use."""
    process = psutil.Process()
    witness = _Witness()
    latest, said = 0.0, time.monotonic()
    while True:
        witness.beat = before = time.monotonic()
        await asyncio.sleep(BEAT)
        now = time.monotonic()
        latest = max(latest, now - before - BEAT)
        if now - said >= SAMPLE:
            say("sample", late=latest, rss=process.memory_info().rss)
            latest, said = 0.0, now


def _tell(status: Status) -> None:
    catching_up = status.catching_up
    say(
        "status",
        reach=status.reach,
        numbers=len(status.numbers),
        catching_up=catching_up is not None,
        left=catching_up.left if catching_up else None,
    )


async def _then(program: Program) -> None:
    engine = program.engine
    assert engine is not None
    engine.listen(_tell)
    _tell(engine.status)
    await have_been_in_use(engine.log)
    say("ready")
    await watch_the_loop()


def main() -> int:
    """See above."""
    folder, server, client = Path(sys.argv[1]), *sys.argv[2:]
    gc.disable()
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    loop.set_default_executor(ThreadPoolExecutor(4, "worker"))
    clock = WrongClock(Lapse(1.0), Shift(folder / "shift"))
    program_run.SystemClock = lambda: clock  # type: ignore[assignment, misc] # a computer that slept
    vault = FileVault(folder / "vault.json")
    stage = Stage(Choices(folder, server, client), lambda _: vault, open_browser=browse, signs_in=True)
    with loop:
        gc.freeze()
        gc.enable()
        program = Program(app, lambda: stage, at_login=(), attended=False)
        return loop.run_until_complete(program.run(_then))


if __name__ == "__main__":
    sys.exit(main())
