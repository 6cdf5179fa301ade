"""Adding the events of a file to the log."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.settings import SettingsFile
from app.sync.importing import Imported
from app.ui import theme
from app.ui.file_dialogs import ask_which, documents
from app.ui.jobs import Job
from app.ui.parts import button, column, label, line
from app.ui.ports import EngineView
from app.ui.progress_strip import ProgressStrip
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted

_LINES_NAMED = 5


def said_of(found: Imported) -> str:
    """What came of it, in one or two sentences."""
    added = f"{counted(found.new, 'event')} added"
    known = f", {found.known:,} {'was' if found.known == 1 else 'were'} known already" if found.known else ""
    if not found.wrong:
        return f"{added}{known}."
    numbers = [f"{wrong.number:,}" for wrong in found.named[:_LINES_NAMED]]
    if found.wrong == 1:
        return f"{added}{known}. Line {numbers[0]} is no event and was left out."
    more = found.wrong - len(numbers)
    named = ", ".join(numbers) + (f" and {more:,} more" if more else "")
    if not more:
        named = " and ".join(named.rsplit(", ", 1))
    return f"{added}{known}. Lines {named} are no events and were left out."


class ImportSection(QWidget):
    """One button, and what came of it."""

    def __init__(
        self,
        its_theme: Theme,
        settings: SettingsFile,
        engine: EngineView,
        tasks: Tasks,
        changed: Callable[[], object],
    ) -> None:
        """``changed`` is called when events were added."""
        super().__init__()
        self._settings = settings
        self._engine = engine
        self._changed = changed
        self._found = Imported()
        self.dialog: QFileDialog | None = None
        inner = column(self, gap=theme.GAP)
        inner.addWidget(label("Events from a file", its_theme.strong))
        inner.addWidget(
            label(
                "JSON lines, as Textbell exports them. What the log has already is skipped.",
                tone="muted",
                wrap=True,
            )
        )
        row = line(gap=theme.GAP)
        self.choose = button("&Add events from a file…", self._ask)
        row.addWidget(self.choose)
        row.addStretch(1)
        inner.addLayout(row)
        self.strip = ProgressStrip(its_theme, ruled=False)
        inner.addWidget(self.strip)
        self._job = Job("import", self.strip, tasks)

    def add(self, path: Path) -> None:
        """Add this file's events."""
        self._found = Imported()
        self._job.start(
            "Reading the file…",
            lambda: self._add(path),
            given_up=lambda: f"Stopped. {counted(self._found.new, 'event')} added so far.",
        )

    def _ask(self) -> None:
        if not self._job.running:
            kinds = {"jsonl": "JSON lines"}
            self.dialog = ask_which(self, "Add events from a file", documents(), kinds, self.add)

    async def _add(self, path: Path) -> None:
        try:
            found = await self._engine.keeping.import_file(path, self._tell)
        finally:
            self._changed()
        said = said_of(found)
        years = self._settings.value.keep_years
        if found.new and (old := await self._engine.keeping.outdated(years)):
            said += f" {counted(old, 'event')} older than {counted(years or 0, 'year')} will go within a day."
        self.strip.done(said)

    def _tell(self, found: Imported) -> None:
        self._found = found
        known = f", {found.known:,} known already" if found.known else ""
        self.strip.advance(f"{counted(found.new, 'event')} added{known}…", found.share)
