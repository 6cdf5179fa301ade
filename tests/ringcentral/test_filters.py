"""The guide's filters, and their names in plain words."""

import pytest
from hypothesis import given

from app.ringcentral.filters import FilterSet, describe_filter
from tests.ringcentral.anything import TEXT

A2P = "/restapi/v1.0/account/~/a2p-sms"


def test_account_wide() -> None:
    assert FilterSet(account_wide=True).event_filters() == (
        f"{A2P}/batches",
        f"{A2P}/messages?direction=Inbound",
        f"{A2P}/messages?direction=Outbound",
        f"{A2P}/opt-outs",
    )


def test_by_number_with_a_plain_plus_sign() -> None:
    assert FilterSet(numbers=("+16505550100",)).event_filters() == (
        f"{A2P}/batches?from=+16505550100",
        f"{A2P}/messages?direction=Inbound&to=+16505550100",
        f"{A2P}/messages?direction=Outbound&from=+16505550100",
        f"{A2P}/opt-outs?from=+16505550100",
    )


def test_single_batches() -> None:
    assert FilterSet(batches=("b1", "b2")).event_filters() == (f"{A2P}/batches/b1", f"{A2P}/batches/b2")


def test_nothing() -> None:
    assert FilterSet().event_filters() == ()


def test_no_filter_twice() -> None:
    both = FilterSet(account_wide=True, numbers=("+16505550100",))
    assert both.event_filters() == FilterSet(account_wide=True).event_filters()
    assert len(FilterSet(numbers=("+1", "+1")).event_filters()) == 4


@pytest.mark.parametrize(
    ("event_filter", "words"),
    [
        (f"{A2P}/opt-outs?from=+16505550100", "Opt-outs of (650) 555-0100"),
        (f"{A2P}/opt-outs?from=%2B16505550100", "Opt-outs of (650) 555-0100"),
        (f"{A2P}/opt-outs?from= 16505550100", "Opt-outs of (650) 555-0100"),
        (f"{A2P}/opt-outs", "Opt-outs of all numbers"),
        ("/restapi/v1.0/account/405/a2p-sms/batches?from=+16505550100", "Batches from (650) 555-0100"),
        (f"{A2P}/batches/b1", "News of the batch b1"),
        (f"{A2P}/messages?direction=Inbound&to=+16505550100", "Texts that customers send to (650) 555-0100"),
        (f"{A2P}/messages?direction=Outbound", "Delivery reports of texts from all numbers"),
        (f"{A2P}/messages", "Texts to and from all numbers"),
        ("/restapi/v1.0/account/~/presence", "Events of “/restapi/v1.0/account/~/presence”"),
        (f"{A2P}/replies", f"Events of “{A2P}/replies”"),
        ("", "Events of “”"),
    ],
)
def test_described(event_filter: str, words: str) -> None:
    assert describe_filter(event_filter) == words


@given(TEXT)
def test_anything_can_be_described(anything: str) -> None:
    assert describe_filter(anything)
    assert describe_filter(f"{A2P}/{anything}")
    assert describe_filter(f"{A2P}/opt-outs?from={anything}")
