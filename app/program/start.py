"""The Qt application and its event loop around one run of the program."""

import sys

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from app import __version__
from app.program.options import Options

IDENTITY = "io.github.textbell.Textbell"
"""The name of the desktop file, of the metainfo, and of the windows' group in a task bar."""


def start(options: Options) -> int:
    """Run the program as asked and return its exit status."""
    app = QApplication(sys.argv[:1])
    app.setApplicationName("textbell")
    app.setApplicationDisplayName("Textbell")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(IDENTITY)
    app.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(app)
    with loop:
        status: int = loop.run_until_complete(_run(app, options))
        return status


async def _run(app: QApplication, options: Options) -> int:
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
        app, lambda: real_stage(options), at_login=start_command(options), minimized=options.minimized
    )
    return await program.run()
