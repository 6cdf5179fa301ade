"""The sign-in: authorization code with PKCE in the system browser (RFC 7636, RFC 8252)."""

import secrets
from collections.abc import Awaitable, Callable, Sequence

from app.domain.problems import SignInFailed
from app.ringcentral.oauth import authorize_url, make_pkce
from app.settings import Settings
from app.sync.session import Session
from app.transport.loopback import LoopbackReceiver
from app.transport.token_keeper import TokenKeeper, Waiting

TIME_LIMIT = 300.0
"""Seconds the user has to sign in in the browser."""

OpenBrowser = Callable[[str], Awaitable[bool]]
"""Opens an address in the user's browser; returns whether that worked."""


async def sign_in(
    keeper: TokenKeeper,
    *,
    server_url: str,
    client_id: str,
    ports: Sequence[int],
    open_browser: OpenBrowser,
    show_link: Callable[[str], None],
    waiting: Waiting,
    time_limit: float = TIME_LIMIT,
) -> None:
    """Sign in; on return the tokens are stored. Cancel the task to cancel the sign-in.

    ``show_link`` is given the address before the browser is opened, for "Copy link". ``waiting`` is told
    the seconds for which a rate limit makes this wait, and with ``None`` that it goes on.

    Raises:
        SignInFailed: refused, out of time, no free port, or no client id.
        Unreachable, ServiceError, VaultUnavailable: as they say.
    """
    if not client_id:
        raise SignInFailed(
            "Textbell does not know which RingCentral app to sign in with. "
            "Enter the client ID in Settings, Account; your RingCentral administrator has it."
        )
    pkce = make_pkce(secrets.token_bytes(32))
    state = secrets.token_urlsafe(24)
    # Before the page is shown: the code that comes of it does not live long.
    await keeper.ready(waiting)
    async with LoopbackReceiver(ports, state) as receiver:
        link = authorize_url(server_url, client_id, receiver.redirect_uri, state, pkce)
        show_link(link)
        await open_browser(link)
        code = await receiver.wait(time_limit)
        await keeper.exchange(code, pkce.verifier, receiver.redirect_uri, waiting=waiting)


async def begin_session(
    session: Session,
    settings: Settings,
    open_browser: OpenBrowser,
    show_link: Callable[[str], None],
    waiting: Waiting,
) -> str:
    """Sign in to the service that is in force and make it the one in use; whose session it is.

    Raises as ``sign_in`` does; then nothing has changed.
    """
    async with session.beginning() as service:
        await sign_in(
            service.keeper,
            server_url=service.address.server_url,
            client_id=service.address.client_id,
            ports=settings.redirect_ports,
            open_browser=open_browser,
            show_link=show_link,
            waiting=waiting,
        )
        account = await service.account_name()
        await session.name_account(account)
    return account
