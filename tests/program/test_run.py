"""The program's own part: it goes on after a fault, reconnects after waking, and leaves nothing."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.domain.events import Appended
from app.domain.status import Reach
from app.eventlog import parse_query
from app.program import run
from app.program.run import Program
from app.program.stage import Stage, sandbox_stage
from app.sandbox import SandboxThread
from tests.conftest import Until

pytestmark = [
    pytest.mark.asyncio(loop_factories=["qt"]),
    # What Qt's platform without a screen lacks, and says.
    pytest.mark.qt_log_ignore("plugin does not support", "systemTrayWindowChanged", extend=True),
]

CUSTOMER = "+12125550143"
Steps = Callable[[Program, SandboxThread, Path], Awaitable[None]]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with sandbox_stage("silent", keyring=False) as made:
        yield made


async def go_through(stage: Stage, steps: Steps) -> int:
    """Run the program, do ``steps`` when it is up, and quit."""
    assert stage.sandbox is not None
    sandbox = stage.sandbox
    failures: list[BaseException] = []

    async def then(program: Program) -> None:
        try:
            await steps(program, sandbox, stage.choices.data_dir)
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            program.quit()

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    status = await Program(app, lambda: stage, at_login=(), minimized=True, attended=False).run(then)
    if failures:
        raise failures[0]
    return status


async def test_a_fault_is_written_down_and_the_watching_goes_on(
    stage: Stage, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RESTART_DELAY", 0.01)

    async def steps(program: Program, sandbox: SandboxThread, folder: Path) -> None:
        engine = program.engine
        assert engine is not None
        await until(lambda: engine.status.reach is Reach.LIVE)
        faults = [ZeroDivisionError("a listener's bug")]

        def faulty(appended: Appended) -> None:
            if appended.new and faults:
                raise faults.pop()

        engine.listen_changes(faulty)
        sandbox.call(lambda box: box.world.inbound(CUSTOMER, "first"))
        await until(lambda: not faults)
        await until(lambda: "a listener's bug" in (folder / "diagnostics.log").read_text())
        await until(lambda: engine.status.reach is Reach.LIVE)
        sandbox.call(lambda box: box.world.inbound(CUSTOMER, "second"))

        async def both() -> bool:
            return len((await engine.log.reader.page(parse_query("type:inbound"))).entries) == 2

        await until(both)

    assert await go_through(stage, steps) == 0


async def test_waking_up_makes_a_new_connection_at_once(stage: Stage, until: Until) -> None:
    async def steps(program: Program, sandbox: SandboxThread, folder: Path) -> None:
        engine = program.engine
        assert engine is not None
        await until(lambda: engine.status.reach is Reach.LIVE)
        assert sandbox.call(lambda box: box.gateway.connections_made) == 1
        engine.woke()
        await until(lambda: sandbox.call(lambda box: box.gateway.connections_made) == 2)
        await until(lambda: engine.status.reach is Reach.LIVE)
        said = json.loads((folder / "status.json").read_text())
        assert (said["reach"], said["numbers"], said["problem"]) == ("live", 4, None)

    assert await go_through(stage, steps) == 0
    assert not stage.choices.status_path.exists()
    assert not [handler for handler in logging.getLogger().handlers if "diagnostics" in str(handler)]


async def test_a_refusal_ends_it_where_nobody_can_press_try_again(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.choices.log_path.write_bytes(b"SQLite format 3\0" + bytes(4096))

    async def steps(*_: object) -> None:
        raise AssertionError("it came up")

    assert await go_through(stage, steps) == 1
    said = capfd.readouterr().err
    assert said.startswith("textbell: ")
    assert said.count("\n") == 1


async def test_quitting_does_not_wait_for_the_keyring(stage: Stage) -> None:
    class Asking:
        """A keyring whose user does not answer."""

        async def get(self, name: str) -> str | None:
            asked.set()
            await asyncio.Event().wait()
            return None

        async def set(self, name: str, value: str) -> None: ...
        async def delete(self, name: str) -> None: ...

    asked = asyncio.Event()
    waiting = Stage(stage.choices, lambda _: Asking())
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    program = Program(app, lambda: waiting, at_login=(), attended=False)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(program.run())
        await asked.wait()
        program.quit()
    assert running.result() == 0
