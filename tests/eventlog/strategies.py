"""Events of every sort, including those no service should send."""

from datetime import UTC, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from app.domain.events import Event, Family, Source
from tests.eventlog.events import NOON, batch, message, opt, unknown

any_text = st.text(st.characters(), max_size=40)
"""Half surrogate pairs and NULs included."""

some_text = st.sampled_from(
    ["", "Your order is ready", 'Quote " and \\ and / and é', "😀 100 %", "%s", "\x01n"]
)
numbers = st.sampled_from(
    ["", "+16505550100", "+16505550101", "+12125550142", "+442079460000", "12345", "+0", "+"]
)
ids = st.sampled_from(["", "1", "7", "007", "9223372036854775807", "9223372036854775808", "a-b", "٣"])
figures = st.none() | st.integers(-(2**70), 2**70) | st.integers(0, 3)
times = st.datetimes(timezones=st.just(UTC)) | st.integers(0, 5_000).map(
    lambda seconds: NOON + timedelta(milliseconds=37 * seconds)
)

plausible = st.one_of(
    st.builds(
        message,
        st.sampled_from(["7001", "7002", "7003", "x-9"]),
        state=st.sampled_from(["Queued", "Sent", "Delivered", "DeliveryFailed", "SendingFailed", "New"]),
        at=times,
        inbound=st.booleans(),
        number=numbers,
        customer=numbers,
        text=some_text | any_text,
        batch_id=st.sampled_from(["", "b-1", "b-2"]),
        error_code=st.sampled_from(["", "SMS-CAR-411", "SMS-UP-430"]),
        source=st.sampled_from(Source),
    ),
    st.builds(
        batch,
        st.sampled_from(["b-1", "b-2", "b-3"]),
        state=st.sampled_from(["Queued", "Processing", "Completed"]),
        at=times,
        processed=st.integers(0, 20),
        source=st.sampled_from(Source),
    ),
    st.builds(
        opt, out=st.booleans(), at=times, number=numbers, customer=numbers, source=st.sampled_from(Source)
    ),
    st.builds(unknown, st.sampled_from(["u1", "u2"]), at=times, raw=any_text, text=any_text),
)
"""Events with the raw text that goes with them."""

absurd = st.builds(
    Event,
    family=st.sampled_from(Family),
    uuid=ids | any_text,
    event=any_text,
    timestamp=times,
    received_at=times,
    source=st.sampled_from(Source),
    raw=any_text,
    number=numbers | any_text,
    customer=numbers | any_text,
    ref=ids | any_text,
    state=st.sampled_from(["Completed", "Delivered", "OptedOut", ""]) | any_text,
    batch_id=ids | any_text,
    text=some_text | any_text,
    error_code=any_text,
    size=figures,
    processed=figures,
    rejected=figures,
    segments=figures,
    cost=st.none() | st.decimals(allow_nan=False) | st.just(Decimal("0.0070")),
    created_at=st.none() | times,
    modified_at=st.none() | times,
)
"""Events whose fields have nothing to do with each other."""
