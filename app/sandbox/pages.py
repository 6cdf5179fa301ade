"""The pages a person sees in the browser while signing in to the sandbox."""

from html import escape

from aiohttp import web

from app.sandbox.directory import COMPANY, USER_FIRST_NAME, USER_LAST_NAME

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #f3f5f8; --card: #ffffff;
  --line: #dde3ea; --accent: #0b6e8f; --accent-ink: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #a3afbd; --paper: #12171d;
  --card: #1b222b; --line: #303a46; --accent: #58b7d6; --accent-ink: #08202a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px;
  background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
main { width: 100%; max-width: 420px; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; padding: 36px 32px 28px; box-shadow: 0 12px 32px rgb(10 25 40 / 10%); }
.tag { display: inline-block; margin: 0 0 18px; padding: 3px 10px; border-radius: 99px; font-size: 13px;
  color: var(--accent); border: 1px solid var(--accent); }
h1 { margin: 0 0 6px; font-size: 24px; line-height: 1.25; }
p { margin: 0 0 18px; color: var(--soft); }
.who { display: flex; gap: 14px; align-items: center; padding: 14px; margin: 0 0 18px;
  border: 1px solid var(--line); border-radius: 10px; }
.who b { display: block; } .who span { color: var(--soft); font-size: 14px; }
.face { flex: none; width: 42px; height: 42px; border-radius: 50%; display: grid; place-items: center;
  background: var(--accent); color: var(--accent-ink); font-weight: 600; }
ul { margin: 0 0 24px; padding: 0 0 0 20px; color: var(--soft); font-size: 15px; }
form { display: flex; gap: 12px; }
button { flex: 1; font: inherit; font-weight: 600; padding: 11px 16px; border-radius: 9px; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: var(--ink); }
button.go { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); flex: 2; }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
small { display: block; margin-top: 22px; color: var(--soft); font-size: 13px; }
"""


def authorize_page(parameters: dict[str, str]) -> web.Response:
    """The page that asks the user to sign in; its form carries the request's own parameters."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
    )
    initials = USER_FIRST_NAME[0] + USER_LAST_NAME[0]
    return _page(
        "Sign in",
        f"""<div class="tag">Practice account</div>
<h1>Sign in to {escape(COMPANY)}</h1>
<p>An app on this computer asks for access to this account’s texts.</p>
<div class="who"><div class="face" aria-hidden="true">{initials}</div>
<div><b>{escape(USER_FIRST_NAME)} {escape(USER_LAST_NAME)}</b><span>{escape(COMPANY)}</span></div></div>
<p>It will be able to:</p>
<ul><li>see your High Volume SMS numbers</li><li>read texts, batches and opt-outs</li>
<li>record that a customer opted out</li></ul>
<form method="post" action="/restapi/oauth/authorize">{hidden}
<button type="submit" name="decision" value="cancel">Cancel</button>
<button type="submit" name="decision" value="sign-in" class="go" autofocus>Sign in</button></form>
<small>Everything here is made up and stays on this computer. No password is needed.</small>""",
    )


def refusal_page(status: int, message: str, code: str) -> web.Response:
    """The page for a sign-in request that cannot be trusted."""
    return _page(
        "Sign-in refused",
        f"""<h1>This sign-in can’t go on</h1>
<p>{escape(message)}. Close this window, check the app’s settings and sign in again.</p>
<small>{escape(code)}</small>""",
        status=status,
    )


def _page(title: str, content: str, *, status: int = 200) -> web.Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{content}</main></body></html>"
    )
    return web.Response(
        status=status,
        text=html,
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "X-Frame-Options": "DENY",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
    )
