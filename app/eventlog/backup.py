"""Backups: the log as one file under a passphrase of the user's, and the way back.

A backup is a SQLite database as the log is, encrypted with a key that is derived from the passphrase
(PBKDF2-HMAC-SHA256, in SQLite3 Multiple Ciphers' scheme for ChaCha20). The copy is made by SQLite's
backup interface, page by page, while events are being stored.

A restored log waits beside the present one and takes its place when the log is opened next: nobody may have
it open then. The present one is set aside, never deleted.
"""

import errno
import logging
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import apsw

from app.domain.problems import BadInput, LogUnavailable
from app.eventlog import schema
from app.eventlog.failures import translated
from app.eventlog.packing import moment
from app.eventlog.sql import one
from app.eventlog.storage import connect, set_aside

_logger = logging.getLogger("app.eventlog.backup")

PAGES_A_STEP = 128
SHORTEST_PASSPHRASE = 8
_ROUNDS = 600_000
"""Of key derivation: what OWASP advises for a passphrase somebody may try to guess with many machines."""


def restored_file(path: Path) -> Path:
    """Where a restored log waits for the log at ``path`` to be opened next."""
    return path.with_name(path.name + ".restored")


class Copy:
    """Copies a database to an empty one, a piece at a time; in one thread at a time."""

    def __init__(self, target: apsw.Connection) -> None:
        self._target = target
        self._backup: apsw.Backup | None = None
        self._done = 0
        self._total = 1
        self.failed: OSError | None = None
        """Why no more can be written, if that is so."""

    def step(self, source: apsw.Connection) -> bool:
        """Copy the next pages; whether there are more. Raises what apsw does."""
        if self._backup is None:
            self._backup = self._target.backup("main", source, "main")
        try:
            more = not self._backup.step(PAGES_A_STEP)
        except apsw.FullError:
            self.failed = OSError(errno.ENOSPC, "No space left")
            raise
        except apsw.IOError:
            self.failed = OSError(errno.EIO, "the disk reported an error")
            raise
        self._total = max(1, self._backup.page_count)
        self._done = self._total - self._backup.remaining
        if not more:
            self.end()
        return more

    def end(self) -> None:
        """Let go of the source. May be called twice."""
        if self._backup is not None:
            backup, self._backup = self._backup, None
            backup.close(True)

    @property
    def share(self) -> float:
        """How much has been copied, from 0 to 1."""
        return self._done / self._total


class BackupFile:
    """A backup being made at ``path``, which must not exist. In one thread at a time."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Raises LogUnavailable, OSError."""
        path.open("xb").close()
        self._path = path
        try:
            with translated(path):
                self._connection = _unlocked(path, passphrase)
                _quickly(self._connection)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self.copy = Copy(self._connection)

    def finish(self) -> None:
        """Close it; it is whole."""
        with translated(self._path):
            _in_one_file(self._connection)
            self._connection.close()

    def abandon(self) -> None:
        """Leave nothing behind. The copy must have ended."""
        self._connection.close()
        for suffix in ("", "-journal", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a backup holds."""

    events: int
    newest: datetime | None


class Restoring:
    """Brings a backup beside the log. Made by ``EventLog.restoring``; in one thread at a time."""

    def __init__(self, path: Path, key: str, backup: Path) -> None:
        self._path = path
        self._key = key
        self._backup = backup
        self._source: apsw.Connection | None = None
        self._target: apsw.Connection | None = None
        self._copy: Copy | None = None
        self._part = path.with_name(path.name + ".restoring")

    def begin(self, passphrase: str) -> None:
        """Open both files.

        Raises:
            BadInput: it is no backup, the passphrase is not its own, or it is a newer program's.
            LogUnavailable: there is no room beside the log.
        """
        self._source = self._opened(passphrase)
        with translated(self._path):
            self._remove_part()
            target = self._target = connect(self._part, self._key)
            _quickly(target)
        self._copy = Copy(target)

    def step(self) -> bool:
        """Copy the next pages; whether there are more. Raises as ``begin``."""
        assert self._copy is not None
        assert self._source is not None
        with self._damage():
            return self._copy.step(self._source)

    def finish(self, own: Mapping[str, str | None]) -> Restored:
        """Examine the copy and let it wait for the log to be opened next.

        ``own``: values (``EventLog.meta``) that belong to this computer and not to the log.

        Raises:
            BadInput: the backup is damaged.
            LogUnavailable: the copy cannot be written.
        """
        assert self._target is not None
        target = self._target
        with self._damage():
            if target.pragma("quick_check") != "ok":
                raise apsw.CorruptError("quick_check")
            with target:
                # Nobody is to be told again, and the stream is not to be resumed where another computer was.
                target.execute("DELETE FROM due WHERE true")
                target.execute("DELETE FROM meta WHERE name = '.resume'")
                for name, value in own.items():
                    target.execute("DELETE FROM meta WHERE name = ?", (name,))
                    if value is not None:
                        target.execute("INSERT INTO meta VALUES (?, ?)", (name, value))
            newest = one(target, "SELECT at FROM event ORDER BY id DESC LIMIT 1")
            found = Restored(
                int(one(target, "SELECT value FROM meta WHERE name = '.events'")),
                None if newest is None else moment(newest),
            )
            _in_one_file(target)
        self._close()
        with translated(self._path):
            self._part.replace(restored_file(self._path))
        return found

    def stop(self) -> None:
        """Make what is under way end soon. May be called from any thread."""
        if self._target is not None:
            self._target.interrupt()

    def close(self) -> None:
        """Let go of everything; what is not finished is removed."""
        self._close()
        with translated(self._path):
            self._remove_part()

    @property
    def share(self) -> float:
        """How much has been copied, from 0 to 1."""
        return 0.0 if self._copy is None else self._copy.share

    def _opened(self, passphrase: str) -> apsw.Connection:
        name = self._backup.name
        try:
            with self._backup.open("rb") as file:
                head = file.read(16)
        except OSError as error:
            raise BadInput(f"“{self._backup}” cannot be read: {error.strerror or error}.") from error
        foreign = f"“{name}” is not a backup of Textbell’s."
        if len(head) < 16 or head == b"SQLite format 3\0":
            raise BadInput(foreign)
        try:
            source = _unlocked(self._backup, passphrase, apsw.SQLITE_OPEN_READONLY)
        except apsw.NotADBError as error:
            raise BadInput(
                f"“{name}” does not open with this passphrase. Type it exactly as it was chosen,"
                " capitals included."
            ) from error
        except apsw.Error as error:
            raise BadInput(f"“{name}” cannot be read: it is damaged, or not a backup.") from error
        refusal = ""
        if source.pragma("application_id") != schema.APPLICATION_ID:
            refusal = foreign
        elif int(source.pragma("user_version")) > schema.VERSION:
            refusal = f"“{name}” was made by a newer Textbell. Install the newest version first."
        if refusal:
            source.close()
            raise BadInput(refusal)
        return source

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            with translated(self._path):
                yield
        except LogUnavailable as error:
            if isinstance(error.__cause__, (apsw.CorruptError, apsw.NotADBError)):
                raise BadInput(f"The backup “{self._backup.name}” is damaged.") from error
            raise

    def _close(self) -> None:
        if self._copy is not None:
            self._copy.end()
        for connection in (self._source, self._target):
            if connection is not None:
                connection.close()
        self._source = self._target = self._copy = None

    def _remove_part(self) -> None:
        for suffix in ("", "-journal", "-wal", "-shm"):
            self._part.with_name(self._part.name + suffix).unlink(missing_ok=True)


def take_over(path: Path, key: str) -> Path | None:
    """Put a restored log that waits in its place, unless somebody has the present one open.

    Returns where the present one was put, if there was one.

    Raises:
        LogUnavailable: the folder does not let it be done.
    """
    fresh = restored_file(path)
    if not fresh.exists():
        return None
    if path.exists() and not _is_free(path, key):
        _logger.warning("a restored log waits: another process has the log open")
        return None
    aside = set_aside(path, "replaced") if path.exists() else None
    with translated(path):
        fresh.replace(path)
    _logger.warning("a restored log is in use from now on")
    return aside


def _is_free(path: Path, key: str) -> bool:
    """Whether no process has the log open; it is a single file then."""
    try:
        connection = connect(path, key)
    except apsw.Error:
        return True  # Damaged, or nobody's with this key: nobody can be using it.
    try:
        connection.set_busy_timeout(0)
        # It takes all to have closed the log to leave the write-ahead log.
        return str(connection.pragma("journal_mode", "delete")) == "delete"
    except (apsw.BusyError, apsw.LockedError):
        return False
    except apsw.Error:
        return True
    finally:
        connection.close()


def _unlocked(path: Path, passphrase: str, flags: int | None = None) -> apsw.Connection:
    """A connection to a backup, made with the same characters however a keyboard spells them."""
    given = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if flags is None else flags
    connection = apsw.Connection(str(path), flags=given)
    try:
        connection.pragma("kdf_iter", _ROUNDS)
        # "raw:" in front would make a key of the characters themselves.
        connection.pragma("key", "passphrase " + unicodedata.normalize("NFC", passphrase))
        connection.pragma("user_version")
    except BaseException:
        connection.close()
        raise
    return connection


def _quickly(connection: apsw.Connection) -> None:
    # What is half written is thrown away: nothing needs to be undone.
    connection.pragma("journal_mode", "off")
    connection.pragma("synchronous", "off")


def _in_one_file(connection: apsw.Connection) -> None:
    """No write-ahead log: it could not be read from a folder that cannot be written to."""
    connection.pragma("synchronous", "FULL")
    if connection.pragma("journal_mode", "delete") != "delete":
        raise apsw.BusyError("journal_mode")
