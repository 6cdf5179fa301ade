"""``python -m tests.bench.day_program``: the program of ``tests.chaos``, which notes what it holds in use."""

import asyncio
import json
import sys
from pathlib import Path

import psutil

from tests.chaos.lapse import Lapse
from tests.chaos.program import run

EVERY = 60.0
"""Seconds of the service between two looks."""


async def look(path: Path, lapse: Lapse) -> None:
    """Note memory, files, threads, tasks and timers, for ever."""
    process = psutil.Process()
    loop = asyncio.get_running_loop()
    with path.open("w", encoding="utf-8") as file:
        while True:
            await asyncio.sleep(EVERY)
            sample = {
                "at": lapse.monotonic(),
                "rss": process.memory_info().rss,
                "files": process.num_fds(),
                "threads": process.num_threads(),
                "tasks": len(asyncio.all_tasks()),
                "timers": len(loop._scheduled),  # type: ignore[attr-defined] # asyncio tells nobody
            }
            file.write(json.dumps(sample) + "\n")
            file.flush()


def main() -> None:
    """See above."""
    folder, rate, origin, wall, number = sys.argv[1:]
    lapse = Lapse(float(rate), float(origin), float(wall))

    samples = Path(folder) / "samples.jsonl"
    with asyncio.Runner(loop_factory=lapse.loop) as runner:
        runner.run(run(Path(folder), lapse, int(number), lambda _engine: look(samples, lapse)))


if __name__ == "__main__":
    main()
