"""``doctor``: what a support person needs, without secrets, texts or whole numbers."""

import asyncio
import os
import platform
import shutil
import sys
from argparse import ArgumentParser
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from app import __version__
from app.console.context import Context
from app.console.running import running_status
from app.domain.clock import isoformat
from app.domain.problems import BadInput, Expected
from app.transport.clock import SystemClock
from app.transport.http import new_client, translate_errors

PARTS = ("PySide6-Essentials", "qasync", "httpx", "websockets", "pydantic", "keyring", "desktop-notifier")
CLOCK_TOLERANCE = 120
"""Seconds by which this computer's clock may be wrong before it is worth a word."""


def add_commands(commands: Any, shared: ArgumentParser) -> None:
    """Add this module's commands to the command line."""
    command = commands.add_parser("doctor", parents=[shared], help="check this installation")
    command.set_defaults(run=doctor)


def masked(number: str) -> str:
    """A number that a support person may see: ``+1650***0100``."""
    return f"{number[:5]}***{number[-4:]}" if len(number) > 9 else "***"


async def doctor(context: Context) -> int:
    """Check everything that can be checked from here. Exit status 1 if something needs attention."""
    report: dict[str, Any] = {
        "textbell": __version__,
        "python": platform.python_version(),
        "frozen": bool(getattr(sys, "frozen", False)),
        "system": platform.platform(),
        "desktop": os.environ.get("XDG_CURRENT_DESKTOP", ""),
        "session": os.environ.get("XDG_SESSION_TYPE", ""),
        "parts": {name: _version(name) for name in PARTS},
        "running": {
            key: value
            for key, value in running_status(context.choices.status_path).items()
            if key in ("reach", "since", "pid")
        },
        "numbers": [masked(number.e164) for number in context.settings.value.follow],
    }
    findings: list[str] = []
    report["data_dir"] = _data_dir(context.choices.data_dir, findings)
    report["keyring"] = await asyncio.to_thread(_keyring)
    report["log"] = await _log(context, findings)
    report["service"] = await _service(context, findings)
    report["findings"] = findings
    lines = [f"{name}: {_shown(value)}" for name, value in report.items() if name != "findings"]
    context.result(
        report, *lines, *(f"! {finding}" for finding in findings or ["Nothing to mend was found."])
    )
    return 1 if findings else 0


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "bundled" if getattr(sys, "frozen", False) else "missing"


def _data_dir(path: Path, findings: list[str]) -> dict[str, Any]:
    try:
        shown = f"~/{path.relative_to(Path.home())}"
    except ValueError:
        shown = path.name
    free = shutil.disk_usage(path).free
    if free < 200_000_000:
        findings.append("The disk is nearly full: the log may soon be unable to grow.")
    return {"path": shown, "free_mb": free // 1_000_000}


def _keyring() -> str:
    import keyring

    backend = keyring.get_keyring()
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


async def _log(context: Context, findings: list[str]) -> dict[str, Any]:
    try:
        async with context.log() as log:
            stats = await log.reader.stats()
    except Expected as error:
        findings.append(str(error))
        return {"readable": False}
    return {
        "readable": True,
        "events": stats.events,
        "mb": round(stats.bytes / 1e6, 1),
        "newest": isoformat(stats.newest) if stats.newest else None,
    }


async def _service(context: Context, findings: list[str]) -> dict[str, Any]:
    try:
        address = context.choices.address(context.settings.value)
    except BadInput as error:
        findings.append(str(error))
        return {"reachable": False}
    if not address.client_id:
        findings.append("No client ID is set: nobody can sign in. Enter it in Settings, Account.")
    found: dict[str, Any] = {"server": urlsplit(address.server_url).hostname, "reachable": False}
    try:
        async with new_client(address.server_url) as client:
            with translate_errors(address.server_url):
                answer = await client.get("/restapi")
    except Expected as error:
        findings.append(str(error))
        return found
    found["reachable"] = True
    found["clock_off_s"] = _clock_off(answer, findings)
    return found


def _clock_off(answer: httpx.Response, findings: list[str]) -> int | None:
    try:
        off = (SystemClock().now() - parsedate_to_datetime(answer.headers["Date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return None
    if abs(off) > CLOCK_TOLERANCE:
        findings.append(
            f"This computer's clock is {abs(off) // 60:.0f} minutes off. Set it right: sign-in may fail."
        )
    return round(off)
