"""Server address and client ID: for the person who sets the program up."""

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.domain.problems import BadInput
from app.settings import PRODUCTION_SERVER, SettingsFile
from app.ui import theme
from app.ui.parts import column, label
from app.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line or the environment say; it holds for this run, whatever is stored."""

    server_url: str = ""
    client_id: str = ""


NOTHING_GIVEN = Given()


class ServerFields(QWidget):
    """Two fields that store what is typed when the typing is over. What is given is only shown."""

    changed = Signal()

    def __init__(self, its_theme: Theme, settings: SettingsFile, given: Given = NOTHING_GIVEN) -> None:
        super().__init__()
        self._settings = settings
        self._given = given
        inner = column(self, gap=theme.TIGHT)
        self.client_id = self._field(
            its_theme, inner, "&Client ID", "Given by your RingCentral administrator"
        )
        inner.addSpacing(theme.GAP)
        self.server = self._field(its_theme, inner, "Server &address", PRODUCTION_SERVER)
        self._wrong = label(tone="bad", wrap=True)
        self._wrong.hide()
        inner.addWidget(self._wrong)
        self.client_id.setReadOnly(bool(given.client_id))
        self.server.setReadOnly(bool(given.server_url))
        if given.client_id or given.server_url:
            said = "Given when Textbell was started, so it cannot be changed here."
            inner.addWidget(label(said, tone="muted", wrap=True))
        self.client_id.editingFinished.connect(self.store)
        self.server.editingFinished.connect(self.store)
        self.refresh()

    def refresh(self) -> None:
        """Show what is in force."""
        self.client_id.setText(self._given.client_id or self._settings.value.client_id)
        self.server.setText(self._given.server_url or self._settings.value.server_url)

    @property
    def complete(self) -> bool:
        """Whether there is a client ID to sign in with."""
        return bool(self._given.client_id or self._settings.value.client_id)

    def store(self) -> bool:
        """Store what is typed; says why if it cannot be, and returns whether all is well."""
        value = self._settings.value
        client_id = value.client_id if self._given.client_id else self.client_id.text().strip()
        typed = self.server.text().strip() or PRODUCTION_SERVER
        server = value.server_url if self._given.server_url else typed
        if (client_id, server) != (value.client_id, value.server_url):
            try:
                self._settings.update(client_id=client_id, server_url=server)
            except BadInput as error:
                self._say(str(error))
                return False
            self.refresh()
            self.changed.emit()
        self._say("")
        return True

    def _say(self, sentence: str) -> None:
        self._wrong.setText(sentence)
        self._wrong.setVisible(bool(sentence))
        self.server.setProperty("wrong", bool(sentence))
        self.server.style().unpolish(self.server)
        self.server.style().polish(self.server)

    @staticmethod
    def _field(its_theme: Theme, inner: QVBoxLayout, name: str, hint: str) -> QLineEdit:
        said = label(name)
        field = QLineEdit()
        field.setPlaceholderText(hint)
        field.setAccessibleName(name.replace("&", ""))
        said.setBuddy(field)
        inner.addWidget(said)
        inner.addWidget(field)
        return field
