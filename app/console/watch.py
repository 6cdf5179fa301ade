"""``watch``: the engine without a window."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from app.console.context import Context
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
    """Run the engine until SIGINT or SIGTERM. Ends with status 1 if it cannot watch at all."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish() -> None:
        if not ended.done():
            ended.set_result(None)

    def show(appended: Appended) -> None:
        for entry in appended.new:
            print(event_to_line(entry.event), flush=False)
        if appended.new:
            try:
                print(end="", flush=True)
            except BrokenPipeError:
                finish()

    told: list[str] = []

    def tell(status: Status) -> None:
        if status.reach in (Reach.SIGNED_OUT, Reach.NO_NUMBERS) and not ended.done():
            ended.set_exception(
                SignInNeeded("Sign in first: textbellctl sign-in.")
                if status.reach is Reach.SIGNED_OUT
                else SignInNeeded("Choose numbers first: textbellctl numbers --select all.")
            )
        sentence = status.problem.message if status.problem else _SENTENCES.get(status.reach, "")
        if sentence and told[-1:] != [sentence]:
            told.append(sentence)
            context.tell(sentence)

    with _interruptions(finish):
        async with context.engine() as engine:
            engine.listen(tell)
            engine.listen_changes(show)
            running = asyncio.get_running_loop().create_task(engine.run(), name="engine")
            try:
                await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    ended.result()
            finally:
                running.cancel()
                await asyncio.wait({running})
            if not running.cancelled() and (error := running.exception()) is not None:
                raise error
    return 0


_SENTENCES = {
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
