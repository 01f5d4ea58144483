"""Plots described by a dict: what ends up on the axes, and in which file."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure

from icarus.errors import PlotError
from icarus.results import plot
from icarus.results.plot import (
    draw_bar_chart,
    draw_cdf,
    draw_lines,
    plot_bar_chart,
    plot_cdf,
    plot_lines,
)
from icarus.results.readwrite import ResultSet
from icarus.util import Tree

HITS = ("CACHE_HIT_RATIO", "MEAN")
LATENCY = ("LATENCY", "MEAN")
CDF = ("LATENCY", "CDF")
STRATEGY = ("strategy", "name")
ALPHA = ("workload", "alpha")


@pytest.fixture
def results() -> ResultSet:
    """Two strategies at two alphas, two replications of each; LCD has none at 1.0."""
    found = ResultSet()
    for strategy, alpha, hits in [
        ("LCE", 0.6, (0.1, 0.3)),
        ("LCE", 1.0, (0.5, 0.5)),
        ("LCD", 0.6, (0.4, 0.6)),
    ]:
        for hit in hits:
            found.add(
                {"strategy": {"name": strategy}, "workload": {"alpha": alpha}},
                {
                    "CACHE_HIT_RATIO": {"MEAN": hit},
                    "LATENCY": {"MEAN": 100 * hit, "CDF": ([1.0, 2.0], [hit, 1.0])},
                },
            )
    return found


def lines(**more: Any) -> dict[str, Any]:
    return {
        "xparam": ALPHA,
        "xvals": [1.0, 0.6],
        "ymetrics": [HITS, HITS],
        "ycondnames": [STRATEGY, STRATEGY],
        "ycondvals": ["LCE", "LCD"],
        **more,
    }


def drawn(figure: Figure | None) -> list[tuple[list[float], list[float], list[float]]]:
    """x, means and half-widths of every line of a figure."""
    assert figure is not None
    found = []
    for container in figure.axes[0].containers:
        assert isinstance(container, ErrorbarContainer)
        x, y = container.lines[0].get_data()
        halves = []
        if container.has_yerr:
            for segment in container.lines[2][0].get_segments():
                halves.append((segment[1][1] - segment[0][1]) / 2 if len(segment) else np.nan)
        found.append((list(x), list(y), halves))
    return found


def bars(figure: Figure | None) -> list[list[tuple[float, float, float]]]:
    """Centre, bottom and height of the bars of every series."""
    assert figure is not None
    return [
        [(p.get_x() + p.get_width() / 2, p.get_y(), p.get_height()) for p in container.patches]
        for container in figure.axes[0].containers
        if isinstance(container, BarContainer)
    ]


def test_lines_are_means_with_students_interval_over_sorted_values(results: ResultSet) -> None:
    (x, lce, lce_half), (_, lcd, lcd_half) = drawn(draw_lines(results, lines()))
    assert x == [0.6, 1.0]
    assert lce == pytest.approx([0.2, 0.5])
    assert lcd == pytest.approx([0.5, np.nan], nan_ok=True)
    # Two samples: t(0.975, 1) = 12.7062 times s / sqrt(2) = 0.1.
    assert lce_half == pytest.approx([1.27062, 0], rel=1e-5)
    assert lcd_half[0] == pytest.approx(1.27062, rel=1e-5)


def test_confidence_and_errorbar(results: ResultSet) -> None:
    [(_, _, half), _] = drawn(draw_lines(results, lines(confidence=0.5)))
    assert half[0] == pytest.approx(0.1)  # t(0.75, 1) is exactly 1
    assert drawn(draw_lines(results, lines(errorbar=False)))[0][2] == []


def test_metrics_that_are_missing_or_not_numbers_are_skipped(results: ResultSet) -> None:
    for odd in (float("nan"), None, "n/a", (1, 2)):
        results.add(
            {"strategy": {"name": "LCE"}, "workload": {"alpha": 1.0}},
            {"CACHE_HIT_RATIO": {"MEAN": odd}},
        )
    assert drawn(draw_lines(results, lines()))[0][1] == pytest.approx([0.2, 0.5])


def test_lines_of_different_metrics_are_named_by_metric_and_condition(results: ResultSet) -> None:
    desc = lines(
        ymetrics=[HITS, list(LATENCY)],
        legend={(HITS, "LCE"): "hits", (LATENCY, "LCD"): "delay"},
        line_style={(LATENCY, "LCD"): "r--o"},
    )
    figure = draw_lines(results, desc)
    (_, first, _), (_, second, _) = drawn(figure)
    assert first == pytest.approx([0.2, 0.5])
    assert second[0] == pytest.approx(50)
    assert figure is not None
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["hits", "delay"]
    line = axes.containers[1].lines[0]
    assert (line.get_color(), line.get_linestyle(), line.get_marker()) == ("r", "--", "o")


def test_lines_without_conditions_are_named_by_their_metric(results: ResultSet) -> None:
    desc = {
        "xparam": ALPHA,
        "xvals": [0.6],
        "ymetrics": [HITS, LATENCY],
        "filter": {"strategy": {"name": "LCE"}},
        "legend": {HITS: "a", LATENCY: "b"},
    }
    figure = draw_lines(results, desc)
    assert [y for _, y, _ in drawn(figure)] == [pytest.approx([0.2]), pytest.approx([20])]
    assert figure is not None
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["a", "b"]


def test_every_key_of_lines_has_its_effect(results: ResultSet) -> None:
    figure = draw_lines(
        results,
        lines(
            title="T",
            xlabel="X",
            ylabel="Y",
            xscale="log",
            yscale="log",
            xticks=[0.6, 0.8, 1.0],
            yticks=[0.1, 0.5],
            xmin=0.5,
            xmax=2.0,
            ymin=0.05,
            ymax=4.0,
            plot_args={"linewidth": 7, "capsize": 2},
            legend={"LCE": "lce", "LCD": "lcd"},
            legend_loc="lower left",
            legend_args={"title": "who"},
            plotempty=False,
            filter=None,
        ),
    )
    assert figure is not None
    axes = figure.axes[0]
    assert figure.get_size_inches().tolist() == [8, 5]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("T", "X", "Y")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlim(), axes.get_ylim()) == ((0.5, 2.0), (0.05, 4.0))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.6", "0.8", "1.0"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0.1", "0.5"]
    assert axes.containers[0].lines[0].get_linewidth() == 7
    legend = axes.get_legend()
    assert (legend._loc, legend.get_title().get_text()) == (3, "who")
    assert legend.get_texts()[0].get_fontsize() == plot.LEGEND_SIZE == 14


def test_without_a_legend_there_is_none_and_limits_are_those_of_the_values(
    results: ResultSet,
) -> None:
    figure = draw_lines(results, lines())
    assert figure is not None
    assert figure.axes[0].get_legend() is None
    assert figure.axes[0].get_xlim() == (0.6, 1.0)


def test_grouped_bars_keep_the_order_of_values_and_stand_over_their_label(
    results: ResultSet,
) -> None:
    figure = draw_bar_chart(results, lines(xticks=["one", "point six"], ymax=9))
    (lce, lcd) = bars(figure)
    assert [height for _, _, height in lce] == pytest.approx([0.5, 0.2])
    assert [height for _, _, height in lcd] == pytest.approx([0.5])
    assert figure is not None
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["one", "point six"]
    # The group of two bars, 0.2 wide each, has its label in the middle.
    assert lcd[0][0] - lce[1][0] == pytest.approx(0.2)
    assert axes.get_xticks()[1] == pytest.approx((lce[1][0] + lcd[0][0]) / 2)
    assert axes.get_ylim()[1] == 9


def test_stacked_bars_skip_what_is_missing(results: ResultSet) -> None:
    results.add({"strategy": {"name": "EDGE"}}, {"NONE": {"MEAN": 1.0}})
    desc = lines(
        ymetrics=[("NONE", "MEAN"), HITS, LATENCY],
        ycondnames=[STRATEGY] * 3,
        ycondvals=["LCE"] * 3,
        placement="stacked",
        group_width=1.0,
    )
    none, hits, latency = bars(draw_bar_chart(results, desc))
    assert none == []
    assert [bottom for _, bottom, _ in hits] == [0, 0]
    assert [bottom for _, bottom, _ in latency] == pytest.approx([0.5, 0.2])
    assert hits[0][0] == latency[0][0]


def test_placement_by_numbers_stacks_within_columns(results: ResultSet) -> None:
    desc = lines(
        ymetrics=[HITS, LATENCY, HITS],
        ycondnames=[STRATEGY] * 3,
        ycondvals=["LCE"] * 3,
        placement=[2, 1],
        xvals=[0.6],
    )
    [first], [second], [third] = bars(draw_bar_chart(results, desc))
    assert first[0] == second[0] < third[0]
    assert (first[1], third[1]) == (0, 0)
    assert second[1] == pytest.approx(0.2)
    with pytest.raises(ValueError, match=r"places 4 bars, but there are 3"):
        draw_bar_chart(results, {**desc, "placement": [2, 2]})
    with pytest.raises(PlotError, match="placement must be"):
        draw_bar_chart(results, {**desc, "placement": "piled"})


def test_colours_and_hatches_of_bars(results: ResultSet) -> None:
    def looks(**more: Any) -> list[tuple[Any, Any]]:
        figure = draw_bar_chart(results, lines(**more))
        assert figure is not None
        return [
            (c.patches[0].get_facecolor(), str(c.patches[0].get_hatch() or ""))
            for c in figure.axes[0].containers
            if isinstance(c, BarContainer)
        ]

    assert looks() == [(to_rgba("k"), ""), (to_rgba("0.9"), "/")]
    assert looks(bar_color={"LCE": "r", "LCD": "b"}, bar_hatch={"LCD": "x"}) == [
        (to_rgba("r"), ""),
        (to_rgba("b"), "x"),
    ]
    # A dict of colours that leaves one out is not used; hatches of None are no hatches.
    assert looks(bar_color={"LCE": "r"}, bar_hatch=None) == [
        (to_rgba("k"), ""),
        (to_rgba("0.9"), ""),
    ]


def test_cdf_is_a_staircase_of_the_first_match_and_needs_no_legend(results: ResultSet) -> None:
    desc = {
        "ymetrics": [CDF, CDF, CDF],
        "ycondnames": [STRATEGY] * 3,
        "ycondvals": ["LCE", "LCD", "EDGE"],
        "filter": {"workload": {"alpha": 0.6}},
        "plotempty": True,
    }
    figure = draw_cdf(results, desc)
    assert figure is not None
    axes = figure.axes[0]
    lce, lcd, edge = axes.lines
    assert lce.get_xydata().tolist() == [[1, 0], [1, 0.1], [2, 0.1], [2, 1]]
    assert lcd.get_ydata().tolist() == [0, 0.4, 0.4, 1]
    assert len(edge.get_xdata()) == 0
    assert axes.get_ylabel() == "Cumulative probability"
    assert axes.get_legend() is None
    plain = draw_cdf(results, {**desc, "step": False, "ylabel": "P", "legend": {"LCE": "lce"}})
    assert plain is not None
    assert plain.axes[0].lines[0].get_ydata().tolist() == [0.1, 1]
    assert plain.axes[0].get_ylabel() == "P"
    assert plain.axes[0].get_legend().get_texts()[0].get_text() == "lce"


@pytest.mark.parametrize("draw", [plot_lines, plot_bar_chart, plot_cdf])
def test_saves_in_the_format_of_the_suffix_and_changes_nothing(
    draw: Any, results: ResultSet, tmp_path: Path
) -> None:
    desc = lines(filter=Tree({"strategy": {"name": "LCE"}}), legend={"LCE": "x"}, legend_args=None)
    if draw is plot_cdf:
        desc["ymetrics"] = [CDF, CDF]
        desc["filter"] = Tree({"strategy": {"name": "LCE"}, "workload": {"alpha": 0.6}})
    before, settings = copy.deepcopy(desc), dict(mpl.rcParams)
    for name, magic in [("a.png", b"\x89PNG"), ("b.pdf", b"%PDF"), ("c.svg", b"<?xml")]:
        draw(results, desc, name, tmp_path / "new")
        assert (tmp_path / "new" / name).read_bytes().startswith(magic)
    assert desc == before
    assert dict(mpl.rcParams) == settings
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


@pytest.mark.parametrize("draw", [plot_lines, plot_bar_chart, plot_cdf])
def test_a_plot_without_data_is_saved_unless_told_otherwise(
    draw: Any, results: ResultSet, tmp_path: Path
) -> None:
    metric = CDF if draw is plot_cdf else HITS
    desc = lines(filter={"strategy": {"name": "EDGE"}}, legend={}, ymetrics=[metric] * 2)
    with pytest.raises(PlotError, match=r"filter: no experiment has strategy.name = EDGE; found: "):
        draw(results, desc, "empty.png", tmp_path)
    draw(results, {**desc, "plotempty": True}, "empty.png", tmp_path)
    assert (tmp_path / "empty.png").exists()
    draw(results, {**desc, "plotempty": False}, "none.png", tmp_path)
    assert not (tmp_path / "none.png").exists()


@pytest.mark.parametrize("draw", [draw_lines, draw_bar_chart, draw_cdf])
def test_lists_of_different_length_are_refused(draw: Any, results: ResultSet) -> None:
    for wrong in ({"ycondvals": ["LCE"]}, {"ycondnames": [STRATEGY]}, {"ycondvals": None}):
        with pytest.raises(ValueError, match="equally long, found 2, "):
            draw(results, lines(**wrong))
    with pytest.raises(PlotError, match="lacks 'ymetrics'"):
        draw(results, {"xparam": ALPHA, "xvals": [1]})


def test_bars_need_a_label_per_group(results: ResultSet) -> None:
    with pytest.raises(PlotError, match="names 1 groups of bars, but xvals has 2"):
        draw_bar_chart(results, lines(xticks=["a"]))


def test_a_misspelt_key_is_reported(results: ResultSet, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "plot"):
        draw_lines(results, lines(xlable="x", yvals=["LCE"]))
    assert [one.getMessage() for one in caplog.records if one.name == "plot"] == [
        "The description of a plot has a key that means nothing: 'xlable'"
    ]


@pytest.mark.parametrize("draw", [draw_lines, draw_bar_chart, draw_cdf])
def test_what_is_nowhere_in_the_results_is_refused_with_the_nearest_name(
    draw: Any, results: ResultSet
) -> None:
    metric = CDF if draw is draw_cdf else HITS
    right = lines(ymetrics=[metric] * 2, filter={"workload": {"alpha": 0.6}})
    assert draw(results, right) is not None
    for wrong, message in [
        ({"ymetrics": [("LATENCY", "MEEN")] * 2}, "'LATENCY.MEEN'; did you mean 'LATENCY.MEAN'?"),
        ({"ycondvals": ["LCE", "LDC"]}, "ycondvals: .* strategy.name = LDC; did you mean 'LCD'?"),
        ({"ycondnames": [("strategie", "name")] * 2}, "did you mean 'strategy.name'?"),
        ({"filter": {"workload": {"alfa": 0.6}}}, "filter: .*did you mean 'workload.alpha'?"),
    ]:
        with pytest.raises(PlotError, match=message.replace("?", r"\?")):
            draw(results, right | wrong)
    if draw is not draw_cdf:
        with pytest.raises(PlotError, match=r"xparam: .*did you mean 'workload.alpha'\?"):
            draw(results, right | {"xparam": ("workload", "alpa")})
        with pytest.raises(PlotError, match=r"xvals: no experiment has workload.alpha = 3; found"):
            draw(results, right | {"xvals": [3]})


@pytest.mark.parametrize("draw", [draw_lines, draw_bar_chart, draw_cdf])
def test_what_differs_in_more_than_a_seed_is_not_averaged(draw: Any) -> None:
    results = ResultSet()
    for topology, seed in [("GEANT", 1), ("GEANT", 2), ("WIDE", 1)]:
        results.add(
            {"topology": {"name": topology, "seed": seed}, "workload": {"alpha": 0.6}},
            {"LATENCY": {"MEAN": 1.0, "CDF": ([1.0], [1.0])}},
        )
    metric = CDF if draw is draw_cdf else LATENCY
    desc = {"xparam": ALPHA, "xvals": [0.6], "ymetrics": [metric]}
    with pytest.raises(
        PlotError, match=r"3 simulations that differ in topology.name \(GEANT, WIDE"
    ):
        draw(results, desc)
    assert draw(results, {**desc, "filter": {"topology": {"name": "GEANT"}}}) is not None
