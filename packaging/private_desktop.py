"""The tests' private desktop, for the demo's picture, the tests and the packages' self-test."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import system_packages
from say import ROOT, CannotGoOn

if TYPE_CHECKING:
    from tests.desktop.session import DesktopSession


@contextlib.contextmanager
def private_desktop() -> Iterator["DesktopSession"]:
    """A desktop of its own with a screen, tray, notifications and keyring, its parts installed first.

    Raises:
        CannotGoOn: it cannot be had here.
    """
    if not sys.platform.startswith("linux"):
        raise CannotGoOn("the private desktop exists on Linux only.")
    system_packages.ensure((*system_packages.QT, *system_packages.DESKTOP), "the private desktop")
    sys.path.append(str(ROOT))  # the session needs nothing but the standard library
    from tests.desktop.session import DesktopFailed, DesktopSession

    try:
        session = DesktopSession().__enter__()
    except DesktopFailed as error:
        raise CannotGoOn(f"the private desktop could not be started. {error}") from error
    with contextlib.ExitStack() as ending:
        ending.push(session)
        yield session
