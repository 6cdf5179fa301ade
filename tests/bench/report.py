"""One line for each thing that was measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A figure beside its floor, or beside the limit it must keep."""

    what: str
    figure: str
    floor: str = ""
    """The figure of the floor in the same run."""
    ratio: float | None = None
    """The figure by its floor or limit."""
    target: str = ""
    met: bool | None = None
    """``None``: nothing was promised."""


def print_table(lines: list[Line]) -> None:
    """Print them below each other."""
    row = "{:<46} {:>14} {:>14} {:>7}  {:<22} {}"
    print(row.format("measured", "Textbell", "floor", "ratio", "target", "").rstrip())
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        verdict = "" if line.met is None else "met" if line.met else "MISSED"
        values = (line.what, line.figure, line.floor, ratio, line.target, verdict)
        print(row.format(*values).rstrip(), flush=True)
