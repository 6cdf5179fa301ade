"""CHANGELOG.md in the form of a Debian changelog."""

import re
import textwrap
from datetime import UTC, datetime
from email.utils import format_datetime

_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?", re.MULTILINE)


def debian(markdown: str, version: str, maintainer: str, built: str) -> str:
    """Every release as an entry, newest first. What is unreleased counts as ``version``, of the date
    ``built`` (RFC 5322)."""
    entries = []
    headings = [*_HEADING.finditer(markdown)]
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        text = markdown[heading.end() : following.start() if following else len(markdown)]
        changes = _changes(text)
        if not changes:
            continue
        named = heading["version"] if heading["date"] else version
        date = built
        if heading["date"]:
            date = format_datetime(datetime.fromisoformat(heading["date"]).replace(tzinfo=UTC))
        entries.append(
            f"textbell ({named}) unstable; urgency=medium\n\n"
            + "".join(changes)
            + f"\n -- {maintainer}  {date}\n"
        )
    return "\n".join(entries)


def _changes(text: str) -> list[str]:
    """The items of the lists, continuation lines joined and wrapped anew."""
    items: list[str] = []
    for line in text.splitlines():
        if line.startswith("- "):
            items.append(line[2:].strip())
        elif line.startswith("  ") and items:
            items[-1] += " " + line.strip()
    return [
        textwrap.fill(item, 78, initial_indent="  * ", subsequent_indent="    ", break_long_words=False)
        + "\n"
        for item in items
    ]
