"""Sign-in forms and tokens."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ringcentral.oauth import (
    Pkce,
    TokenPair,
    authorize_url,
    code_form,
    make_pkce,
    refresh_form,
    revoke_form,
)

NOW = datetime(2026, 11, 3, 16, 12, tzinfo=UTC)
ANSWER = {
    "access_token": "A",
    "refresh_token": "R",
    "expires_in": 3600,
    "refresh_token_expires_in": 604800,
    "owner_id": "256440016",
    "endpoint_id": "8zXq",
    "token_type": "bearer",
}


def pair(**changes: Any) -> TokenPair:
    return TokenPair.from_answer(ANSWER | changes, NOW)


class TestPkce:
    def test_the_example_of_rfc_7636(self) -> None:
        octets = [116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77]
        octets += [105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121]
        assert make_pkce(bytes(octets)) == Pkce(
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        )

    @pytest.mark.parametrize("length", [0, 31, 97])
    def test_lengths_the_rfc_forbids(self, length: int) -> None:
        with pytest.raises(ValueError, match="32 to 96"):
            make_pkce(bytes(length))

    @pytest.mark.parametrize("length", [32, 96])
    def test_lengths_the_rfc_allows(self, length: int) -> None:
        assert 43 <= len(make_pkce(bytes(length)).verifier) <= 128

    def test_the_verifier_is_not_shown(self) -> None:
        pkce = make_pkce(bytes(32))
        assert pkce.verifier not in repr(pkce)


def test_authorize_url() -> None:
    url = authorize_url(
        "https://rc.test/", "id 1", "http://127.0.0.1:53682/oauth/callback", "s+t", Pkce("v", "c")
    )
    parts = urlsplit(url)
    assert url.startswith("https://rc.test/restapi/oauth/authorize?")
    assert parse_qs(parts.query, strict_parsing=True) == {
        "response_type": ["code"],
        "client_id": ["id 1"],
        "redirect_uri": ["http://127.0.0.1:53682/oauth/callback"],
        "state": ["s+t"],
        "code_challenge": ["c"],
        "code_challenge_method": ["S256"],
    }


def test_forms() -> None:
    assert code_form("id", "code", "verifier", "http://x") == {
        "grant_type": "authorization_code",
        "client_id": "id",
        "code": "code",
        "code_verifier": "verifier",
        "redirect_uri": "http://x",
    }
    assert refresh_form("id", "R") == {"grant_type": "refresh_token", "client_id": "id", "refresh_token": "R"}
    assert revoke_form("id", "R") == {"client_id": "id", "token": "R"}


class TestTokenPair:
    def test_from_an_answer(self) -> None:
        assert pair() == TokenPair(
            "A", "R", NOW, NOW + timedelta(hours=1), NOW + timedelta(days=7), "256440016", "8zXq"
        )

    @pytest.mark.parametrize("odd", [None, "3600", True, -1, 0, 1e300, []])
    def test_odd_lives_are_the_usual_ones(self, odd: Any) -> None:
        found = pair(expires_in=odd, refresh_token_expires_in=odd)
        assert found.access_expires_at == NOW + timedelta(hours=1)
        assert found.refresh_expires_at == NOW + timedelta(days=7)

    @pytest.mark.parametrize(
        "answer",
        [None, [], {}, {"access_token": "A"}, ANSWER | {"refresh_token": ""}, ANSWER | {"access_token": 5}],
    )
    def test_an_answer_without_a_pair(self, answer: Any) -> None:
        with pytest.raises(ValueError, match="no pair"):
            TokenPair.from_answer(answer, NOW)

    def test_tokens_are_not_shown(self) -> None:
        shown = repr(pair(access_token="SECRET-A", refresh_token="SECRET-R"))
        assert "SECRET" not in shown

    @pytest.mark.parametrize(
        ("life", "refresh_after"),
        [(3600, 2880), (7200, 5760), (1500, 1200), (1000, 700), (600, 300), (60, 30), (1, 0.5)],
    )
    def test_when_to_refresh(self, life: float, refresh_after: float) -> None:
        assert pair(expires_in=life).refresh_at == NOW + timedelta(seconds=refresh_after)

    def test_there_and_back(self) -> None:
        assert TokenPair.from_json(pair().to_json()) == pair()

    def test_members_of_other_versions(self) -> None:
        data = json.loads(pair().to_json()) | {"new": 1}
        del data["endpoint_id"]
        assert TokenPair.from_json(json.dumps(data)).refresh_token == "R"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "null",
            "[]",
            "5",
            "{}",
            json.dumps(json.loads(pair().to_json()) | {"issued_at": "yesterday"}),
            json.dumps(json.loads(pair().to_json()) | {"issued_at": 5}),
            json.dumps(json.loads(pair().to_json()) | {"issued_at": "0001-01-01T00:00:00+14:00"}),
            "[" * 100_000,
        ],
    )
    def test_something_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a stored pair"):
            TokenPair.from_json(text)

    @given(st.floats(1, 10**8), st.floats(0, 10**8))
    def test_a_fresh_pair_is_used_and_an_ending_one_is_not(self, life: float, age: float) -> None:
        found = pair(expires_in=life)
        assert NOW < found.refresh_at < found.access_expires_at
        if age >= life:
            assert NOW + timedelta(seconds=age) >= found.refresh_at
