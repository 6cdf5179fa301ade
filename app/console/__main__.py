"""The command line of ``textbellctl``."""

import asyncio
import logging
import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Sequence

from app import __version__
from app.compose import Choices
from app.console import account, backups, doctor, records, sandbox, watch
from app.console.context import Context
from app.desktop.folders import data_dir
from app.domain.problems import Expected
from app.settings import SettingsFile

DONE, COULD_NOT, WRONG_USAGE = 0, 1, 2


def _common(*, top: bool) -> ArgumentParser:
    # Common flags may stand before or after the command: the copies behind the command must not
    # overwrite with their defaults what stood before it.
    flags = ArgumentParser(add_help=False)
    nothing = None if top else SUPPRESS
    flags.add_argument("--data-dir", metavar="DIR", default=nothing, help="where settings and log are kept")
    flags.add_argument("--server", metavar="URL", default=nothing, help="the RingCentral server")
    flags.add_argument("--client-id", metavar="ID", default=nothing, help="the app's client ID")
    flags.add_argument(
        "--json", action="store_true", default=False if top else SUPPRESS, help="machine-readable output"
    )
    flags.add_argument(
        "--verbose", action="store_true", default=False if top else SUPPRESS, help="say more on stderr"
    )
    return flags


def build_parser() -> ArgumentParser:
    """The parser of all commands; each sets ``run`` to what carries it out."""
    parser = ArgumentParser(
        prog="textbellctl",
        description="Watches RingCentral High Volume SMS numbers and searches their log, without a window.",
        parents=[_common(top=True)],
    )
    parser.add_argument("--version", action="version", version=f"textbellctl {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    shared = _common(top=False)
    for room in (account, watch, records, backups, doctor, sandbox):
        room.add_commands(commands, shared)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if stream is not None and hasattr(stream, "reconfigure"):
            # Output is UTF-8 whatever the console's code page; texts may hold lone surrogates.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.DEBUG if args.verbose else logging.ERROR, stream=sys.stderr)
    logging.getLogger("app").setLevel(logging.DEBUG if args.verbose else logging.CRITICAL)
    try:
        return _run(args)
    except Expected as error:
        print(f"textbellctl: {error}", file=sys.stderr)
        return COULD_NOT
    except KeyboardInterrupt:
        return COULD_NOT
    except BrokenPipeError:
        # The reader of our output went away (``| head``): nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _run(args: Namespace) -> int:
    status: int
    if args.run is sandbox.run:
        status = asyncio.run(sandbox.run(args))
        return status
    choices = Choices(
        data_dir(args.data_dir),
        args.server or os.environ.get("RINGCENTRAL_SERVER_URL", ""),
        args.client_id or os.environ.get("RINGCENTRAL_CLIENT_ID", ""),
    )
    context = Context(choices, SettingsFile(choices.settings_path), args)
    if context.settings.set_aside is not None:
        context.tell(f"The settings file was damaged and is kept as {context.settings.set_aside.name}.")
    status = asyncio.run(args.run(context))
    return status


if __name__ == "__main__":
    sys.exit(main())
