"""The rate of a run: requests a second that each job processed, in the order they ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from icarus.errors import PlotError
from icarus.results._frame import limits, tick_text
from icarus.results._roles import Campaign, Roles, caption_of
from icarus.results._sheets import sheet_of
from icarus.results.filenames import FileNames
from icarus.results.metrics import number
from icarus.results.panels import Panel, finished, grid_of
from icarus.results.style import SeriesStyle

__all__ = ["rate_figures"]

_RATE = "requests_per_second"


def rate_figures(
    campaign: Campaign, metrics: str | Sequence[str] | None, names: FileNames
) -> Iterator[tuple[str, Figure]]:
    """Yield the figure of the rates of all jobs.

    Raises
    ------
    PlotError
        If the results do not say how fast jobs were, or a metric is asked for.
    """
    if metrics is not None:
        raise PlotError("the rate of a run is no metric; leave out which to draw")
    jobs = [
        (float(facts.get("started", 0)) + float(facts.get("duration", 0)), i, rate)
        for i, facts in enumerate(campaign.metadata)
        if (rate := number(facts.get(_RATE))) is not None
    ]
    if not jobs:
        raise PlotError(
            "the results do not say how many requests a second jobs processed; "
            "those of Icarus 0.8 and of walks and cases do not"
        )
    yield names.name(["rate"]), _figure(campaign, sorted(jobs))


def _figure(campaign: Campaign, jobs: Sequence[tuple[float, int, float]]) -> Figure:
    series = campaign.roles.series or campaign.roles.x
    points: dict[int, tuple[list[int], list[float]]] = {}
    for place, (_, i, rate) in enumerate(jobs, 1):
        line = 0 if series is None else series.number(series.keys[i])
        xs, ys = points.setdefault(line, ([], []))
        xs.append(place)
        ys.append(rate)
    engines = {str(facts.get("engine")) for facts in campaign.metadata if facts.get("engine")}
    note = f"engine: {' and '.join(sorted(engines))}" if engines else ""
    n_jobs = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}"
    text = "; ".join(part for part in (n_jobs, note) if part)
    caption = caption_of(campaign, [], text)
    label = "Requests a second, of each job"
    sheet = sheet_of(Roles(None, series), 1, caption, label).drawn()
    sheet.xlabel = "Jobs, in the order in which they ended"
    figure, [axes] = grid_of([Panel("", dict.fromkeys(points))], sheet)
    for line, (xs, ys) in points.items():
        axes.plot(xs, ys, **_look(line))
    axes.set_ylim(*limits([rate for _, _, rate in jobs], from_zero=True))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(tick_text))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    return finished(figure, [axes], {i: Line2D([], [], **_look(i)) for i in points}, sheet)


def _look(line: int) -> dict[str, Any]:
    return SeriesStyle.number(line).line() | {"linestyle": ""}
