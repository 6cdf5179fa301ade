"""From a seed to a schedule: what happens, and what goes wrong meanwhile. Times: the service's seconds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

FRONT, APPOINTMENTS, BILLING = "+16505550100", "+16505550101", "+16505550102"
FOLLOWED = (FRONT, APPOINTMENTS)
PAIRED_CUSTOMERS = 40
"""Customers that opt out and in again and again."""

RECOVERY = 60.0
"""Seconds for which the service keeps a session that is not connected."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at a moment."""

    at: float
    verb: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.at:7.1f}  {self.verb} {told}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole schedule, in order."""

    seed: int
    events: int
    duration: float
    steps: tuple[Step, ...]
    socket_outlives_token: bool
    wsc_on_notifications: bool

    @property
    def faults(self) -> list[Step]:
        return [step for step in self.steps if step.verb in FAULT_VERBS]


Fault = Callable[[Random, float], Iterator[Step]]


def _drop(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "drop", {"close_frame": rng.random() < 0.5})


def _drop_in_a_burst(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "burst", {"count": rng.randrange(20, 60)})
    yield Step(at + 0.01, "drop", {"close_frame": False})
    yield Step(at + 0.5, "burst", {"count": rng.randrange(110, 300)})


def _lost_session(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "drop", {"close_frame": rng.random() < 0.5})
    yield Step(at + 0.01, "forget_sessions")


def _black_hole(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "dark")
    yield Step(at + rng.uniform(5, 70), "light")


def _short_outage(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "away", {"seconds": rng.uniform(3, RECOVERY * 0.7), "dark": rng.random() < 0.3})
    yield Step(at + 2, "burst", {"count": rng.randrange(5, 90)})


def _long_outage(rng: Random, at: float) -> Iterator[Step]:
    seconds = RECOVERY * rng.uniform(1.2, 2.2)
    yield Step(at, "away", {"seconds": seconds, "dark": rng.random() < 0.3, "forget": rng.random() < 0.5})
    yield Step(at + seconds / 2, "burst", {"count": rng.randrange(110, 350)})
    yield Step(at + seconds / 2, "opt_out_storm", {"count": rng.randrange(5, 25)})


def _expiry(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "expire_access")


def _long_absence(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "expire_refresh")
    yield Step(at + 0.1, "expire_access")


def _revocation(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "revoke")
    if rng.random() < 0.7:
        yield Step(at + 1, "drop", {"close_frame": True})
    yield Step(at + 2, "opt_out_storm", {"count": rng.randrange(3, 12)})


def _rate_storm(rng: Random, at: float) -> Iterator[Step]:
    group = rng.choice(["Light", "Auth", ""])
    arguments = {
        "status": 429,
        "group": group,
        "seconds": rng.uniform(5, 40),
        "retry_after": rng.choice([3, 15]),
    }
    yield Step(at, "fail", arguments)
    if rng.random() < 0.6:
        yield Step(at + 1, "drop", {"close_frame": False})


def _penalty(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "penalty", {"group": rng.choice(["Light", "Auth"]), "seconds": rng.uniform(5, 40)})
    yield Step(at + 0.5, "drop", {"close_frame": True})


def _bad_gateway(rng: Random, at: float) -> Iterator[Step]:
    arguments = {"status": rng.choice([500, 502, 503]), "seconds": rng.uniform(5, 50)}
    if rng.random() < 0.4:
        arguments["path"] = rng.choice(["/restapi/oauth", "/restapi/v1.0/account", "/restapi/v2"])
    yield Step(at, "fail", arguments)
    if rng.random() < 0.7:
        yield Step(at + 1, "drop", {"close_frame": False})


def _disorder(rng: Random, at: float) -> Iterator[Step]:
    shares = {"twice": 0.2, "renamed": 0.1, "late": 0.3, "late_by": 3.0, "hostile": 0.03}
    yield Step(at, "disorder", shares)
    if rng.random() < 0.5:
        yield Step(at + rng.uniform(5, 20), "drop", {"close_frame": False})
    yield Step(at + rng.uniform(20, 40), "disorder")


def _hostility(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "hostile")


def _lag(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "lag", {"seconds": rng.uniform(1, 8)})
    yield Step(at + 1, "away", {"seconds": rng.uniform(2, 20), "forget": True})
    yield Step(at + rng.uniform(60, 100), "lag", {"seconds": 0})


def _slowness(rng: Random, at: float) -> Iterator[Step]:
    path = rng.choice(["", "/restapi/oauth/token", "/restapi/oauth/wstoken", "/restapi/v1.0/account"])
    yield Step(at, "slow", {"seconds": rng.choice([2, 8, 40]), "path": path, "lasting": rng.uniform(10, 40)})
    yield Step(at + 0.5, rng.choice(["drop", "expire_access"]))


def _kill(rng: Random, at: float) -> Iterator[Step]:
    if rng.random() < 0.6:
        yield Step(at, "opt_out_storm", {"count": rng.randrange(1, 6)})
    yield Step(at + rng.choice([0.0, 0.1, 0.3, 1.0, 3.0]), "kill")
    if rng.random() < 0.4:
        yield Step(at + 4, "burst", {"count": rng.randrange(20, 150)})
    yield Step(at + rng.choice([4.5, 20, RECOVERY * 1.5]), "start")


def _killed_while_starting(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "kill")
    yield Step(at + 1, "burst", {"count": rng.randrange(110, 250)})
    yield Step(at + 1, "opt_out_storm", {"count": rng.randrange(3, 12)})
    for _ in range(2):
        at += rng.uniform(8, 20)
        yield Step(at, "start")
        at += rng.uniform(8, 40)
        yield Step(at, "kill")
    yield Step(at + 5, "start")


def _killed_while_refreshing(rng: Random, at: float) -> Iterator[Step]:
    """At any point between asking for a pair of tokens, storing it and using it."""
    yield Step(at, "slow", {"seconds": 2, "path": "/restapi/oauth/token", "lasting": 15})
    yield Step(at, "expire_access")
    yield Step(at + 0.1, "drop", {"close_frame": True})
    yield Step(at + rng.uniform(1, 6), "kill")
    yield Step(at + 15, "start")


def _false_frames(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "false_frames")
    if rng.random() < 0.5:
        yield Step(at + 1, "drop", {"close_frame": False})


def _too_large(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "too_large")
    yield Step(at, "burst", {"count": rng.randrange(5, 50)})


def _closed(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "quit")
    yield Step(at + 10, "burst", {"count": rng.randrange(20, 200)})
    yield Step(at + 15, "opt_out_storm", {"count": rng.randrange(2, 8)})
    yield Step(at + rng.uniform(20, RECOVERY * 2), "start")


def _sleep(rng: Random, at: float) -> Iterator[Step]:
    seconds = rng.choice([10, 50, 150])
    yield Step(at, "stop")
    yield Step(at + seconds / 2, "burst", {"count": rng.randrange(20, 200)})
    yield Step(at + seconds, "go_on")


def _another(rng: Random, at: float) -> Iterator[Step]:
    """``textbellctl watch`` beside the tray program."""
    yield Step(at, "start_another")
    at += rng.uniform(15, 40)
    yield Step(at, rng.choice(["expire_access", "drop", "kill"]))
    yield Step(at + 0.2, "opt_out_storm", {"count": rng.randrange(2, 8)})
    at += rng.uniform(5, 30)
    yield Step(at, "end_another", {"kill": rng.random() < 0.5})
    yield Step(at + 5, "start")


def _jump(rng: Random, at: float) -> Iterator[Step]:
    yield Step(at, "jump", {"seconds": rng.choice([-7200, -400, 400, 7200])})
    if rng.random() < 0.6:
        yield Step(at + 2, "drop", {"close_frame": False})
        yield Step(at + 2.1, "forget_sessions")
        yield Step(at + 2.2, "burst", {"count": rng.randrange(20, 150)})
    yield Step(at + rng.uniform(20, 80), "jump", {"seconds": rng.choice([0, 0, 0, 30, -30])})


FAULTS: tuple[Fault, ...] = (
    *(_drop, _drop_in_a_burst, _lost_session, _black_hole, _short_outage, _long_outage, _expiry),
    *(_long_absence, _revocation, _rate_storm, _penalty, _bad_gateway, _disorder, _hostility, _lag),
    *(_slowness, _kill, _killed_while_starting, _killed_while_refreshing, _closed, _sleep, _jump),
    *(_false_frames, _too_large, _another),
)
"""Everything that can go wrong; a full schedule has each of them, and kills oftener than the rest."""

FAULT_VERBS = frozenset(
    {
        *("drop", "forget_sessions", "dark", "light", "away", "expire_access", "expire_refresh", "revoke"),
        *("fail", "penalty", "disorder", "hostile", "lag", "slow", "kill", "start", "quit", "stop", "go_on"),
        *("jump", "false_frames", "too_large", "start_another", "end_another"),
    }
)


def business(rng: Random, events: int, duration: float) -> Iterator[Step]:
    """Batches, texts and consents, about so many events on the numbers that are followed."""
    left = events * 0.84
    number = 0
    while left > 0:
        number += 1
        followed = rng.random() < 0.93
        size = rng.choice([1, 5, 20, 60, 120]) if events > 5000 else rng.choice([1, 4, 10, 25])
        at = rng.uniform(0, duration * 0.93)
        yield Step(
            at,
            "batch",
            {
                "name": f"b{number}",
                "size": size,
                "number": rng.choice(FOLLOWED) if followed else BILLING,
                "rejected": rng.choice([0, 0, 0, 2]),
            },
        )
        portions = rng.randrange(1, 5)
        for _ in range(portions):
            at += rng.uniform(0.05, 12)
            yield Step(at, "progress", {"name": f"b{number}", "count": -(-size // portions)})
        for _ in range(portions):
            at += rng.uniform(0.05, 15)
            yield Step(at, "settle", {"name": f"b{number}", "count": -(-size // portions)})
        left -= (3 * size + portions + 1) if followed else 0
    for _ in range(int(events * 0.14)):
        number_ = rng.choice((*FOLLOWED, *FOLLOWED, BILLING))
        yield Step(rng.uniform(0, duration), "text", {"customer": rng.randrange(400), "number": number_})
    for _ in range(int(events * 0.025)):
        yield from _change_of_mind(rng, rng.uniform(0, duration))


def _change_of_mind(rng: Random, at: float) -> Iterator[Step]:
    pair = {
        "customer": rng.randrange(PAIRED_CUSTOMERS),
        "number": rng.choice((*FOLLOWED, *FOLLOWED, BILLING)),
    }
    by_text = rng.random() < 0.7
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        yield Step(at, "change_consent", {**pair, "by_text": by_text})
        at += rng.uniform(3, 9)


def make(seed: int, events: int) -> Scenario:
    """The schedule of a seed. Small ones have a few of the faults, full ones have all of them."""
    rng = Random(f"{seed} {events}")
    full = events >= 5000
    duration = 1100.0 if full else 130.0
    # Lists that lag are looked at again after minutes: too long for a small one.
    order = list(FAULTS) if full else [*rng.sample([each for each in FAULTS if each is not _lag], 5), _kill]
    rng.shuffle(order)
    if full:
        for _ in range(6):
            order.insert(rng.randrange(len(order)), _kill)
    steps = list(business(rng, events, duration))
    gap = duration * (0.9 if full else 0.7) / len(order)
    for place, fault in enumerate(order):
        at = 5 + place * gap + rng.uniform(0, gap * 0.6)
        steps += fault(rng, at)
    steps.sort(key=lambda step: step.at)
    return Scenario(
        seed, events, duration, tuple(steps), rng.random() < 0.7, wsc_on_notifications=rng.random() < 0.5
    )
