"""What the running tray program says of itself, read from outside."""

import json
import os
from pathlib import Path
from typing import Any


def running_status(path: Path) -> dict[str, Any]:
    """Return the last status the tray program wrote, or ``{}`` if none is running."""
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
        pid = int(status["pid"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return status if _alive(pid) else {}


def _alive(pid: int) -> bool:
    if os.name == "nt":
        import ctypes

        query_limited_information = 0x1000
        handle = ctypes.windll.kernel32.OpenProcess(  # type: ignore[attr-defined,unused-ignore]
            query_limited_information, False, pid
        )
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)  # type: ignore[attr-defined,unused-ignore]
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
