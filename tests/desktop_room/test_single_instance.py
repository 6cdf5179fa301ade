"""One program for each data directory, with real processes."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.desktop.single_instance import SingleInstance, server_name
from app.domain.problems import BadInput
from tests.conftest import Until

PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.desktop.single_instance import SingleInstance
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
first = instance.claim()
print("first" if first else f"second {instance.asked}", flush=True)
if first:
    instance.show_requested.connect(lambda: print("show", flush=True))
    application.exec()
"""


@pytest.fixture
def start() -> Iterator[object]:
    processes: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_asks_the_first_to_show_itself(start, tmp_path: Path) -> None:
    first = start(tmp_path)
    assert said(first) == "first"
    for _ in range(2):
        second = start(tmp_path)
        assert said(second) == "second True"
        assert second.wait(10) == 0
        assert said(first) == "show"


def test_another_data_directory_is_another_program(start, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert said(start(tmp_path)) == "first"
    assert said(start(tmp_path / "other")) == "first"


def test_two_at_the_same_moment(start, tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(3)]
    assert sorted(said(process) for process in processes) == ["first", "second True", "second True"]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_one_that_was_killed_leaves_the_way_free(start, tmp_path: Path) -> None:
    first = start(tmp_path)
    assert said(first) == "first"
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert Path(server_name(tmp_path)).exists(), "left behind, as after a crash"
    assert said(start(tmp_path)) == "first"


@pytest.mark.skipif(os.name != "posix", reason="SIGSTOP")
def test_one_that_hangs_is_not_waited_for_long(start, tmp_path: Path) -> None:
    first = start(tmp_path)
    assert said(first) == "first"
    first.send_signal(signal.SIGSTOP)
    second = start(tmp_path)
    assert said(second) == "second False"
    assert second.wait(10) == 0


async def test_only_the_user_can_reach_it(qapp, tmp_path: Path, until: Until) -> None:
    instance = SingleInstance(tmp_path)
    assert instance.claim()
    if os.name == "posix":
        assert stat.S_IMODE(Path(instance.name).stat().st_mode) & 0o077 == 0
    instance.release()
    again = SingleInstance(tmp_path)
    assert again.claim(), "let go of, it can be taken again"
    again.release()


async def test_nonsense_is_not_a_request(qapp, tmp_path: Path, until: Until) -> None:
    from PySide6.QtNetwork import QLocalSocket

    instance = SingleInstance(tmp_path)
    assert instance.claim()
    shown: list[bool] = []
    instance.show_requested.connect(lambda: shown.append(True))
    for words in (b"quit\n", b"x" * 100_000 + b"\n", b"show\n"):
        socket = QLocalSocket()
        socket.connectToServer(instance.name)
        socket.write(words)
        await until(lambda socket=socket: socket.state() is QLocalSocket.LocalSocketState.UnconnectedState)
    assert shown == [True]
    instance.release()


def test_the_name_fits_in_a_socket_address(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 200)
    assert len(server_name(deep)) < 100
    assert server_name(deep) != server_name(tmp_path)
    assert server_name(tmp_path / "a" / ".." / "b") == server_name(tmp_path / "b")


def test_a_folder_that_is_gone(qapp, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        SingleInstance(tmp_path / "gone").claim()
