"""What the window shows, as a file: asks where, writes it beside everything else, tells what came of it."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog

from app.eventlog import LogReader, Query
from app.sync.exporting import FileKind, Layout, export_file
from app.ui.feed import FeedState
from app.ui.file_dialogs import ask_where, documents
from app.ui.jobs import Job
from app.ui.main_window import MainWindow
from app.ui.parts import IconButton, action
from app.ui.ports import EngineView
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted

KEYS = "Ctrl+E"
KINDS = {
    FileKind.XLSX.value: "Excel workbook",
    FileKind.CSV.value: "CSV, for any spreadsheet",
    FileKind.JSONL.value: "JSON lines, to add to another Textbell",
}


class Exporting(QObject):
    """Adds the command to the window: its key, a button beside the count, and the row menu's last entry."""

    def __init__(
        self,
        window: MainWindow,
        its_theme: Theme,
        engine: EngineView,
        log: LogReader,
        tasks: Tasks,
        open_folder: Callable[[Path], object],
        now: Callable[[], datetime],
        zone: tzinfo | None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._engine = engine
        self._log = log
        self._job = Job("export", window.strip, tasks)
        self._open_folder = open_folder
        self._now = now
        self._zone = zone
        self._folder: Path | None = None
        self.dialog: QFileDialog | None = None
        """The last that was opened; it deletes itself."""
        action(window, "Export", self.ask, KEYS)
        window.log.search.field.installEventFilter(self)
        window.log.export_asked.connect(self.ask)
        self.button = IconButton(
            its_theme, "export", "Export what is shown", self.ask, shortcut=QKeySequence(KEYS)
        )
        window.log.search.top.addWidget(self.button)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Where Ctrl+E goes to the end of a line, as on X11, a field would keep it for itself.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            pressed = QKeySequence(event.keyCombination())
            if pressed.matches(QKeySequence(KEYS)) is QKeySequence.SequenceMatch.ExactMatch:
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    @property
    def proposed(self) -> Path:
        """The name and place that are proposed."""
        panel = self._window.log
        day = self._now().astimezone(self._zone).date()
        name = f"Textbell {panel.search.filters.view.title} {day.isoformat()}.{FileKind.XLSX}"
        return (self._folder or documents()) / name

    def ask(self) -> None:
        """Ask where to, unless there is nothing to write or one is being written."""
        strip, feed = self._window.strip, self._window.log.feed
        if self._job.running:
            return
        if feed.state is FeedState.READY and not feed.total:
            strip.stopped("There is nothing here to export.")
            return
        query = self._window.log.query
        self.dialog = ask_where(
            self._window,
            "Export what is shown",
            self.proposed,
            KINDS,
            lambda path, kind: self.write(query, path, FileKind(kind)),
        )

    def write(self, query: Query, path: Path, kind: FileKind) -> None:
        """Write what the query finds to this file."""
        self._folder = path.parent
        self._job.start(
            "Exporting…",
            lambda: self._write(query, path, kind),
            given_up=lambda: "The export was cancelled. No file was written.",
        )

    async def _write(self, query: Query, path: Path, kind: FileKind) -> None:
        labels = {number.e164: number.label for number in self._engine.status.numbers if number.label}
        layout = Layout(kind, labels, self._zone, for_excel=True)
        count = await export_file(self._log, query, path, layout, self._tell)
        self._window.strip.done(
            f"Exported {self._counted(query, count)}.", "Open &folder", lambda: self._open_folder(path.parent)
        )

    @staticmethod
    def _counted(query: Query, count: int) -> str:
        return counted(count, "batch", "batches") if query.batch_starts else counted(count, "event")

    def _tell(self, done: int, total: int | None) -> None:
        strip = self._window.strip
        if total is None:
            strip.advance("Exporting…", None)
        elif done < total:
            strip.advance(f"Exporting {done:,} of {counted(total, 'event')}…", done / total)
        else:
            strip.advance("Finishing the file…", 1.0)
