"""What stands where a view has no events yet."""

from app.domain.status import Reach
from app.ui.filters import View

_NONE_IN = {
    View.TODAY: "No news today",
    View.OPT_OUTS: "Nobody opted out this week",
    View.BATCHES: "No batches yet",
    View.RECEIVED: "No texts received yet",
    View.FAILED: "No failed texts",
}


def nothing_yet(view: View, reach: Reach) -> tuple[str, str, str]:
    """Icon, title and sentence."""
    if view is not View.ACTIVITY:
        return view.icon, _NONE_IN[view], "New ones appear here by themselves."
    will = "Finished batches, opt-outs, failed texts and texts from customers appear here as they happen."
    if reach is Reach.SIGNED_OUT:
        return "sign-in", "Sign in to begin", will
    return "bell", "No news yet", will
