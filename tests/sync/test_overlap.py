"""Two connections tell the same: each notification is taken once, whoever is faster."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Event, Source
from app.ringcentral.bodies import read_notification
from app.sync.overlap import Overlap

NOW = datetime(2026, 11, 3, 16, 12, tzinfo=UTC)


def _event(body: Any, uuid: str, event: str = "/restapi/v1.0/account/1/a2p-sms/opt-outs") -> Event:
    text = json.dumps({"uuid": uuid, "event": event, "timestamp": f"{uuid}", "body": body})
    return read_notification(text, received_at=NOW, source=Source.LIVE)


def _raw(text: str) -> Event:
    return read_notification(text, received_at=NOW, source=Source.LIVE)


def test_the_second_of_two() -> None:
    overlap = Overlap()
    assert not overlap.is_second("old", _event({"a": 1}, "1"))
    assert overlap.is_second("new", _event({"a": 1}, "2"))
    assert not overlap.is_second("new", _event({"a": 2}, "3"))
    assert overlap.is_second("old", _event({"a": 2}, "4"))


def test_the_same_body_of_another_kind_is_another_notification() -> None:
    overlap = Overlap()
    assert not overlap.is_second("old", _event({"a": 1}, "1"))
    assert not overlap.is_second("new", _event({"a": 1}, "2", event="/restapi/v1.0/account/1/other"))


def test_what_one_connection_tells_twice_counts_twice() -> None:
    overlap = Overlap()
    assert [overlap.is_second("old", _event({"a": 1}, str(n))) for n in range(2)] == [False, False]
    assert [overlap.is_second("new", _event({"a": 1}, str(n))) for n in range(3)] == [True, True, False]


def test_what_cannot_be_read_is_known_again_too() -> None:
    overlap = Overlap()
    for text in ("not json", "[" * 1000, '"half \\ud83d"', "[1]", "\ud800"):
        assert not overlap.is_second("old", _raw(text))
        assert overlap.is_second("new", _raw(text))


@given(st.lists(st.integers(0, 3), max_size=12), st.randoms(use_true_random=False))
def test_every_notification_once_in_any_interleaving(bodies: list[int], chance: Any) -> None:
    overlap = Overlap()
    queues = {name: [_event({"n": n}, f"{name}{i}") for i, n in enumerate(bodies)] for name in ("old", "new")}
    taken: list[Any] = []
    while any(queues.values()):
        name = chance.choice([name for name, queue in queues.items() if queue])
        event = queues[name].pop(0)
        if not overlap.is_second(name, event):
            taken.append(json.loads(event.raw)["body"]["n"])
    assert sorted(taken) == sorted(bodies)
