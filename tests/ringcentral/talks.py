"""Conversations with the gateway to begin a test with."""

import itertools
from collections.abc import Callable
from typing import Any

from app.domain.events import ResumePoint
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import (
    ConnectionLimits,
    GatewayProtocol,
    Opened,
    Refused,
    Subscribed,
)
from tests.ringcentral.playbook import (
    Playbook,
    answer,
    details,
    post,
)

ONE = FilterSet(numbers=("+16505550100",))
TWO = FilterSet(numbers=("+16505550100", "+16505550111"))
THREE = FilterSet(account_wide=True)
ONE_F, TWO_F, THREE_F = (chosen.event_filters() for chosen in (ONE, TWO, THREE))
NONE = FilterSet()
NEW = ResumePoint("new", 1)
OLD = ResumePoint("old", 7)
LIMITS = ConnectionLimits()
SUBSCRIBED = Subscribed("sub-1", (), ONE_F)


def new_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"m{next(numbers)}"


def begin(filters: FilterSet = ONE, **options: Any) -> Playbook:
    return Playbook(GatewayProtocol(filters, new_id=new_ids(), **options))


def resuming(filters: FilterSet = ONE, **options: Any) -> Playbook:
    return begin(filters, resume=OLD, subscription_id="sub-1", **options)


def live(filters: FilterSet = ONE) -> Playbook:
    playbook = begin(filters)
    assert playbook >> details() << Opened(False, LIMITS, NEW) << post(filters.event_filters())
    assert playbook >> answer() << Subscribed("sub-1", (), filters.event_filters())
    return playbook


def refused(playbook: Playbook) -> Refused:
    outcome = playbook.take()
    assert isinstance(outcome, Refused)
    return outcome
