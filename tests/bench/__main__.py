"""``python -m tests.bench``: all measurements, in one table."""

import asyncio
import subprocess
import sys

from tests.bench import bench_idle, bench_ingest, bench_latency, bench_start
from tests.bench.place import Failed
from tests.bench.report import Line, print_table
from tests.desktop.session import DesktopFailed


def main() -> int:
    """Run them one after the other; the status says whether each could be run."""
    lines: list[Line] = []
    failures = []
    measurements = [bench_ingest.measure]
    if sys.platform.startswith("linux"):
        measurements += [bench_start.measure, bench_latency.measure, bench_idle.measure]
    for measure in measurements:
        print(f"{measure.__module__} …", file=sys.stderr, flush=True)
        try:
            lines += asyncio.run(measure())
        except (Failed, DesktopFailed) as failure:
            failures.append(f"{measure.__module__}: {failure}")
    print_table(lines)
    print(flush=True)
    store = subprocess.run([sys.executable, "-m", "tests.bench.bench_store"], check=False)
    for failure in failures:
        print(f"could not be measured: {failure}", file=sys.stderr)
    return store.returncode or bool(failures)


if __name__ == "__main__":
    sys.exit(main())
