"""``textbell``: the tray program."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    from app.program.options import parse_options

    options = parse_options(arguments)
    from app.program.start import start

    return start(options)


if __name__ == "__main__":
    sys.exit(main())
