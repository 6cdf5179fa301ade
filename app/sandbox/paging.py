"""Pages of lists, and the query parameters that several lists share."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from aiohttp import web

from app.sandbox.errors import invalid_parameter

T = TypeVar("T")
MOST_PER_PAGE = 1000
_E164 = re.compile(r"\+[1-9]\d{1,14}")


def numbered_page(
    request: web.Request, uri: str, items: Sequence[T], record: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """A page chosen by ``page`` and ``perPage``, with navigation."""
    per_page = per_page_of(request.query.get("perPage"), default=100)
    page = _whole_number(request.query.get("page", "1"), "page")
    pages = max(1, -(-len(items) // per_page))
    start = (page - 1) * per_page
    shown = items[start : start + per_page]

    def link(number: int) -> dict[str, str]:
        return {"uri": f"{uri}?page={number}&perPage={per_page}"}

    navigation = {"firstPage": link(1), "lastPage": link(pages)}
    if page < pages:
        navigation["nextPage"] = link(page + 1)
    if 1 < page <= pages:
        navigation["previousPage"] = link(page - 1)
    paging = {"page": page, "perPage": per_page, "totalPages": pages, "totalElements": len(items)}
    if shown:
        paging |= {"pageStart": start, "pageEnd": start + len(shown) - 1}
    return {
        "uri": f"{uri}?page={page}&perPage={per_page}",
        "records": [record(item) for item in shown],
        "navigation": navigation,
        "paging": paging,
    }


class Cursor:
    """A place in a list that is read by tokens.

    A token carries what the first page's question came to (``query``), so that what is added
    meanwhile neither shifts nor repeats a record.
    """

    def __init__(self, token: str | None, per_page: int) -> None:
        """Read a token.

        Raises:
            ServiceRefusal: it is none of ours.
        """
        self.per_page = per_page
        self.token = token or ""
        self.offset = 0
        self.query: dict[str, Any] = {}
        if token:
            try:
                decoded = json.loads(base64.urlsafe_b64decode(token))
                self.offset, self.query = int(decoded["offset"]), dict(decoded["query"])
            except (ValueError, TypeError, LookupError) as error:
                raise invalid_parameter("pageToken") from error

    def page(self, items: Sequence[T], record: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
        """The records of this page, and the paging that leads to the others."""
        end = self.offset + self.per_page
        shown = items[self.offset : end]
        paging: dict[str, Any] = {"perPage": self.per_page}
        if items:
            paging["firstPageToken"] = self._at(0)
        if shown:
            paging["pageToken"] = self.token or self._at(0)
        if end < len(items):
            paging["nextPageToken"] = self._at(end)
        if self.offset:
            paging["previousPageToken"] = self._at(max(0, self.offset - self.per_page))
        return {"records": [record(item) for item in shown], "paging": paging}

    def _at(self, offset: int) -> str:
        text = json.dumps({"offset": offset, "query": self.query}, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode()


def per_page_of(value: object, *, default: int) -> int:
    """``perPage``: more than the maximum is the maximum."""
    return default if value is None else min(_whole_number(value, "perPage"), MOST_PER_PAGE)


def time_range(request: web.Request, cursor: Cursor, now: datetime) -> tuple[datetime, datetime]:
    """``dateFrom`` and ``dateTo``; by default the 24 hours before ``dateTo``, which is now."""
    asked_until = cursor.query.get("until") or request.query.get("dateTo")
    until = read_time(asked_until, "dateTo") if asked_until else now
    asked_since = cursor.query.get("since") or request.query.get("dateFrom")
    since = read_time(asked_since, "dateFrom") if asked_since else until - timedelta(hours=24)
    if since > until:
        raise invalid_parameter("dateFrom")
    cursor.query |= {"since": since.isoformat(), "until": until.isoformat()}
    return since, until


def read_time(text: str, name: str) -> datetime:
    """A time of a query, which must say its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid_parameter(name) from error
    if moment.tzinfo is None:
        raise invalid_parameter(name)
    return moment.astimezone(UTC)


def values_of(request: web.Request, name: str) -> list[str]:
    """A parameter that may be repeated, or hold several values with commas between them."""
    return [part for value in request.query.getall(name, []) for part in value.split(",") if part]


def numbers_of(values: Sequence[object], name: str, *, most: int) -> frozenset[str]:
    """Telephone numbers of a query. A plus sign that was not percent-encoded arrives as a space."""
    for value in values:
        if not isinstance(value, str) or not _E164.fullmatch(value):
            raise invalid_parameter(name)
    if len(values) > most:
        raise invalid_parameter(name)
    return frozenset(str(value) for value in values)


def choices_of(values: Sequence[object], name: str, allowed: Sequence[str]) -> frozenset[str]:
    """Words of a query, each of which must be one of the allowed."""
    for value in values:
        if value not in allowed:
            raise invalid_parameter(name)
    return frozenset(str(value) for value in values)


def _whole_number(value: object, name: str) -> int:
    try:
        number = int(str(value))
    except ValueError as error:
        raise invalid_parameter(name) from error
    if number < 1:
        raise invalid_parameter(name)
    return number
