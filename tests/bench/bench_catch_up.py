"""How long a weekend of 50,000 messages and 2,000 consent changes takes to be read back, and what it costs.

``python -m tests.bench.bench_catch_up [MESSAGES CONSENTS]`` (two or three minutes). The program's window is
open, on a screen that nobody sees. The computer sleeps for 60 hours, the service goes on, and then the
program catches up within RingCentral's own rate limits, which are the floor: nothing can read so many pages
sooner. The log is of some age at the beginning. Beside it a bare event loop, with nothing to do, tells how
late a loop is on this machine anyway.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import IO, Any

from app.compose import LOG_KEY
from app.domain.events import Family
from app.eventlog import EventLog, Query
from app.sandbox import Sandbox, SandboxOptions
from app.sandbox.consents import OPT_OUT
from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from tests.bench.place import until
from tests.bench.report import Line, print_table
from tests.chaos.lapse import Shift
from tests.sync.rig import callback, free_port

SLEPT = 60 * 3600.0
BATCH_SIZE = 100
PER_PAGE = 1000
TARGET, STALL_TARGET, MEMORY_TARGET = 1.10, 0.050, 1.05
PATIENCE = 900.0
_ROOT = Path(__file__).resolve().parents[2]
_BARE = "import asyncio; from tests.bench.window_open import watch_the_loop; asyncio.run(watch_the_loop())"


class _Watched:
    """A process that writes JSON lines."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/no-bus",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        self.process = subprocess.Popen(
            [sys.executable, *arguments], cwd=_ROOT, env=environment, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.lines: list[dict[str, Any]] = []
        self._begun = b""
        os.set_blocking(self.process.stdout.fileno(), False)
        asyncio.get_running_loop().add_reader(self.process.stdout, self._read, self.process.stdout)

    def _read(self, pipe: IO[bytes]) -> None:
        chunk = os.read(pipe.fileno(), 1 << 16)
        if not chunk:
            asyncio.get_running_loop().remove_reader(pipe)
            return
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        self.lines += map(json.loads, whole)

    @property
    def status(self) -> dict[str, Any]:
        """The latest it told."""
        return next((line for line in reversed(self.lines) if line["what"] == "status"), {})

    def samples(self, since: float, until_: float) -> list[dict[str, Any]]:
        """What it measured between two moments."""
        return [line for line in self.lines if line["what"] == "sample" and since < line["at"] < until_]

    async def end(self) -> None:
        self.process.terminate()
        await asyncio.to_thread(self.process.wait, 20)


def _weekend(box: Sandbox, messages: int, consents: int) -> int:
    """What happened while the computer slept. Returns how many batches there were."""
    world, rng = box.world, Random(5)
    began = box.clock.now() - timedelta(seconds=SLEPT - 600)
    batches = messages * 4 // 5 // BATCH_SIZE
    step = timedelta(seconds=(SLEPT - 1200) / batches)
    for index in range(batches):
        at = began + index * step
        batch = world.create_batch(
            f"Reminder {index}", size=BATCH_SIZE, number=rng.choice(HIGH_VOLUME_NUMBERS), at=at, quiet=True
        )
        world.progress_batch(batch.id, at=at + timedelta(seconds=20), quiet=True)
        world.settle_batch(batch.id, at=at + timedelta(seconds=40), quiet=True)
    texts = messages - batches * BATCH_SIZE
    for index in range(texts):
        at = began + timedelta(seconds=(SLEPT - 1200) * index / texts)
        customer = rng.choice(world.customers)
        world.inbound(
            customer, f"Question {index}", number=rng.choice(HIGH_VOLUME_NUMBERS), at=at, quiet=True
        )
    for index in range(consents):
        at = began + timedelta(seconds=(SLEPT - 1200) * index / consents)
        world.set_consent(HIGH_VOLUME_NUMBERS[index % 4], world.customers[index], OPT_OUT, at=at, quiet=True)
    return batches


def _pages(records: int) -> int:
    return max(1, -(-records // PER_PAGE))


async def _measure(messages: int, consents: int) -> list[Line]:
    port = free_port()
    options = SandboxOptions(auto_approve=True, redirect_uris=(callback(port),))
    with tempfile.TemporaryDirectory(prefix="textbell-bench-") as name:
        folder = Path(name)
        folder.chmod(0o700)
        (folder / "settings.json").write_text(json.dumps({"redirect_ports": [port]}), "utf-8")
        shift = Shift(folder / "shift")
        async with Sandbox(options) as box:
            ours = _Watched(
                ["-m", "tests.bench.window_open", str(folder), box.server_url, box.client_id], folder
            )
            bare = _Watched(["-c", _BARE], folder)
            try:
                await until(
                    "watches all numbers",
                    lambda: (
                        (status := ours.status).get("reach") == "live"
                        and status["numbers"] == len(HIGH_VOLUME_NUMBERS)
                        and not status["catching_up"]
                    ),
                )
                await until("has been in use", lambda: any(line["what"] == "ready" for line in ours.lines))
                for index in range(40):
                    box.world.inbound(box.world.customers[index], f"Before {index}")
                await asyncio.sleep(5)
                before = time.monotonic()
                await box.go_away(10_000)
                box.clock.skip(SLEPT)
                shift.seconds = SLEPT
                batches = _weekend(box, messages, consents)
                box.limits.forget()
                asked = sum(box.requests.counts.values())
                await box.accept_connections()
                await until("is live again", lambda: ours.status["reach"] == "live", patience=120)
                began = time.monotonic()
                await until("catches up", lambda: ours.status["catching_up"], patience=20)
                ended = await until(
                    "has caught up",
                    lambda: ours.status["reach"] == "live" and not ours.status["catching_up"],
                    patience=PATIENCE,
                )
                requests = sum(box.requests.counts.values()) - asked
                await asyncio.sleep(8)
            finally:
                await ours.end()
                bare.process.kill()
                bare.process.wait()
        shift.close()
        stored = await _stored(folder)
        left = [line["left"] for line in ours.lines if line["what"] == "status" and line["left"] is not None]
    needed = _pages(messages) + _pages(batches) + _pages(consents)
    limit = options.rate_limits["Light"]
    floor = max((needed - 1) // limit * options.rate_window, 1.0)
    calm = ours.samples(before - 4, before)
    busy, idle = ours.samples(began, ended), bare.samples(began, ended)
    stall, nothing = max(line["late"] for line in busy), max(line["late"] for line in idle)
    stalls = sum(line["late"] > STALL_TARGET for line in busy)
    where = Counter(
        " < ".join(reversed(line["places"]))
        for line in ours.lines
        if line["what"] == "stall" and began < line["at"] < ended
    )
    for places, count in where.most_common(8):
        print(f"late {count} times in {places}", file=sys.stderr)
    rss, peak = max(line["rss"] for line in calm) / 2**20, max(line["rss"] for line in busy) / 2**20
    after = min(line["rss"] for line in ours.samples(ended + 4, float("inf"))) / 2**20
    early, late = (
        median(line["rss"] for line in part) / 2**20
        for part in (busy[: len(busy) // 3], busy[-(len(busy) // 3) :])
    )
    course = [line["rss"] // 2**20 for line in busy]
    print(f"memory meanwhile, MB: {course[:: max(1, len(course) // 12)]}", file=sys.stderr)
    wanted = {"inbound": messages - batches * BATCH_SIZE + 40, "outbound": batches * BATCH_SIZE}
    wanted |= {"batch": batches, "optout": consents}
    seconds = ended - began
    return [
        Line(
            f"catching up on {messages:,} messages, {consents:,} consents",
            f"{seconds:.1f} s",
            f"{floor:.0f} s",
            seconds / floor,
            f"<= {TARGET:.2f} of the rate limits",
            seconds / floor <= TARGET,
        ),
        Line("  requests", str(requests), str(needed), requests / needed),
        Line("  all of them in the log, once", str(stored == wanted), "", None, "True", stored == wanted),
        Line("  progress told", f"{len(left)} times", "", None, "", None),
        Line(
            f"  longest stall of the loop ({stalls} over {STALL_TARGET * 1000:.0f} ms)",
            f"{stall * 1000:.0f} ms",
            f"{nothing * 1000:.0f} ms",
            stall / STALL_TARGET,
            f"<= {STALL_TARGET * 1000:.0f} ms",
            stall <= STALL_TARGET,
        ),
        Line(
            "  memory: last third of the reading, and first",
            f"{late:.0f} MB",
            f"{early:.0f} MB",
            late / early,
            f"<= {MEMORY_TARGET}",
            late / early <= MEMORY_TARGET,
        ),
        Line("  memory at its most, and before", f"{peak:.0f} MB", f"{rss:.0f} MB", peak / rss),
        Line("  memory afterwards, and before", f"{after:.0f} MB", f"{rss:.0f} MB", after / rss),
    ]


async def _stored(folder: Path) -> dict[str, int]:
    key = json.loads((folder / "vault.json").read_text("utf-8"))[LOG_KEY]
    async with await EventLog.open(folder / "log.db", key) as log:
        return {
            family.value: await log.reader.count(
                Query(families=(family,), own_numbers=HIGH_VOLUME_NUMBERS), 1_000_000
            )
            for family in (Family.INBOUND, Family.OUTBOUND, Family.BATCH, Family.OPTOUT)
        }


async def measure(messages: int = 50_000, consents: int = 2_000) -> list[Line]:
    """Let it sleep over a weekend."""
    return await _measure(messages, consents)


if __name__ == "__main__":
    print_table(asyncio.run(measure(*map(int, sys.argv[1:3]))))
