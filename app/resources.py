"""Where the files that come with the program lie: in the checkout, in a wheel, in a frozen build."""

import sys
from functools import cache
from pathlib import Path


def resource_path(name: str) -> Path:
    """The path of a file of the program's own, e.g. ``icons/bell.svg``.

    Raises:
        FileNotFoundError: there is no such file; the program was not installed whole.
    """
    path = resource_folder() / name
    if not path.is_file():
        raise FileNotFoundError(f"Textbell's own file {path} is missing: install the program again.")
    return path


@cache
def resource_folder() -> Path:
    """The folder of such files: the build's in a frozen program, the package's in an installed one."""
    package = Path(__file__).resolve().parent
    frozen: str | None = getattr(sys, "_MEIPASS", None)  # set by PyInstaller's start-up code
    if frozen is not None:
        return Path(frozen) / "resources"
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"
