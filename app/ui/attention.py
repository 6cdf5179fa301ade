"""Whether somebody looks at an event: then it need not be announced."""

from app.domain.events import Entry, Event, Family
from app.ui.feed import FeedState
from app.ui.filters import Filters, View, is_news
from app.ui.log_panel import LogPanel

_KINDS = {
    View.OPT_OUTS: Family.OPTOUT,
    View.RECEIVED: Family.INBOUND,
}


def shows(panel: LogPanel, entry: Entry) -> bool:
    """Whether the event's row is in sight, or will be as soon as the table has taken it in.

    Whether the window is the active one is for the caller to know.
    """
    rows, model = panel.list, panel.model
    ready = panel.isVisible() and panel.feed.state is FeedState.READY
    if not ready or (model.rowCount() and not rows.isVisible()):
        return False
    row = model.row_of(entry.id)
    if row >= 0:
        area = rows.visualRect(model.index(row, 0))
        return area.top() >= 0 and area.bottom() < rows.viewport().height()
    if not (panel.feed.following and _belongs(entry.event, panel.search.filters)):
        return False
    last = rows.rowAt(rows.viewport().height() - 1)
    return last < 0 or entry.id > model.id_at(last)


def _belongs(event: Event, asked: Filters) -> bool:
    """Whether a view that nothing narrows down holds the event. When in doubt it does not."""
    if asked.narrowed:
        return False
    if asked.view.mixed:
        return is_news(event) or not asked.leaves_out
    return event.family is _KINDS.get(asked.view)
