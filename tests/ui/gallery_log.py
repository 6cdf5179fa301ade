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


if __name__ == "__main__":
    gallery.SCENES = SCENES
    application = QApplication([])
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        code = loop.run_until_complete(gallery._main(application, Path(sys.argv[1]), sys.argv[2:]))
    sys.exit(code)
