"""The small forms are exact."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from app.eventlog.packing import micros, moment, pack_id, pack_number, unpack_number


@given(st.datetimes(timezones=st.just(UTC)) | st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@example(datetime(2106, 2, 7, 6, 28, 15, 999999, tzinfo=UTC))
@example(datetime(2106, 2, 7, 6, 28, 16, 1, tzinfo=UTC))
@example(datetime.max.replace(tzinfo=UTC))
@example(datetime.min.replace(tzinfo=UTC))
def test_times(time: datetime) -> None:
    assert moment(micros(time)) == time
    assert moment(micros(time)).tzinfo is UTC


@given(st.from_regex(r"\+?[0-9]{0,22}", fullmatch=True) | st.text())
def test_numbers(number: str) -> None:
    stored = pack_number(number)
    assert unpack_number(stored) == number
    assert not isinstance(stored, int) or abs(stored) < 2**63


@given(st.from_regex(r"[0-9]{0,22}", fullmatch=True) | st.text())
def test_ids(text: str) -> None:
    stored = pack_id(text)
    assert ("" if stored is None else str(stored)) == text
    assert not isinstance(stored, int) or abs(stored) < 2**63
