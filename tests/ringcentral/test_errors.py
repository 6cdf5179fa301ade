"""Answers and their verdicts, as tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problems import PermissionMissing, RateHeld, ServiceError, SignInNeeded
from app.ringcentral.errors import Verdict, VerdictKind, as_expected, error_code, judge, judge_token
from tests.ringcentral.anything import JSON
from tests.ringcentral.samples import value

NOW = datetime(2026, 11, 3, 16, 12, tzinfo=UTC)
K = VerdictKind


def body(code: str) -> dict[str, Any]:
    return {"errorCode": code, "message": "words", "errors": [{"errorCode": code, "message": "words"}]}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "", K.OK),
        (204, "", K.OK),
        (302, "", K.OK),
        (200, "CMN-301", K.OK),
        (401, "", K.REFRESH),
        (401, "OAU-128", K.REFRESH),
        (400, "OAU-129", K.REFRESH),
        (403, "OAU-149", K.REFRESH),
        (429, "", K.RATE),
        (503, "CMN-301", K.RATE),
        (403, "CMN-310", K.RATE),
        (403, "", K.PERMISSION),
        (403, "CMN-401", K.PERMISSION),
        (400, "CMN-408", K.PERMISSION),
        (404, "", K.NOT_FOUND),
        (410, "", K.NOT_FOUND),
        (400, "CMN-102", K.NOT_FOUND),
        (400, "", K.BAD_REQUEST),
        (400, "CMN-101", K.BAD_REQUEST),
        (400, "SUB-508", K.BAD_REQUEST),
        (403, "SUB-505", K.BAD_REQUEST),
        (415, "", K.BAD_REQUEST),
        (408, "", K.RETRY),
        (500, "", K.RETRY),
        (502, "", K.RETRY),
        (503, "", K.RETRY),
        (599, "AGW-402", K.RETRY),
        (100, "", K.RETRY),
        (777, "", K.RETRY),
    ],
)
def test_api(status: int, code: str, kind: VerdictKind) -> None:
    verdict = judge(status, {}, body(code) if code else None)
    assert (verdict.kind, verdict.status) == (kind, status)
    assert verdict.code == code


@pytest.mark.parametrize(
    ("status", "answer", "kind", "code"),
    [
        (200, {}, K.OK, ""),
        (400, {"error": "invalid_grant", "errors": [{"errorCode": "OAU-213"}]}, K.SIGN_IN_AGAIN, "OAU-213"),
        (400, {"error": "invalid_grant"}, K.SIGN_IN_AGAIN, "invalid_grant"),
        (400, None, K.SIGN_IN_AGAIN, ""),
        (401, {"error": "invalid_client"}, K.SIGN_IN_AGAIN, "invalid_client"),
        (403, {}, K.SIGN_IN_AGAIN, ""),
        (429, {}, K.RATE, ""),
        (503, {}, K.RATE, ""),
        (408, {}, K.RETRY, ""),
        (500, {}, K.RETRY, ""),
        (504, {}, K.RETRY, ""),
        (404, {}, K.BAD_REQUEST, ""),
    ],
)
def test_token_endpoint(status: int, answer: Any, kind: VerdictKind, code: str) -> None:
    verdict = judge_token(status, {}, answer)
    assert (verdict.kind, verdict.code) == (kind, code)


def test_the_guides_own_error() -> None:
    verdict = judge(400, {}, value("sample-error"))
    assert (verdict.kind, verdict.code) == (K.BAD_REQUEST, "SUB-508")
    assert "${filters}" in verdict.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({}, 30.0),
        ({"Retry-After": "soon"}, 30.0),
        ({"Retry-After": "-1"}, 30.0),
        ({"Retry-After": "7.5"}, 30.0),
        ({"Retry-After": "9" * 400}, 999999.0),
        (
            {"Retry-After": "Tue, 03 Nov 2026 16:12:45 GMT", "Date": "Tue, 03 Nov 2026 16:12:00 GMT"},
            45.0,
        ),
        ({"Retry-After": "Tue, 03 Nov 2026 16:12:00 GMT", "Date": "Tue, 03 Nov 2026 16:12:45 GMT"}, 0.0),
        ({"Retry-After": "Tue, 03 Nov 2026 16:12:45 GMT"}, 30.0),
    ],
)
def test_how_long_a_penalty_lasts(headers: dict[str, str], seconds: float) -> None:
    assert judge(429, headers, None).retry_after == seconds


def test_other_answers_have_no_waiting_time_of_their_own() -> None:
    assert judge(503, {}, None).retry_after is None
    assert judge(503, {"Retry-After": "5"}, None).retry_after == 5.0


@pytest.mark.parametrize(
    "answer",
    [
        {"errorCode": "CMN-401", "permissionName": "A2PSMS"},
        {"errors": [{"errorCode": "CMN-401", "permissionName": "A2PSMS"}]},
        {
            "errorCode": "CMN-401",
            "message": "In order to call this, application needs to have [A2PSMS] permission",
        },
    ],
)
def test_the_missing_permission_is_named(answer: Any) -> None:
    verdict = judge(403, {}, answer)
    assert verdict.permission == "A2PSMS"
    assert "“A2PSMS”" in str(as_expected(verdict, NOW))


class TestSentences:
    @pytest.mark.parametrize(
        ("verdict", "kind", "words"),
        [
            (Verdict(K.SIGN_IN_AGAIN, 400, "OAU-213"), SignInNeeded, "Please sign in again. [OAU-213]"),
            (Verdict(K.REFRESH, 401), SignInNeeded, "Please sign in again. [401]"),
            (Verdict(K.PERMISSION, 403), PermissionMissing, "lacks a permission"),
            (Verdict(K.NOT_FOUND, 404, "CMN-102"), ServiceError, "[CMN-102]"),
            (Verdict(K.RETRY, 503), ServiceError, "Try again in a few minutes. [503]"),
            (Verdict(K.BAD_REQUEST, 400, "CMN-101"), ServiceError, "refused the request. [CMN-101]"),
            (Verdict(K.BAD_REQUEST, 400, "SUB-508"), ServiceError, "Choose the numbers again. [SUB-508]"),
            (Verdict(K.BAD_REQUEST, 403, "SUB-505"), ServiceError, "no more subscriptions"),
            (Verdict(K.BAD_REQUEST), ServiceError, "RingCentral refused the request."),
        ],
    )
    def test_each_kind(self, verdict: Verdict, kind: type[Exception], words: str) -> None:
        problem = as_expected(verdict, NOW)
        assert type(problem) is kind
        assert words in str(problem)

    def test_a_penalty_says_until_when(self) -> None:
        held = as_expected(Verdict(K.RATE, 429, retry_after=45.0), NOW)
        assert isinstance(held, RateHeld)
        assert held.until == NOW + timedelta(seconds=45)
        assert "45 seconds" in str(held)
        assert "1 second " in str(as_expected(Verdict(K.RATE, 429, retry_after=0.4), NOW))

    def test_status_and_code_are_kept(self) -> None:
        problem = as_expected(Verdict(K.NOT_FOUND, 404, "CMN-102"), NOW)
        assert isinstance(problem, ServiceError)
        assert (problem.status, problem.code) == (404, "CMN-102")


@given(st.integers(), JSON)
def test_any_answer_has_a_verdict(status: int, answer: Any) -> None:
    assert judge(status, {}, answer).kind in VerdictKind
    assert judge_token(status, {}, answer).kind in VerdictKind
    assert isinstance(error_code(answer), str)
