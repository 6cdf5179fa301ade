"""``search``, ``export``, ``import``: the log from the command line."""

import asyncio
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from app.console.context import Context
from app.domain.events import Entry
from app.domain.numbers import format_number
from app.domain.problems import BadInput
from app.eventlog import LogReader, parse_query
from app.ringcentral.bodies import event_to_line
from app.ringcentral.wirejson import dump
from app.sync.exporting import FileKind, Layout, export_file, export_stream
from app.sync.importing import Imported, import_file


def add_commands(commands: Any, shared: ArgumentParser) -> None:
    """Add this module's commands to the command line."""
    command = commands.add_parser("search", parents=[shared], help="search the log, newest first")
    command.add_argument("query", metavar="QUERY", help="as in the log window; - reads queries from stdin")
    command.add_argument("--limit", type=int, default=100, metavar="N", help="at most N events (default 100)")
    command.set_defaults(run=search)
    command = commands.add_parser("export", parents=[shared], help="write everything that matches")
    command.add_argument("query", nargs="?", default="", metavar="QUERY")
    command.add_argument("--format", choices=("csv", "jsonl", "xlsx"), required=True)
    command.add_argument("--output", type=Path, metavar="FILE", help="default: stdout (not for xlsx)")
    command.set_defaults(run=export)
    command = commands.add_parser("import", parents=[shared], help="read JSON lines into the log")
    command.add_argument("file", type=Path, metavar="FILE.jsonl")
    command.set_defaults(run=import_)


def line_for_people(entry: Entry) -> str:
    """One event as one line of text: when, what, who."""
    event = entry.event
    when = event.timestamp.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    who = format_number(event.customer) if event.customer else ""
    number = format_number(event.number) if event.number else ""
    what = " ".join(event.text.split())[:80]
    return "  ".join(
        filter(None, (when, event.family.value, event.state, who, number, event.error_code, what))
    )


async def search(context: Context) -> int:
    """Print what matches one query, or answer queries from stdin with one JSON line each."""
    if context.args.limit < 1:
        raise BadInput("The limit must be 1 or more.")
    async with context.log() as log:
        if context.args.query == "-":
            while line := await asyncio.to_thread(sys.stdin.readline):
                print(await _answer(log.reader, line.rstrip("\r\n"), context.args.limit), flush=True)
            return 0
        page = await log.reader.page(parse_query(context.args.query), limit=context.args.limit)
        for entry in page.entries:
            print(event_to_line(entry.event) if context.as_json else line_for_people(entry))
        if not page.entries:
            context.tell("Nothing found.")
    return 0


async def _answer(reader: LogReader, text: str, limit: int) -> str:
    try:
        query = parse_query(text)
        began = time.perf_counter()
        page = await reader.page(query, limit=limit)
        took = (time.perf_counter() - began) * 1000
    except BadInput as error:
        return dump({"query": text, "ms": 0, "count": 0, "events": [], "error": str(error)})
    # The events are JSON already, and stay as they were received to the last digit.
    head = dump({"query": text, "ms": round(took, 3), "count": len(page.entries)}).removesuffix("}")
    events = ",".join(event_to_line(entry.event) for entry in page.entries)
    return f'{head},"events":[{events}]}}'


async def export(context: Context) -> int:
    """Write everything that matches, a chunk at a time."""
    args = context.args
    query = parse_query(args.query)
    labels = {number.e164: number.label for number in context.settings.value.follow if number.label}
    layout = Layout(FileKind(args.format), labels)
    if args.output is None and layout.kind is FileKind.XLSX:
        raise BadInput("An Excel file cannot be printed: name a file with --output.")
    async with context.log() as log:
        if args.output is None:
            try:
                count = await export_stream(log.reader, query, sys.stdout, layout)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise BadInput(f"The output cannot be written: {error.strerror or error}.") from error
        else:
            count = await export_file(log.reader, query, args.output, layout)
    context.tell(f"{count:,} {'event' if count == 1 else 'events'} written.")
    return 0


async def import_(context: Context) -> int:
    """Read our JSON lines, or raw notifications one a line; known events are skipped."""
    told = 0

    def tell(found: Imported) -> None:
        nonlocal told
        for line in found.named[told:]:
            context.tell(f"Line {line.number}: {line.reason}")
        told = len(found.named)

    async with context.log() as log:
        found = await import_file(log, context.args.file, tell)
    if found.wrong > told:
        context.tell(f"{found.wrong - told:,} more lines are wrong.")
    context.result(
        {"new": found.new, "known": found.known, "unreadable": found.wrong},
        f"{found.new:,} added, {found.known:,} already known, {found.wrong:,} unreadable.",
    )
    return 1 if found.wrong else 0
