"""What can be set when a sandbox is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PUBLIC_CLIENT_ID = "textbell-sandbox"
CONFIDENTIAL_CLIENT_ID = "sandbox-confidential"
CONFIDENTIAL_CLIENT_SECRET = "sandbox-confidential-secret"  # noqa: S105 - it guards nothing real
REDIRECT_URIS = tuple(f"http://127.0.0.1:{port}/oauth/callback" for port in (53682, 53683, 53684))

DEFAULT_RATE_LIMITS: Mapping[str, int] = MappingProxyType({"Light": 50, "Medium": 40, "Heavy": 10, "Auth": 5})
"""Requests a window that each group may make by default (developer guide, “Rate limits”)."""

NO_RATE_LIMITS: Mapping[str, int] = MappingProxyType(dict.fromkeys(DEFAULT_RATE_LIMITS, 1_000_000))
"""For tests that are about something else."""

SCENARIOS = ("silent", "demo", "quiet-shop", "busy-morning", "campaign", "opt-out-storm")


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox behaves. Times are seconds; the defaults are RingCentral's own.

    Raises:
        ValueError: the scenario does not exist.
    """

    port: int = 0
    """Port of the service on 127.0.0.1; 0 takes any free one."""
    control_port: int = 0
    """Port of the control address, which stays reachable while the service refuses connections."""
    seed: int = 1
    """The same seed gives the same business, customers, texts, outcomes and ids."""
    scenario: str = "silent"
    starts_at_once: bool = False
    """The scenario begins at the start, instead of with the first subscription."""
    time_scale: float = 1.0
    """How many times faster than life the scenario runs. Timeouts are not scaled."""

    redirect_uris: tuple[str, ...] = REDIRECT_URIS
    """Compared character by character, as RingCentral does."""
    auto_approve: bool = False
    """The authorization page redirects at once, as if “Sign in” had been pressed."""
    authorization_code_ttl: float = 60
    access_token_ttl: float = 3600
    refresh_token_ttl: float = 604_800
    refresh_grace: float = 10
    """How long a used refresh token still answers after its successor's access token was first used."""
    refresh_grace_unused: float = 3600
    """The same while that access token is not used."""
    wstoken_ttl: float = 30
    max_sessions: int = 5
    """Live OAuth sessions per user and app; one more revokes the oldest."""

    recovery_timeout: float = 180
    recovery_buffer: int = 100
    idle_timeout: float = 1800
    absolute_timeout: float = 86_400
    ping_interval: float = 30
    pong_timeout: float = 10
    wsc_on_notifications: bool = False
    """Notifications carry ``meta.wsc`` with a rising sequence, which the gateway may do."""
    socket_outlives_token: bool = True
    """A connection goes on when the access token behind it dies. RingCentral does not say."""

    history_skew: float = 0.0
    """Seconds by which the consent history's times may differ from the stream's."""

    rate_limits: Mapping[str, int] = field(default_factory=lambda: DEFAULT_RATE_LIMITS)
    rate_window: float = 60
    rate_penalty: float = 60
    """Length of the penalty after a group's limit was passed; every request during it restarts it."""

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise ValueError(f"There is no scenario “{self.scenario}”. Choose from: {', '.join(SCENARIOS)}.")
