"""What might arrive: any JSON, any text, and notifications whose members may be anything."""

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=()))
"""Also what is no Unicode text at all."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
_EVENTS = st.sampled_from(
    [
        "/restapi/v1.0/account/1/a2p-sms/opt-outs",
        "/restapi/v1.0/account/1/a2p-sms/messages?direction=Inbound",
        "/restapi/v1.0/account/1/a2p-sms/messages/5",
        "/restapi/v1.0/account/1/a2p-sms/batches/b",
    ]
)
_MEMBERS = (
    *("id", "from", "to", "active", "direction", "messageStatus", "status", "text", "cost", "rejected"),
    *("batchSize", "processedCount", "segmentCount", "batchId", "errorCode"),
    *("creationTime", "lastModifiedTime"),
)
_LIKELY = st.sampled_from(
    ["+16505550100", "Inbound", "Outbound", True, False, 1, "7", "2026-11-03T16:12:00.123456Z", ["+1212"]]
)
BODIES = st.dictionaries(st.sampled_from(_MEMBERS), _LIKELY | JSON)
ENVELOPES = st.fixed_dictionaries(
    {"event": _EVENTS | JSON, "body": BODIES | JSON},
    optional={"uuid": JSON, "timestamp": _LIKELY | JSON, "x": JSON},
)
