"""How the system starts the program at login."""

import shutil
import sys
from pathlib import Path

from app.program.options import Options


def start_command(options: Options) -> list[str]:
    """The command line that starts this program, at this place, with what it was told about it.

    Whoever named a folder or a server and then asks for a start at login means that one.
    """
    command = [*_program(), "--minimized"]
    if options.data_dir:
        command += ["--data-dir", str(Path(options.data_dir).expanduser().absolute())]
    if options.server:
        command += ["--server", options.server]
    if options.client_id:
        command += ["--client-id", options.client_id]
    return command


def _program() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable]
    installed = shutil.which("textbell", path=str(Path(sys.executable).parent))
    return [installed] if installed else [sys.executable, "-m", "app"]
