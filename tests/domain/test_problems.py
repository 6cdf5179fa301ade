"""Problems as values: a sentence and the one button beside it."""

from datetime import UTC, datetime

import pytest

from app.domain import problems
from app.domain.problems import Expected, Problem, RateHeld, Remedy, ServiceError

KINDS = [kind for kind in vars(problems).values() if isinstance(kind, type) and issubclass(kind, Expected)]


def made(kind: type[Expected], sentence: str) -> Expected:
    return RateHeld(sentence, datetime(2026, 11, 3, tzinfo=UTC)) if kind is RateHeld else kind(sentence)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sentence_crosses_into_the_interface(kind: type[Expected]) -> None:
    problem = made(kind, "It went wrong. Try again.")
    assert str(problem) == "It went wrong. Try again."
    assert problem.problem().message == "It went wrong. Try again."
    assert problem.problem().remedy is problem.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_in_the_picture(kind: type[Expected]) -> None:
    assert problems.__doc__ is not None
    assert kind.__name__ in problems.__doc__


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("SignInNeeded", Remedy.SIGN_IN),
        ("SignInFailed", Remedy.SIGN_IN),
        ("PermissionMissing", Remedy.NONE),
        ("RateHeld", Remedy.WAIT),
        ("Unreachable", Remedy.TRY_AGAIN),
        ("ServiceError", Remedy.TRY_AGAIN),
        ("VaultUnavailable", Remedy.TRY_AGAIN),
        ("LogUnavailable", Remedy.TRY_AGAIN),
        ("BadInput", Remedy.NONE),
    ],
)
def test_remedies(name: str, remedy: Remedy) -> None:
    assert made(getattr(problems, name), "x").problem().remedy is remedy


def test_a_penalty_says_until_when() -> None:
    until = datetime(2026, 11, 3, tzinfo=UTC)
    assert RateHeld("Wait.", until).problem() == Problem("Wait.", Remedy.WAIT, until)


def test_a_refusal_keeps_its_code() -> None:
    refused = ServiceError("No.", status=404, code="CMN-102")
    assert (refused.status, refused.code) == (404, "CMN-102")
    assert (ServiceError("No.").status, ServiceError("No.").code) == (0, "")
