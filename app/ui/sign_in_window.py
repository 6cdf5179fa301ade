"""Signing in again, after the first run: a small window with the same panel."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QWidget

from app.settings import SettingsFile
from app.ui import theme
from app.ui.parts import Disclosure, action, column, label
from app.ui.ports import EngineView, OpenLink
from app.ui.server_fields import NOTHING_GIVEN, Given, ServerFields
from app.ui.sign_in_panel import SignInPanel
from app.ui.status_words import APP_NAME
from app.ui.tasks import Tasks
from app.ui.theme import Theme


class SignInWindow(QWidget):
    """Closes itself once the sign-in is done; closing it gives up."""

    def __init__(
        self,
        its_theme: Theme,
        engine: EngineView,
        settings: SettingsFile,
        tasks: Tasks,
        open_link: OpenLink,
        given: Given = NOTHING_GIVEN,
    ) -> None:
        super().__init__(None, Qt.WindowType.Dialog)
        self.setObjectName("surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(f"Sign in - {APP_NAME}")
        self.setMinimumWidth(theme.READABLE)
        self.resize(*theme.SMALL_DIALOG)
        inner = column(self, gap=theme.GAP, margin=theme.GROUP)
        inner.addWidget(label("Sign in to RingCentral", its_theme.heading, wrap=True))
        inner.addWidget(
            label("Your browser opens for that. The log stays as it is.", tone="muted", wrap=True)
        )
        inner.addSpacing(theme.GAP)
        self.panel = SignInPanel(its_theme, engine, tasks, open_link=open_link, before=self._store)
        self.panel.signed_in.connect(self.close)
        inner.addWidget(self.panel)
        inner.addSpacing(theme.GAP)
        self.server = ServerFields(its_theme, settings, given)
        self.advanced = Disclosure(its_theme, "For administrators", self.server.setVisible)
        self.server.hide()
        inner.addWidget(self.advanced)
        inner.addWidget(self.server)
        inner.addStretch(1)
        action(self, "Close", self.close, "Esc", "Ctrl+W")

    def begin(self) -> None:
        """Open the browser at once, unless it is waited for already."""
        self.server.refresh()
        if not self.panel.waiting:
            self.panel.start()

    def _store(self) -> bool:
        if not self.server.store():
            return False
        if not self.server.complete:
            self.advanced.setChecked(True)
            self.server.client_id.setFocus()
            self.panel.say("Type the client ID first. Your RingCentral administrator has it.")
            return False
        return True

    def closeEvent(self, event: QCloseEvent) -> None:
        self.panel.cancel()
        super().closeEvent(event)
