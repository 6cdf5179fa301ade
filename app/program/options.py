"""The command line of ``textbell``."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass

from app import __version__


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line, the environment included."""

    demo: bool = False
    minimized: bool = False
    self_test: bool = False
    data_dir: str | None = None
    server: str = ""
    client_id: str = ""


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line. Ends the process for ``--help``, ``--version`` and wrong usage."""
    parser = ArgumentParser(
        prog="textbell",
        description="Watches your RingCentral High Volume SMS numbers from the tray.",
    )
    parser.add_argument("--demo", action="store_true", help="try it with a made-up business")
    parser.add_argument("--minimized", action="store_true", help="start in the tray, without a window")
    parser.add_argument("--data-dir", metavar="DIR", help="where settings and log are kept")
    parser.add_argument("--server", metavar="URL", help="the RingCentral server")
    parser.add_argument("--client-id", metavar="ID", help="the app's client ID")
    parser.add_argument("--self-test", action="store_true", help="check that this build works, and quit")
    parser.add_argument("--version", action="version", version=f"Textbell {__version__}")
    found = parser.parse_args(arguments)
    return Options(
        found.demo,
        found.minimized,
        found.self_test,
        found.data_dir or os.environ.get("TEXTBELL_DATA_DIR"),
        found.server or os.environ.get("RINGCENTRAL_SERVER_URL", ""),
        found.client_id or os.environ.get("RINGCENTRAL_CLIENT_ID", ""),
    )
