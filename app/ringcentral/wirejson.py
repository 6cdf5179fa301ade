"""JSON as it may really arrive: read whatever can be read, write only what any reader accepts.

``parse`` takes what strict parsers refuse and a service may one day send (``NaN``, half an emoji,
numbers of thousands of digits, control characters in strings); ``dump`` writes plain RFC 8259 JSON on
one line.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

MAX_DEPTH = 200
"""Levels of nesting that are read: what pydantic-core allows, so that both parsers agree."""

WHAT_ARRIVED = "What arrived"
NOT_JSON = f"{WHAT_ARRIVED} is not JSON."
TOO_DEEP = f"{WHAT_ARRIVED} is nested too deeply to be read."

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_INTEGER = 100


class Unparsable(ValueError):
    """The text cannot be read; ``str()`` is the reason, one plain sentence."""


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Strings in it are storable as UTF-8 and hold no NUL: what is neither became U+FFFD. Numbers that
    JSON does not have, or of very many digits, may be ``None`` or infinite.

    Raises:
        Unparsable: it is not JSON, or nested deeper than ``MAX_DEPTH``.
    """
    try:
        value = from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError):  # TypeError: text with half a surrogate pair counts as no text.
        return _parse_leniently(text)
    # The only way NUL passes the strict parser; half surrogate pairs do not.
    return clean(value) if "\\u0000" in text else value


def dump(value: Any) -> str:
    """Write a value that came from ``parse`` or ``clean`` as JSON on one line.

    No character of it ends a line for any reader, and no number is one that JSON does not have.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(clean(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if text.isascii():
        return text
    # str.splitlines and some text tools break lines at these; inside a JSON string they can be escaped.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


def canonical(value: Any) -> str:
    """Write a value so that equal values give equal texts, whatever the order of their members."""
    return json.dumps(clean(value), sort_keys=True, separators=(",", ":"))


def storable(text: str) -> str:
    """Replace what UTF-8 or C strings cannot hold: half surrogate pairs and NUL become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean(value: Any, depth: int = 0) -> Any:
    """Copy a value so that it can be stored and written as JSON.

    Numbers out of JSON's range become ``None``; what is no JSON type at all becomes its ``str``.

    Raises:
        Unparsable: nested deeper than ``MAX_DEPTH``, which includes values that hold themselves.
    """
    if depth > MAX_DEPTH:
        raise Unparsable(TOO_DEEP)
    match value:
        case str():
            return storable(value)
        case None | bool():
            return value
        case int():
            # Longer integers cannot even be written: sys.get_int_max_str_digits.
            return value if value.bit_length() <= 4 * _LONGEST_INTEGER else None
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {storable(str(key)): clean(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [clean(item, depth + 1) for item in value]
        case _:
            return storable(str(value))


def _parse_leniently(text: str) -> Any:
    try:
        return clean(_LENIENT.decode(text.lstrip("\ufeff")))
    except RecursionError:
        raise Unparsable(TOO_DEEP) from None
    except json.JSONDecodeError:
        raise Unparsable(NOT_JSON) from None


def _bounded_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else None


_LENIENT = json.JSONDecoder(parse_constant=lambda _: None, parse_int=_bounded_int, strict=False)
