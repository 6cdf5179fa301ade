"""What ``run.py`` can be asked to do."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import environment
import system_packages
from building import build, smoke
from private_desktop import private_desktop
from say import ROOT, CannotGoOn, openly, say
from testing import run_tests

ON_LINUX = sys.platform.startswith("linux")


def main(argv: Sequence[str], description: str | None) -> int:
    """Do what the arguments say. Returns the exit status."""
    options, rest = _parse(argv, description)
    try:
        match options.command:
            case "demo" if options.screenshot:
                return demo_picture(options.screenshot.absolute(), options.seconds, rest)
            case "demo":
                return demo(rest)
            case "test":
                return run_tests(rest)
            case "check":
                return check()
            case "build":
                return build()
            case "smoke":
                return smoke()
            case _:
                return lock()
    except CannotGoOn as error:
        print(f"textbell: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parse(argv: Sequence[str], description: str | None) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="packaging/run.py", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo_parser = commands.add_parser("demo", allow_abbrev=False)
    demo_parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="on a screen of its own, as a picture"
    )
    demo_parser.add_argument("--seconds", type=float, default=20.0, help="when to take it (default 20)")
    for name in ("test", "check", "build", "smoke", "lock"):
        commands.add_parser(name, add_help=False, allow_abbrev=False)
    options, rest = parser.parse_known_args(argv)
    if rest and options.command not in ("demo", "test"):
        parser.error(f"unknown arguments: {' '.join(rest)}")
    return options, rest


def demo(arguments: Sequence[str]) -> int:
    """Open the demo on the user's screen. Returns the program's exit status."""
    if ON_LINUX and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise CannotGoOn(
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set). Run this in a desktop "
            "session, or let it draw on a screen of its own: "
            "python3 packaging/run.py demo --screenshot demo.png"
        )
    system_packages.ensure(system_packages.QT, "the window")
    python = environment.python()
    status = subprocess.run([python, "-m", "app", "--demo", *arguments], cwd=ROOT, check=False).returncode
    if status < 0 and ON_LINUX and not system_packages.have_apt():
        say("if Qt could not load its platform plugin, install xcb-util-cursor and libxkbcommon-x11")
    return status if status >= 0 else 128 - status


def demo_picture(file: Path, seconds: float, arguments: Sequence[str]) -> int:
    """Run the demo on a private desktop and save a picture of its screen after that many seconds."""
    python = environment.python()
    with private_desktop() as session:
        program = session.start(
            [python, "-m", "app", "--demo", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL
        )
        try:
            status = program.wait(seconds)
        except subprocess.TimeoutExpired:
            session.screenshot(file)
        else:
            raise CannotGoOn(
                f"the demo ended by itself with exit status {status}, before the picture was due."
            )
        program.terminate()
        try:
            program.wait(15)
        except subprocess.TimeoutExpired:
            raise CannotGoOn("the demo did not end within 15 s of being asked to.") from None
    say(f"{file} shows the demo after {seconds:.0f} s")
    return 0


def check() -> int:
    """Lint, formatting, types and import rules: all of them, even if one fails."""
    binaries = environment.python().parent
    failed = 0
    for title, command in {
        "lint": ["ruff", "check", "."],
        "formatting": ["ruff", "format", "--check", "."],
        "types": ["mypy"],
        "import rules": ["lint-imports"],
    }.items():
        began = time.monotonic()
        done = subprocess.run(
            [binaries / command[0], *command[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, check=False
        )
        say(f"{title}: {'FAILED' if done.returncode else 'fine'} ({time.monotonic() - began:.0f} s)")
        failed += done.returncode != 0
    return 1 if failed else 0


def lock() -> int:
    """Resolve the dependencies of pyproject.toml anew, for all systems, into requirements.lock."""
    uv = shutil.which("uv")
    if uv is None:
        raise CannotGoOn("this needs uv on PATH: pip install uv")
    openly(
        [
            *(uv, "pip", "compile", "pyproject.toml", "--group", "dev", "--universal", "--generate-hashes"),
            # Otherwise uv resolves for its own Python and newer ones only.
            *("--python-version", "3.11"),
            *("--no-header", "--no-annotate", "--quiet", "--output-file", "requirements.lock"),
        ]
    )
    say("requirements.lock is up to date")
    return 0
