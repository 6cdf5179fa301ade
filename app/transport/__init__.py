"""Bytes: the REST client, the tokens, the gateway's socket, the loopback receiver, the keyring.

It performs what ``app.ringcentral`` decides, and does not decide what an event means. Errors of the
libraries end at this room's edge: what leaves it is one of ``app.domain.problems``.
"""

import sys

# httpx brings its own command line along wherever click and rich happen to be installed: 80 modules that
# nothing here uses. It does without them where they are missing, and this is how a module is missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
