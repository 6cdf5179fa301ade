"""The settings page of the log: how much there is, for how long, files in and out, backups."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from PySide6.QtGui import QShowEvent

from app.settings import SettingsFile
from app.ui import theme
from app.ui.backup_section import BackupSection
from app.ui.import_section import ImportSection
from app.ui.keep_section import KeepSection
from app.ui.parts import Notice, button, label, line
from app.ui.ports import EngineView
from app.ui.settings_pages import Page
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted, day, size


class LogPage(Page):
    """The log as a whole."""

    def __init__(
        self,
        its_theme: Theme,
        settings: SettingsFile,
        engine: EngineView,
        tasks: Tasks,
        open_folder: Callable[[Path], object],
        now: Callable[[], datetime],
        zone: tzinfo | None,
    ) -> None:
        super().__init__(its_theme, "Log")
        self._engine = engine
        self._tasks = tasks
        self._now = now
        self._zone = zone
        folder = settings.path.parent
        self.waiting = Notice(its_theme, "info", "plain")
        self.inner.addWidget(self.waiting)
        self.amount = label(" ", its_theme.strong, wrap=True)
        self.inner.addWidget(self.amount)
        self.explain("Kept encrypted on this computer. The key is in your system’s keyring.")
        self.inner.addSpacing(theme.GAP)
        self.keep = KeepSection(its_theme, settings, engine, tasks, self.refresh)
        self.inner.addWidget(self.keep)
        self.rule()
        self.backups = BackupSection(its_theme, engine, tasks, now, zone, self.refresh)
        self.inner.addWidget(self.backups)
        self.rule()
        self.adding = ImportSection(its_theme, settings, engine, tasks, self.refresh)
        self.inner.addWidget(self.adding)
        self.rule()
        self.inner.addWidget(label("Folder", its_theme.strong))
        self.inner.addWidget(label(str(folder), wrap=True, select=True))
        row = line(gap=theme.GAP)
        row.addWidget(button("&Open the folder", lambda: open_folder(folder)))
        row.addStretch(1)
        self.inner.addLayout(row)
        self.finish()

    def refresh(self) -> None:
        """Say anew how much there is."""
        self._tasks.latest("log-size", self._measure)

    async def _measure(self) -> None:
        stats = await self._engine.keeping.stats()
        size_ = size(stats.bytes)
        if stats.oldest is None:
            self.amount.setText(f"No events yet ({size_})")
        else:
            since = day(stats.oldest, self._now(), self._zone)
            when = since.lower() if since in ("Today", "Yesterday") else since
            self.amount.setText(f"{counted(stats.events, 'event')} since {when}, {size_}")
        self.waiting.say(
            "A restored log takes over when you quit Textbell and start it again."
            if self._engine.keeping.restore_waits
            else "",
            icon="info",
            tone="plain",
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
