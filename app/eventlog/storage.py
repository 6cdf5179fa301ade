"""Opening the log's file: the key, the tables, and files that are not what they should be."""

import hashlib
import hmac
import json
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import apsw

from app.domain.problems import LogUnavailable
from app.eventlog import schema
from app.eventlog.failures import LogDamaged, translated
from app.eventlog.sql import one

_logger = logging.getLogger("app.eventlog.storage")

BUSY_MS = 10_000
"""How long one process waits for another that is writing."""

_SEAL_ROUNDS = 100_000
_WAL_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opened:
    """The two connections of one open log."""

    writer: apsw.Connection
    reader: apsw.Connection
    set_aside: Path | None
    """Where a damaged file was put before a new log was begun."""


def open_log(path: Path, key: str) -> Opened:
    """Open the log at ``path``, making it if there is none.

    A file that was a log of this key's and is damaged is renamed (``set_aside``) and a new log begun.

    Raises:
        LogUnavailable: the file is somebody else's, another key's or a newer program's, or the folder or
            the disk does not let it be used. The file is untouched then.
    """
    if not key:
        raise ValueError("the key is empty: the log would not be encrypted")
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _look(path)
        aside: Path | None = None
        try:
            with translated(path):
                writer = _open_writer(path, key)
        except LogDamaged:
            aside = set_aside(path)
            writer = _open_writer(path, key)
        try:
            return Opened(writer, _open_reader(path, key), aside)
        except BaseException:
            writer.close()
            raise


def set_aside(path: Path, why: str = "damaged") -> Path:
    """Rename a log and what belongs to it to ``NAME.WHY-N``; the new name.

    No process may have the log open.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    with translated(path):
        path.rename(aside)
        for suffix in ("-wal", "-shm", _SEAL, _SUSPECT):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    _logger.warning("set aside the log as %s", aside.name)
    return aside


def suspect(path: Path) -> None:
    """Have the log examined as a whole when it is opened next, because it failed to be read."""
    with translated(path):
        path.with_name(path.name + _SUSPECT).touch()


_SEAL = ".seal"
_SUSPECT = ".suspect"


def _look(path: Path) -> None:
    """Refuse what plainly is no log of ours, before SQLite touches it."""
    if not os.access(path.parent, os.W_OK | os.X_OK) or (
        path.exists() and not os.access(path, os.R_OK | os.W_OK)
    ):
        raise apsw.PermissionsError(str(path))
    if path.is_dir():
        raise LogUnavailable(f"“{path}” is a folder, not a log. Choose another data folder.")
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(16)
    if head == b"SQLite format 3\0":
        raise LogUnavailable(
            f"“{path}” is another program’s database, not a log of Textbell’s."
            " Move it away, then restart Textbell."
        )


def _open_writer(path: Path, key: str) -> apsw.Connection:
    """A connection for writing, to a log that was found sound enough, made or brought up to date."""
    # An empty file is not taken away: another process may be making its log of it at this moment.
    if not path.exists() or (path.stat().st_size == 0 and not path.with_name(path.name + "-wal").exists()):
        _seal(path, key)
    try:
        connection = connect(path, key)
    except apsw.NotADBError:
        raise _unreadable(path, key) from None
    try:
        _prepare(path, connection)
        _examine(path, connection)
        if not path.with_name(path.name + _SEAL).exists():
            _seal(path, key)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_reader(path: Path, key: str) -> apsw.Connection:
    connection = connect(path, key)
    connection.pragma("query_only", True)
    connection.pragma("cache_size", -8_000)
    return connection


def connect(path: Path, key: str) -> apsw.Connection:
    """A connection to a file of this key's. Raises what apsw does; NotADBError where the key is another."""
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("key", _key_text(key))
        # The first read: this is where a wrong key shows.
        connection.pragma("user_version")
    except BaseException:
        connection.close()
        raise
    return connection


def _key_text(key: str) -> str:
    """How the key is handed to SQLite3 Multiple Ciphers: 32 bytes in hexadecimal go in as they are.

    Anything else is a passphrase, from which a key is derived at the cost of some 50 ms a connection.
    """
    is_raw = len(key) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in key)
    return f"raw:{key}" if is_raw else key


def _prepare(path: Path, connection: apsw.Connection) -> None:
    """Make sure that the file is ours before anything is changed, then make or renew the tables."""
    if _is_empty(connection):
        # Before the first table is made: from then on pages can be given back without a VACUUM.
        connection.pragma("auto_vacuum", 2)
    else:
        _check_version(path, connection)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.pragma("secure_delete", False)
    connection.pragma("journal_size_limit", _WAL_LIMIT)
    connection.pragma("cache_size", -16_000)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been here in between.
        if _is_empty(connection):
            schema.create(connection)
        else:
            schema.migrate(connection, _check_version(path, connection))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _is_empty(connection: apsw.Connection) -> bool:
    return not one(connection, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)")


def _check_version(path: Path, connection: apsw.Connection) -> int:
    """The version of the file, which must be ours and not newer than this program."""
    if connection.pragma("application_id") != schema.APPLICATION_ID:
        raise LogUnavailable(
            f"“{path}” is another program’s database, not a log of Textbell’s."
            " Move it away, then restart Textbell."
        )
    version = int(connection.pragma("user_version"))
    if version > schema.VERSION:
        raise LogUnavailable(
            f"The log “{path}” was written by a newer Textbell. Install the newest version to open it."
        )
    return version


def _examine(path: Path, connection: apsw.Connection) -> None:
    """Read a little from everywhere, or everything if reading failed the last time."""
    connection.execute("SELECT * FROM event ORDER BY id DESC LIMIT 1").fetchall()
    connection.execute("SELECT rowid FROM find ORDER BY rowid DESC LIMIT 1").fetchall()
    connection.execute("SELECT count(*) FROM due").fetchall()
    mark = path.with_name(path.name + _SUSPECT)
    if mark.exists():
        if connection.pragma("quick_check") != "ok":
            raise apsw.CorruptError("quick_check")
        mark.unlink()


def _seal(path: Path, key: str) -> None:
    """Leave beside the log what tells later whether a key is the log's, without telling the key."""
    salt = secrets.token_hex(16)
    seal = {"salt": salt, "check": _check(key, salt)}
    path.with_name(path.name + _SEAL).write_text(json.dumps(seal), encoding="ascii")


def _check(key: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", key.encode(), salt.encode(), _SEAL_ROUNDS).hex()


def _unreadable(path: Path, key: str) -> LogUnavailable:
    """Why the first page cannot be read: damage if the key is the right one, else the key or the file."""
    try:
        seal = json.loads(path.with_name(path.name + _SEAL).read_text(encoding="ascii"))
        right = hmac.compare_digest(_check(key, str(seal["salt"])), str(seal["check"]))
    except (OSError, ValueError, KeyError, TypeError):
        right = None
    if right:
        return LogDamaged(f"The log “{path}” is damaged.")
    if right is False:
        return LogUnavailable(
            f"The log “{path}” is locked with another key than the one in this computer’s keyring."
            " If that key is lost, move the file away and restart Textbell to begin a new log."
        )
    return LogUnavailable(
        f"“{path}” is not a log of Textbell’s, or it is locked with another key."
        " Move it away, then restart Textbell."
    )
