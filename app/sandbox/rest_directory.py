"""The user and the numbers."""

from typing import Any

from aiohttp import web

from app.sandbox.api import Call, Endpoint, answer
from app.sandbox.directory import (
    ACCOUNT_ID,
    COMPANY,
    EXTENSION_ID,
    USER_EMAIL,
    USER_FIRST_NAME,
    USER_LAST_NAME,
    AccountNumber,
)
from app.sandbox.paging import numbered_page

_ACCOUNT = "/restapi/v1.0/account/{accountId}"
_EXTENSION = _ACCOUNT + "/extension/{extensionId}"


async def show_extension(call: Call) -> web.Response:
    """Who is signed in."""
    server = call.service.server_url()
    name = f"{USER_FIRST_NAME} {USER_LAST_NAME}"
    return answer(
        {
            "id": int(EXTENSION_ID),
            "uri": f"{server}/restapi/v1.0/account/{ACCOUNT_ID}/extension/{EXTENSION_ID}",
            "account": {"id": ACCOUNT_ID, "uri": f"{server}/restapi/v1.0/account/{ACCOUNT_ID}"},
            "contact": {
                "firstName": USER_FIRST_NAME,
                "lastName": USER_LAST_NAME,
                "name": name,
                "company": COMPANY,
                "email": USER_EMAIL,
                "emailAsLoginName": True,
            },
            "extensionNumber": "101",
            "name": name,
            "type": "User",
            "status": "Enabled",
            "setupWizardState": "Completed",
            "hidden": False,
        }
    )


async def list_extension_numbers(call: Call) -> web.Response:
    """The user's numbers, with their features."""
    base = f"{call.service.server_url()}/restapi/v1.0/account/{ACCOUNT_ID}"
    path = f"{base}/extension/{EXTENSION_ID}/phone-number"

    def record(number: AccountNumber) -> dict[str, Any]:
        return {
            **_common(base, number),
            "country": {"id": "1", "uri": f"{call.service.server_url()}/restapi/v1.0/dictionary/country/1"},
            "features": list(number.features),
        }

    return answer(numbered_page(call.request, path, call.service.world.numbers, record))


async def list_account_numbers(call: Call) -> web.Response:
    """The account's numbers; this list has no features."""
    base = f"{call.service.server_url()}/restapi/v1.0/account/{ACCOUNT_ID}"

    def record(number: AccountNumber) -> dict[str, Any]:
        extension = {"id": int(EXTENSION_ID), "uri": f"{base}/extension/{EXTENSION_ID}"}
        return {**_common(base, number), "extension": extension}

    return answer(numbered_page(call.request, f"{base}/phone-number", call.service.world.numbers, record))


def _common(base: str, number: AccountNumber) -> dict[str, Any]:
    return {
        "uri": f"{base}/phone-number/{number.id}",
        "id": number.id,
        "phoneNumber": number.e164,
        "label": number.label,
        "location": number.location,
        "paymentType": "Local",
        "primary": number.primary,
        "status": "Normal",
        "type": number.kind,
        "usageType": number.usage_type,
    }


ENDPOINTS = [
    Endpoint("GET", _EXTENSION, show_extension, "Light", "ReadAccounts"),
    Endpoint("GET", _EXTENSION + "/phone-number", list_extension_numbers, "Light", "ReadAccounts"),
    Endpoint("GET", _ACCOUNT + "/phone-number", list_account_numbers, "Heavy", "ReadAccounts"),
]
