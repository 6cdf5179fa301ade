"""One seed from its schedule to its verdict."""

import asyncio
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from app.sandbox import Sandbox, SandboxOptions
from tests.chaos.child import Program
from tests.chaos.driver import Driver, NeverAtRest
from tests.chaos.lapse import Lapse, LapseClock
from tests.chaos.scenario import RECOVERY, Scenario, make
from tests.chaos.verdict import Verdict, judge
from tests.sync.rig import callback, free_port

RATE_FULL, RATE_SMALL = 10.0, 25.0
"""How many times faster than life: the small one has fewer events to get through."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended."""

    scenario: Scenario
    verdict: Verdict
    runs: int
    kills: int
    caught_up_in: float
    seconds: float

    @property
    def failed(self) -> bool:
        return bool(self.verdict.failures)


async def _trial(scenario: Scenario, folder: Path, lapse: Lapse) -> Outcome:
    began = time.monotonic()
    port = free_port()
    full = scenario.events >= 5000
    options = SandboxOptions(
        seed=scenario.seed,
        auto_approve=True,
        redirect_uris=(callback(port),),
        recovery_timeout=RECOVERY,
        absolute_timeout=300 if full else 80,
        idle_timeout=120,
        history_skew=0.8,
        access_token_ttl=420 if full else 70,
        socket_outlives_token=scenario.socket_outlives_token,
        wsc_on_notifications=scenario.wsc_on_notifications,
    )
    clock = LapseClock(lapse)
    async with Sandbox(options, clock=clock) as box:
        program = Program(folder, box, lapse, port)
        driver = Driver(box, clock, program, scenario)
        stuck = ""
        try:
            try:
                await driver.run()
            except NeverAtRest as error:
                stuck = str(error)
                await program.quit()
            program.note_fault()
        finally:
            program.close()
        (folder / "timeline.txt").write_text("\n".join(_timeline(program, driver)) + "\n", "utf-8")
        verdict = await judge(box, program, driver.truth)
        verdict.wrong += driver.untrue
        if stuck:
            verdict.wrong.append(stuck)
    seconds = time.monotonic() - began
    return Outcome(scenario, verdict, program.runs, len(program.kills), driver.caught_up_in, seconds)


def _timeline(program: Program, driver: Driver) -> list[str]:
    """What went wrong and what the program said of itself, in the order of the service's time."""
    lines = [(moment, f"            {step}") for moment, step in driver.done]
    lines += [(moment, f"run {run:3d}: {json.dumps(status)}") for moment, run, status in program.told]
    return [f"{moment:%H:%M:%S.%f} {line}" for moment, line in sorted(lines)]


def run_trial(seed: int, events: int, *, rate: float | None = None, keep: Path | None = None) -> Outcome:
    """Run one seed. With ``keep`` what it leaves behind stays in a folder there."""
    scenario = make(seed, events)
    lapse = Lapse(rate or (RATE_FULL if events >= 5000 else RATE_SMALL))
    folder = Path(tempfile.mkdtemp(prefix=f"textbell-chaos-{seed}-"))
    try:
        with asyncio.Runner(loop_factory=lapse.loop) as runner:
            outcome = runner.run(_trial(scenario, folder, lapse))
        if keep is not None:
            (folder / "failures.json").write_text(json.dumps(outcome.verdict.failures, indent=1), "utf-8")
            shutil.copytree(folder, keep / f"seed-{seed}", dirs_exist_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome
