"""The service's error answers."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


class ServiceRefusal(Exception):
    """A request is answered with an error. The body satisfies each error schema of the description."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        parameter: str = "",
        permission: str = "",
        oauth_error: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter
        self.permission = permission
        self.oauth_error = oauth_error
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON body: the first error on top, and the list of all."""
        entry: dict[str, Any] = {"errorCode": self.code, "message": self.message}
        if self.parameter:
            entry["parameterName"] = self.parameter
        if self.permission:
            entry["permissionName"] = self.permission
        whole: dict[str, Any] = {**entry, "errors": [entry]}
        if self.oauth_error:
            whole = {"error": self.oauth_error, "error_description": self.message, **whole}
        return whole

    def response(self) -> web.Response:
        return web.Response(
            status=self.status,
            text=json.dumps(self.body()),
            content_type="application/json",
            headers=self.headers,
        )


def invalid_parameter(name: str) -> ServiceRefusal:
    return ServiceRefusal(400, "CMN-101", f"Parameter [{name}] value is invalid", parameter=name)


def unparsable() -> ServiceRefusal:
    return ServiceRefusal(400, "CMN-104", "Cannot parse request")


def not_found(name: str) -> ServiceRefusal:
    return ServiceRefusal(404, "CMN-102", f"Resource for parameter [{name}] is not found", parameter=name)


def oauth_refusal(error: str, code: str, message: str, *, parameter: str = "") -> ServiceRefusal:
    """A 400 of the OAuth endpoints: ``error`` (RFC 6749) stands beside ``errors``."""
    return ServiceRefusal(400, code, message, parameter=parameter, oauth_error=error)


def unauthorized(code: str, message: str) -> ServiceRefusal:
    challenge = f'Bearer realm="RingCentral REST API", error="invalid_token", error_description="{message}"'
    return ServiceRefusal(401, code, message, headers={"WWW-Authenticate": challenge})


def permission_missing(code: str, permission: str) -> ServiceRefusal:
    who = "application" if code == "CMN-401" else "user"
    where = " for requested resource" if code == "CMN-408" else ""
    message = f"In order to call this API endpoint, {who} needs to have [{permission}] permission{where}."
    return ServiceRefusal(403, code, message, permission=permission)
