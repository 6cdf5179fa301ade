"""Saving the log as one file under a passphrase, and bringing such a file back."""

import secrets
from collections.abc import Callable
from pathlib import Path

from app.domain.problems import BadInput, LogUnavailable
from app.eventlog import EventLog
from app.eventlog.backup import SHORTEST_PASSPHRASE, BackupFile, Restored, restored_file
from app.sync.files import cannot_write
from app.sync.session import ACCOUNT, SESSION, SIGNED_IN_AT
from app.sync.stretch import SUBSCRIPTION
from app.sync.threads import in_thread

_OWN = (ACCOUNT, SIGNED_IN_AT, SESSION, SUBSCRIPTION)
"""What the log keeps of this computer's session, and another computer's backup says nothing about."""

OnShare = Callable[[float], object]
"""Called with how much is done, from 0 to 1."""


def check_passphrase(passphrase: str) -> None:
    """Raises BadInput if it is too short to protect anything."""
    if len(passphrase) < SHORTEST_PASSPHRASE or len(set(passphrase)) < 3:
        raise BadInput(
            f"Choose a longer passphrase: at least {SHORTEST_PASSPHRASE} characters."
            " Four words make a good one."
        )


async def save_backup(log: EventLog, path: Path, passphrase: str, progress: OnShare | None = None) -> None:
    """Write the log as it is now to ``path``, encrypted with the passphrase. Events are stored meanwhile.

    The file is there when this returns, and only then.

    Raises:
        BadInput: the passphrase is too short, or the file cannot be written.
        LogUnavailable: the log cannot be read.
    """
    check_passphrase(passphrase)
    part = path.with_name(f".textbell-{secrets.token_hex(4)}.part")
    making: BackupFile | None = None
    try:
        made = making = await in_thread(lambda: BackupFile(part, passphrase))
        more = True
        while more:
            more = await log.copy_some(made.copy)
            if progress is not None:
                progress(made.copy.share)
        await in_thread(made.finish)
        await in_thread(lambda: part.replace(path))
        making = None
    except OSError as error:
        raise cannot_write(path, error) from error
    except LogUnavailable as error:
        if making is not None and making.copy.failed is not None:
            raise cannot_write(path, making.copy.failed) from error
        raise
    finally:
        if making is not None:
            await log.end_copy(making.copy)
            await in_thread(making.abandon)


async def restore_backup(
    log: EventLog, path: Path, passphrase: str, progress: OnShare | None = None
) -> Restored:
    """Bring a backup beside the log, whose place it takes when the log is opened next; what it holds.

    The present log is then set aside, not deleted. Until then everything stays as it is.

    Raises:
        BadInput: it is no backup, or damaged, or the passphrase is not its own.
        LogUnavailable: there is no room for it beside the log.
    """
    restoring = log.restoring(path)
    try:
        await in_thread(lambda: restoring.begin(passphrase))
        more = True
        while more:
            more = await in_thread(restoring.step)
            if progress is not None:
                progress(restoring.share)
        own = {name: await log.meta(name) for name in _OWN}
        return await in_thread(lambda: restoring.finish(own), restoring.stop)
    finally:
        await in_thread(restoring.close)


def restore_waits(log: EventLog) -> bool:
    """Whether a restored log waits for the log to be opened next."""
    return restored_file(log.path).exists()
