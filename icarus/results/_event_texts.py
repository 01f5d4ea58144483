"""Events in figures over time: dashed lines in all panels, their texts above the first.

Texts stand in rows, like flags on the poles that the lines go on as. Each is so high that no pole
of another stands in its way, if there is such a place; what falls together has one text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from icarus.results.drawntext import drawn, shortened
from icarus.results.over_time import Mark
from icarus.results.style import SeriesStyle, current_look, font

__all__ = ["Flag", "flags_of", "rows_of_flags", "write_events"]

MOST_FLAGS = 8
_TOGETHER = 0.012
"""Share of the axis within which events have one text."""
_SAME = 0.001
"""Share within which they have one line."""
_MOST_POLES = 60
_POLE: Any = {"linestyle": (0, (4, 2.5)), "linewidth": 0.8}
_LONGEST, _LONGEST_OF_TWO = 44, 34
_SIZE, _ROW, _LOWEST = 0.75, 1.1, 0.4
"""Of texts, from row to row and below the lowest row, as shares of the font."""


@dataclass
class Flag:
    """The text of one event, or of several."""

    place: float
    text: str
    colour: str


def write_events(
    figure: Figure, grid: Sequence[Axes], marks: Sequence[Mark], *, several: bool
) -> None:
    """Draw events into all panels of a figure, and their texts above the first.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    grid : sequence of matplotlib.axes.Axes
        The panels, which share their x axis.
    marks : sequence of Mark
        From left to right.
    several : bool
        Whether there are several lines, so that an event of one of them has its colour.
    """
    low, high = grid[0].get_xlim()
    there = [one for one in marks if low <= one.place <= high]
    flags = flags_of(there, high - low, several)
    poles = [Flag(group[0].place, "", _colour(group, several))
             for group in _within(_SAME * (high - low), there)]  # fmt: skip
    # More would hide what they explain; the texts count them.
    for pole in poles if len(poles) <= _MOST_POLES else flags:
        for axes in grid:
            axes.axvline(pole.place, color=pole.colour, zorder=1.5, **_POLE)
    if not flags:
        return
    figure.draw_without_rendering()
    box = grid[0].get_window_extent()
    points = 72 / figure.dpi
    places = [(flag.place - low) / (high - low) * box.width * points for flag in flags]
    widths = [_width(figure, flag.text) for flag in flags]
    rows = rows_of_flags(places, widths, box.width * points)
    for flag, (row, rightwards) in zip(flags, rows, strict=True):
        _hoist(grid[0], flag, font(_LOWEST + row * _ROW), rightwards)
    if current_look().axes is None:
        more = font(_LOWEST + _ROW * (1 + max(rows)[0])) / 72
        figure.set_figheight(figure.get_figheight() + more)


def _hoist(axes: Axes, flag: Flag, height: float, rightwards: bool) -> None:
    """Put a text `height` points above the axes, upon a pole that texts cover where they must."""
    at: Any = {
        "xy": (flag.place, 1),
        "xycoords": ("data", "axes fraction"),
        "xytext": (0, height),
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    pole = {"arrowstyle": "-", "color": flag.colour, "shrinkA": 0, "shrinkB": 0, **_POLE}
    axes.annotate(drawn(""), arrowprops=pole, zorder=4, **at)
    axes.annotate(
        drawn(flag.text, _LONGEST),
        ha="left" if rightwards else "right",
        va="bottom",
        fontsize=font(_SIZE),
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        zorder=5,
        **at,
    )


def _within(length: float, marks: Sequence[Mark]) -> list[list[Mark]]:
    """Return groups of events that are at most so far apart, in their order."""
    groups: list[list[Mark]] = []
    for mark in marks:
        if groups and mark.place - groups[-1][0].place <= length:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


def _colour(marks: Sequence[Mark], several: bool) -> str:
    """Return the colour of the one line that events belong to, or grey."""
    lines = set().union(*(mark.lines for mark in marks))
    return SeriesStyle.number(min(lines)).colour if several and len(lines) == 1 else "0.35"


def _width(figure: Figure, text: str) -> float:
    """Return the width of a text in points."""
    probe = Text(0, 0, drawn(text, _LONGEST), fontsize=font(_SIZE), figure=figure)
    renderer = cast(Any, FigureCanvasAgg(figure)).get_renderer()
    return float(probe.get_window_extent(renderer).width * 72 / figure.dpi)


def flags_of(marks: Sequence[Mark], span: float, several: bool = False) -> list[Flag]:
    """Return the texts of events: at most ``MOST_FLAGS``, the nearest ones together.

    Parameters
    ----------
    marks : sequence of Mark
        From left to right.
    span : float
        Length of the axis.
    several : bool, optional
        As for ``write_events``.
    """
    groups = _within(_TOGETHER * span, marks)
    while len(groups) > MOST_FLAGS:
        lengths = [b[-1].place - a[0].place for a, b in pairwise(groups)]
        nearest = min(range(len(lengths)), key=lengths.__getitem__)
        groups[nearest : nearest + 2] = [groups[nearest] + groups[nearest + 1]]
    return [Flag(group[0].place, _text(group), _colour(group, several)) for group in groups]


def _text(group: Sequence[Mark]) -> str:
    counts: dict[str, int] = {}
    for mark in group:
        counts[mark.text] = counts.get(mark.text, 0) + 1
    texts = [text if n == 1 else f"{n} × {text}" for text, n in counts.items()]
    if len(texts) == 1 or (len(texts) == 2 and len(", ".join(texts)) <= _LONGEST_OF_TWO):
        return ", ".join(texts)
    more = f" and {len(texts) - 1} more"
    return shortened(texts[0], _LONGEST - len(more)) + more


def rows_of_flags(
    places: Sequence[float], widths: Sequence[float], width: float
) -> list[tuple[int, bool]]:
    """Return the row of each text, counted from below, and whether it goes to the right.

    Of all ways in which the first ones go to the right and the others to the left, that is taken
    which stays within the axes, has the fewest poles that go through texts, and the fewest rows.

    Parameters
    ----------
    places : sequence of float
        Where the poles are, in ascending order.
    widths : sequence of float
        Of the texts.
    width : float
        Of the axes.

    Examples
    --------
    >>> rows_of_flags([10, 20, 80], [30, 30, 30], 100)
    [(1, True), (0, True), (0, False)]
    """
    n = len(places)
    ways = []
    for turn in range(n + 1):
        # Flags of either side never cross each other: the outermost ones are the highest.
        inwards = [*reversed(range(turn)), *range(turn, n)]
        spans = [
            (places[i], places[i] + widths[i]) if i < turn else (places[i] - widths[i], places[i])
            for i in range(n)
        ]
        beyond = sum(max(0.0, -low) + max(0.0, high - width) for low, high in spans)
        for order in (inwards, [*inwards[turn:], *inwards[:turn]]):
            rows = _stacked(places, spans, order)
            crossed = sum(
                low <= places[j] <= high and rows[j] > rows[i]
                for i, (low, high) in enumerate(spans)
                for j in range(n)
            )
            ways.append(((beyond, crossed, max(rows), -turn), rows, turn))
    _, rows, turn = min(ways, key=lambda way: way[0])
    return [(row, i < turn) for i, row in enumerate(rows)]


def _stacked(
    places: Sequence[float], spans: Sequence[tuple[float, float]], order: Sequence[int]
) -> list[int]:
    """Return the row of each text: above the poles it stands over, where no other text is."""
    rows: dict[int, int] = {}
    for i in order:
        low, high = spans[i]
        row = 1 + max((row for j, row in rows.items() if low <= places[j] <= high), default=-1)
        while any(
            taken == row and spans[j][0] < high and low < spans[j][1] for j, taken in rows.items()
        ):
            row += 1
        rows[i] = row
    return [rows[i] for i in range(len(places))]
