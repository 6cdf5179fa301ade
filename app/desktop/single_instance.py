"""One program for each data directory: a second one asks the first to show itself."""

import hashlib
import logging
import os
import sys
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QStandardPaths, QThread, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.domain.problems import BadInput

log = logging.getLogger(__name__)

SHOW = b"show\n"
PATIENCE = 2000
"""Milliseconds in which the first instance must answer."""


class SingleInstance(QObject):
    """Decides whether this process is the one that runs for a data directory.

    A lock file in the data directory decides, even between two that start at the same moment; it
    is freed by the operating system's word that its owner is gone. A local socket, which only the
    same user may reach, carries the request to show the window.
    """

    show_requested = Signal()
    """Another instance was started: show the window."""

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = server_name(data_dir)
        """Where the local socket is: a path, on Windows the name of a pipe."""
        self.asked = False
        self._folder = data_dir
        self._lock = QLockFile(str(data_dir / "instance.lock"))
        # Not by age: the program runs for weeks. A lock whose process is gone is taken over anyway.
        self._lock.setStaleLockTime(0)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)

    def claim(self) -> bool:
        """Become the one that runs. Returns whether this process is it.

        If it is not, the other one has been asked to show its window (``asked`` tells whether it
        answered), and this process should end with status 0.

        Raises:
            BadInput: nothing can be written in the data directory.
        """
        self.asked = False
        if not self._lock.tryLock(0):
            if self._lock.error() is not QLockFile.LockError.LockFailedError:
                raise BadInput(
                    f"The data folder {self._folder} cannot be written. "
                    "Check its permissions and that the disk is not full, or name another with --data-dir."
                )
            self.asked = self._ask()
            return False
        # Ours now, so a socket that is still there was left behind by one that did not end well.
        QLocalServer.removeServer(self.name)
        if not self._server.listen(self.name):
            log.warning("a second instance cannot reach this one: %s", self._server.errorString())
        return True

    def release(self) -> None:
        """Let another process take over."""
        self._server.close()
        self._lock.unlock()

    def _ask(self) -> bool:
        socket = QLocalSocket()
        # The winner of a race locks before it listens: wait for it a little.
        for _ in range(20):
            socket.connectToServer(self.name)
            if socket.waitForConnected(PATIENCE):
                socket.write(SHOW)
                # It answers by hanging up.
                return socket.waitForBytesWritten(PATIENCE) and (
                    socket.state() == QLocalSocket.LocalSocketState.UnconnectedState
                    or socket.waitForDisconnected(PATIENCE)
                )
            if not self._another_holds_the_lock():
                return False
            QThread.msleep(50)
        return False

    def _another_holds_the_lock(self) -> bool:
        if self._lock.tryLock(0):
            self._lock.unlock()
            return False
        return True

    def _greet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._hear(socket))
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                self._hear(socket)

    def _hear(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            return
        said = bytes(socket.readLine(64).data())
        socket.disconnectFromServer()
        if said == SHOW:
            self.show_requested.emit()


def server_name(data_dir: Path) -> str:
    """The socket's path (or the pipe's name) for a data directory: short, the user's own, and alike
    for every spelling of the directory."""
    real = os.path.normcase(data_dir.resolve())
    name = f"textbell-{hashlib.sha256(real.encode(errors='surrogateescape')).hexdigest()[:16]}"
    if sys.platform == "win32":
        return name
    runtime = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
    return str(Path(runtime or data_dir) / f"{name}.sock")
