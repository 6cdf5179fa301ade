"""The Qt application and its event loop around one run of the program."""

import asyncio
import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from app import __version__
from app.desktop.folders import data_dir
from app.domain.problems import BadInput
from app.program.opening import Opening
from app.program.options import Options

IDENTITY = "io.github.textbell.Textbell"
"""The name of the desktop file, of the metainfo, and of the windows' group in a task bar."""

GARBAGE = (20_000, 20, 50)
"""When to look for garbage. Python's own, some thousands, would have it look through every event of a flood
again and again while they wait to be stored."""


def start(options: Options) -> int:
    """Run the program as asked and return its exit status."""
    gc.disable()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("textbell")
    app.setApplicationDisplayName("Textbell")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(IDENTITY)
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    # Threads as they are needed: qasync's own would be ten from the beginning.
    loop.set_default_executor(ThreadPoolExecutor(4, "worker"))
    with loop:
        status: int = loop.run_until_complete(_run(app, options))
        return status


async def _run(app: QApplication, options: Options) -> int:
    opening = Opening()
    if not (options.self_test or options.demo):
        # What is wrong with the folder is said by the program, once there are windows to say it in.
        with suppress(BadInput):
            if not opening.begin(data_dir(options.data_dir)):
                return 0
    # On a thread, so that the panel gets its answers and the icon is drawn meanwhile.
    await asyncio.to_thread(_load)
    # What was loaded stays: looking through it for garbage, now or ever again, is wasted time.
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()
    from app.program.at_login import start_command
    from app.program.run import Program
    from app.program.stage import real_stage, sandbox_stage

    if options.self_test:
        from app.program.self_test import self_test

        return await self_test(app)
    if options.demo:
        async with sandbox_stage("demo", keyring=False) as stage:
            # A demo leaves no trace: what is started at login is the program itself.
            at_login = start_command(Options())
            program = Program(app, lambda: stage, at_login=at_login, minimized=options.minimized)
            return await program.run()
    program = Program(
        app,
        lambda: real_stage(options),
        at_login=start_command(options),
        minimized=options.minimized,
        opening=opening,
    )
    return await program.run()


def _load() -> None:
    import app.program.run
    import app.program.stage  # noqa: F401 - what takes long is to have been imported
