"""What goes wrong, written down for a support person: a small file in the data directory."""

import logging
import re
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

NAME = "diagnostics.log"
SIZE = 500_000
"""Bytes of the file before it is begun anew; one older file is kept."""

_NUMBER = re.compile(r"\+?\d{3,}(?=\d{4}(?!\d))")
_SECRET = re.compile(r"[\w-]{40,}(?:\.[\w-]+)*")

log = logging.getLogger("app.program")


class _Discreet(logging.Formatter):
    """Our own messages hold no numbers or tokens. The message of an exception nobody foresaw may."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRET.sub("…", _NUMBER.sub("…", super().format(record)))


def begin(folder: Path) -> logging.Handler | None:
    """Write the program's own messages, and every fault that nobody caught, to the diagnostic log.

    It never holds tokens, texts or whole numbers. Returns what ``end`` takes; ``None`` if the file
    cannot be written, which is no reason not to start.
    """
    try:
        handler = RotatingFileHandler(
            folder / NAME, maxBytes=SIZE, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return None
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    return handler


def end(handler: logging.Handler | None) -> None:
    """Stop writing."""
    if handler is None:
        return
    sys.excepthook = sys.__excepthook__
    threading.excepthook = threading.__excepthook__
    logging.getLogger().removeHandler(handler)
    handler.close()


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("uncaught", exc_info=(kind, error, traceback))
