"""The data of every kind of figure are those that are computed from the results another way."""

from __future__ import annotations

import itertools
import statistics
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from scipy import stats

from icarus.errors import PlotError
from icarus.results import ResultSet, draw_figure
from icarus.results.figures import KINDS, draw_results
from icarus.theory.che import che_cache_hit_ratio
from icarus.theory.distributions import TruncatedZipfDist

STRATEGIES = ("LCE", "LCD", "EDGE", "PROB_CACHE")
SIZES = (0.01, 0.02, 0.05, 0.1)
ALPHAS = (0.6, 0.9)
N_CONTENTS = 200


def measured(draws: np.random.Generator) -> dict[str, Any]:
    """What one simulation on a path of three nodes might have measured."""
    hits = float(draws.uniform(0.1, 0.9))
    latencies = np.sort(draws.integers(1, 40, 12)).astype(float)
    values, counts = np.unique(latencies, return_counts=True)
    windows = np.arange(5.0)
    return {
        "CACHE_HIT_RATIO": {
            "MEAN": hits,
            "PER_NODE_CACHE_HIT_RATIO": {1: hits},
            "PER_NODE_SERVER_HIT_RATIO": {2: 1 - hits},
        },
        "LATENCY": {
            "MEAN": float(latencies.mean()),
            "CDF": (values, np.cumsum(counts) / len(latencies)),
        },
        "LINK_LOAD": {
            "PER_LINK_INTERNAL": {(0, 1): 10 * hits, (1, 0): 1000 * hits},
            "PER_LINK_EXTERNAL": {(2, 1): 500 * (1 - hits)},
        },
        "TIMELINE": {
            "START": 10 * windows,
            "END": 10 * windows + 10,
            "FIRST": 100 * windows,
            "LATENCY": draws.uniform(50, 90, 5),
        },
    }


def experiment(strategy: str, size: float, alpha: float) -> dict[str, Any]:
    return {
        "topology": {"name": "PATH", "n": 3},
        "workload": {
            "name": "STATIONARY",
            "n_contents": N_CONTENTS,
            "n_warmup": 1,
            "n_measured": 1,
            "rate": 1.0,
            "alpha": alpha,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": size},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy},
        "cache_policy": {"name": "LRU"},
    }


def campaign(alphas: tuple[float, ...] = ALPHAS) -> ResultSet:
    """Three replications of each strategy, size and alpha, with facts of each job."""
    draws = np.random.default_rng(5)
    found = ResultSet()
    for job, (strategy, size, alpha, _) in enumerate(
        itertools.product(STRATEGIES, SIZES, alphas, range(3))
    ):
        facts = {
            "job": f"job-{job}",
            "started": float(100 - job),
            "duration": 0.5,
            "requests_per_second": 1000.0 + 7 * job,
        }
        found.add(experiment(strategy, size, alpha), measured(draws), facts)
    return found


RESULTS = campaign()


def chosen(metric: tuple[str, str], **parameters: Any) -> list[Any]:
    """The values of a metric in the simulations with these parameters, one by one."""
    return [
        results.getval(metric)
        for params, results in RESULTS
        if all(
            value in (one.get("name"), one.get(name))
            for name, value in parameters.items()
            for section, one in params.items()
            if section == name or name in one
        )
    ]


def interval(values: list[float]) -> tuple[float, float]:
    quantile = stats.t.ppf(0.975, len(values) - 1)
    return (
        statistics.fmean(values),
        float(quantile * statistics.stdev(values) / len(values) ** 0.5),
    )


def test_lines_are_means_with_students_intervals() -> None:
    figure = draw_figure(RESULTS, "lines", "LATENCY.MEAN", where={"alpha": 0.6})
    found = {}
    for container in figure.axes[0].containers:
        assert isinstance(container, ErrorbarContainer)
        x, y = container.lines[0].get_data()
        halves = [(s[1][1] - s[0][1]) / 2 for s in container.lines[2][0].get_segments()]
        assert tuple(x) == SIZES
        found[container.get_label()] = list(zip(y, halves, strict=True))
    assert set(found) == set(STRATEGIES)
    for strategy, points in found.items():
        for size, point in zip(SIZES, points, strict=True):
            told = chosen(("LATENCY", "MEAN"), strategy=strategy, network_cache=size, alpha=0.6)
            assert point == pytest.approx(interval(told))


def test_bars_are_means() -> None:
    figure = draw_figure(RESULTS, "bars", "CACHE_HIT_RATIO.MEAN", where={"alpha": 0.9})
    for container in figure.axes[0].containers:
        if isinstance(container, BarContainer):
            strategy = str(container.get_label())
            for size, patch in zip(SIZES, container.patches, strict=True):
                told = chosen(
                    ("CACHE_HIT_RATIO", "MEAN"), strategy=strategy, network_cache=size, alpha=0.9
                )
                assert patch.get_height() == pytest.approx(statistics.fmean(told))


def test_distributions_are_means_within_the_range_of_replications() -> None:
    figure = draw_figure(RESULTS, "cdf", "LATENCY.CDF", where={"alpha": 0.6, "network_cache": 0.05})
    axes = figure.axes[0]
    for line, band in zip(axes.lines, axes.collections, strict=True):
        pairs = chosen(("LATENCY", "CDF"), strategy=line.get_label(), network_cache=0.05, alpha=0.6)
        edges = band.get_paths()[0].vertices
        for x, y in zip(line.get_xdata()[1:-1], line.get_ydata()[1:-1], strict=True):
            shares = [max((s for v, s in zip(*p, strict=True) if v <= x), default=0) for p in pairs]
            assert y == pytest.approx(statistics.fmean(shares))
            here = edges[np.isclose(edges[:, 0], x), 1]
            assert np.isclose(here, min(shares)).any()
            assert np.isclose(here, max(shares)).any()


def test_heat_maps_have_the_mean_of_each_cell() -> None:
    options: dict[str, Any] = {"x": "network_cache", "series": "strategy", "where": {"alpha": 0.9}}
    figure = draw_figure(RESULTS, "heatmap", "LATENCY.MEAN", **options)
    axes, bar = figure.axes
    means = axes.images[0].get_array()
    assert [text.get_text() for text in axes.get_yticklabels()] == list(STRATEGIES)
    assert [text.get_text() for text in axes.get_xticklabels()] == list(map(str, SIZES))
    for (row, column), mean in np.ndenumerate(means):
        told = chosen(
            ("LATENCY", "MEAN"),
            strategy=STRATEGIES[row],
            network_cache=SIZES[column],
            alpha=0.9,
        )
        assert mean == pytest.approx(statistics.fmean(told))
    assert bar.get_ylabel() == "Mean latency (ms)"
    # Numbers go on the axes unless someone says otherwise.
    numbers = draw_figure(RESULTS, "heatmap", "LATENCY.MEAN")
    assert {numbers.get_supxlabel(), numbers.get_supylabel()} == {
        "Total cache size (fraction of the catalogue)",
        "Zipf exponent α",
    }


def test_series_over_time_are_means_of_windows() -> None:
    where = {"alpha": 0.6, "network_cache": 0.05}
    figure = draw_figure(RESULTS, "time", where=where)
    lines = [line for line in figure.axes[0].lines if line.get_label() in STRATEGIES]
    assert len(lines) == len(STRATEGIES)
    for line in lines:
        told = chosen(("TIMELINE", "LATENCY"), strategy=line.get_label(), **where)
        assert line.get_ydata()[::2] == pytest.approx(np.mean(told, axis=0))


def test_ches_approximation_is_drawn_where_it_holds_and_only_there() -> None:
    figure = draw_figure(RESULTS, "size", where={"alpha": 0.9})
    axes = figure.axes[0]
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    pdf = TruncatedZipfDist(0.9, N_CONTENTS).pdf
    # One cache on the path: it holds for LCE and EDGE, and for neither of the others.
    assert len(dashed) == 2
    for line in dashed:
        for size, ratio in zip(*line.get_data(), strict=True):
            assert ratio == pytest.approx(che_cache_hit_ratio(pdf, max(1, round(size * 200))))
    assert set(SIZES) <= set(dashed[0].get_xdata())
    assert "no Che’s approximation: not for LCD, not for PROB_CACHE" in footnote(figure)


def test_caches_behind_caches_have_no_approximation() -> None:
    results = ResultSet()
    for size in SIZES:
        longer = experiment("LCE", size, 0.6) | {"topology": {"name": "PATH", "n": 5}}
        results.add(longer, {"CACHE_HIT_RATIO": {"MEAN": size}})
    figure = draw_figure(results, "size")
    assert [line for line in figure.axes[0].lines if line.get_linestyle() == "--"] == []
    assert "LCE has caches behind caches" in footnote(figure)


def test_rates_are_those_of_jobs_in_the_order_in_which_they_ended() -> None:
    figure = draw_figure(RESULTS, "rate")
    points = sorted(
        (x, y) for line in figure.axes[0].lines for x, y in zip(*line.get_data(), strict=True)
    )
    told = [facts["requests_per_second"] for facts in reversed(RESULTS.metadata)]
    assert points == list(enumerate(told, 1))
    with pytest.raises(PlotError, match="do not say how many requests a second"):
        draw_figure(ResultSet() + _without_facts(), "rate")


def _without_facts() -> ResultSet:
    found = ResultSet()
    found.add(experiment("LCE", 0.1, 0.6), {"LATENCY": {"MEAN": 1.0}})
    return found


def test_maps_have_mean_loads_and_shares() -> None:
    where = {"strategy": "LCD", "network_cache": 0.02, "alpha": 0.9}
    figure = draw_figure(RESULTS, "network", where=where)
    axes = figure.axes[0]
    links, *nodes = axes.collections
    hits = statistics.fmean(chosen(("CACHE_HIT_RATIO", "MEAN"), **where))
    loads = [1010 * hits, 500 * (1 - hits)]
    assert links.norm.vmax == pytest.approx(max(loads))
    widths = sorted(1 + 3 * load / max(loads) for load in loads)
    assert links.get_linewidths() == pytest.approx(widths)
    assert nodes[-1].get_sizes() == [320]  # the only cache is the one that served most
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert f"served {100 * hits:.2g} %" in legend
    with pytest.raises(PlotError, match="would be 32 maps, of at most 12; choose some with where"):
        draw_figure(RESULTS, "network")


# What can be said of how figures look


def footnote(figure: Figure) -> str:
    return " ".join(" ".join(text.get_text() for text in figure.texts).split())


def looks(figure: Figure) -> dict[str, tuple[Any, Any]]:
    return {
        str(container.get_label()): (
            container.lines[0].get_color(),
            container.lines[0].get_marker(),
        )
        for axes in figure.axes
        for container in axes.containers
        if isinstance(container, ErrorbarContainer)
    }


FEW = campaign((0.6,))
EVERYWHERE = looks(draw_figure(FEW, "lines", "LATENCY.MEAN"))


@settings(max_examples=6)
@given(selected=st.sets(st.sampled_from(STRATEGIES), min_size=2), order=st.permutations(STRATEGIES))
def test_a_name_has_one_colour_and_marker_whatever_is_selected(
    selected: set[str], order: list[str]
) -> None:
    where = [f"strategy={name}" for name in selected]
    order = [name for name in order if name in selected]
    figure = draw_figure(FEW, "lines", "CACHE_HIT_RATIO.MEAN", where=where, order=order)
    found = looks(figure)
    assert list(found) == order
    assert found == {name: EVERYWHERE[name] for name in selected}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == order


@pytest.mark.parametrize(
    "style",
    # A second for each figure.
    ["paper", *(pytest.param(one, marks=pytest.mark.exhaustive) for one in ("talk", "screen"))],
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_width_that_is_asked_for_and_nothing_is_cut(
    kind: str, style: str
) -> None:
    where = {"alpha": 0.6, "network_cache": 0.05, "strategy": "LCE"}
    if kind in ("lines", "bars", "size", "heatmap"):
        where = {"alpha": 0.6}
    metric = {"cdf": "LATENCY.CDF", "lines": "LATENCY.MEAN", "bars": "LATENCY.MEAN",
              "heatmap": "LATENCY.MEAN"}.get(kind)  # fmt: skip
    figure = draw_figure(RESULTS, kind, metric, where=where, style=style, width="8.9cm")
    assert figure.get_figwidth() == pytest.approx(8.9 / 2.54)
    figure.draw_without_rendering()
    page = figure.bbox
    for text in [*figure.texts, *(t for one in figure.axes for t in (one.xaxis.label,))]:
        if text.get_text() and style == "paper":
            box = text.get_window_extent()
            assert page.x0 <= box.x0
            assert box.x1 <= page.x1 + 1
            assert page.y0 <= box.y0


def test_style_sheets_go_before_ours() -> None:
    with mpl.rc_context({"font.size": 13.0, "axes.labelsize": 21.0}):
        mpl.rcParams["axes.prop_cycle"] = mpl.cycler(color=["red", "lime"])
        figure = draw_figure(FEW, "lines", "LATENCY.MEAN", where={"strategy": "LCE"})
    axes = figure.axes[0]
    assert axes.xaxis.label.get_fontsize() == 21
    assert axes.containers[0].lines[0].get_color() == "red"


def test_labels_order_scale_and_footnote() -> None:
    options: dict[str, Any] = {
        "labels": {
            "LCE": "Leave copy everywhere",
            "network_cache": "Cache",
            "LATENCY.MEAN": "Time",
        },
        "order": ["PROB_CACHE"],
        "x_scale": "even",
        "footnote": False,
    }
    figure = draw_figure(FEW, "lines", "LATENCY.MEAN", **options)
    axes = figure.axes[0]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["PROB_CACHE", "Leave copy everywhere", "LCD", "EDGE"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Cache", "Time")
    assert axes.get_xticks().tolist() == [0, 1, 2, 3]
    assert footnote(figure) == ""
    log = draw_figure(FEW, "lines", "LATENCY.MEAN", x_scale="log")
    assert log.axes[0].get_xscale() == "log"


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("lines", {"labels": {"LEC": "x"}}, r"nothing is called 'LEC'; did you mean 'LCE'\?"),
        ("lines", {"order": ["LDC"]}, r"no experiment has 'LDC'; did you mean 'LCD'\?"),
        ("linse", {}, r"unknown kind 'linse' of figure; did you mean 'lines'\?"),
        ("lines", {"style": "papper"}, r"unknown style 'papper'; did you mean 'paper'\?"),
        ("lines", {"width": "3 foot"}, r"a width is written 3.5in, 8.9cm or 89mm"),
        ("lines", {"width": "1mm"}, r"which is 0.0394in"),
        ("cdf", {}, r"it takes a distribution, such as LATENCY.CDF"),
        ("heatmap", {"where": {"network_cache": 0.1}}, r"needs two parameters that vary"),
        ("size", {"where": {"network_cache": 0.1}}, r"network_cache or .* to vary"),
        ("network", {"metric": "LATENCY"}, r"a map has loads"),
    ],
)
def test_what_cannot_be_drawn_is_refused(kind: str, options: dict[str, Any], message: str) -> None:
    metric = options.pop("metric", None if kind in ("size", "network") else "LATENCY.MEAN")
    with pytest.raises(PlotError, match=message):
        draw_figure(FEW, kind, metric, **options)


def test_figures_go_into_axes_that_there_are() -> None:
    figure = Figure()
    for axes, kind in zip(figure.subplots(2, 2).flat, ("lines", "bars", "heatmap", "size"),
                          strict=True):  # fmt: skip
        metric = None if kind == "size" else "LATENCY.MEAN"
        assert draw_figure(FEW, kind, metric, axes=axes) is figure
        assert axes.get_xlabel() == "Total cache size (fraction of the catalogue)"
    assert figure.texts == []
    with pytest.raises(PlotError, match="there are 4 panels to draw, but one pair of axes"):
        draw_figure(FEW, "lines", "LATENCY.MEAN", facet="strategy", axes=figure.axes[0])


def test_four_panels_stand_in_a_square() -> None:
    figure = draw_figure(FEW, "lines", "LATENCY.MEAN", facet="strategy")
    grid = figure.axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == (2, 2)


def test_an_incomplete_campaign_says_so_whatever_is_left_out() -> None:
    results = campaign((0.6,))
    for job in range(6):
        results.add_failure(experiment("LCE", 0.01, 0.6), {"job": f"bad-{job}", "status": "FAILED"})
    for name, figure in draw_results(results, metrics="LATENCY.MEAN", footnote=False):
        assert "48 of 54 simulations" in footnote(figure), name
    axes = Figure().subplots()
    draw_figure(results, "lines", "LATENCY.MEAN", axes=axes)
    assert axes.get_title(loc="right") == "incomplete: 48 of 54 simulations gave results"
    draw_figure(FEW, "lines", "LATENCY.MEAN", axes=(whole := Figure().subplots()))
    assert whole.get_title(loc="right") == ""
