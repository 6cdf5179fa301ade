"""What happens by itself: the scenarios. The same seed plays the same events."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.sandbox import texts
from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from app.sandbox.model import COMPLETED, OutcomeMix
from app.sandbox.options import SCENARIOS
from app.sandbox.world import World

FRONT_DESK, APPOINTMENTS, BILLING, DOWNTOWN = HIGH_VOLUME_NUMBERS
_NO_NUMBERS_LEFT = ("+16505550000", "+14155550000")
"""Recipients a batch is refused for."""


class Stage:
    """Where a scenario plays: the world, its own chance, and its own pace."""

    def __init__(self, world: World, rng: Random, time_scale: float) -> None:
        self.world = world
        self.rng = rng
        self._time_scale = time_scale

    async def pause(self, seconds: float) -> None:
        """Let so much of the scenario's time pass."""
        await asyncio.sleep(seconds / self._time_scale)

    async def send_out(self, batch_id: str, *, seconds: float, steps: int = 5) -> None:
        """Send a batch's messages over some seconds, complete it, then let the reports come in."""
        batch = self.world.journal.batches[batch_id]
        share = max(1, -(-len(batch.messages) // steps))
        while batch.status != COMPLETED:
            await self.pause(seconds / steps)
            self.world.progress_batch(batch_id, share)
        while self.world.settle_batch(batch_id, share):
            await self.pause(seconds / steps)

    def customer(self, among: int = 120) -> str:
        """One of the best known customers."""
        return self.world.customers[self.rng.randrange(among)]

    def number(self) -> str:
        """One of the business's numbers; the front desk is asked most."""
        return self.rng.choices(HIGH_VOLUME_NUMBERS, weights=(5, 3, 1, 2))[0]

    def ordinary_text(self) -> None:
        """A customer writes, answers, or asks to stop in other words."""
        almost = self.rng.random() < 0.04
        text = self.rng.choice(texts.ALMOST_STOPS if almost else texts.REPLIES)
        self.world.inbound(self.customer(), text, number=self.number())

    def opt_out(self) -> None:
        """A customer who has not yet done so opts out."""
        number = self.number()
        customer = self.customer(400)
        while self.world.consents.opted_out(number, customer):
            customer = self.customer(4000)
        self.world.opt_out(customer, number=number, word=self.rng.choice(texts.STOPS))

    def opt_in(self) -> None:
        """Somebody who had opted out opts back in."""
        gone = [record for record in self.world.consents.current() if record.status == "OptOut"]
        if gone:
            record = self.rng.choice(gone)
            self.world.opt_in(record.to, number=record.from_, word=self.rng.choice(texts.STARTS))

    def answer(self) -> None:
        """The practice answers somebody."""
        self.world.send(self.customer(), self.rng.choice(texts.ANSWERS), number=self.number())


# ---- the past


def past_days(stage: Stage, days: int = 6) -> None:
    """Give the business a past: by REST it can all be read, nobody is told of it."""
    now = stage.world.clock.now()
    for day in range(days, 0, -1):
        morning = (now - timedelta(days=day)).replace(hour=15, minute=0, second=0, microsecond=0)
        _past_day(stage, morning)


def _past_day(stage: Stage, morning: datetime) -> None:
    world, rng = stage.world, stage.rng
    number = stage.number()
    batch = world.create_batch(
        rng.choice(texts.REMINDERS),
        number=number,
        size=rng.randrange(25, 90),
        at=morning + timedelta(minutes=rng.randrange(30), microseconds=rng.randrange(10**6)),
        quiet=True,
    )
    sent = batch.created + timedelta(seconds=rng.randrange(20, 90))
    world.progress_batch(batch.id, at=sent, quiet=True)
    world.settle_batch(batch.id, at=sent + timedelta(seconds=rng.randrange(5, 60)), quiet=True)
    moments = sorted(rng.randrange(28_000_000_000) for _ in range(rng.randrange(8, 18)))
    for moment in moments:
        at = morning + timedelta(hours=1, microseconds=moment)
        kind = rng.random()
        if kind < 0.12:
            word = rng.choice(texts.STOPS)
            world.inbound(stage.customer(400), word, number=stage.number(), at=at, quiet=True)
        else:
            text = rng.choice(texts.REPLIES)
            world.inbound(stage.customer(), text, number=stage.number(), at=at, quiet=True)


def no_past(stage: Stage) -> None:
    """Nothing happened before."""


# ---- the scenarios


async def silent(stage: Stage) -> None:
    """Nothing happens by itself."""


async def demo(stage: Stage) -> None:
    """A pleasant mix for somebody who looks for the first time; then a calm day."""
    world = stage.world
    await stage.pause(1.5)
    batch = world.create_batch(
        texts.REMINDERS[0],
        number=APPOINTMENTS,
        size=24,
        rejected=_NO_NUMBERS_LEFT[:1],
        mix=OutcomeMix(delivered=0.86, delivery_failed=0.1, sending_failed=0.04),
    )
    await stage.pause(1)
    world.inbound(batch.messages[0].to, "Yes, confirmed. Thank you!", number=APPOINTMENTS)
    await stage.send_out(batch.id, seconds=2.5)
    await stage.pause(1)
    world.opt_out(batch.messages[3].to, number=APPOINTMENTS)
    await stage.pause(1.2)
    world.inbound(batch.messages[5].to, "Can I come at 3:30 instead?", number=APPOINTMENTS)
    await stage.pause(2)
    world.inbound(stage.customer(), "please take me off your list", number=FRONT_DESK)
    await stage.pause(5)
    world.opt_in(batch.messages[3].to, number=APPOINTMENTS)
    while True:
        await stage.pause(stage.rng.uniform(6, 20))
        kind = stage.rng.random()
        if kind < 0.62:
            stage.ordinary_text()
        elif kind < 0.8:
            stage.answer()
        elif kind < 0.88:
            stage.opt_out()
        elif kind < 0.92:
            stage.opt_in()
        else:
            reminder = stage.rng.choice(texts.REMINDERS + texts.NOTICES)
            some = world.create_batch(reminder, number=stage.number(), size=stage.rng.randrange(8, 60))
            await stage.send_out(some.id, seconds=6)


async def quiet_shop(stage: Stage) -> None:
    """A text every minute or two, one batch an hour, now and then an opt-out."""
    until_batch = 20
    while True:
        await stage.pause(stage.rng.uniform(40, 130))
        until_batch -= 1
        kind = stage.rng.random()
        if until_batch <= 0:
            until_batch = 40
            reminder = stage.rng.choice(texts.REMINDERS)
            batch = stage.world.create_batch(reminder, number=APPOINTMENTS, size=stage.rng.randrange(15, 50))
            await stage.send_out(batch.id, seconds=20)
        elif kind < 0.7:
            stage.ordinary_text()
        elif kind < 0.9:
            stage.answer()
        elif kind < 0.97:
            stage.opt_out()
        else:
            stage.opt_in()


async def busy_morning(stage: Stage) -> None:
    """Several batches at once, and a text every second or two."""
    async with asyncio.TaskGroup() as together:
        for number, size in ((APPOINTMENTS, 240), (DOWNTOWN, 150), (BILLING, 90)):
            together.create_task(_batches_of(stage, number, size))
        while True:
            await stage.pause(stage.rng.uniform(0.6, 2.4))
            kind = stage.rng.random()
            if kind < 0.75:
                stage.ordinary_text()
            elif kind < 0.93:
                stage.answer()
            elif kind < 0.985:
                stage.opt_out()
            else:
                stage.opt_in()


async def _batches_of(stage: Stage, number: str, size: int) -> None:
    rng = Random(f"{number}{stage.rng.random()}")  # noqa: S311 - content that must repeat
    while True:
        await stage.pause(rng.uniform(5, 60))
        batch = stage.world.create_batch(
            rng.choice(texts.REMINDERS + texts.NOTICES), number=number, size=rng.randrange(size // 2, size)
        )
        await stage.send_out(batch.id, seconds=rng.uniform(20, 50), steps=10)


async def campaign(stage: Stage) -> None:
    """A batch of 10,000 messages, sent within two minutes; some answer, some opt out."""
    await stage.pause(2)
    batch = stage.world.create_batch(
        texts.CAMPAIGN, number=FRONT_DESK, size=10_000, rejected=_NO_NUMBERS_LEFT
    )
    async with asyncio.TaskGroup() as together:
        together.create_task(stage.send_out(batch.id, seconds=60, steps=40))
        for index in range(120):
            await stage.pause(1)
            customer = batch.messages[index * 80].to
            if index % 4 == 0:
                stage.world.opt_out(customer, number=FRONT_DESK, word=stage.rng.choice(texts.STOPS))
            else:
                stage.world.inbound(customer, stage.rng.choice(texts.REPLIES), number=FRONT_DESK)


async def opt_out_storm(stage: Stage) -> None:
    """After an unlucky batch 200 customers opt out within a minute."""
    await stage.pause(2)
    batch = stage.world.create_batch(texts.CAMPAIGN, number=FRONT_DESK, size=400)
    await stage.send_out(batch.id, seconds=4)
    unhappy = stage.rng.sample(sorted({message.to for message in batch.messages}), 200)
    for customer in unhappy:
        await stage.pause(0.3)
        stage.world.opt_out(customer, number=FRONT_DESK, word=stage.rng.choice(texts.STOPS))


Prepare = Callable[[Stage], None]
Run = Callable[[Stage], Coroutine[Any, Any, None]]

SCENARIO_STEPS: dict[str, tuple[Prepare, Run]] = dict(
    zip(
        SCENARIOS,
        (
            (no_past, silent),
            (past_days, demo),
            (past_days, quiet_shop),
            (past_days, busy_morning),
            (no_past, campaign),
            (no_past, opt_out_storm),
        ),
        strict=True,
    )
)
