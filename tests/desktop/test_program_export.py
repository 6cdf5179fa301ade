"""Taking the log along: exporting, and a backup that is restored, by the keyboard alone."""

from datetime import datetime

import openpyxl
import pytest

from app.sandbox import SandboxThread
from tests.desktop.running import Running, command

pytestmark = pytest.mark.desktop


def test_what_is_shown_is_exported_through_the_desktops_own_dialog(
    program: Running, sandbox: SandboxThread
) -> None:
    program.prepare()
    program.sign_in()
    program.start_watching()
    program.activate("^Textbell$")
    command(sandbox, "emit", count=30, family="optout")
    program.until(lambda: len(program.search("type:optout")) == 30)
    program.activate("^Textbell$")
    program.press("ctrl+e")
    program.activate("Export what is shown")
    program.press("Return")
    program.until(lambda: program.says("Exported"))
    home = program.session.folder / "home"
    [made] = [*home.glob("*.xlsx"), *home.glob("*/*.xlsx")]
    assert made.name == f"Textbell Activity {datetime.now().astimezone().date().isoformat()}.xlsx"
    book = openpyxl.load_workbook(made, read_only=True)
    assert sum(1 for _ in book.worksheets[0].iter_rows()) == 61
    book.close()
    assert program.end() == 0
    assert program.printed == ""
