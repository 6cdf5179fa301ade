"""SQLite's errors in the words the user reads."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from app.domain.problems import LogUnavailable

_SPACE_NEEDED = 256 * 1024
"""Where less is free, a failed write is put down to the full disk."""


class LogDamaged(LogUnavailable):
    """The file was a log of ours, and can no longer be read."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise about the log at ``path`` into LogUnavailable.

    A query that was interrupted (``apsw.InterruptError``) passes unchanged, and so do errors of
    programming.
    """
    try:
        yield
    except apsw.InterruptError:
        raise
    except (apsw.FullError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise _unavailable(path, error) from error
    except (apsw.IOError, apsw.BusyError, apsw.LockedError, apsw.AuthError) as error:
        raise _unavailable(path, error) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise LogDamaged(
            f"The log “{path}” is damaged and can’t be read. Restart Textbell: it sets the damaged file aside"
            " and begins a new one."
        ) from error
    except apsw.NoMemError as error:
        raise LogUnavailable("This computer has run out of memory. Close other programs.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LogUnavailable(_full(path)) from error
        raise LogUnavailable(f"The log “{path}” can’t be used: {error.strerror or error}.") from error


def _unavailable(path: Path, error: apsw.Error) -> LogUnavailable:
    if isinstance(error, apsw.FullError) or _no_space(path):
        return LogUnavailable(_full(path))
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return LogUnavailable(
            "Another program is holding the log. Close other copies of Textbell, then try again."
        )
    if isinstance(error, apsw.IOError):
        return LogUnavailable(
            f"The disk that holds “{path}” reported an error. Check the disk, then restart Textbell."
        )
    return LogUnavailable(
        f"Textbell may not write to “{path}”. Allow it to write to the folder “{path.parent}”,"
        " or choose another data folder."
    )


def _full(path: Path) -> str:
    return (
        f"The disk that holds “{path.parent}” is full, so nothing more can be logged."
        " Free some space; Textbell then goes on by itself."
    )


def _no_space(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _SPACE_NEEDED
    except OSError:
        return False
