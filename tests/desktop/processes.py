"""Finds the processes of a private desktop, however they were started."""

import os
from collections.abc import Iterator
from pathlib import Path

MARKER = "TEXTBELL_DESKTOP_SESSION"
"""Environment variable that every process of a session inherits: its directory, and before it those
of the sessions around it, joined by ``os.pathsep``."""


def marked_processes() -> Iterator[tuple[int, list[str]]]:
    """Every process but this one that belongs to private desktops, with the directories of these."""
    prefix = f"{MARKER}=".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or another user's
            continue
        for variable in variables:
            if variable.startswith(prefix):
                yield int(entry.name), os.fsdecode(variable[len(prefix) :]).split(os.pathsep)
