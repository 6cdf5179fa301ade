"""Error codes of messages, in heaps by what to do about them."""

import json
from pathlib import Path

import pytest

from app.domain.error_codes import Heap, meaning

GUIDE = Path(__file__).parents[1] / "data" / "guide" / "sms-error-codes.json"


@pytest.mark.parametrize("code", json.loads(GUIDE.read_text(encoding="utf-8"))["codes"])
def test_every_code_of_the_guide_has_a_meaning(code: str) -> None:
    found = meaning(code)
    assert found is not None
    assert found.short
    assert found.advice.endswith(".")


@pytest.mark.parametrize(
    ("code", "heap"),
    [
        ("SMS-CAR-411", Heap.WRONG_NUMBER),
        ("SMS-RC-413", Heap.OPTED_OUT),
        ("SMS-UP-430", Heap.BLOCKED),
        ("SMS-UP-431", Heap.OWN_NUMBER),
        ("SMS-CAR-431", Heap.TRY_LATER),
        ("SMS-CAR-104", Heap.NO_ANSWER),
        ("car-411", Heap.WRONG_NUMBER),
        (" RC413 ", Heap.OPTED_OUT),
    ],
)
def test_heaps(code: str, heap: Heap) -> None:
    found = meaning(code)
    assert found is not None
    assert found.heap is heap


@pytest.mark.parametrize("code", ["", "SMS-RC-999", "413", "SMS-XX-413", "SMS-RC-4133", "SMS-RC-٤١٣"])
def test_other_codes(code: str) -> None:
    assert meaning(code) is None
