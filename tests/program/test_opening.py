"""The first moments of the program: who runs, and quitting before it is there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.domain.problems import BadInput
from app.program.opening import Opening
from app.program.run import Program
from app.program.stage import Stage, sandbox_stage
from app.sandbox import SandboxThread
from tests.conftest import Until

pytestmark = [
    pytest.mark.asyncio(loop_factories=["qt"]),
    # What Qt's platform without a screen lacks, and says.
    pytest.mark.qt_log_ignore("plugin does not support", "systemTrayWindowChanged", extend=True),
]


@pytest.fixture
async def opening(tmp_path: Path) -> AsyncIterator[Opening]:
    made = Opening()
    yield made
    made.end()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with sandbox_stage("silent", keyring=False) as made:
        yield made


async def test_the_first_one_runs_and_shows_an_icon_at_once(opening: Opening, tmp_path: Path) -> None:
    assert opening.begin(tmp_path)
    assert opening.begin(tmp_path)  # again: nothing more is done
    icon = opening._icon
    assert icon is not None
    assert icon.isVisible()
    assert icon.toolTip() == "Textbell is starting"


async def test_a_second_one_leaves_the_first_alone(opening: Opening, tmp_path: Path, until: Until) -> None:
    asked: list[bool] = []
    assert opening.begin(tmp_path)
    assert opening.instance is not None
    opening.instance.show_requested.connect(lambda: asked.append(True))
    second = Opening()
    assert not second.begin(tmp_path)
    assert second._icon is None
    second.end()
    await until(lambda: asked)
    opening.end()
    third = Opening()
    assert third.begin(tmp_path)
    third.end()


async def test_what_took_the_icon_over_keeps_it(opening: Opening, tmp_path: Path) -> None:
    opening.begin(tmp_path)
    icon = opening.take_icon()
    assert icon is not None
    assert opening.take_icon() is None
    menu = icon.contextMenu()
    opening.end()
    assert icon.isVisible()
    icon.hide()
    icon.deleteLater()
    menu.deleteLater()


async def test_a_folder_that_cannot_be_written_in_is_named(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file"):
        opening.begin(tmp_path / "file" / "below")
    assert opening._icon is None


async def test_quit_before_the_program_is_there(opening: Opening, stage: Stage) -> None:
    assert opening.begin(stage.choices.data_dir)
    icon = opening._icon
    assert icon is not None
    [quit_action] = icon.contextMenu().actions()
    quit_action.trigger()
    reached: list[bool] = []

    async def then(program: Program) -> None:
        reached.append(True)

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    program = Program(app, lambda: stage, at_login=(), minimized=True, attended=False, opening=opening)
    assert await program.run(then) == 0
    assert not reached
    assert isinstance(stage.sandbox, SandboxThread)
    assert opening.instance is None  # released: another one may start
