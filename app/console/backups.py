"""``backup`` and ``restore``: the log as one file under a passphrase."""

import asyncio
import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from app.console.context import Context
from app.domain.problems import BadInput
from app.sync.backups import check_passphrase, restore_backup, restore_waits, save_backup

_HOW = "The passphrase is asked for, or read as the first line of stdin."


def add_commands(commands: Any, shared: ArgumentParser) -> None:
    """Add this module's commands to the command line."""
    command = commands.add_parser(
        "backup", parents=[shared], help="save the log as one encrypted file", description=_HOW
    )
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=backup)
    command = commands.add_parser(
        "restore",
        parents=[shared],
        help="put such a file in the log's place; the present log is set aside",
        description=_HOW,
    )
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=restore)


async def backup(context: Context) -> int:
    """Write the log to a file, encrypted with a passphrase that is typed twice."""
    passphrase = await asyncio.to_thread(_asked, twice=True)
    check_passphrase(passphrase)
    path: Path = context.args.file
    async with context.log() as log:
        await save_backup(log, path, passphrase)
        stats = await log.reader.stats()
    context.result(
        {"events": stats.events, "file": str(path)},
        f"{stats.events:,} {'event' if stats.events == 1 else 'events'} saved. Keep the passphrase:"
        " without it nobody can open the file.",
    )
    return 0


async def restore(context: Context) -> int:
    """Bring a backup into the log's place, at once or at the next start."""
    passphrase = await asyncio.to_thread(_asked, twice=False)
    async with context.log() as log:
        found = await restore_backup(log, context.args.file, passphrase)
    async with context.log() as log:
        waits = restore_waits(log)
    events = f"{found.events:,} {'event' if found.events == 1 else 'events'}"
    context.result(
        {"events": found.events, "restart": waits},
        f"{events} restored. Quit and start Textbell to use them; the log of now is set aside then."
        if waits
        else f"{events} restored. The log there was is set aside in the same folder.",
    )
    return 0


def _asked(*, twice: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("The same again: ") != typed:
        raise BadInput("The two passphrases are not the same.")
    return typed
