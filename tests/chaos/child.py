"""The program as a process: started, killed, stopped, woken and asked to quit."""

import asyncio
import json
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from app.sandbox import Sandbox
from app.settings import SettingsFile
from tests.chaos.lapse import Lapse, Shift
from tests.chaos.scenario import FOLLOWED

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """One installation, and the process that runs on it or does not."""

    def __init__(
        self,
        folder: Path,
        box: Sandbox,
        lapse: Lapse,
        redirect_port: int,
        *,
        module: str = "tests.chaos.program",
    ) -> None:
        """``module`` is what the process runs."""
        self._module = module
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        settings = SettingsFile(self.data / "settings.json")
        notifications = settings.value.notifications.model_copy(update={"opted_in": True})
        settings.update(
            server_url=box.server_url,
            client_id=box.client_id,
            redirect_ports=[redirect_port],
            follow=[{"e164": number, "label": ""} for number in FOLLOWED],
            notifications=notifications,
            first_run_done=True,
        )
        self.shift = Shift(self.data / "shift")
        self.status: dict[str, Any] = {}
        self.told: list[tuple[datetime, int, dict[str, Any]]] = []
        """Every status it told, when and in which run."""
        self.runs = 0
        self.kills: set[int] = set()
        """The runs that were killed."""
        self.faults: list[str] = []
        """How the program ended by itself, which it must not."""
        self._lapse = lapse
        self._process: subprocess.Popen[bytes] | None = None
        self._other: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = (folder / "stderr.txt").open("ab")
        self.stopped = False

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def attentive(self) -> bool:
        """Whether it runs and is not stopped."""
        return self.alive and not self.stopped

    @property
    def at_rest(self) -> bool:
        """Whether it says that it is live and has caught up."""
        return (
            self.attentive
            and self.status.get("reach") == "live"
            and not self.status["catching_up"]
            and not self.status["waiting"]
        )

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.alive:
            return
        self.note_fault()
        self.runs += 1
        self.stopped = False
        self.status = {}
        self._process = subprocess.Popen(
            self._command(self.runs),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdout is not None
        asyncio.get_running_loop().add_reader(
            self._process.stdout, self._read, self._process.stdout, bytearray()
        )

    def start_another(self) -> None:
        """Start a second process on the same log and sign-in, unless there is one."""
        if self._other is None or self._other.poll() is not None:
            self.end_another(kill=True)
            self._other = subprocess.Popen(
                [*self._command(1000 + self.runs), "beside"],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
            )

    def end_another(self, *, kill: bool) -> None:
        """End that."""
        other, self._other = self._other, None
        if other is None:
            return
        if other.poll() not in (None, 0):
            self.faults.append(f"the second process ended by itself with status {other.returncode}")
        other.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        other.wait(20)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.alive:
            self.kills.add(self.runs)
            self._signal(signal.SIGKILL)
            assert self._process is not None
            self._process.wait()

    def stop(self) -> None:
        """The computer sleeps."""
        if self.alive:
            self.stopped = True
            self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It wakes."""
        if self.alive and self.stopped:
            self.stopped = False
            self._signal(signal.SIGCONT)

    async def quit(self, patience: float = 20.0) -> None:
        """Ask it to end; ``patience`` is in seconds of ours."""
        if not self.alive:
            return
        self.go_on()
        self._signal(signal.SIGTERM)
        assert self._process is not None
        waiting = asyncio.to_thread(self._process.wait, patience)
        try:
            status = await waiting
        except subprocess.TimeoutExpired:
            self.faults.append(f"run {self.runs}: still running {patience:.0f} s after SIGTERM")
            self.kill()
            return
        if status == -signal.SIGTERM and not self.status:
            self.kills.add(self.runs)  # it had not come so far as to listen
        elif status:
            self.faults.append(f"run {self.runs}: ended with status {status}")

    def note_fault(self) -> None:
        """If it ended by itself, remember that."""
        process = self._process
        ended = (None, 0, -signal.SIGKILL, -signal.SIGTERM)
        if process is not None and process.poll() not in ended:
            fault = f"run {self.runs}: ended by itself with status {process.returncode}"
            if fault.replace(" by itself", "") not in self.faults and fault not in self.faults:
                self.faults.append(fault)

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self.end_another(kill=True)
        self.shift.close()
        self._errors.close()

    def _command(self, number: int) -> list[str]:
        arguments = [self.data, self._lapse.rate, self._lapse.origin, self._lapse.wall, number]
        return [sys.executable, "-m", self._module, *map(str, arguments)]

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _read(self, pipe: IO[bytes], begun: bytearray) -> None:
        chunk = pipe.read1(65536)  # type: ignore[attr-defined] # a BufferedReader
        if not chunk:
            asyncio.get_running_loop().remove_reader(pipe)
            pipe.close()
            return
        begun += chunk
        *lines, rest = bytes(begun).split(b"\n")
        begun[:] = rest
        if self._process is not None and pipe is self._process.stdout:
            for line in lines:
                self.status = json.loads(line)
                self.told.append((self._lapse.now(), self.runs, self.status))
