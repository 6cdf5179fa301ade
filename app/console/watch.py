"""``watch``: the engine without a window."""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from app.console.context import Context
from app.console.waiting import waiting_teller
from app.desktop.power import PowerHooks, WakeWatch
from app.domain.events import Appended
from app.domain.problems import SignInNeeded
from app.domain.status import Reach, Status
from app.ringcentral.bodies import event_to_line


def add_commands(commands: Any, shared: ArgumentParser) -> None:
    """Add this module's commands to the command line."""
    command = commands.add_parser(
        "watch", parents=[shared], help="print every stored event as one JSON line until interrupted"
    )
    command.set_defaults(run=watch)


async def watch(context: Context) -> int:
    """Run the engine until SIGINT or SIGTERM. Ends with status 1 if it cannot watch at all.

    Raises:
        SignInNeeded: nobody is signed in (any more), or no number is chosen.
        BrokenPipeError: nobody reads the output any more.
    """
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish(error: Exception | None = None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    def show(appended: Appended) -> None:
        try:
            for entry in appended.new:
                print(event_to_line(entry.event))
            sys.stdout.flush()
        except BrokenPipeError as error:
            finish(error)

    told = ""

    def tell(status: Status) -> None:
        nonlocal told
        sentence = status.problem.message if status.problem else _SENTENCES.get(status.reach, "")
        if status.reach is Reach.SIGNED_OUT:
            finish(SignInNeeded(f"{sentence} Do it with: textbellctl sign-in."))
        elif status.reach is Reach.NO_NUMBERS:
            finish(SignInNeeded("Choose numbers first: textbellctl numbers --select all."))
        elif sentence and sentence != told:
            told = sentence
            context.tell(sentence)

    with _interruptions(finish):
        async with context.engine() as engine:
            engine.listen(tell)
            engine.listen(waiting_teller(context))
            engine.listen_changes(show)
            tell(engine.status)
            power = PowerHooks(engine.going_to_sleep, engine.woke, engine.network_changed)
            loop = asyncio.get_running_loop()
            running = loop.create_task(engine.run(), name="engine")
            beside = loop.create_task(WakeWatch(power).run(), name="power")
            try:
                await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                running.cancel()
                beside.cancel()
                await asyncio.wait({running, beside})
            if ended.done():
                ended.result()
            if not running.cancelled() and (error := running.exception()) is not None:
                raise error
    return 0


_SENTENCES = {
    Reach.SIGNED_OUT: "Please sign in first.",
    Reach.CONNECTING: "Connecting.",
    Reach.LIVE: "Watching. Press Ctrl+C to stop.",
    Reach.RECONNECTING: "Reconnecting.",
}


class _interruptions:  # noqa: N801 - reads as a phrase in a with statement
    """Call ``finish`` on SIGINT and SIGTERM instead of dying in the middle of something."""

    def __init__(self, finish: Any) -> None:
        self._finish = finish
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._finish))

    def __exit__(self, *exc_info: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
