"""How the set-up speaks to the person who runs it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class CannotGoOn(Exception):
    """What is missing and the one thing to do about it. ``str()`` is shown as it is."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"textbell: {text}", flush=True)


def quietly(command: Sequence[str | Path], **options: Any) -> None:
    """Run a command without showing its output.

    Raises:
        CannotGoOn: it failed; holds the last lines it wrote.
    """
    options.setdefault("cwd", ROOT)
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    if done.returncode != 0:
        last = "\n".join("    " + line for line in done.stdout.strip().splitlines()[-15:])
        shown = " ".join(str(part) for part in command)
        raise CannotGoOn(f"this did not work (exit status {done.returncode}):\n  {shown}\n{last}")


def openly(command: Sequence[str | Path]) -> None:
    """Run a command in the project's directory, its output shown.

    Raises:
        CannotGoOn: it failed.
    """
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        shown = " ".join(str(part) for part in command)
        raise CannotGoOn(f"this ended with exit status {done.returncode}: {shown}")
