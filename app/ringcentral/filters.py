"""Event filters: what a subscription asks the gateway for.

The spelling is that of the guide, "High Volume SMS events": in the JSON of a subscription request the
``+`` of a number stands as it is.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from app.domain.numbers import format_number

_A2P = "/restapi/v1.0/account/~/a2p-sms"


@dataclass(frozen=True, slots=True)
class FilterSet:
    """What to follow: the whole account, or some of its numbers, and single batches besides."""

    account_wide: bool = False
    numbers: tuple[str, ...] = ()
    """The business's own numbers, E.164. Not used when ``account_wide``: two filters that match the
    same change would bring it twice, under two uuids."""
    batches: tuple[str, ...] = ()

    def event_filters(self) -> tuple[str, ...]:
        """The filters in the guide's spelling, each once; empty if nothing is followed."""
        filters: list[str] = []
        if self.account_wide:
            filters += (
                f"{_A2P}/batches",
                f"{_A2P}/messages?direction=Inbound",
                f"{_A2P}/messages?direction=Outbound",
                f"{_A2P}/opt-outs",
            )
        else:
            for number in self.numbers:
                filters += (
                    f"{_A2P}/batches?from={number}",
                    f"{_A2P}/messages?direction=Inbound&to={number}",
                    f"{_A2P}/messages?direction=Outbound&from={number}",
                    f"{_A2P}/opt-outs?from={number}",
                )
        filters += (f"{_A2P}/batches/{batch}" for batch in self.batches)
        return tuple(dict.fromkeys(filters))


def describe_filter(event_filter: str) -> str:
    """Name in plain words the events a filter stands for: ``Opt-outs of (650) 555-0100``.

    Any text gives a description; a filter of another kind is quoted.
    """
    path, _, query = event_filter.partition("?")
    values = dict(part.partition("=")[::2] for part in query.split("&"))
    # Not parse_qs: it would read the plus sign as a space.
    direction = values.get("direction", "")
    number = unquote(values.get("from") or values.get("to") or "").strip()
    shown = format_number(number if number.startswith("+") else f"+{number}") if number else "all numbers"
    head, _, tail = path.rpartition("/a2p-sms/")[2].partition("/")
    if "/a2p-sms/" in path:
        match head, tail, direction:
            case "batches", "", _:
                return f"Batches from {shown}"
            case "batches", batch, _:
                return f"News of the batch {batch}"
            case "messages", "", "Inbound":
                return f"Texts that customers send to {shown}"
            case "messages", "", "Outbound":
                return f"Delivery reports of texts from {shown}"
            case "messages", "", _:
                return f"Texts to and from {shown}"
            case "opt-outs", "", _:
                return f"Opt-outs of {shown}"
    return f"Events of “{event_filter}”"
