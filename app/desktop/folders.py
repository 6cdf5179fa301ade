"""The data directory: where everything that belongs to one installation lives."""

import os
import sys
from pathlib import Path

from app.domain.problems import BadInput

ENVIRONMENT = "TEXTBELL_DATA_DIR"


def data_dir(flag: str | Path | None = None) -> Path:
    """Return the data directory as an absolute path, made if it was not there.

    The command line's ``flag`` beats the environment's ``TEXTBELL_DATA_DIR``, which beats the place
    the operating system has for a program's data. A new directory can be read by its owner only;
    the permissions of one that exists are left alone.

    Raises:
        BadInput: it cannot be made, or nothing can be written there.
    """
    chosen = flag or os.environ.get(ENVIRONMENT)
    try:
        path = Path(chosen).expanduser().absolute() if chosen else default_data_dir()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        usable = os.access(path, os.R_OK | os.W_OK | os.X_OK)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadInput(
            f"The data folder {chosen or default_data_dir()} cannot be used: {reason}. "
            "Name another with --data-dir."
        ) from error
    if not usable:
        raise BadInput(
            f"The data folder {path} may not be written by you. "
            "Change its permissions or name another with --data-dir."
        )
    return path


def default_data_dir() -> Path:
    """Where the data go unless told otherwise. Makes nothing."""
    from platformdirs import user_data_path

    name = "Textbell" if sys.platform in ("win32", "darwin") else "textbell"
    return user_data_path(name, appauthor=False)
