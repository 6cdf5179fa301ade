"""Where gaps stand between the events of the table, and what their cells show."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt

from app.domain.gaps import Gap
from app.ui import gap_words
from app.ui.words import moment


def key_of(ended: datetime) -> float:
    """Among the negative ids of events: below what came in the second in which the gap ended.

    Ids of events are seconds since 1970, times 256, and the next ones while these are taken.
    """
    return 0.5 - (int(ended.timestamp()) << 8)


def placed(gaps: Iterable[Gap], *, below: int | None) -> dict[float, Gap]:
    """The gaps that have ended, by their keys; those older than the event ``below`` are left out."""
    ended = {key_of(gap.ended): gap for gap in gaps if gap.ended is not None}
    return {key: gap for key, gap in ended.items() if below is None or key < -below}


def cell(gap: Gap, column: int, role: int, row_role: int, now: datetime, zone: tzinfo | None) -> object:
    """What a gap's row shows: why, what was received late and from when until when, nothing, its end."""
    if role == Qt.ItemDataRole.AccessibleTextRole and column == 0:
        return gap_words.sentence(gap, now, zone)
    row = gap_words.row(gap, now, zone)
    if role == row_role:
        return (None, row)
    return (row.who, row.what, "", moment(gap.ended, now, zone) if gap.ended else "")[column]
