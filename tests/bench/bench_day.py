"""A day of the service in some minutes: does the program hold more in the evening than in the morning?

``python -m tests.bench.bench_day [HOURS [RATE]]`` (24 and 120 unless said: twelve minutes). Time passes so
many times faster for the program and for the sandbox, every timeout and delay with it. An event comes every
few seconds; access tokens and connections live for some minutes, so that a day has hundreds of refreshes and
of hand-overs; and every two hours or so a connection breaks or the service is away. The log is of some age
at the beginning. The first and the last quarter of the day are compared by their medians.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from random import Random
from statistics import median

from app.sandbox import Sandbox, SandboxOptions
from tests.bench.report import Line, print_table
from tests.chaos.child import Program
from tests.chaos.driver import Driver
from tests.chaos.lapse import Lapse, LapseClock
from tests.chaos.scenario import FOLLOWED, Scenario, Step
from tests.chaos.verdict import judge
from tests.sync.rig import callback, free_port

EVERY = 5.0
"""Seconds between two events, about."""
LIMITS = {
    "rss": 1.15,
    "sqlite": 1.3,
    "blocks": 1.10,
    "files": 1.0,
    "threads": 1.0,
    "tasks": 1.0,
    "timers": 1.3,
}
"""By how much the evening may exceed the morning. The heap may take one step of some megabytes when it needs
more than ever before, at any hour; a drift is what goes on, see the course. Timers: those that were
cancelled wait to be swept."""
NAMES = {
    "rss": "memory (RSS)",
    "sqlite": "  of it SQLite's",
    "blocks": "  blocks of Python's",
    "files": "files and sockets",
    "threads": "threads",
    "tasks": "tasks",
    "timers": "timers",
}


def _day(seconds: float) -> Scenario:
    rng = Random(24)
    steps: list[Step] = []
    at, number = 30.0, 0
    while at < seconds:
        at += rng.expovariate(1 / EVERY)
        drawn = rng.random()
        own = rng.choice(FOLLOWED)
        if drawn < 0.6:
            steps.append(Step(at, "text", {"customer": rng.randrange(400), "number": own}))
        elif drawn < 0.75:
            arguments = {"customer": rng.randrange(200), "number": own, "by_text": rng.random() < 0.8}
            steps.append(Step(at, "change_consent", arguments))
        else:
            # About eight events, told over some time.
            number += 1
            name = f"b{number}"
            steps.append(Step(at, "batch", {"name": name, "size": 2, "number": own, "rejected": 0}))
            for verb in ("progress", "settle"):
                at += rng.expovariate(1 / (3 * EVERY))
                steps.append(Step(at, verb, {"name": name, "count": 2}))
    # Early enough for the morning: what a reading back needs once, the heap keeps.
    steps += [Step(300, "away", {"seconds": 400}), Step(1500, "away", {"seconds": 400, "forget": True})]
    at = 3600.0
    while (at := at + rng.expovariate(1 / 7200)) < seconds - 1800:
        trouble = rng.choice(
            [
                Step(at, "drop", {"close_frame": rng.random() < 0.5}),
                Step(at, "away", {"seconds": rng.uniform(20, 400), "dark": rng.random() < 0.3}),
            ]
        )
        steps.append(trouble)
    steps.sort(key=lambda step: step.at)
    return Scenario(24, len(steps), seconds, tuple(steps), True, False)


async def _measure(hours: float, lapse: Lapse) -> list[Line]:
    port = free_port()
    options = SandboxOptions(
        seed=24,
        auto_approve=True,
        redirect_uris=(callback(port),),
        access_token_ttl=300,
        absolute_timeout=400,
    )
    with tempfile.TemporaryDirectory(prefix="textbell-bench-") as name:
        clock = LapseClock(lapse)
        async with Sandbox(options, clock=clock) as box:
            program = Program(Path(name), box, lapse, port, module="tests.bench.day_program")
            driver = Driver(box, clock, program, _day(hours * 3600))
            try:
                await driver.run()
            finally:
                program.close()
            verdict = await judge(box, program, driver.truth)
            refreshes = sum(session.generation - 1 for session in box.oauth.sessions)
            connections = box.gateway.connections_made
        samples = [
            json.loads(line) for line in (program.data / "samples.jsonl").read_text("utf-8").splitlines()
        ]
    quarter = len(samples) // 4
    lines = [
        Line(
            f"{hours:g} hours in {hours * 60 / lapse.rate:.0f} min: events, of them lost or double",
            f"{verdict.events:,}",
            str(sum(map(len, verdict.failures.values()))),
            target="0",
            met=not verdict.failures,
        ),
        Line("  refreshes of the tokens; connections", str(refreshes), str(connections)),
    ]
    for key, limit in LIMITS.items():
        # The first few minutes are the start's, not the morning's.
        morning = median(sample[key] for sample in samples[10 : 10 + quarter])
        evening = median(sample[key] for sample in samples[-quarter:])
        unit, by = (" MB", 2**20) if key in ("rss", "sqlite") else ("", 1)
        lines.append(
            Line(
                f"  {NAMES[key]}: evening, and morning",
                f"{evening / by:.1f}{unit}",
                f"{morning / by:.1f}{unit}",
                evening / morning,
                f"<= {limit}",
                evening / morning <= limit,
            )
        )
    eighths = [samples[len(samples) * part // 8 : len(samples) * (part + 1) // 8] for part in range(8)]
    course = " ".join(f"{median(sample['rss'] for sample in part) / 2**20:.1f}" for part in eighths)
    print(f"memory over the day, MB: {course}", file=sys.stderr)
    for kind, found in verdict.failures.items():
        print(f"{kind}: {found[:5]}", file=sys.stderr)
    return lines


def measure(hours: float = 24.0, rate: float = 120.0) -> list[Line]:
    """Let the day pass."""
    lapse = Lapse(rate)
    with asyncio.Runner(loop_factory=lapse.loop) as runner:
        return runner.run(_measure(hours, lapse))


if __name__ == "__main__":
    print_table(measure(*map(float, sys.argv[1:3])))
