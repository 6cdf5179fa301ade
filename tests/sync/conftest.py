"""A sandbox that signs in by itself, and an installation beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.sandbox import Sandbox, SandboxOptions
from tests.sync.rig import FRONT, Installation, callback, free_port


@pytest.fixture
def port() -> int:
    """Where sign-ins end."""
    return free_port()


WIDE_LIMITS = dict.fromkeys(("Light", "Medium", "Heavy", "Auth"), 100_000)
"""Rate limits that no test meets, and that the program takes from the answers as it would any others."""


@pytest.fixture
def options(port: int) -> SandboxOptions:
    """What the sandbox is started with; a test module or test overrides it."""
    return SandboxOptions(rate_limits=WIDE_LIMITS, redirect_uris=(callback(port),), auto_approve=True)


@pytest.fixture
async def box(options: SandboxOptions) -> AsyncIterator[Sandbox]:
    async with Sandbox(options) as running:
        yield running


@pytest.fixture
def shop(box: Sandbox, tmp_path: Path, port: int) -> Installation:
    """An installation that follows one number, and is not signed in."""
    installation = Installation(box, tmp_path / "data", port)
    installation.follow(FRONT)
    return installation
