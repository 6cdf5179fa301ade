"""What can be done with a row of the log."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.events import Entry
from app.ui import filters
from app.ui.filters import Chip
from app.ui.words import Labels

Item = tuple[str, str, Callable[[], object]]
"""Text, shortcut to show, what it does."""


def filter_items(
    entry: Entry, labels: Labels, only_customer: Callable[[str], object], add: Callable[[Chip], object]
) -> list[Item]:
    """Narrowing down by what the row says."""
    event = entry.event
    items: list[Item] = []
    if event.customer:
        items.append(("Only this c&ustomer", "", lambda: only_customer(event.customer)))
    if event.number:
        own = filters.own_number_chip(event.number, labels)
        items.append(("Only this number of &yours", "", lambda: add(own)))
    kind = filters.kind_chip(event.family)
    hidden = filters.without_kind_chip(event.family)
    items.append((f"Only {kind.value.lower()}", "", lambda: add(kind)))
    items.append((f"&Hide {kind.value.lower()}", "", lambda: add(hidden)))
    return items


def copy_items(
    entry: Entry, copy_text: Callable[[], object], copy_number: Callable[[], object]
) -> list[Item]:
    """Taking the row along."""
    items: list[Item] = [("&Copy as text", "Ctrl+C", copy_text)]
    if entry.event.customer or entry.event.number:
        items.append(("Copy &number", "Ctrl+Shift+C", copy_number))
    return items


def menu_of(owner: QWidget, groups: list[list[Item]]) -> QMenu:
    """A menu with a line between the groups. Deletes itself when it closes."""
    menu = QMenu(owner)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for at, group in enumerate(groups):
        if at:
            menu.addSeparator()
        for text, keys, does in group:
            made = menu.addAction(text)
            if keys:
                made.setShortcut(QKeySequence(keys))
                made.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                made.setShortcutVisibleInContextMenu(True)
            made.triggered.connect(lambda _=False, does=does: does())
    return menu
