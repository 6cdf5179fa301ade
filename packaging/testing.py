"""All tests, in two runs: most of them off screen, then those that need a desktop on a private one.

One process cannot do both: Qt decides once between drawing into memory and drawing on a screen.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import environment
import system_packages
from private_desktop import private_desktop
from say import ROOT, CannotGoOn, say

WHICH = "TEXTBELL_TESTS"
"""Read by tests/conftest.py: which tests this run is for, ``desktop`` or ``plain``."""

LIMIT = 20 * 60
"""Seconds after which a run is ended: it hangs."""

_NO_TESTS = 5
"""pytest's exit status when nothing was selected."""


@dataclass
class Outcome:
    """Counts of one run."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


def run_tests(arguments: Sequence[str]) -> int:
    """Run the tests and print the sum of both runs last. Returns the exit status."""
    if sys.platform.startswith("linux"):
        system_packages.ensure((*system_packages.QT, *system_packages.DESKTOP), "running the tests")
    python = environment.python()
    with tempfile.TemporaryDirectory(prefix="textbell-results-") as folder:
        outcomes = [_plain(python, arguments, Path(folder) / "plain.xml")]
        if sys.platform.startswith("linux"):
            outcomes.append(_on_desktop(python, arguments, Path(folder) / "desktop.xml"))
        else:
            say("the tests that need the private desktop run on Linux only")
    passed, failed, skipped = (
        sum(getattr(outcome, name) for outcome in outcomes) for name in ("passed", "failed", "skipped")
    )
    if skipped:
        print(f"{skipped} skipped", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    if failed:
        return 1
    return 0 if passed or skipped else _NO_TESTS


def _plain(python: Path, arguments: Sequence[str], report: Path) -> Outcome:
    say("tests without a desktop")
    command = _pytest(python, arguments, report)
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, WHICH: "plain"},
            stdin=subprocess.DEVNULL,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _hung()
    return _read(report, done.returncode)


def _on_desktop(python: Path, arguments: Sequence[str], report: Path) -> Outcome:
    say("tests on a private desktop")
    command = _pytest(python, arguments, report)
    try:
        with private_desktop() as session:
            done = session.run(
                command,
                cwd=ROOT,
                env={WHICH: "desktop"},
                stdin=subprocess.DEVNULL,
                timeout=LIMIT,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return _hung()
    except CannotGoOn as error:
        print(f"textbell: {error}", file=sys.stderr)
        return Outcome(failed=1)
    return _read(report, done.returncode)


def _pytest(python: Path, arguments: Sequence[str], report: Path) -> list[str]:
    return [
        *(str(python), "-m", "pytest", f"--junit-xml={report}", "-o", "junit_logging=no"),
        *("-o", "faulthandler_timeout=300", *arguments),
    ]


def _read(report: Path, status: int) -> Outcome:
    if status == _NO_TESTS:
        return Outcome()
    try:
        suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314 - written by pytest just now
    except (OSError, ElementTree.ParseError):
        suite = None
    if suite is None:
        print(f"textbell: the test run broke off with exit status {status}", file=sys.stderr)
        return Outcome(failed=1)
    total, failures, errors, skipped = (
        int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    # Interrupted, or wrong usage: nothing failed, and yet it was no success.
    broken = 1 if status != 0 and failed == 0 else 0
    return Outcome(total - failed - skipped, failed + broken, skipped)


def _hung() -> Outcome:
    print(f"textbell: the tests were ended after {LIMIT // 60} minutes: something hangs", file=sys.stderr)
    return Outcome(failed=1)
