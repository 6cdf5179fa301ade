"""Asking for a file, without anything waiting for the answer."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

Kinds = dict[str, str]
"""Suffix without a dot, and what is said of it: ``{"csv": "CSV, for other spreadsheets"}``."""


def documents() -> Path:
    """The folder where people keep their papers."""
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(found) if found and Path(found).is_dir() else Path.home()


def ask_where(
    owner: QWidget, title: str, proposed: Path, kinds: Kinds, chosen: Callable[[Path, str], object]
) -> QFileDialog:
    """Ask where to write a file; ``chosen`` gets the path and its kind's suffix.

    The end of the name decides the kind, and what is chosen in the list decides the end of the name.
    """
    dialog = _dialog(owner, title, proposed.parent)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    filters = {suffix: f"{said} (*.{suffix})" for suffix, said in kinds.items()}
    dialog.setNameFilters(list(filters.values()))
    dialog.setDefaultSuffix(proposed.suffix.removeprefix("."))
    dialog.selectNameFilter(filters[proposed.suffix.removeprefix(".")])
    dialog.selectFile(proposed.name)

    def suffix_chosen() -> str:
        said = dialog.selectedNameFilter()
        return next((suffix for suffix, filter_ in filters.items() if filter_ == said), next(iter(kinds)))

    def turn(_: str) -> None:
        suffix = suffix_chosen()
        dialog.setDefaultSuffix(suffix)
        if typed := dialog.selectedFiles():
            path = Path(typed[0])
            stem = path.stem if path.suffix.removeprefix(".") in kinds else path.name
            dialog.selectFile(f"{stem}.{suffix}")

    def take(name: str) -> None:
        path = Path(name)
        ending = path.suffix.removeprefix(".").lower()
        chosen(path, ending if ending in kinds else suffix_chosen())

    dialog.filterSelected.connect(turn)
    dialog.fileSelected.connect(take)
    dialog.open()
    return dialog


def ask_which(
    owner: QWidget, title: str, folder: Path, kinds: Kinds, chosen: Callable[[Path], object]
) -> QFileDialog:
    """Ask for a file that is there."""
    dialog = _dialog(owner, title, folder)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([*(f"{said} (*.{suffix})" for suffix, said in kinds.items()), "All files (*)"])
    dialog.fileSelected.connect(lambda name: chosen(Path(name)))
    dialog.open()
    return dialog


def _dialog(owner: QWidget, title: str, folder: Path) -> QFileDialog:
    dialog = QFileDialog(owner, title, str(folder))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog
