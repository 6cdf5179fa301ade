"""Files that are there as a whole or not at all, and why one cannot be written."""

import errno
import os
import secrets
import threading
from io import BufferedIOBase, BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from app.domain.problems import BadInput

if TYPE_CHECKING:
    from typing_extensions import Buffer

_SHARED = (32, 33)
"""Windows: another program has the file open, or a part of it locked."""


class Stopped(Exception):
    """The writing was given up."""


class NewFile:
    """Takes the place of ``path`` when it is finished, and never before.

    What is written goes to a file beside it. A device or a pipe is written to as it is.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError if it is clear already that the file cannot be written."""
        self._direct = path.exists() and not path.is_file()
        # A link stays one: what it leads to is replaced.
        self.path = path if self._direct else path.resolve()
        if not self._direct and self.path.exists():
            # Another program may hold it, or it may be protected: better to know now than at the end.
            self.path.open("r+b").close()
        token = secrets.token_hex(4)
        self.part = self.path if self._direct else self.path.with_name(f".textbell-{token}.part")
        """Where it is written until it is finished."""
        self._file = self.part.open("wb" if self._direct else "xb")
        self._sink = _Sink(self._file)

    @property
    def file(self) -> BinaryIO:
        """What is to be written to."""
        return cast("BinaryIO", self._sink)

    def stop(self) -> None:
        """Make the next write raise Stopped. May be called from any thread."""
        self._sink.stopped.set()

    def finish(self) -> None:
        """Put the file in its place. Raises OSError, or Stopped if it is not wanted any more."""
        if self._sink.stopped.is_set():
            raise Stopped
        self._file.flush()
        if not self._direct:
            os.fsync(self._file.fileno())
        self._file.close()
        if not self._direct:
            self.part.replace(self.path)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._sink.forget()
        try:
            self._file.close()
        except OSError:
            # What could not be written is not wanted any more.
            self._file.raw.close()
        if not self._direct:
            self.part.unlink(missing_ok=True)


class _Sink(BufferedIOBase):
    """Hands on what is written, until nobody wants it any more."""

    def __init__(self, file: BufferedWriter) -> None:
        super().__init__()
        self._file = file
        self.stopped = threading.Event()
        """The next write fails: for one that writes on and on this is the only way out."""
        self._at: int | None = None

    def forget(self) -> None:
        """Nothing counts any more: archives and texts that were begun may write their ends into the void."""
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._at is not None or self._file.seekable()

    def write(self, data: "Buffer") -> int:
        if self._at is not None:
            written = memoryview(data).nbytes
            self._at += written
            return written
        if self.stopped.is_set():
            raise Stopped
        return self._file.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        if self._at is None:
            return self._file.seek(offset, whence)
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._file.tell() if self._at is None else self._at

    def flush(self) -> None:
        if self._at is None and not self._file.closed:
            self._file.flush()


def cannot_write(path: Path, error: OSError) -> BadInput:
    """Why ``path`` could not be written, and what to do, in a sentence."""
    number, folder = error.errno, path.parent
    if number in (errno.ENOSPC, errno.EDQUOT):
        return BadInput(f"The disk that holds “{folder}” is full. Free some space, or choose another folder.")
    if getattr(error, "winerror", None) in _SHARED or (
        isinstance(error, PermissionError) and path.exists() and os.access(folder, os.W_OK)
    ):
        return BadInput(
            f"“{path.name}” is open in another program, or protected. Close it there, or choose another name."
        )
    if isinstance(error, PermissionError) or number == errno.EROFS:
        return BadInput(f"Textbell may not write to the folder “{folder}”. Choose another folder.")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) and not folder.is_dir():
        return BadInput(f"There is no folder “{folder}”. Choose another one.")
    if number == errno.ENAMETOOLONG:
        return BadInput("That file name is too long. Choose a shorter one.")
    return BadInput(f"“{path}” cannot be written: {(error.strerror or str(error)).rstrip('.')}.")
