"""The drawing of how data flows through Icarus, in light and in dark, made with the manual."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sphinx.application import Sphinx

__all__ = ["draw", "setup"]


class Box(NamedTuple):
    """A part: its middle, its name and what it is, by lines."""

    x: float
    y: float
    name: str
    about: str
    width: float = 2.1
    height: float = 1.0


class Theme(NamedTuple):
    """Colours of a drawing; its ground is that of the page."""

    text: str
    soft: str
    line: str
    fill: str
    strong: str


THEMES = {
    "light": Theme("#1b1f24", "#57606a", "#6e7781", "#f1f4f8", "#dcebf7"),
    "dark": Theme("#e6edf3", "#a4adb6", "#8b949e", "#22272e", "#1d3a54"),
}

BOXES = {
    "settings": Box(1.1, 3.4, "Settings", "Python module\nor sweep file"),
    "queue": Box(3.9, 3.4, "Queue", "experiments, checked\nbefore anything runs"),
    "orchestrator": Box(6.7, 3.4, "Orchestrator", "jobs: experiment\n× replication"),
    "pool": Box(9.5, 3.4, "Pool", "processes, serial\nor a cluster"),
    "simulation": Box(9.5, 1.5, "Simulation", "one job\nin one worker"),
    "registries": Box(
        9.5, -0.25, "Registries", "topologies, workloads, policies,\nstrategies, collectors", 3.0
    ),
    "journal": Box(6.7, 1.5, "Journal", "each finished job,\nat once"),
    "results": Box(3.9, 1.5, "Results", "ResultSet,\none file"),
    "plots": Box(1.1, 1.5, "Plots", "figures, tables,\nreports"),
}

ARROWS = {
    ("settings", "queue"): "",
    ("queue", "orchestrator"): "",
    ("orchestrator", "pool"): "",
    ("pool", "simulation"): "",
    ("registries", "simulation"): "by name",
    ("simulation", "journal"): "",
    ("journal", "results"): "",
    ("results", "plots"): "",
}

_STRONG = ("orchestrator", "simulation")


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw before any page is read."""
    app.connect("builder-inited", _draw_all)
    return {"parallel_read_safe": True}


def _draw_all(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    for theme in THEMES:
        draw(folder / f"flow-{theme}.svg", theme)


def draw(file: Path, theme: str) -> None:
    """Draw the flow into a file.

    Parameters
    ----------
    file : Path
        An SVG file.
    theme : str
        ``light`` or ``dark``.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colours = THEMES[theme]
    # The same bytes each time, so that pages are written anew only if the drawing changed.
    with mpl.rc_context({"svg.hashsalt": "flow", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(9.2, 4.3))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-0.15, 11.15), ylim=(-0.95, 4.1), aspect="equal")
        axes.set_axis_off()
        for name, box in BOXES.items():
            _draw_box(axes, box, colours, strong=name in _STRONG)
        for (start, end), text in ARROWS.items():
            _draw_arrow(axes, BOXES[start], BOXES[end], text, colours)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})


def _draw_box(axes: Axes, box: Box, colours: Theme, *, strong: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (box.x - box.width / 2, box.y - box.height / 2)
    axes.add_patch(
        FancyBboxPatch(
            corner,
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=colours.strong if strong else colours.fill,
            edgecolor=colours.line,
            linewidth=1,
        )
    )
    centred = {"ha": "center", "va": "center"}
    axes.text(box.x, box.y + 0.27, box.name, color=colours.text, size=11, weight="bold", **centred)
    axes.text(box.x, box.y - 0.16, box.about, color=colours.soft, size=8, **centred)


def _draw_arrow(axes: Axes, start: Box, end: Box, text: str, colours: Theme) -> None:
    across = start.y == end.y
    sign = 1 if (end.x > start.x if across else end.y > start.y) else -1
    reach = "width" if across else "height"
    step = [sign * (getattr(box, reach) / 2 + 0.06) for box in (start, end)]
    tail = (start.x + step[0], start.y) if across else (start.x, start.y + step[0])
    head = (end.x - step[1], end.y) if across else (end.x, end.y - step[1])
    style = {"arrowstyle": "-|>", "color": colours.line, "linewidth": 1.4, "mutation_scale": 13}
    axes.annotate("", head, tail, arrowprops={**style, "shrinkA": 0, "shrinkB": 0})
    if text:
        axes.text(
            tail[0] + 0.12, (tail[1] + head[1]) / 2, text, color=colours.soft, size=8, va="center"
        )
