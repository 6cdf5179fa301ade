"""A running sandbox, and somebody who visits it."""

from collections.abc import AsyncIterator

import pytest

from app.sandbox import NO_RATE_LIMITS, Sandbox, SandboxOptions
from tests.sandbox.visitor import Visitor


@pytest.fixture
def options() -> SandboxOptions:
    """What the sandbox is started with; a test module or test overrides it."""
    return SandboxOptions(rate_limits=NO_RATE_LIMITS)


@pytest.fixture
async def box(options: SandboxOptions) -> AsyncIterator[Sandbox]:
    async with Sandbox(options) as running:
        yield running


@pytest.fixture
async def stranger(box: Sandbox) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in."""
    async with Visitor(box) as visitor:
        yield visitor


@pytest.fixture
async def visitor(stranger: Visitor) -> Visitor:
    """Somebody who is signed in."""
    await stranger.sign_in()
    return stranger
