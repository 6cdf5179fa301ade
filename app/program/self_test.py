"""``--self-test``: the program proves that this build of it works, on this computer.

The real program against the built-in sandbox service: signs in, receives one batch and one opt-out,
sees both announced, finds both by search, and quits.
"""

import asyncio
import sys
import time
from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from app import __version__
from app.compose import LOG_KEY
from app.domain.events import Entry, Family
from app.domain.problems import Expected
from app.domain.status import Reach
from app.eventlog import parse_query
from app.notices.port import NoticeKind
from app.program.run import Program
from app.program.stage import sandbox_stage
from app.sandbox import SandboxThread

PATIENCE = 20.0
"""Seconds for each step."""
CUSTOMER = "+12125550143"
WORDS = "Self-test: the blue door opens at nine"


class _Failed(Exception):
    pass


def _say(line: str) -> None:
    # A windowed program on Windows has no stdout.
    if sys.stdout is not None:
        print(line, flush=True)  # noqa: T201 - the report is the point


async def _until(what: str, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise _Failed(f"{what}: not within {PATIENCE:.0f} s")
        await asyncio.sleep(0.05)
    _say(f"ok      {what}")


async def self_test(app: QApplication) -> int:
    """Run it and return the exit status: 0 if every step was seen to work."""
    _say(f"Textbell {__version__}")
    outcome = ["the program did not come up"]
    async with sandbox_stage("silent", keyring=True) as stage:
        assert stage.sandbox is not None
        sandbox = stage.sandbox

        async def steps(program: Program) -> None:
            outcome.clear()
            try:
                await _steps(program, sandbox)
            except (_Failed, Expected) as failure:
                outcome.append(str(failure))
            finally:
                assert program.settings is not None
                assert program.engine is not None
                await program.engine.sign_out()
                await stage.make_vault(program.settings.value).delete(LOG_KEY)
                program.quit()

        program = Program(app, lambda: stage, at_login=(), attended=False)
        status = await program.run(steps)
    if program.refusal:
        outcome = [program.refusal]
    elif not outcome:
        _say("ok      quits")
    for failure in outcome:
        _say(f"FAILED  {failure}")
    return status or bool(outcome)


async def _steps(program: Program, sandbox: SandboxThread) -> None:
    engine, native = program.engine, program.native
    assert engine is not None
    assert native is not None
    await _until("a tray for the icon", QSystemTrayIcon.isSystemTrayAvailable)
    await _until("signs in with the keyring, and watches", lambda: engine.status.reach is Reach.LIVE)
    number = engine.status.numbers[0].e164
    seen: list[Entry] = []
    unlisten = engine.listen_changes(lambda appended: seen.extend(appended.new))
    batch = sandbox.call(lambda box: box.world.create_batch(WORDS, number=number, size=5))
    sandbox.call(lambda box: box.world.complete_batch(batch.id))
    sandbox.call(lambda box: box.world.opt_out(CUSTOMER, number=number))
    await _until(
        "receives a batch and an opt-out",
        lambda: {Family.BATCH, Family.OPTOUT} <= {entry.event.family for entry in seen},
    )
    unlisten()
    for query in (f"type:batch batch:{batch.id}", f"type:optout {CUSTOMER}", '"the blue door"'):
        if not (await engine.log.reader.page(parse_query(query))).entries:
            raise _Failed(f"the search for {query} finds nothing")
    _say("ok      finds both by search")
    wanted = {NoticeKind.BATCH, NoticeKind.OPTED_OUT}
    await _until("the desktop accepts both notifications", lambda: wanted <= native.delivered)
