"""A local service that answers as RingCentral does: for the demo, for practice, and for every test.

It knows nothing of the program that uses it; the program knows only its address.
"""

from app.sandbox.options import (
    CONFIDENTIAL_CLIENT_ID,
    CONFIDENTIAL_CLIENT_SECRET,
    NO_RATE_LIMITS,
    SCENARIOS,
    SandboxOptions,
)
from app.sandbox.server import Sandbox
from app.sandbox.thread import SandboxThread

__all__ = [
    "CONFIDENTIAL_CLIENT_ID",
    "CONFIDENTIAL_CLIENT_SECRET",
    "NO_RATE_LIMITS",
    "SCENARIOS",
    "Sandbox",
    "SandboxOptions",
    "SandboxThread",
]
