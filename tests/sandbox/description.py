"""The official description of the REST interface, and answers checked against it."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

COPY = Path(__file__).parent.parent / "data" / "openapi.json"
ORIGINAL = Path(__file__).parents[3] / "shared" / "reference" / "ringcentral-openapi-subset.json"
_PROSE = {"description", "summary", "example", "examples", "title", "externalDocs", "tags"}

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@formats.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or httpx.URL(value).is_absolute_url


def without_prose(part: Any, *, names: bool = False) -> Any:
    """A description without what only people read. ``names``: the keys are names, not keywords."""
    if isinstance(part, list):
        return [without_prose(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: without_prose(value, names=not names and key in ("properties", "mapping"))
        for key, value in part.items()
        if names or key not in _PROSE
    }


@cache
def description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(COPY.read_text(encoding="utf-8"))
    return loaded


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Every described operation by method and path template."""
    return {
        (method.upper(), path): operation
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def operation_of(method: str, path: str) -> tuple[str, str]:
    """The operation a request is for; the most literal template wins.

    Raises:
        LookupError: there is none.
    """
    fitting = [
        key
        for key in operations()
        if key[0] == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", key[1]), path)
    ]
    if not fitting:
        raise LookupError(f"{method} {path} is not described")
    return min(fitting, key=lambda key: key[1].count("{"))


def check(response: httpx.Response) -> None:
    """Fail unless the answer is one that the description allows.

    Statuses the description leaves out (401, 403, 429, 5xx of some endpoints) must carry a general error.
    """
    request = response.request
    operation = operations()[operation_of(request.method, request.url.path)]
    described = operation["responses"].get(str(response.status_code))
    if described is None:
        assert response.status_code >= 400, f"{request.method} {request.url.path}: {response.status_code}"
        validate(response.json(), {"$ref": "#/components/schemas/ApiErrorResponseModel"})
        return
    if "$ref" in described:
        described = description()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    for name in described.get("headers", {}):
        assert name in response.headers, f"{request.method} {request.url.path}: no header {name}"
    content: Mapping[str, Any] = described.get("content", {})
    if not content:
        assert not response.content or response.status_code >= 300
        return
    kind = response.headers["Content-Type"].partition(";")[0]
    if kind == "application/json":
        validate(response.json(), content[kind]["schema"])
    else:
        assert kind in content or (kind == "text/html" and "oauth" in request.url.path)


def validate(instance: Any, schema: dict[str, Any]) -> None:
    """Fail unless the instance fits a schema of the description."""
    whole = {"components": description()["components"], **schema}
    Draft202012Validator(whole, format_checker=formats).validate(instance)
