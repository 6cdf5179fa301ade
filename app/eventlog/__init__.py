"""The log: every event, once, encrypted, in one SQLite file that answers questions quickly."""

from app.eventlog.batches import OpenBatch
from app.eventlog.log import EventLog
from app.eventlog.query import BadQuery, Query, parse_query
from app.eventlog.reader import Consent, LogReader, LogStats, Page

__all__ = [
    "BadQuery",
    "Consent",
    "EventLog",
    "LogReader",
    "LogStats",
    "OpenBatch",
    "Page",
    "Query",
    "parse_query",
]
