"""What the user chose: one typed, versioned JSON file in the data directory. Never a secret.

A change is validated, written to a temporary file, flushed to the disk and moved into place, so a
crash leaves either the old file or the new one. Keys this version does not know are kept. A file
that cannot be read is set aside under another name, never deleted.
"""

import json
import os
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.domain.appearance import Appearance as Appearance
from app.domain.disclosure import Disclosure as Disclosure
from app.domain.numbers import OwnNumber
from app.domain.problems import BadInput

SCHEMA = 1
PRODUCTION_SERVER = "https://platform.ringcentral.com"
REDIRECT_PORTS = (53682, 53683, 53684)
"""Loopback ports for the end of the sign-in. RingCentral compares redirect addresses character by
character, so each must be registered with the app as ``http://127.0.0.1:PORT/oauth/callback``."""


class FollowedNumber(BaseModel):
    """A number the user chose to follow, with the name it had then."""

    model_config = ConfigDict(frozen=True)

    e164: str
    label: str = ""

    def own(self) -> OwnNumber:
        return OwnNumber(self.e164, self.label)


class Notifications(BaseModel):
    """What is announced, and how."""

    model_config = ConfigDict(frozen=True, extra="allow")

    batch_completed: bool = True
    opted_out: bool = True
    opted_in: bool = False
    sound: bool = False
    disclosure: Disclosure = Disclosure.NUMBER_AND_TEXT
    paused_until: datetime | None = None


class Window(BaseModel):
    """Where the windows were, and what was said once and need not be said again."""

    model_config = ConfigDict(frozen=True, extra="allow")

    geometry: str = ""
    """Qt's own bytes, base64."""
    close_hint_shown: bool = False
    appearance: Appearance = Appearance.SYSTEM


Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseModel):
    """Everything that is remembered from one start to the next, secrets aside."""

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: int = Field(default=SCHEMA, alias="schema")
    installation: str = Field(default_factory=lambda: secrets.token_hex(8))
    """Tells this data directory's secrets in the keyring from another's."""
    server_url: str = PRODUCTION_SERVER
    client_id: str = ""
    redirect_ports: tuple[Port, ...] = Field(default=REDIRECT_PORTS, min_length=1)
    follow: tuple[FollowedNumber, ...] = ()
    """Numbers to follow. Empty: none chosen yet."""
    first_run_done: bool = False
    start_at_login: bool = False
    keep_years: Annotated[int, Field(ge=1, le=1000)] | None = 5
    """How long events stay in the log; ``None``: for ever. Claims over texts go back four years."""
    notifications: Notifications = Notifications()
    window: Window = Window()

    @field_validator("server_url")
    @classmethod
    def _server_url(cls, value: str) -> str:
        return check_server_url(value)


def check_server_url(value: str) -> str:
    """Return the address without a trailing slash.

    Raises:
        ValueError: it is not an ``http://`` or ``https://`` address.
    """
    from urllib.parse import urlsplit

    cleaned = value.strip().rstrip("/")
    try:
        parts = urlsplit(cleaned)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1
    except ValueError:
        bad = True
    if bad:
        raise ValueError(f"“{value}” is not a server address. It looks like {PRODUCTION_SERVER}.")
    return cleaned


class SettingsFile:
    """The settings on disk and the value in force."""

    def __init__(self, path: Path) -> None:
        """Read the file at ``path``, or start with the defaults.

        A damaged file is moved aside (``settings.json.damaged-N``) and ``set_aside`` says where.
        """
        self.path = path
        self.set_aside: Path | None = None
        self._listeners: list[Callable[[Settings], None]] = []
        self._value = self._read()

    @property
    def value(self) -> Settings:
        """The settings in force."""
        return self._value

    def update(self, **changes: Any) -> Settings:
        """Validate and store changed fields, then tell the listeners. Returns the new settings.

        Raises:
            BadInput: a value is not allowed, or the file cannot be written; nothing changed.
        """
        data = self._value.model_dump(mode="json", by_alias=True)
        for name, value in changes.items():
            data[name] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        try:
            new = Settings.model_validate(data)
        except ValidationError as error:
            raise BadInput(_first_reason(error)) from error
        self._write(new)
        self._value = new
        for listener in tuple(self._listeners):
            listener(new)
        return new

    def listen(self, listener: Callable[[Settings], None]) -> Callable[[], None]:
        """Call ``listener`` after every change; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _read(self) -> Settings:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            settings = Settings()
            self._write(settings)
            return settings
        except (OSError, UnicodeDecodeError):
            return self._start_over()
        try:
            return Settings.model_validate_json(text)
        except (ValidationError, RecursionError):
            return self._start_over()

    def _start_over(self) -> Settings:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        try:
            self.path.rename(aside)
        except OSError as error:
            raise BadInput(
                f"The settings file cannot be read: {self.path}. Check its permissions."
            ) from error
        self.set_aside = aside
        settings = _with_installation_of(aside)
        self._write(settings)
        return settings

    def _write(self, settings: Settings) -> None:
        text = json.dumps(settings.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            raise BadInput(
                f"The settings cannot be saved in {self.path.parent}: {error.strerror or error}. "
                "Check that the folder exists, is yours, and that the disk is not full."
            ) from error


def _with_installation_of(damaged: Path) -> Settings:
    """The defaults, with the name of the installation if it can still be read: under that name the
    keyring has the key of the log."""
    try:
        found = re.search(rb'"installation"\s*:\s*"([0-9a-f]{16})"', damaged.read_bytes())
    except OSError:
        found = None
    return Settings(installation=found[1].decode()) if found else Settings()


def _first_reason(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    return reason if first["type"] == "value_error" else f"The setting “{where}” cannot be used: {reason}."
