"""Consents: the current API, and the older opt-outs list it replaced."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from app.sandbox.api import Call, Endpoint, answer
from app.sandbox.clock import body_time
from app.sandbox.consents import OPT_IN, OPT_OUT, ConsentRecord
from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from app.sandbox.errors import ServiceRefusal, invalid_parameter, unparsable
from app.sandbox.paging import MOST_PER_PAGE, Cursor, choices_of, numbers_of, per_page_of, values_of

_V1 = "/restapi/v1.0/account/{accountId}/a2p-sms/opt-outs"
_V2 = "/restapi/v2/accounts/{accountId}/sms/consents"
_COVERAGES = ("PhoneNumber", "Account", "CampaignType")
_CAMPAIGNS = ("Conversational", "Informational", "Promotional")
_SOURCES = ("Recipient", "Api", "Upstream", "Carrier")
_MOST_SEARCHED = 20
_MOST_RECORDS = 1000
_EVERY_NUMBER = "*"


# ---- the current API


async def list_consents(call: Call) -> web.Response:
    """The deprecated list of the current API. Opt-outs only, unless asked otherwise."""
    request = call.request
    criteria = {
        name: values_of(request, name) for name in ("from", "to", "optStatus", "coverage", "campaignType")
    }
    cursor = Cursor(request.query.get("pageToken"), per_page_of(request.query.get("perPage"), default=100))
    return _consent_page(call, criteria, cursor)


async def search_consents(call: Call) -> web.Response:
    """Consents by criteria. Without ``optStatus`` it answers with opt-outs only."""
    body = await call.json_body()
    if not isinstance(body, dict):
        raise unparsable()
    criteria: dict[str, list[object]] = {}
    for name in ("from", "to", "coverage", "campaignType"):
        values = body.get(name, [])
        if (
            not isinstance(values, list)
            or (name in body and not values)
            or len({*map(str, values)}) < len(values)
        ):
            raise invalid_parameter(name)
        criteria[name] = values
    for name in ("from", "to"):
        if len(criteria[name]) > _MOST_SEARCHED:
            raise invalid_parameter(name)
    criteria["optStatus"] = [body["optStatus"]] if "optStatus" in body else []
    token = body.get("pageToken")
    if token is not None and not isinstance(token, str):
        raise invalid_parameter("pageToken")
    return _consent_page(call, criteria, Cursor(token, per_page_of(body.get("perPage"), default=100)))


async def list_history(call: Call) -> web.Response:
    """Every change of consent, of all customers or of those named with ``to``, newest first."""
    request = call.request
    customers = numbers_of(values_of(request, "to"), "to", most=_MOST_SEARCHED)
    cursor = Cursor(request.query.get("pageToken"), per_page_of(request.query.get("perPage"), default=100))
    changes = call.service.world.consents.history
    as_of = call.service.slowness.as_of()
    known = len(changes)
    while known and changes[known - 1].at > as_of:
        known -= 1
    seen = cursor.query.setdefault("seen", known)
    if not customers and isinstance(seen, int):
        found = changes[:seen][::-1]
    else:
        history = call.service.world.consents.history_of(customers)
        found = [record for record in history if record.at <= as_of]
    skew = call.service.options.history_skew
    return _tagged(cursor.page(found, lambda record: record.described("createdAt", skew=skew)))


async def record_consents(call: Call) -> web.Response:
    """Record consents; those that cannot be recorded come back with the reason."""
    body = await call.json_body()
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not 1 <= len(records) <= _MOST_RECORDS:
        raise invalid_parameter("records")
    checked = [_check_record(record) for record in records]
    failed = []
    for record in checked:
        own = _own_numbers(record["from"])
        if not own:
            reason = "Phone number does not belong to the account"
            failed.append({**record, "error": {"errorCode": "CMN-102", "message": reason}})
            continue
        for number in own:
            call.service.world.set_consent(
                number,
                record["to"],
                record["optStatus"],
                source=record["source"],
                coverage=record["coverage"],
                campaign_type=record.get("campaignType", ""),
            )
    return _tagged({"failedRecords": failed} if failed else {})


async def export_consents(call: Call) -> web.Response:
    """All consents as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        (
            "External Party Number",
            "Internal Party Number",
            "Consent Status",
            "Source",
            "Coverage",
            "Campaign Type",
            "Notes",
            "Last Modified Time",
        )
    )
    for record in call.service.world.consents.current():
        coverage = "Company" if record.coverage == "Account" else record.coverage
        writer.writerow(
            (
                record.to,
                record.from_,
                record.status,
                record.source,
                coverage,
                record.campaign_type,
                "",
                body_time(record.at),
            )
        )
    return _csv(text.getvalue())


# ---- the older list


async def list_opt_outs(call: Call) -> web.Response:
    """The deprecated list; as CSV if the client accepts that."""
    query = call.request.query
    status = query.get("status", "optout")
    choices_of([status], "status", ("optout", "optin", "all"))
    numbers = numbers_of([query["from"]] if "from" in query else [], "from", most=1)
    customers = numbers_of([query["to"]] if "to" in query else [], "to", most=1)
    wanted = {"optout": (OPT_OUT,), "optin": (OPT_IN,), "all": (OPT_OUT, OPT_IN)}[status]
    found = [
        record
        for record in call.service.world.consents.current()
        if record.status in wanted
        and (not numbers or record.from_ in numbers)
        and (not customers or record.to in customers)
    ]
    cursor = Cursor(query.get("pageToken"), per_page_of(query.get("perPage"), default=MOST_PER_PAGE))
    page = cursor.page(found, ConsentRecord.described_in_older_list)
    if "text/csv" not in call.request.headers.get("Accept", ""):
        return answer(page)
    text = io.StringIO()
    writer = csv.DictWriter(text, ("from", "to", "status", "source"))
    writer.writeheader()
    writer.writerows(page["records"])
    return _csv(text.getvalue())


async def assign_opt_outs(call: Call) -> web.Response:
    """Opt-outs and opt-ins for one number, the deprecated way."""
    body = await call.json_body()
    if not isinstance(body, dict) or body.get("from") not in HIGH_VOLUME_NUMBERS:
        raise invalid_parameter("from")
    done: dict[str, Any] = {}
    for name, status in (("optOuts", OPT_OUT), ("optIns", OPT_IN)):
        customers = body.get(name, [])
        if not isinstance(customers, list):
            raise invalid_parameter(name)
        done[name] = {"successful": [], "failed": []}
        for customer in customers:
            try:
                numbers_of([customer], name, most=1)
            except ServiceRefusal as refusal:
                done[name]["failed"].append({"to": str(customer), "errorMessage": refusal.message})
                continue
            call.service.world.set_consent(body["from"], customer, status, source="Api")
            done[name]["successful"].append(customer)
    if not body.get("optOuts") and not body.get("optIns"):
        raise invalid_parameter("optOuts")
    return answer(done)


# ---- inside


def _consent_page(call: Call, criteria: Mapping[str, Sequence[object]], cursor: Cursor) -> web.Response:
    numbers = numbers_of(criteria["from"], "from", most=_MOST_RECORDS)
    customers = numbers_of(criteria["to"], "to", most=_MOST_RECORDS)
    states = choices_of(criteria["optStatus"], "optStatus", (OPT_OUT, OPT_IN)) or {OPT_OUT}
    coverages = choices_of(criteria["coverage"], "coverage", _COVERAGES)
    campaigns = choices_of(criteria["campaignType"], "campaignType", _CAMPAIGNS)
    found = [
        record
        for record in call.service.world.consents.current()
        if record.status in states
        and (not numbers or record.from_ in numbers)
        and (not customers or record.to in customers)
        and (not coverages or record.coverage in coverages)
        and (not campaigns or record.campaign_type in campaigns)
    ]
    return _tagged(cursor.page(found, lambda record: record.described("lastModifiedTime")))


def _check_record(record: object) -> dict[str, str]:
    """One record to be written, completed; a malformed one refuses the whole request."""
    if not isinstance(record, dict):
        raise unparsable()
    if record.get("from") != _EVERY_NUMBER:
        numbers_of([record.get("from")], "from", most=1)
    numbers_of([record.get("to")], "to", most=1)
    choices_of([record.get("optStatus")], "optStatus", (OPT_OUT, OPT_IN))
    choices_of([record.get("source")], "source", _SOURCES)
    given = record.get("coverage", "Account" if record["from"] == _EVERY_NUMBER else "PhoneNumber")
    coverage = next((known for known in _COVERAGES if known.lower() == str(given).lower()), "")
    if not coverage:
        raise invalid_parameter("coverage")
    checked = {name: str(record[name]) for name in ("from", "to", "optStatus", "source")}
    checked["coverage"] = coverage
    if "campaignType" in record:
        choices_of([record["campaignType"]], "campaignType", _CAMPAIGNS)
        checked["campaignType"] = str(record["campaignType"])
    return checked


def _own_numbers(number: str) -> tuple[str, ...]:
    if number == _EVERY_NUMBER:
        return HIGH_VOLUME_NUMBERS
    return (number,) if number in HIGH_VOLUME_NUMBERS else ()


def _tagged(body: dict[str, Any]) -> web.Response:
    return answer(body, headers={"ETag": _tag(json.dumps(body))})


def _csv(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/csv", headers={"ETag": _tag(text)})


def _tag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


_PERMISSION = "SMS"
ENDPOINTS = [
    Endpoint("GET", _V2, list_consents, "Light", _PERMISSION),
    Endpoint("PATCH", _V2, record_consents, "Light", _PERMISSION),
    Endpoint("POST", _V2 + "/search", search_consents, "Light", _PERMISSION),
    Endpoint("GET", _V2 + "/history", list_history, "Light", _PERMISSION),
    Endpoint("GET", _V2 + "/export", export_consents, "Light", _PERMISSION),
    Endpoint("GET", _V1, list_opt_outs, "Light", "A2PSMS"),
    Endpoint("POST", _V1 + "/bulk-assign", assign_opt_outs, "Light", "A2PSMS"),
]
