"""What gets lost: Textbell and RingCentral's own Python SDK, at the same service, on the same bad day.

``python -m tests.bench.bench_loss`` (about two minutes). All are connected to one sandbox at the same time
and meet the same faults: three short breaks, a burst of texts in one of them, an outage longer than the
service keeps a session, a black hole, an access token that ends, repeated changes, and one frame that is not
JSON. The SDK runs twice: with a host that does what its example does, and with one that connects,
subscribes and signs in anew whenever the connection has ended.

A state that a later one had overtaken before anybody could ask the service for it is gone for good for all
of them; what is missing is told with and without those.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from app.sandbox import Sandbox, SandboxOptions
from tests.bench.report import Line, print_table
from tests.chaos.child import ROOT, Program
from tests.chaos.driver import Driver, Telling
from tests.chaos.lapse import Lapse, LapseClock
from tests.chaos.scenario import FOLLOWED, RECOVERY, Scenario, Step, business
from tests.chaos.verdict import Verdict, judge
from tests.sync.rig import callback, free_port

RATE = 6.0
DURATION = 480.0
EVENTS = 2_400
FAULTS = (
    Step(40, "drop", {"close_frame": True}),
    Step(80, "drop", {"close_frame": False}),
    Step(81, "burst", {"count": 150}),
    Step(120, "drop", {"close_frame": False}),
    Step(150, "disorder", {"renamed": 0.1, "twice": 0.1}),
    Step(180, "disorder"),
    Step(200, "away", {"seconds": RECOVERY * 1.4}),
    Step(240, "burst", {"count": 150}),
    Step(320, "dark"),
    Step(400, "light"),
    Step(420, "expire_access"),
    Step(440, "not_json"),
)


class _Driver(Driver):
    def _not_json(self) -> None:
        self._box.gateway.send_raw("<html><body>502 Bad Gateway</body></html>")


class _SdkProcess:
    """The SDK with one kind of host."""

    def __init__(self, folder: Path, box: Sandbox, redirect: str, lapse: Lapse, *, helps: bool) -> None:
        self._received = folder / f"sdk-{int(helps)}.txt"
        self._received.touch()
        arguments = [
            self._received,
            box.server_url,
            redirect,
            lapse.rate,
            lapse.origin,
            lapse.wall,
            int(helps),
        ]
        with (folder / f"sdk-{int(helps)}-errors.txt").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.bench.sdk_host", *map(str, arguments)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )

    def received(self) -> list[str]:
        """The uuids it passed on, in order."""
        return self._received.read_text("utf-8").split()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _scenario() -> Scenario:
    steps = [*business(Random(11), EVENTS, DURATION), *FAULTS]
    steps.sort(key=lambda step: step.at)
    return Scenario(11, EVENTS, DURATION, tuple(steps), True, False)


async def _day(folder: Path, lapse: Lapse) -> tuple[Verdict, list[Telling], dict[str, list[str]]]:
    port = free_port()
    options = SandboxOptions(
        seed=11, auto_approve=True, redirect_uris=(callback(port),), recovery_timeout=RECOVERY
    )
    clock = LapseClock(lapse)
    async with Sandbox(options, clock=clock) as box:
        program = Program(folder, box, lapse, port)
        hosts = {
            name: _SdkProcess(folder, box, callback(port), lapse, helps=helps)
            for name, helps in (("example", False), ("careful", True))
        }
        driver = _Driver(box, clock, program, _scenario())
        try:
            await _all_subscribed(box)
            await driver.run()
        finally:
            program.close()
            for host in hosts.values():
                host.close()
        verdict = await judge(box, program, driver.truth)
        told = [telling for telling in driver.truth.tellings if telling.change.number in FOLLOWED]
        return verdict, told, {name: host.received() for name, host in hosts.items()}


async def _all_subscribed(box: Sandbox) -> None:
    async with asyncio.timeout(300):
        while sum(session.subscription is not None for session in box.gateway.sessions.values()) < 2:
            await asyncio.sleep(1)


async def _measure(lapse: Lapse) -> list[Line]:
    with tempfile.TemporaryDirectory(prefix="textbell-bench-") as name:
        verdict, told, received = await _day(Path(name), lapse)
    total = len(told)
    latest = {(each.change.family, each.change.ref or id(each)): each for each in told}
    lasting = set(map(id, latest.values()))
    overtaken = verdict.overtaken_offline + verdict.overtaken_in_flight
    ours = (len(verdict.lost) + overtaken, len(verdict.lost), len(verdict.duplicated))
    lines = []
    for name, uuids in received.items():
        counts = [sum(uuids.count(uuid) for uuid in each.change.uuids) for each in told]
        missing = [each for each, count in zip(told, counts, strict=True) if not count]
        theirs = (
            len(missing),
            sum(id(each) in lasting for each in missing),
            sum(count > 1 for count in counts),
        )
        whats = (
            f"events missing, of {total:,} (SDK, {name} host)",
            "  but for states overtaken meanwhile",
            "  passed on twice",
        )
        for place, what in enumerate(whats):
            mine, other = ours[place], theirs[place]
            target = ("", "0", "0")[place]
            lines.append(
                Line(
                    what,
                    f"{mine} ({mine / total:.1%})",
                    f"{other} ({other / total:.1%})",
                    mine / other if other else None,
                    target,
                    None if not target else mine == 0,
                )
            )
    return lines


def measure() -> list[Line]:
    """Let them all have the same day."""
    lapse = Lapse(RATE)
    with asyncio.Runner(loop_factory=lapse.loop) as runner:
        return runner.run(_measure(lapse))


if __name__ == "__main__":
    print_table(measure())
