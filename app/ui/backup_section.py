"""Saving the log as one file under a passphrase, and restoring it."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from app.domain.problems import BadInput, Expected
from app.ui import theme
from app.ui.file_dialogs import ask_where, ask_which, documents
from app.ui.jobs import Job
from app.ui.parts import button, column, label, line
from app.ui.ports import EngineView
from app.ui.progress_strip import ProgressStrip
from app.ui.reveal import reveal
from app.ui.tasks import Tasks
from app.ui.theme import Theme
from app.ui.words import counted

SUFFIX = "textbell"
_KINDS = {SUFFIX: "Textbell backup"}


class PassphraseForm(QWidget):
    """One or two fields, what is wrong with them, and two buttons."""

    given = Signal()
    left = Signal()

    def __init__(self, its_theme: Theme) -> None:
        super().__init__()
        inner = column(self, gap=theme.GAP)
        inner.setContentsMargins(0, theme.GAP, 0, 0)
        self._explanation = label(wrap=True)
        inner.addWidget(self._explanation)
        self.first = self._field("Passphrase")
        self.second = self._field("The same again")
        inner.addWidget(self.first)
        inner.addWidget(self.second)
        self._wrong = label(tone="bad", wrap=True)
        inner.addWidget(self._wrong)
        row = line(gap=theme.GAP)
        self.go = button("", self.given.emit, kind="primary")
        self.cancel = button("Cancel", self.left.emit)
        row.addWidget(self.go)
        row.addWidget(self.cancel)
        row.addStretch(1)
        inner.addLayout(row)
        self.first.returnPressed.connect(self._on)
        self.second.returnPressed.connect(self.given)
        self.hide()

    def _field(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setPlaceholderText(name)
        made.setAccessibleName(name)
        made.setEchoMode(QLineEdit.EchoMode.Password)
        made.setMaximumWidth(theme.DETAIL)
        made.textEdited.connect(lambda: self.say_wrong(""))
        return made

    def _on(self) -> None:
        if self.second.isHidden():
            self.given.emit()
        else:
            self.second.setFocus()

    def ask(self, explanation: str, go: str, *, twice: bool) -> None:
        """Show it, empty."""
        self._explanation.setText(explanation)
        self.go.setText(go)
        self.second.setVisible(twice)
        self.clear()
        self.show()
        self.first.setFocus()
        reveal(self)

    def clear(self) -> None:
        """Forget what was typed, and hide."""
        self.first.clear()
        self.second.clear()
        self.say_wrong("")
        self.hide()

    def say_wrong(self, sentence: str) -> None:
        """What is wrong with what was typed, or (``""``) that nothing is."""
        self._wrong.setText(sentence)
        self._wrong.setVisible(bool(sentence))

    @property
    def wrong(self) -> str:
        """What it says is wrong."""
        return self._wrong.text()

    @property
    def passphrase(self) -> str:
        """What was typed. Raises BadInput if it was not typed the same twice."""
        if not self.second.isHidden() and self.first.text() != self.second.text():
            raise BadInput("The two passphrases are not the same.")
        return self.first.text()


class BackupSection(QWidget):
    """Two buttons; a form that opens below them; what came of it."""

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        tasks: Tasks,
        now: Callable[[], datetime],
        zone: tzinfo | None,
        changed: Callable[[], object],
    ) -> None:
        """``changed`` is called when a restored log waits."""
        super().__init__()
        self._keeping = engine.keeping
        self._now = now
        self._zone = zone
        self._changed = changed
        self._source: Path | None = None
        self.dialog: QFileDialog | None = None
        inner = column(self, gap=theme.GAP)
        inner.addWidget(label("Backup", its_theme.strong))
        inner.addWidget(
            label(
                "The whole log as one encrypted file, for safety or for a new computer.",
                tone="muted",
                wrap=True,
            )
        )
        row = line(gap=theme.GAP)
        self.save = button("Save a &backup…", self._ask_passphrase)
        self.restore = button("&Restore a backup…", self._ask_which)
        row.addWidget(self.save)
        row.addWidget(self.restore)
        row.addStretch(1)
        inner.addLayout(row)
        self.form = PassphraseForm(its_theme)
        self.form.given.connect(self._given)
        self.form.left.connect(self._leave)
        inner.addWidget(self.form)
        self.strip = ProgressStrip(its_theme, ruled=False)
        inner.addWidget(self.strip)
        self._job = Job("backup", self.strip, tasks)

    # --------------------------------------------------------------- saving

    def _ask_passphrase(self) -> None:
        if self._job.running:
            return
        self._source = None
        self.strip.clear()
        self.form.ask(
            "Choose a passphrase for the file. It opens on any computer with it, and on none without it:"
            " nobody can recover it, so write it down.",
            "Choose &where to save…",
            twice=True,
        )

    def _given(self) -> None:
        try:
            passphrase = self.form.passphrase
            if self._source is None:
                self._keeping.check_passphrase(passphrase)
        except BadInput as error:
            self.form.say_wrong(str(error))
            return
        if self._source is not None:
            self.bring_back(self._source, passphrase)
            return
        name = f"Textbell backup {self._now().astimezone(self._zone).date().isoformat()}.{SUFFIX}"
        self.dialog = ask_where(
            self,
            "Save a backup",
            documents() / name,
            _KINDS,
            lambda path, _: self.write(path, passphrase),
        )

    def write(self, path: Path, passphrase: str) -> None:
        """Save a backup there."""
        self._leave()
        self._job.start(
            "Saving the backup…",
            lambda: self._write(path, passphrase),
            given_up=lambda: "The backup was cancelled. No file was written.",
        )

    async def _write(self, path: Path, passphrase: str) -> None:
        await self._keeping.save_backup(
            path, passphrase, lambda share: self._tell("Saving the backup", share)
        )
        self.strip.done(f"Saved as {path.name}. Keep the passphrase in a safe place.")

    # --------------------------------------------------------------- restoring

    def _ask_which(self) -> None:
        if not self._job.running:
            self.dialog = ask_which(self, "Restore a backup", documents(), _KINDS, self.ask_for)

    def ask_for(self, path: Path) -> None:
        """Ask for the passphrase of this file."""
        self._source = path
        self.strip.clear()
        self.form.ask(
            f"Type the passphrase of “{path.name}”. The log on this computer now is then set aside in its"
            " folder, not deleted.",
            "&Restore",
            twice=False,
        )

    def bring_back(self, path: Path, passphrase: str) -> None:
        """Restore this file."""
        self.form.hide()
        self._job.start(
            "Opening the backup…",
            lambda: self._bring_back(path, passphrase),
            given_up=lambda: "Nothing was restored; the log is as it was.",
            failed=self._not_restored,
        )

    async def _bring_back(self, path: Path, passphrase: str) -> None:
        found = await self._keeping.restore_backup(
            path, passphrase, lambda share: self._tell("Reading the backup", share)
        )
        self._leave()
        self.strip.done(
            f"{counted(found.events, 'event')} restored. Quit Textbell and start it again to use them."
        )
        self._changed()

    def _not_restored(self, error: Expected) -> None:
        self.strip.clear()
        self.form.show()
        self.form.say_wrong(str(error))
        self.form.first.setFocus()
        self.form.first.selectAll()

    def _tell(self, said: str, share: float) -> None:
        self.strip.advance(f"{said}: {share:.0%}" if share < 1 else "Checking…", share)

    def _leave(self) -> None:
        self.form.clear()
        self._source = None
