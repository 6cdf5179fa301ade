"""``python -m tests.chaos``: see the package."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.trial import Outcome, run_trial

_HEAD = (
    "seed  events  stored    late  lost  twice  invented  announced twice  not announced  wrong"
    "  | overtaken offline / in flight  killed before shown  runs (kills)  notices (digests)"
    "  caught up in  seconds"
)


def _seeds(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"{part} is no seed and no range of seeds")
        found += range(int(match[1]), int(match[2] or match[1]) + 1)
    return found


def _line(outcome: Outcome) -> str:
    verdict = outcome.verdict
    return (
        f"{outcome.scenario.seed:4d}  {verdict.events:6d}  {verdict.stored:6d}  {verdict.late:6d}"
        f"  {len(verdict.lost):4d}  {len(verdict.duplicated):5d}  {len(verdict.invented):8d}"
        f"  {len(verdict.announced_twice):15d}  {len(verdict.unannounced):13d}  {len(verdict.wrong):5d}"
        f"  | {verdict.overtaken_offline:17d} / {verdict.overtaken_in_flight:9d}"
        f"  {verdict.killed_before_shown:19d}  {outcome.runs:4d} ({outcome.kills:5d})"
        f"  {verdict.notices:7d} ({verdict.digests:7d})"
        f"  {outcome.caught_up_in:10.0f} s  {outcome.seconds:7.0f}"
    )


def _details(outcome: Outcome, most: int) -> Iterator[str]:
    for kind, found in outcome.verdict.failures.items():
        for each in found[:most]:
            yield f"      {kind}: {each}"
        if len(found) > most:
            yield f"      {kind}: and {len(found) - most} more"


def main() -> int:
    """Run the seeds one after the other; the status says whether all went well."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seeds", type=_seeds, default=[1], help="such as 1-20 or 3,5,8")
    parser.add_argument("--events", type=int, default=20_000, help="about so many; 5,000 or more: all faults")
    parser.add_argument("--rate", type=float, help="how many times faster than life")
    parser.add_argument("--keep", type=Path, help="where to keep what each seed leaves behind")
    parser.add_argument("--details", type=int, default=5, help="how many of each failure to print")
    given = parser.parse_args()
    print(_HEAD, flush=True)
    failed = 0
    for seed in given.seeds:
        outcome = run_trial(seed, given.events, rate=given.rate, keep=given.keep)
        print(_line(outcome), flush=True)
        for line in _details(outcome, given.details):
            print(line, flush=True)
        failed += outcome.failed
    print(f"{len(given.seeds) - failed} of {len(given.seeds)} seeds went well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
