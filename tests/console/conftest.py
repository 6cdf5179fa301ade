"""``textbellctl`` beside a sandbox."""

from pathlib import Path

import pytest

from app.sandbox import Sandbox
from tests.console.program import Ctl
from tests.sync.conftest import box as box
from tests.sync.conftest import options as options
from tests.sync.conftest import port as port


@pytest.fixture
def ctl(tmp_path: Path) -> Ctl:
    """An installation that knows no service."""
    return Ctl(tmp_path)


@pytest.fixture
def customer_of(ctl: Ctl, box: Sandbox, port: int) -> Ctl:
    """An installation that is a customer of the sandbox, not signed in."""
    ctl.settings.update(server_url=box.server_url, client_id=box.client_id, redirect_ports=[port])
    return ctl
