"""Carries out a schedule against the sandbox and the program, and keeps the truth."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.sandbox import Sandbox
from app.sandbox.connection import Connection
from app.sandbox.consents import OPT_IN, OPT_OUT
from app.sandbox.hostile import HOSTILE
from app.sandbox.model import Batch, Change
from tests.chaos.child import Program
from tests.chaos.lapse import LapseClock
from tests.chaos.scenario import FAULT_VERBS, Scenario, Step

LOOKS_EVERY = 0.2
"""Seconds of the service between two looks at whether connections ended."""
BETWEEN_CHANGES = 3.0
"""Seconds that a customer takes at least to change their mind again."""
REST = 12.0
"""Seconds for which the program must say that it has caught up."""
LAST_NOTICES = 75.0
"""Seconds after which nothing waits to be announced any more: notices gather for up to a minute."""
SECOND_LOOK = 200.0
"""Seconds after which what the lists did not show yet, because they lagged, has been looked for again."""
NOTICED_WITHIN = 45.0
"""Seconds after which a dead connection must have been noticed."""
BUSY = 2.0
"""Seconds of ours that a busy machine may add to that."""
STARTS_WITHIN = 25.0
"""Seconds of ours."""
PATIENCE = 1500.0
"""Seconds that catching up may take."""


class NeverAtRest(Exception):
    """The program did not say that it has caught up."""


@dataclass(slots=True)
class Telling:
    """One change, and the connection it was told on."""

    change: Change
    at: float
    connection: Connection | None
    """``None``: the program was not there to hear it."""


@dataclass(slots=True)
class Truth:
    """What happened since the program first watched."""

    tellings: list[Telling] = field(default_factory=list)
    ends: dict[int, float] = field(default_factory=dict)
    """When connections ended, by their ``id``; until then they are kept alive by ``tellings``."""

    def ended_after(self, telling: Telling) -> float | None:
        """Seconds from the telling to the end of its connection; ``None``: it was told on none."""
        if telling.connection is None:
            return None
        return self.ends.get(id(telling.connection), float("inf")) - telling.at


class Driver:
    """Does what the schedule says."""

    def __init__(self, box: Sandbox, clock: LapseClock, program: Program, scenario: Scenario) -> None:
        self._box = box
        self._clock = clock
        self._program = program
        self._scenario = scenario
        self._batches: dict[str, Batch] = {}
        self._changed_at: dict[tuple[str, str], float] = {}
        self._next_customer = 60
        self._texts = 0
        self.truth = Truth()
        self.untrue: list[str] = []
        """When the program said that it is live, long after that was over."""
        self.done: list[tuple[datetime, Step]] = []
        """What went wrong, and when."""
        self.caught_up_in = 0.0
        """Seconds of the service from the end of all faults until the program said so."""

    async def run(self) -> None:
        """The whole schedule, and the quiet after it.

        Raises:
            NeverAtRest: as it says.
        """
        program, clock = self._program, self._clock
        program.start()
        await self._until(lambda: program.at_rest, STARTS_WITHIN * self._clock.rate, "live")
        self._box.world.journal.listen(self._note)
        looking = asyncio.get_running_loop().create_task(self._look())
        try:
            began = clock.monotonic()
            for step in self._scenario.steps:
                await asyncio.sleep(max(0.0, began + step.at - clock.monotonic()))
                if step.verb in FAULT_VERBS:
                    self.done.append((clock.now(), step))
                await self._do(step.verb, step.arguments)
            await self._all_well()
            began = clock.monotonic()
            await self._rest()
            self.caught_up_in = clock.monotonic() - began - REST
            lagged = any(step.verb == "lag" for step in self._scenario.steps)
            await asyncio.sleep(SECOND_LOOK + LAST_NOTICES if lagged else LAST_NOTICES)
            await self._rest()
            await program.quit()
        finally:
            looking.cancel()

    async def _rest(self) -> None:
        clock, end = self._clock, self._clock.monotonic() + PATIENCE
        since: float | None = None
        while True:
            now = clock.monotonic()
            if not self._program.alive:
                self._program.start()
            since = (since or now) if self._program.at_rest else None
            if since is not None and now - since >= REST:
                return
            if now > end:
                raise NeverAtRest(f"not caught up after {PATIENCE:.0f} s: {self._program.status}")
            await asyncio.sleep(0.5)

    async def _until(self, holds: Callable[[], object], patience: float, what: str) -> None:
        end = self._clock.monotonic() + patience
        while not holds():
            if self._clock.monotonic() > end:
                raise NeverAtRest(f"not {what} after {patience:.0f} s: {self._program.status}")
            await asyncio.sleep(0.5)

    async def _all_well(self) -> None:
        """The end of everything that goes wrong; batches that were begun are finished."""
        box = self._box
        while box.away:
            await asyncio.sleep(1)
        box.gateway.disorder.calm()
        box.faults.clear()
        box.slowness.clear()
        box.gateway.light_up()
        self._program.go_on()
        self._program.end_another(kill=True)
        self._program.start()
        for batch in self._batches.values():
            box.world.complete_batch(batch.id)

    # ---- what happened, and who was told

    def _note(self, change: Change) -> None:
        heard = None
        if self._program.attentive:
            for connection in self._box.gateway.connections():
                session = connection.session
                if session is None or session.subscription is None or connection.dark:
                    continue
                if any(key in session.subscription.by_key for key in change.keys):
                    heard = connection
        self.truth.tellings.append(Telling(change, self._clock.monotonic(), heard))

    async def _look(self) -> None:
        known: dict[int, Connection] = {}
        heard = self._clock.monotonic()
        while True:
            for connection in self._box.gateway.connections():
                known[id(connection)] = connection
            deaf = not self._program.attentive
            now = self._clock.monotonic()
            if deaf or any(not connection.dark for connection in known.values()):
                heard = now
            elif (
                now - heard > NOTICED_WITHIN + BUSY * self._clock.rate
                and self._program.status.get("reach") == "live"
            ):
                self.untrue.append(
                    f"{self._clock.now():%H:%M:%S}: live, with nobody there for {now - heard:.0f} s"
                )
                heard = now
            for name, connection in list(known.items()):
                if connection.session is None or connection.dark or deaf:
                    self.truth.ends.setdefault(name, now)
                    if connection.session is None:
                        del known[name]
            await asyncio.sleep(LOOKS_EVERY)

    # ---- what is done

    async def _do(self, verb: str, arguments: dict[str, Any]) -> None:
        done = getattr(self, f"_{verb}")(**arguments)
        if asyncio.iscoroutine(done):
            await done

    def _batch(self, name: str, size: int, number: str, rejected: int) -> None:
        refused = [f"+1999555{index:04d}" for index in range(rejected)]
        self._batches[name] = self._box.world.create_batch(
            f"Reminder {name}: we look forward to seeing you.", size=size, number=number, rejected=refused
        )

    def _progress(self, name: str, count: int) -> None:
        self._box.world.progress_batch(self._batches[name].id, count)

    def _settle(self, name: str, count: int) -> None:
        self._box.world.settle_batch(self._batches[name].id, count)

    def _text(self, customer: int, number: str) -> None:
        self._texts += 1
        self._box.world.inbound(self._customer(customer), f"Question {self._texts}", number=number)

    def _burst(self, count: int) -> None:
        for index in range(count):
            self._text(index, self._box.world.numbers[index % 2].e164)

    def _opt_out_storm(self, count: int) -> None:
        for _ in range(count):
            self._next_customer += 1
            self._change_consent(self._next_customer, self._box.world.numbers[0].e164, by_text=True)

    def _change_consent(self, customer: int, number: str, *, by_text: bool) -> None:
        world, pair = self._box.world, (number, self._customer(customer))
        now = self._clock.monotonic()
        if now - self._changed_at.get(pair, 0.0) < BETWEEN_CHANGES:
            return
        self._changed_at[pair] = now
        out = world.consents.opted_out(*pair)
        if by_text:
            (world.opt_in if out else world.opt_out)(pair[1], number=number)
        else:
            world.set_consent(number, pair[1], OPT_IN if out else OPT_OUT)

    def _customer(self, index: int) -> str:
        customers = self._box.world.customers
        return customers[index % len(customers)]

    # ---- what goes wrong

    def _drop(self, close_frame: bool = True) -> None:
        self._box.gateway.drop(close_frame=close_frame)

    def _forget_sessions(self) -> None:
        self._box.gateway.forget_sessions()

    def _dark(self) -> None:
        self._box.gateway.go_dark()

    def _light(self) -> None:
        if not self._box.away:
            self._box.gateway.light_up()

    async def _away(self, seconds: float, dark: bool = False, forget: bool = False) -> None:
        await self._box.go_away(seconds, dark=dark, forget=forget)

    def _expire_access(self) -> None:
        self._box.oauth.expire_access_tokens()

    def _expire_refresh(self) -> None:
        self._box.oauth.expire_refresh_tokens()

    def _revoke(self) -> None:
        self._box.oauth.revoke_all()

    def _fail(self, status: int, **arguments: Any) -> None:
        self._box.faults.add(status, **arguments)

    def _penalty(self, group: str, seconds: float) -> None:
        self._box.limits.penalize(self._box.client_id, group, seconds)

    def _disorder(self, **shares: float) -> None:
        self._box.gateway.disorder.calm()
        for name, share in shares.items():
            setattr(self._box.gateway.disorder, name, share)

    def _hostile(self) -> None:
        for make in HOSTILE.values():
            self._box.gateway.send_raw(make())

    def _false_frames(self) -> None:
        """Well formed, and not true."""
        meta = {"messageId": "false", "status": 200}
        details = {"recoveryTimeout": -1, "absoluteTimeout": 0.001, "recoveryState": "Successful"}
        wsc = {"token": "of nobody", "sequence": 10**9}
        for frame in (
            [{**meta, "type": "ConnectionDetails", "wsc": wsc}, details],
            [{**meta, "type": "Heartbeat", "wsc": wsc}],
            [{**meta, "type": "Error", "status": 400}, {"errorCode": "WSG-999", "message": "No such thing"}],
        ):
            self._box.gateway.send_raw(json.dumps(frame))

    def _too_large(self) -> None:
        self._box.gateway.send_raw("[" + " " * 17 * 2**20 + "]")

    def _lag(self, seconds: float) -> None:
        self._box.slowness.lag = seconds

    def _slow(self, seconds: float, path: str, lasting: float) -> None:
        self._box.slowness.answer_after(seconds, path=path, lasting=lasting)

    def _kill(self) -> None:
        self._program.kill()

    def _start(self) -> None:
        self._program.start()

    async def _quit(self) -> None:
        await self._program.quit()

    def _stop(self) -> None:
        self._program.stop()

    def _go_on(self) -> None:
        self._program.go_on()

    def _start_another(self) -> None:
        self._program.start_another()

    def _end_another(self, kill: bool) -> None:
        self._program.end_another(kill=kill)

    def _jump(self, seconds: float) -> None:
        self._program.shift.seconds = seconds
