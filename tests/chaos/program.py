"""``python -m tests.chaos.program FOLDER RATE ORIGIN WALL RUN [beside]``: the program, without its windows.

The engine with its real log and settings; secrets in a file, notifications into a file that is flushed to
the disk at each of them. Whoever is signed out signs in again after a moment. Tells its status on stdout,
a JSON line at each change, and ends in good order at SIGTERM. With ``beside`` it is what
``textbellctl watch`` is: a second process on the same log and the same sign-in, which announces nothing and
signs nobody in.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx

from app.compose import Choices, open_engine
from app.domain.problems import Expected
from app.domain.status import Reach, Status
from app.notices.port import Notice
from app.settings import SettingsFile
from app.sync.engine import Engine
from tests.chaos.lapse import Lapse, Shift, WrongClock

Beside = Callable[[Engine], Coroutine[Any, Any, None]]

SIGN_IN_AFTER = 5.0
"""Seconds that a signed-out user takes to notice."""


class FileVault:
    """Secrets that outlive the process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, name: str) -> str | None:
        return self._read().get(name)

    async def set(self, name: str, value: str) -> None:
        self._write(self._read() | {name: value})

    async def delete(self, name: str) -> None:
        secrets = self._read()
        secrets.pop(name, None)
        self._write(secrets)

    def _read(self) -> dict[str, str]:
        try:
            secrets: dict[str, str] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return secrets

    def _write(self, secrets: dict[str, str]) -> None:
        fresh = self._path.with_suffix(f".new-{os.getpid()}")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(secrets, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


class Journal:
    """What was about to be announced, and what was: a line each, on the disk before anything goes on."""

    def __init__(self, path: Path, run: int) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._run = run

    def write(self, what: str, **fields: Any) -> None:
        self._file.write(json.dumps({"run": self._run, "what": what, **fields}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


class Desktop:
    """Fits ``app.notices.port.Notifier``."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def show(self, notice: Notice) -> bool:
        self._journal.write(
            "show",
            tag=notice.tag,
            kind=notice.kind,
            ids=notice.entry_ids,
            quiet=notice.quiet,
            title=notice.title,
            body=notice.body,
        )
        return True

    async def withdraw(self, tag: str) -> None:
        self._journal.write("withdraw", tag=tag)


async def browse(url: str) -> bool:
    """A browser whose user is signed in at the service already."""
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        try:
            await browser.get(url)
        except httpx.HTTPError:
            return False
    return True


def _tell(status: Status) -> None:
    catching_up = status.catching_up is not None
    line = {
        "reach": status.reach,
        "catching_up": catching_up,
        "left": status.catching_up.left if status.catching_up else None,
        "waiting": status.waiting_until is not None,
        "problem": status.problem.message if status.problem else None,
    }
    print(json.dumps(line), flush=True)


async def _sign_in_again(engine: Engine) -> None:
    while True:
        if engine.status.reach is Reach.SIGNED_OUT:
            await asyncio.sleep(SIGN_IN_AFTER)
            try:
                async with asyncio.timeout(60):
                    await engine.sign_in(lambda _link: None)
            except (Expected, TimeoutError) as error:
                print(f"not signed in: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(1)


async def _signed_out(engine: Engine) -> None:
    while engine.status.reach is not Reach.SIGNED_OUT:
        await asyncio.sleep(1)


def _note_marks(engine: Engine, journal: Journal) -> None:
    mark = engine.log.mark_noticed

    async def noted(ids: Any) -> None:
        wanted = tuple(ids)
        journal.write("mark", ids=wanted)
        await mark(wanted)

    engine.log.mark_noticed = noted  # type: ignore[method-assign]


class _LapseFormatter(logging.Formatter):
    def __init__(self, lapse: Lapse, number: int) -> None:
        super().__init__(f"%(asctime)s  run {number}: %(name)s %(message)s")
        self._lapse = lapse

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return self._lapse.now().isoformat(timespec="milliseconds")


def _log_to_stderr(lapse: Lapse, number: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_LapseFormatter(lapse, number))
    logging.getLogger("app").addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)
    logging.getLogger("asyncio").addHandler(handler)


async def run(
    folder: Path, lapse: Lapse, number: int, beside: Beside | None = None, *, announces: bool = True
) -> None:
    """Until SIGTERM. ``beside`` runs beside the engine."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    choices = Choices(folder)
    journal = Journal(folder / "notices.jsonl", number)
    clock = WrongClock(lapse, Shift(folder / "shift"))
    settings = SettingsFile(choices.settings_path)
    async with open_engine(
        choices,
        settings,
        FileVault(folder / "vault.json"),
        clock,
        open_browser=browse,
        notifier=Desktop(journal) if announces else None,
    ) as engine:
        _note_marks(engine, journal)
        engine.listen(_tell)
        _tell(engine.status)
        loop = asyncio.get_running_loop()
        running = loop.create_task(engine.run(), name="engine")
        user = loop.create_task(_sign_in_again(engine) if announces else _signed_out(engine), name="user")
        ending = loop.create_task(ended.wait(), name="end")
        others = [loop.create_task(beside(engine), name="beside")] if beside else []
        tasks = (running, user, ending, *others)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome


def main() -> None:
    """See above."""
    folder, rate, origin, wall, number, *beside = sys.argv[1:]
    lapse = Lapse(float(rate), float(origin), float(wall))
    _log_to_stderr(lapse, int(number))
    with asyncio.Runner(loop_factory=lapse.loop) as runner:
        runner.run(run(Path(folder), lapse, int(number), announces=not beside))


if __name__ == "__main__":
    main()
