"""The tray program as a process of its own on a private desktop, as its user meets it."""

import ast
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from app.sandbox import SandboxThread
from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from app.settings import SettingsFile
from tests.desktop.session import DesktopSession

ROOT = Path(__file__).parents[2]
PATIENT_USER = "curl -sL -o /dev/null %s"
"""A browser whose user does what each page asks for."""
QUIT_LIMIT = 5.0
PATIENCE = 15.0


class ProgramError(AssertionError):
    """Something the program should have done did not happen."""


class Running:
    """One installation (a data directory) on one desktop; the program may be started many times."""

    def __init__(self, session: DesktopSession, folder: Path, server: str = "") -> None:
        self.session = session
        self.folder = folder
        self.server = server
        self.client_id = SandboxThread.client_id
        self.browser = PATIENT_USER
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[Any] | None = None
        self.written = folder.with_name(folder.name + "-output")

    # ---------------------------------------------------------------- before it runs

    def prepare(self, **settings: object) -> SettingsFile:
        """Settings as after the first run, all numbers chosen."""
        self.folder.mkdir(exist_ok=True)
        made = SettingsFile(self.folder / "settings.json")
        follow = [{"e164": number, "label": ""} for number in HIGH_VOLUME_NUMBERS]
        made.update(**{"first_run_done": True, "follow": follow, **settings})
        return made

    def sign_in(self) -> None:
        """Sign in by the console: the session goes into the desktop's keyring."""
        self.console("sign-in")

    def console(self, *words: str) -> str:
        """Run a console command and return what it says."""
        done = self.session.run(
            [sys.executable, "-m", "app.console", *words, *self.words()],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=30,
        )
        if done.returncode:
            raise ProgramError(f"{words}: {done.stderr}")
        return str(done.stdout)

    # ---------------------------------------------------------------- starting and ending

    def words(self) -> list[str]:
        return ["--data-dir", str(self.folder), "--server", self.server, "--client-id", self.client_id]

    def start(self, *arguments: str) -> None:
        """Start the program. What it prints is in ``printed``."""
        with self.written.open("ab") as output:
            self.process = self.session.start(
                [sys.executable, "-m", "app", *self.words(), *arguments],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def start_another(self) -> int:
        """Start the program once more beside the first, and return its exit status."""
        first = self.process
        self.start()
        try:
            return self.ended()
        finally:
            self.process = first

    def start_watching(self, *arguments: str) -> None:
        """Start it and wait until it is connected."""
        self.start(*arguments)
        self.until(lambda: self.reach == "live")

    def ended(self) -> int:
        """Its exit status, which must come within the promised five seconds."""
        assert self.process is not None
        return int(self.process.wait(QUIT_LIMIT))

    def end(self) -> int:
        """Ask it to end by SIGTERM."""
        assert self.process is not None
        self.process.terminate()
        return self.ended()

    # ---------------------------------------------------------------- looking

    @property
    def printed(self) -> str:
        return self.written.read_text() if self.written.exists() else ""

    @property
    def status(self) -> dict[str, Any]:
        """What the program says about itself; empty without a running one."""
        try:
            return dict(json.loads((self.folder / "status.json").read_text()))
        except FileNotFoundError:
            return {}

    @property
    def reach(self) -> str:
        return str(self.status.get("reach", ""))

    @property
    def diagnostics(self) -> str:
        return (self.folder / "diagnostics.log").read_text()

    def search(self, query: str) -> list[dict[str, Any]]:
        """The log's events that match, newest first."""
        lines = self.console("search", query, "--json", "--limit", "1000").splitlines()
        return [json.loads(line) for line in lines]

    def window(self, title: str) -> str:
        """The window with this title, or nothing."""
        found = self.session.run(
            ["xdotool", "search", "--onlyvisible", "--name", title], capture_output=True, text=True
        )
        return str(found.stdout).partition("\n")[0]

    def spoken(self) -> list[str]:
        """Names and texts of what its windows show, as a screen reader gets them."""
        done = self.session.run(
            ["/usr/bin/python3", Path(__file__).with_name("spoken.py"), "textbell"],
            capture_output=True,
            text=True,
            timeout=20,
        )
        return [ast.literal_eval(line.partition("\t")[2]) for line in str(done.stdout).splitlines()]

    def says(self, words: str) -> bool:
        """Whether some part in view contains these words."""
        return any(words in text for text in self.spoken())

    def until(self, condition: Callable[[], object], timeout: float = PATIENCE) -> None:
        end = time.monotonic() + timeout
        while True:
            # Asked for before the condition: what ends well may make it true with its last step.
            over = self.process is not None and self.process.poll() is not None
            if condition():
                return
            if over and self.process is not None:
                raise ProgramError(f"it ended with {self.process.returncode}: {self.printed}")
            if time.monotonic() > end:
                raise ProgramError(f"not so within {timeout} s: {self.status}\n{self.printed}")
            time.sleep(0.05)

    # ---------------------------------------------------------------- doing

    def press(self, *keys: str) -> None:
        """Press keys in the active window."""
        self.session.run(["xdotool", "key", *keys], check=True, timeout=10)

    def activate(self, title: str) -> None:
        """Wait for a window and give it the keyboard."""
        self.until(lambda: self.window(title))
        self.session.run(["xdotool", "windowactivate", "--sync", self.window(title)], timeout=10)

    def _environment(self) -> dict[str, str]:
        return {"BROWSER": self.browser, "PYTHONUNBUFFERED": "1", **self.environment}


def command(sandbox: SandboxThread, name: str, **arguments: object) -> dict[str, Any]:
    """Carry out a command of the sandbox's control address."""
    answer = httpx.post(f"{sandbox.control_url}/{name}", json=arguments, trust_env=False)
    answer.raise_for_status()
    return dict(answer.json())


class Daemon:
    """dunst, asked what it was given."""

    def __init__(self, session: DesktopSession) -> None:
        self._session = session

    def _ctl(self, *words: str) -> str:
        done = self._session.run(["dunstctl", *words], capture_output=True, text=True, timeout=10)
        return str(done.stdout).strip()

    def displayed(self) -> int:
        """How many notifications are on the screen."""
        return int(self._ctl("count", "displayed"))

    def open_first(self) -> None:
        """Press the first button of the notification on top, which is the one that came first."""
        self._ctl("action", "0")

    def dismiss(self) -> None:
        """Close all that is on the screen; they move to the history."""
        self._ctl("close-all")

    def history(self) -> list[tuple[str, str]]:
        """Title and body of what was on the screen and is not any more, newest first."""
        entries: Sequence[Any] = json.loads(self._ctl("history"))["data"][0]
        return [(entry["summary"]["data"], entry["body"]["data"]) for entry in entries]


class BusWatch:
    """Counts the calls of ``Notify`` on the session bus while entered."""

    def __init__(self, session: DesktopSession) -> None:
        self._session = session
        self._file = session.folder / "notify.log"

    def __enter__(self) -> "BusWatch":
        rule = "type='method_call',interface='org.freedesktop.Notifications',member='Notify'"
        with self._file.open("wb") as output:
            self._process = self._session.start(["dbus-monitor", "--session", rule], stdout=output)
        end = time.monotonic() + PATIENCE
        while b"NameAcquired" not in self._file.read_bytes():  # it says hello once it listens
            if time.monotonic() > end:
                raise ProgramError("dbus-monitor does not listen")
            time.sleep(0.02)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.terminate()
        self._process.wait(5)

    @property
    def calls(self) -> int:
        """Calls so far."""
        return self._file.read_bytes().count(b"member=Notify\n")
