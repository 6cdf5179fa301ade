"""Batches as they stand, and times as they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.clock import EPOCH, isoformat
from app.domain.events import BatchSummary

DONE = datetime(2026, 11, 3, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "rejected", "delivered", "failed", "waiting"),
    [(10, 0, 0, 0, 10), (10, 1, 6, 2, 1), (10, 0, 8, 2, 0), (10, 0, 12, 0, 0), (0, 0, 0, 0, 0)],
)
def test_waiting(size: int, rejected: int, delivered: int, failed: int, waiting: int) -> None:
    batch = BatchSummary(
        "b", "+1", size, "Completed", rejected=rejected, delivered=delivered, failed=failed, completed_at=DONE
    )
    assert batch.waiting == waiting
    assert batch.settled is (waiting == 0)


def test_a_batch_that_is_not_complete_is_not_settled() -> None:
    assert not BatchSummary("b", "+1", 1, "Processing", delivered=1).settled


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 3, 16, 12, 0, 123456, UTC), "2026-11-03T16:12:00.123Z"),
        (datetime(2026, 11, 3, 11, 12, tzinfo=timezone(timedelta(hours=-5))), "2026-11-03T16:12:00.000Z"),
        (EPOCH, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_isoformat(moment: datetime, written: str) -> None:
    assert isoformat(moment) == written
