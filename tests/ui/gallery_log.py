"""Pictures of what can be done with the log as a whole; drawn as those of ``tests.ui.gallery``."""

import asyncio
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from app.ui import exporting
from app.ui.exporting import Exporting
from app.ui.filters import View
from tests.ui import gallery
from tests.ui.gallery import Studio, _close

SCENES: dict[str, gallery.Scene] = {}


def scene(function: gallery.Scene) -> gallery.Scene:
    SCENES[function.__name__] = function
    return function


@scene
async def export(studio: Studio) -> None:
    for dark in (False, True):
        look = "-dark" if dark else ""
        desk, engine = await studio.desk(dark=dark)
        window = await studio.main(desk)
        made = window.findChild(Exporting)
        window.log.show_view(View.BATCHES)
        await asyncio.sleep(0.3)
        exporting.documents = lambda: Path(studio.scratch)
        window.log.row_menu(window.log.model.entry_at(1)).popup(window.mapToGlobal(window.rect().center()))
        await asyncio.sleep(0.2)
        await studio.shoot(QApplication.activePopupWidget(), f"row-menu{look}")
        QApplication.activePopupWidget().close()
        window.strip.begin("Exporting…", lambda: None)
        window.strip.advance("Exporting 12,400 of 30,112 events…", 0.41)
        await studio.shoot(window, f"export-running{look}")
        window.strip.done("Exported 30,112 events.", "Open &folder")
        await studio.shoot(window, f"export-done{look}")
        window.strip.failed(
            "“Textbell Activity 2026-11-03.xlsx” is open in another program, or protected."
            " Close it there, or choose another name."
        )
        window.resize(720, 440)
        await studio.shoot(window, f"export-failed-narrow{look}")
        window.strip.clear()
        window.resize(1160, 740)
        made.ask()
        await asyncio.sleep(0.3)
        await studio.shoot(made.dialog, f"export-dialog{look}")
        made.dialog.reject()
        await asyncio.sleep(0.1)
        await _close(desk, engine)


@scene
async def log_page(studio: Studio) -> None:
    for dark in (False, True):
        look = "-dark" if dark else ""
        desk, engine = await studio.desk(dark=dark)
        desk.show_settings("Log")
        window = desk.beside.settings_window
        await asyncio.sleep(0.3)
        await studio.shoot(window, f"log-page{look}")
        window.resize(600, 420)
        await studio.shoot(window, f"log-page-small{look}")
        window.resize(760, 560)
        page = window.log
        page.amount.setText("1,204,112 events since Mon 3 Nov 2021, 430 MB")
        page.keep._question.setText(
            "12,345 events are older than 2 years. They will be deleted, here and for good; "
            "export or back up first what you still need."
        )
        page.keep.sure.setText("&Delete 12,345 events")
        page.keep._question.show()
        page.keep._answers.show()
        await studio.shoot(window, f"log-page-question{look}")
        page.keep._ask_no_more()
        page.keep.strip.begin("", lambda: None)
        page.keep.strip.advance("Deleting 5,000 of 12,345 old events…", 0.4)
        page.backups._ask_passphrase()
        page.backups.form.say_wrong("The two passphrases are not the same.")
        window.resize(760, 900)
        page.adding.strip.done(
            "1,204 events added, 30 were known already."
            " Lines 3, 5, 6, 7, 9 and 1,195 more are no events and were left out."
        )
        await studio.shoot(window, f"log-page-busy{look}")
        page.keep.strip.done("12,345 old events deleted.")
        page.backups.form.clear()
        page.backups.strip.done("1,204 events restored. Quit Textbell and start it again to use them.")
        page.waiting.say(
            "A restored log takes over when you quit Textbell and start it again.", icon="info", tone="plain"
        )
        await studio.shoot(window, f"log-page-done{look}")
        await _close(desk, engine)


if __name__ == "__main__":
    gallery.SCENES = SCENES
    application = QApplication([])
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        code = loop.run_until_complete(gallery._main(application, Path(sys.argv[1]), sys.argv[2:]))
    sys.exit(code)
