"""Notifications on Linux: what desktop-notifier leaves open of the freedesktop.org specification.

Its backend always draws a new notification, keeps a connection open after each failed attempt, and
does not tell whether the body is markup. This one replaces in place (``replaces_id``), hangs up when
it fails, asks for the capability ``body-markup``, and notices when another daemon takes over.
"""

from typing import Any

from dbus_fast import Message, MessageType
from desktop_notifier import Notification
from desktop_notifier.backends.dbus import DBusDesktopNotifier

from app.desktop.buses import leave

_NAME = "org.freedesktop.Notifications"
_BUS = "org.freedesktop.DBus"
_WATCH = f"type='signal',sender='{_BUS}',interface='{_BUS}',member='NameOwnerChanged',arg0='{_NAME}'"


class _Replacing:
    """The daemon's interface with the id of the notification to replace filled in."""

    def __init__(self, interface: Any) -> None:
        self._interface = interface
        self.replaces = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interface, name)

    async def call_notify(self, app_name: str, _new: int, *arguments: Any) -> int:
        replaces, self.replaces = self.replaces, 0
        return int(await self._interface.call_notify(app_name, replaces, *arguments))


class FreedesktopBackend(DBusDesktopNotifier):
    """Sends to the notification daemon of the session bus. One notification at a time: callers queue."""

    failure = ""
    """Why the last ``send`` failed: the exception's class."""
    _daemon: _Replacing | None = None
    _body_markup: bool | None = None

    async def _init_dbus(self) -> Any:
        try:
            interface = await super()._init_dbus()
            self.bus.add_message_handler(self._on_message)
            await self.bus.call(
                Message(_BUS, "/org/freedesktop/DBus", _BUS, "AddMatch", signature="s", body=[_WATCH])
            )
        except BaseException:
            await self.hang_up()
            raise
        self._daemon = _Replacing(interface)
        self.interface = self._daemon  # type: ignore[assignment]
        return self._daemon

    async def hang_up(self) -> None:
        """Close the connection; the next call makes another."""
        bus = self.__dict__.pop("bus", None)
        self._daemon = self.interface = None
        self._forget_daemon()
        if bus is not None:
            await leave(bus)

    async def body_markup(self) -> bool:
        """Whether the daemon reads the body as markup. Raises whatever the bus raises."""
        daemon = self._daemon or await self._init_dbus()
        if self._body_markup is None:
            self._body_markup = "body-markup" in await daemon.call_get_capabilities()
        return self._body_markup

    async def _send(self, notification: Notification) -> None:
        self.failure = ""
        try:
            daemon = self._daemon or await self._init_dbus()
            # Taken out while the daemon works: it may answer with another id, when the old one is gone.
            shown = self._platform_to_interface_notification_identifier.inverse
            daemon.replaces = shown.pop(notification.identifier, 0)
            await super()._send(notification)
        except Exception as error:
            self.failure = type(error).__name__
            raise

    def _on_message(self, message: Message) -> None:
        if (
            message.message_type is MessageType.SIGNAL
            and message.member == "NameOwnerChanged"
            and message.sender == _BUS
            and message.body[:1] == [_NAME]
        ):
            self._forget_daemon()

    def _forget_daemon(self) -> None:
        # Its ids mean nothing to the next one, and might name another program's notification there.
        self._platform_to_interface_notification_identifier.clear()
        self._notification_cache.clear()
        self._capabilities = None
        self._body_markup = None
