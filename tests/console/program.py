"""``textbellctl`` as a program of its own, with a data directory and a keyring of its own."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import SettingsFile

ROOT = Path(__file__).resolve().parents[2]
BROWSER = Path(__file__).with_name("browser.py")
PATIENCE = 20.0


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one line on stderr of a command that could not: no traceback, a whole sentence."""
        assert self.status == 1, self
        assert self.out == "", self
        [line] = self.err.splitlines()
        assert line.startswith("textbellctl: ")
        assert line.endswith("."), line
        return line


class Ctl:
    """Runs commands of one installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "0",
            "TEXTBELL_DATA_DIR": str(self.data),
            "PYTHON_KEYRING_BACKEND": "tests.console.keyring_file.FileKeyring",
            "TEXTBELL_TEST_KEYRING": str(folder / "keyring.json"),
            "BROWSER": f'"{sys.executable}" "{BROWSER}" %s',
        }

    @property
    def settings(self) -> SettingsFile:
        return SettingsFile(self.data / "settings.json")

    @property
    def secrets(self) -> dict[str, str]:
        """Everything in the keyring."""
        found: dict[str, str] = json.loads((self.folder / "keyring.json").read_text("utf-8"))
        return found

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Begin a command; the caller sees to its end."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "error", "-m", "app.console"),
            *arguments,
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**24,
        )

    async def __call__(self, *arguments: str, given: str = "") -> Ended:
        """Run a command to its end, with ``given`` on stdin."""
        process = await self.start(*arguments)
        try:
            async with asyncio.timeout(PATIENCE):
                out, err = await process.communicate(given.encode())
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{arguments} does not end") from None
        assert process.returncode is not None
        ended = Ended(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in ended.err, ended.err
        return ended
