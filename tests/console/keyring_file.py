"""A keyring of the operating system, as far as ``textbellctl`` can tell: a file of the test's own."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend

PLACE = "TEXTBELL_TEST_KEYRING"


class FileKeyring(KeyringBackend):
    """Keeps secrets in the file that the environment names."""

    priority = 1.0  # type: ignore[assignment] # a class property there, a plain value here

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self._read() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        secrets = self._read()
        secrets.pop(f"{service}/{username}", None)
        self._write(secrets)

    def _path(self) -> Path:
        return Path(os.environ[PLACE])

    def _read(self) -> dict[str, str]:
        try:
            secrets: dict[str, str] = json.loads(self._path().read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return secrets

    def _write(self, secrets: dict[str, str]) -> None:
        self._path().write_text(json.dumps(secrets), encoding="utf-8")
