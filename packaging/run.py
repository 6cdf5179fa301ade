"""Set-up, demo, tests, checks and packages of Textbell, each one command:

    python3 packaging/run.py demo      the real program against the built-in sandbox service
    python3 packaging/run.py test      all tests; arguments go to pytest
    python3 packaging/run.py check     lint, formatting, types, import rules
    python3 packaging/run.py build     dist/textbell/ and, on Debian, the .deb
    python3 packaging/run.py smoke     build, then the self-test of what was built and of the installed .deb
    python3 packaging/run.py lock      requirements.lock anew from pyproject.toml

Each installs what it needs first and can be run again at any time.
"""

import sys

# Nothing newer than Python 2.7 may be written in this file: older ones must reach the sentence.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Textbell needs Python 3.11 or newer; this is Python %d.%d (%s)."  # noqa: UP031
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

from commands import main

sys.exit(main(sys.argv[1:], __doc__))
