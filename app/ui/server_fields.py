"""Server address and client ID: for the person who sets the program up."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.domain.problems import BadInput
from app.settings import PRODUCTION_SERVER, SettingsFile
from app.ui import theme
from app.ui.parts import column, label
from app.ui.theme import Theme


class ServerFields(QWidget):
    """Two fields that store what is typed when the typing is over."""

    changed = Signal()

    def __init__(self, its_theme: Theme, settings: SettingsFile) -> None:
        super().__init__()
        self._settings = settings
        inner = column(self, gap=theme.TIGHT)
        self.client_id = self._field(
            its_theme, inner, "&Client ID", "Given by your RingCentral administrator"
        )
        inner.addSpacing(theme.GAP)
        self.server = self._field(its_theme, inner, "Server &address", PRODUCTION_SERVER)
        self._wrong = label(tone="bad", wrap=True)
        self._wrong.hide()
        inner.addWidget(self._wrong)
        self.client_id.editingFinished.connect(self.store)
        self.server.editingFinished.connect(self.store)
        self.refresh()

    def refresh(self) -> None:
        """Show what is stored."""
        self.client_id.setText(self._settings.value.client_id)
        self.server.setText(self._settings.value.server_url)

    def store(self) -> bool:
        """Store what is typed; says why if it cannot be, and returns whether all is well."""
        client_id = self.client_id.text().strip()
        server = self.server.text().strip() or PRODUCTION_SERVER
        value = self._settings.value
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
