"""What the program costs while nothing happens, next to a bare tray program that holds one connection.

``python -m tests.bench.bench_idle [SECONDS]`` (60 unless said). Both run at the same time, connected to the
same service; neither shows a window.
"""

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.place import OTHER, place
from tests.bench.report import Line, print_table

CPU_TARGET = 0.05
"""Per cent of one core."""
MEMORY_TARGET = 1.8
SETTLING = 20.0
"""Seconds after the start that are not looked at."""


@dataclass(frozen=True, slots=True)
class _Use:
    cpu: float
    """Seconds of a core so far."""
    switches: int
    """Times its threads were put on a core so far."""
    rss: float
    pss: float
    threads: int


def _use_of(process: subprocess.Popen[Any]) -> _Use:
    own = Path(f"/proc/{process.pid}")
    # schedstat: nanoseconds on a core, nanoseconds waited, times put on a core.
    tasks = [(task / "schedstat").read_text().split() for task in (own / "task").iterdir()]
    memory = {
        line.split()[0]: int(line.split()[1]) / 1024
        for line in (own / "smaps_rollup").read_text().splitlines()[1:]
    }
    return _Use(
        sum(int(task[0]) for task in tasks) / 1e9,
        sum(int(task[2]) for task in tasks),
        memory["Rss:"],
        memory["Pss:"],
        len(tasks),
    )


async def measure(seconds: float = 60.0) -> list[Line]:
    """Let both be, and look twice."""
    async with place() as where:
        bare = where.bare_tray(await where.gateway_uri(), OTHER)
        ours = where.textbell()
        await where.live()
        await where.live(OTHER)
        await asyncio.sleep(SETTLING)
        before = [_use_of(process) for process in (ours, bare)]
        await asyncio.sleep(seconds)
        after = [_use_of(process) for process in (ours, bare)]
        await where.end(ours)
    percent = [(b.cpu - a.cpu) / seconds * 100 for a, b in zip(before, after, strict=True)]
    switches = [(b.switches - a.switches) / seconds for a, b in zip(before, after, strict=True)]
    us, floor = after
    return [
        Line(
            f"idle: processor, over {seconds:.0f} s",
            f"{percent[0]:.3f} %",
            f"{percent[1]:.3f} %",
            percent[0] / CPU_TARGET,
            f"<= {CPU_TARGET} %",
            percent[0] <= CPU_TARGET,
        ),
        Line("idle: times on a core, a second", f"{switches[0]:.2f}", f"{switches[1]:.2f}"),
        Line(
            "idle: memory (RSS)",
            f"{us.rss:.1f} MB",
            f"{floor.rss:.1f} MB",
            us.rss / floor.rss,
            f"<= {MEMORY_TARGET}",
            us.rss / floor.rss <= MEMORY_TARGET,
        ),
        Line("idle: memory (PSS)", f"{us.pss:.1f} MB", f"{floor.pss:.1f} MB", us.pss / floor.pss),
        Line("idle: threads", str(us.threads), str(floor.threads)),
    ]


if __name__ == "__main__":
    print_table(asyncio.run(measure(*map(float, sys.argv[1:2]))))
