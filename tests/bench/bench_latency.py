"""From the moment the service writes an event to the call at the notification daemon.

``python -m tests.bench.bench_latency [ROUNDS]`` (22 unless said, three notifications each). The floor is a
plain client of the gateway which calls the daemon at once, for the same kinds of event and in the same
rounds. The program stores an event durably, reads a batch's text and results from the service, and only
then calls.

Calm notices need a silence between them, so each round starts the program anew, and asks for no more
than it announces at once: an opt-out, an opt-in and a batch. The first of a round is included.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles

from dbus_fast.service import ServiceInterface, method

from tests.bench.place import FOLLOWED, OTHER, Place, place, until
from tests.bench.report import Line, print_table

TARGET = 0.1
"""Seconds, for 99 of 100."""
SETTLING = 2.0
PER_ROUND = 3
_NAME, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Daemon(ServiceInterface):
    """A notification daemon that notes when it is called, by whom, and shows nothing."""

    def __init__(self) -> None:
        super().__init__(_NAME)
        self.called: dict[str, list[float]] = {"Textbell": [], "Bare": []}

    @method(name="Notify")
    def notify(
        self,
        app_name: "s",  # type: ignore[name-defined] # noqa: F821
        replaces_id: "u",  # type: ignore[name-defined] # noqa: F821
        app_icon: "s",  # type: ignore[name-defined] # noqa: F821
        summary: "s",  # type: ignore[name-defined] # noqa: F821
        body: "s",  # type: ignore[name-defined] # noqa: F821
        actions: "as",  # type: ignore[name-defined] # noqa: F722
        hints: "a{sv}",  # type: ignore[name-defined] # noqa: F722
        expire_timeout: "i",  # type: ignore[name-defined] # noqa: F821
    ) -> "u":  # type: ignore[name-defined] # noqa: F821
        """See the specification of desktop notifications."""
        self.called[app_name].append(time.monotonic())
        return replaces_id or sum(map(len, self.called.values()))

    @method(name="CloseNotification")
    def close_notification(self, id_: "u") -> None:  # type: ignore[name-defined] # noqa: F821
        """See the specification."""

    @method(name="GetCapabilities")
    def get_capabilities(self) -> "as":  # type: ignore[name-defined] # noqa: F722
        """See the specification."""
        return ["actions", "body", "body-markup"]

    @method(name="GetServerInformation")
    def get_server_information(self) -> "ssss":  # type: ignore[name-defined] # noqa: F821
        """See the specification."""
        return ["bench", "bench", "1", "1.2"]


def _happenings(where: Place, number: str, round_: int) -> list[Callable[[], object]]:
    """What the service is to write: each last step of it is what is announced."""
    world = where.box.world
    customer = f"+1212555{100 + round_:04d}"

    def batch() -> Callable[[], object]:
        made = world.create_batch("Your table is ready", number=number, size=3)
        return lambda: world.complete_batch(made.id, settle=False)

    return [
        lambda: world.set_consent(number, customer, "OptOut"),
        lambda: world.set_consent(number, customer, "OptIn"),
        batch(),
    ]


async def _round(where: Place, daemon: Daemon, round_: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"Textbell": [], "Bare": []}
    bare = where.bare_notifier(await where.gateway_uri())
    ours = where.textbell()
    await where.live()
    await where.live(OTHER)
    happenings = {
        name: _happenings(where, number, round_) for name, number in (("Textbell", FOLLOWED), ("Bare", OTHER))
    }
    await asyncio.sleep(SETTLING)
    for step in range(PER_ROUND):
        for name, calls in daemon.called.items():
            before = len(calls)
            written = time.monotonic()
            happenings[name][step]()
            await until(f"{name} calls the daemon", lambda calls=calls, before=before: len(calls) > before)
            found[name].append(calls[before] - written)
            await asyncio.sleep(0.15)
    await where.end(ours)
    bare.kill()
    await asyncio.to_thread(bare.wait)
    return found


async def measure(rounds: int = 22) -> list[Line]:
    """Let things happen to both in turns."""
    found: dict[str, list[float]] = {"Textbell": [], "Bare": []}
    daemon = Daemon()
    async with place(notifier="none") as where:
        bus = await where.bus()
        bus.export(_PATH, daemon)
        await bus.request_name(_NAME)
        for round_ in range(rounds):
            for name, times in (await _round(where, daemon, round_)).items():
                found[name] += times
        bus.disconnect()
    ours, floor = found["Textbell"], found["Bare"]
    p99, floor99 = (quantiles(times, n=100, method="inclusive")[98] for times in (ours, floor))
    within = sum(time_ <= TARGET for time_ in ours) / len(ours)

    def line(what: str, times: list[float], floors: list[float]) -> Line:
        figure, beside = median(times), median(floors)
        return Line(what, f"{figure * 1000:.1f} ms", f"{beside * 1000:.1f} ms", figure / beside)

    def some(times: list[float], *steps: int) -> list[float]:
        return [time_ for number, time_ in enumerate(times) if number % PER_ROUND in steps]

    return [
        line(f"event to notification, of {len(ours)}: half", ours, floor),
        line("  opt-outs and opt-ins: half", some(ours, 0, 1), some(floor, 0, 1)),
        line("  batches: half", some(ours, 2), some(floor, 2)),
        line("  the first after the start: half", some(ours, 0), some(floor, 0)),
        Line(
            f"event to notification: 99 % (most: {max(ours) * 1000:.0f} ms)",
            f"{p99 * 1000:.1f} ms",
            f"{floor99 * 1000:.1f} ms",
            p99 / TARGET,
            f"99 % in {TARGET * 1000:.0f} ms: {within:.0%}",
            within >= 0.99,
        ),
    ]


if __name__ == "__main__":
    print_table(asyncio.run(measure(*map(int, sys.argv[1:2]))))
