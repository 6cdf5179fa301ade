"""What a screen reader finds in the program's windows: one line ``role<TAB>name`` for each part in view.

Run by the system's own Python, which has the bindings of AT-SPI: ``/usr/bin/python3 spoken.py NAME``.
"""

import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402 - the version comes first


def spoken(part: Atspi.Accessible) -> None:
    """Print this part and those in it."""
    try:
        if not part.get_state_set().contains(Atspi.StateType.SHOWING):
            return
        if name := part.get_name():
            print(f"{part.get_role_name()}\t{name!r}")
        for at in range(part.get_child_count()):
            child = part.get_child_at_index(at)
            if child is not None:
                spoken(child)
    except GLib.Error:
        return  # gone while it was looked at


desktop = Atspi.get_desktop(0)
for at in range(desktop.get_child_count()):
    program = desktop.get_child_at_index(at)
    if program is not None and program.get_name() == sys.argv[1]:
        for window in range(program.get_child_count()):
            spoken(program.get_child_at_index(window))
