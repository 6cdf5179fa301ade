"""Who opted out of which number: the state now, and how it came to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from app.sandbox.clock import body_time

OPT_OUT = "OptOut"
OPT_IN = "OptIn"
STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"})
START_WORDS = frozenset({"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"})


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What one customer said about one number of the account."""

    from_: str
    """The account's number."""
    to: str
    """The customer."""
    status: str
    coverage: str
    source: str
    """``Recipient``, ``Api``, ``Upstream`` or ``Carrier``."""
    at: datetime
    campaign_type: str = ""

    def described(self, time_field: str, *, skew: float = 0.0) -> dict[str, Any]:
        """As the current API shows it; ``time_field`` names its time, which may be wrong by ``skew`` seconds
        (always by the same for one record)."""
        drawn = crc32(f"{self.from_}{self.to}{self.at}".encode()) / 2**31 - 1
        at = self.at + timedelta(seconds=skew * drawn)
        record: dict[str, Any] = {
            "from": self.from_,
            "to": self.to,
            "optStatus": self.status,
            "coverage": self.coverage,
            "source": self.source,
            time_field: body_time(at),
        }
        if self.campaign_type:
            record["campaignType"] = self.campaign_type
        return record

    def described_in_older_list(self) -> dict[str, Any]:
        """As the deprecated list shows it."""
        source = "Account" if self.source == "Api" else self.source
        return {"from": self.from_, "to": self.to, "status": self.status, "source": source}


def keyword_status(text: str) -> str:
    """``OPT_OUT`` or ``OPT_IN`` if the text is one of the service's keywords and nothing else."""
    word = text.strip().upper()
    if word in STOP_WORDS:
        return OPT_OUT
    return OPT_IN if word in START_WORDS else ""


class ConsentBook:
    """Consent per pair of own number and customer, with history."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str], ConsentRecord] = {}
        self._by_customer: dict[str, list[ConsentRecord]] = {}
        self.history: list[ConsentRecord] = []
        """Every change, oldest first."""

    def opted_out(self, number: str, customer: str) -> bool:
        record = self._now.get((number, customer))
        return record is not None and record.status == OPT_OUT

    def record(self, new: ConsentRecord) -> bool:
        """Keep it. Returns whether it changes anything: no record counts as opted in."""
        pair = (new.from_, new.to)
        before = self._now.get(pair)
        if new.status == (before.status if before else OPT_IN):
            return False
        self._now[pair] = new
        self.history.append(new)
        self._by_customer.setdefault(new.to, []).append(new)
        return True

    def current(self) -> Iterator[ConsentRecord]:
        """The newest record of every pair that has one, newest first."""
        return iter(sorted(self._now.values(), key=lambda record: record.at, reverse=True))

    def history_of(self, customers: frozenset[str]) -> list[ConsentRecord]:
        """Every change of these customers' records (of all, if none is named), newest first."""
        if not customers:
            return self.history[::-1]
        found = [record for customer in customers for record in self._by_customer.get(customer, ())]
        return sorted(found, key=lambda record: record.at, reverse=True)
