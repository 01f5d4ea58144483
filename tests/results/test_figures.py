"""Automatic figures: what is found to vary, how it is drawn, and what is said about it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure

from icarus.errors import PlotError
from icarus.results.figures import draw_results, plot_results
from icarus.results.labels import metric_label, number_text, parameter_label, value_text
from icarus.results.panels import is_geometric
from icarus.results.readwrite import ResultSet
from icarus.results.style import SeriesStyle
from icarus.results.variation import dimensions_of, matching, rows_of
from icarus.util import AnyValue, Tree


def params(strategy: str = "LCE", cache: float = 0.01, **more: Any) -> dict[str, Any]:
    """Parameters of an experiment; `more` has sections that are updated."""
    found: dict[str, Any] = {
        "topology": {"name": "GEANT"},
        "workload": {"name": "STATIONARY", "alpha": 0.8, "n_contents": 300_000},
        "cache_placement": {"name": "UNIFORM", "network_cache": cache},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy},
        "cache_policy": {"name": "LRU"},
    }
    for section, values in more.items():
        found[section].update(values)
    return found


def campaign(*experiments: tuple[dict[str, Any], list[float]], **metrics: Any) -> ResultSet:
    """A result set with the replications of each experiment as hit ratios."""
    found = ResultSet()
    for parameters, values in experiments:
        for value in values:
            found.add(parameters, {"CACHE_HIT_RATIO": {"MEAN": value}, **metrics})
    return found


def only(results: ResultSet, **options: Any) -> Figure:
    """The single figure of a result set."""
    [(_, figure)] = draw_results(results, **options)
    return figure


def lines(axes: Axes) -> dict[str, tuple[list[float], list[float], list[float]]]:
    """Per label x, means and half-widths."""
    found = {}
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        x, y = container.lines[0].get_data()
        halves = []
        if container.has_yerr:
            halves = [(s[1][1] - s[0][1]) / 2 for s in container.lines[2][0].get_segments()]
        found[str(container.get_label())] = (list(x), list(y), halves)
    return found


def heights(axes: Axes) -> dict[str, list[float]]:
    return {
        str(container.get_label()): [patch.get_height() for patch in container.patches]
        for container in axes.containers
        if isinstance(container, BarContainer)
    }


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for text in figure.texts)


def labels(figure: Figure) -> tuple[str, str]:
    if len(figure.axes) == 1:
        return figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    return figure.get_supxlabel(), figure.get_supylabel()


@pytest.fixture
def usual() -> ResultSet:
    """Two strategies, three cache sizes, two replications."""
    return campaign(
        *(
            (params(strategy, cache), [hit + cache, hit - cache])
            for cache in (0.1, 0.001, 0.01)
            for strategy, hit in (("LCE", 0.3), ("LCD", 0.5))
        )
    )


def test_lines_over_the_number_that_varies_carry_means_and_intervals(usual: ResultSet) -> None:
    figure = only(usual)
    [axes] = figure.axes
    drawn = lines(axes)
    assert list(drawn) == ["LCE", "LCD"]
    x, means, halves = drawn["LCE"]
    assert x == [0.001, 0.01, 0.1]
    assert means == pytest.approx([0.3, 0.3, 0.3])
    # Two samples d apart: t(0.975, 1) d / 2 = 12.7062 d / 2.
    assert halves == pytest.approx([0.0127062, 0.127062, 1.27062], rel=1e-5)


def test_axes_have_units_ticks_at_the_values_and_a_logarithmic_scale_over_decades(
    usual: ResultSet,
) -> None:
    figure = only(usual)
    [axes] = figure.axes
    assert labels(figure) == ("Total cache size (fraction of the catalogue)", "Cache hit ratio")
    assert axes.get_xscale() == "log"
    assert axes.get_xticks().tolist() == [0.001, 0.01, 0.1]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert len(axes.get_xticks(minor=True)) == 0


def test_caption_says_what_is_common_and_what_the_bars_are(usual: ResultSet) -> None:
    caption = texts(only(usual)).replace("\n", " ")
    assert "GEANT, LRU, 300,000 contents, α = 0.8" in caption
    assert "2 replications, mean and 95 % confidence interval (Student’s t)" in caption


def test_one_replication_has_no_interval_and_says_so() -> None:
    figure = only(campaign((params(cache=0.1), [0.1]), (params(cache=0.2), [0.2])))
    assert lines(figure.axes[0]) == {"all": ([0.1, 0.2], [0.1, 0.2], [])}
    assert "1 replication" in texts(figure)
    assert "confidence" not in texts(figure)
    assert not figure.legends


def test_what_is_left_over_makes_panels_and_nothing_is_averaged_across_them() -> None:
    values = itertools.count()
    wanted = {}
    experiments = []
    for topology, alpha, cache, strategy in itertools.product(
        ("GEANT", "WIDE"), (0.6, 0.8, 1.0), (0.002, 0.004), ("LCE", "LCD")
    ):
        value = next(values) / 100
        wanted[topology, alpha, cache, strategy] = value
        experiments.append(
            (
                params(strategy, cache, topology={"name": topology}, workload={"alpha": alpha}),
                [value],
            )
        )
    figure = only(campaign(*experiments))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "GEANT, network_cache = 0.002",
        "GEANT, network_cache = 0.004",
        "WIDE, network_cache = 0.002",
        "WIDE, network_cache = 0.004",
    ]
    seen = {}
    for axes, (topology, cache) in zip(
        figure.axes, itertools.product(("GEANT", "WIDE"), (0.002, 0.004)), strict=True
    ):
        for strategy, (x, y, _) in lines(axes).items():
            seen.update(
                {(topology, alpha, cache, strategy): hit for alpha, hit in zip(x, y, strict=True)}
            )
    assert seen == wanted
    assert labels(figure) == ("Zipf exponent α", "Cache hit ratio")


def test_options_choose_x_lines_and_panels(usual: ResultSet) -> None:
    figure = only(usual, x="strategy", series="network_cache")
    assert list(heights(figure.axes[0])) == ["0.001", "0.01", "0.1"]
    assert labels(figure)[0] == "Strategy"
    figure = only(usual, facet="strategy.name", metrics=["cache_hit_ratio.mean"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["LCE", "LCD"]
    figure = only(usual, where={"strategy": "LCE", "network_cache": 0.01})
    assert heights(figure.axes[0]) == {"all": [pytest.approx(0.3)]}
    figure = only(usual, where=["strategy=lcd", "network_cache=0.01", "network_cache=1e-3"])
    assert lines(figure.axes[0])["all"][0] == [0.001, 0.01]


def test_strategies_alone_make_bars() -> None:
    figure = only(campaign((params("LCE"), [0.2]), (params("LCD"), [0.4])))
    [axes] = figure.axes
    assert heights(axes) == {"all": [0.2, 0.4]}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["LCE", "LCD"]
    assert axes.get_ylim()[0] == 0


def test_two_kinds_of_names_make_grouped_bars() -> None:
    pairs = list(itertools.product(("GEANT", "WIDE"), ("LCE", "LCD", "EDGE")))
    figure = only(
        campaign(*((params(s, topology={"name": t}), [i / 10]) for i, (t, s) in enumerate(pairs)))
    )
    [axes] = figure.axes
    assert heights(axes) == {"LCE": [0, 0.3], "LCD": [0.1, 0.4], "EDGE": [0.2, 0.5]}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["GEANT", "WIDE"]
    assert (
        len({c.patches[0].get_hatch() for c in axes.containers if isinstance(c, BarContainer)}) == 3
    )


def test_a_single_experiment_gives_one_bar_per_metric() -> None:
    results = campaign((params(), [0.2]), LATENCY={"MEAN": 70.0})
    figures = dict(draw_results(results))
    assert list(figures) == ["CACHE_HIT_RATIO_MEAN", "LATENCY_MEAN"]
    assert heights(figures["LATENCY_MEAN"].axes[0]) == {"all": [70.0]}
    assert labels(figures["LATENCY_MEAN"])[1] == "Mean latency (ms)"


def test_parameters_of_some_strategies_only_are_part_of_their_label() -> None:
    bernoulli = [params() | {"strategy": {"name": "RAND_BERNOULLI", "p": p}} for p in (0.2, 0.5)]
    results = campaign((params("LCE"), [0.1]), (bernoulli[0], [0.2]), (bernoulli[1], [0.3]))
    [axes] = only(results).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [
        "LCE",
        "RAND_BERNOULLI(p=0.2)",
        "RAND_BERNOULLI(p=0.5)",
    ]
    # Asked for as x, p has a line of its own, and who has no p is level.
    [axes] = only(results, x="p").axes
    assert lines(axes) == {"RAND_BERNOULLI": ([0.2, 0.5], [0.2, 0.3], [])}
    assert any(list(line.get_ydata()) == [0.1, 0.1] for line in axes.lines)


def test_an_experiment_without_cache_placement_is_a_level_line() -> None:
    bare = params("NO_CACHE")
    del bare["cache_placement"]
    [axes] = only(
        campaign((bare, [0.0]), (params(cache=0.1), [0.3]), (params(cache=0.2), [0.4]))
    ).axes
    assert list(lines(axes)) == ["LCE"]
    assert any(list(line.get_ydata()) == [0.0, 0.0] for line in axes.lines)


def test_what_follows_something_else_is_no_dimension_but_is_mentioned() -> None:
    results = campaign(
        *(
            (params(workload={"n_contents": n, "n_warmup": 2 * n, "seed": n}), [0.1])
            for n in (10, 30)
        ),
    )
    figure = only(results)
    assert lines(figure.axes[0])["all"][0] == [10, 30]
    assert "n_warmup varies with n_contents" in texts(figure)


def test_descriptions_and_seeds_are_no_parameters_unless_they_tell_experiments_apart() -> None:
    def described(*given: tuple[str, int]) -> list[str]:
        rows = rows_of(
            Tree({"desc": text, "workload": {"seed": i, "alpha": alpha}})
            for i, (text, alpha) in enumerate(given)
        )
        return [".".join(one.path) for one in dimensions_of(rows)[0]]

    assert described(("a", 1), ("b", 2), ("b", 2)) == ["workload.alpha"]
    assert described(("a", 1), ("b", 1), ("a", 2), ("b", 2)) == ["desc", "workload.alpha"]
    assert described(("a", 1), ("a", 1)) == []


ODD = [
    [1, 2],
    np.arange(2),
    {"a": 1},
    None,
    {3, 1},
    np.float64(0.5),
    True,
    AnyValue(),
    float("nan"),
]


def test_odd_values_of_parameters_are_told_apart() -> None:
    results = campaign(*((params(workload={"odd": value}), [0.5]) for value in ODD))
    [axes] = only(results).axes
    assert heights(axes) == {"all": [0.5] * len(ODD)}
    shown = {tick.get_text() for tick in axes.get_xticklabels()}
    assert {"[1, 2]", "{a: 1}", "{1, 3}", "0.5", "True", "none", "nan"} <= shown


def test_values_that_are_not_finite_are_no_replications() -> None:
    results = campaign((params(cache=0.1), [0.2, float("nan"), 0.4]), (params(cache=0.2), [0.3]))
    x, means, halves = lines(only(results).axes[0])["all"]
    assert (x, means) == ([0.1, 0.2], pytest.approx([0.3, 0.3]))
    assert halves == pytest.approx([1.27062, 0], rel=1e-5)


def test_results_by_node_link_and_content_are_left_alone() -> None:
    results = campaign(
        (params(), [0.1]),
        LINK_LOAD={"MEAN_INTERNAL": 5.0, "PER_LINK_INTERNAL": {(1, 2): 3.0}},
        MINE={"PER_NODE": {"a": 1.0}, "FLAG": True, "TEXT": "no"},
    )
    assert [name for name, _ in draw_results(results)] == [
        "CACHE_HIT_RATIO_MEAN",
        "LINK_LOAD_MEAN_INTERNAL",
    ]


def test_distributions_are_averaged_over_replications() -> None:
    results = ResultSet()
    for pair in (([1.0, 2.0], [0.5, 1.0]), ([2.0, 4.0], [0.5, 1.0])):
        results.add(params(), {"LATENCY": {"CDF": tuple(map(np.array, pair))}})
    figure = only(results)
    [line] = figure.axes[0].lines
    assert line.get_drawstyle() == "steps-post"
    assert line.get_xydata().tolist() == [[1, 0], [1, 0.25], [2, 0.75], [4, 1], [4, 1]]
    assert labels(figure) == ("Latency (ms)", "Cumulative probability")


def test_distributions_have_panels_for_x_and_lines_for_names() -> None:
    results = ResultSet()
    for cache, strategy in itertools.product((0.1, 0.2), ("LCE", "LCD")):
        results.add(params(strategy, cache), {"LATENCY": {"CDF": ([1.0], [1.0])}})
    figure = only(results)
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]
    assert figure.axes[1].get_title(loc="left") == "network_cache = 0.2"


def test_of_many_values_some_distributions_are_shown_and_the_caption_says_so() -> None:
    results = ResultSet()
    for cache in range(1, 31):
        results.add(params(cache=cache / 100), {"LATENCY": {"CDF": ([1.0], [1.0])}})
    figure = only(results)
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert (len(shown), shown[0], shown[-1]) == (8, "0.01", "0.3")
    assert "8 of the 30 values of network_cache are shown" in texts(figure)


def test_many_panels_are_split_into_files_by_the_outermost() -> None:
    results = campaign(
        *(
            (params(s, cache, topology={"name": t}, workload={"alpha": a, "beta": b}), [0.1])
            for s in ("LCE", "LCD")
            for t in ("GEANT", "WIDE")
            for cache in (0.1, 0.2)
            for a in (0.6, 0.7, 0.8, 0.9)
            for b in (0.0, 0.1, 0.2, 0.3, 0.4)
        )
    )
    figures = dict(draw_results(results))
    assert list(figures) == ["CACHE_HIT_RATIO_MEAN_GEANT", "CACHE_HIT_RATIO_MEAN_WIDE"]
    assert [len(figure.axes) for figure in figures.values()] == [8, 8]
    assert texts(figures["CACHE_HIT_RATIO_MEAN_WIDE"]).startswith("WIDE, LRU")
    by_alpha = [name for name, _ in draw_results(results, facet=["alpha", "topology"])]
    assert by_alpha == [f"CACHE_HIT_RATIO_MEAN_{alpha}" for alpha in (0.6, 0.7, 0.8, 0.9)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "alpah"}, r"unknown parameter 'alpah'; did you mean 'alpha'\? known: .*workload\.n"),
        ({"series": "name"}, r"'name' may mean topology\.name or .*; write which"),
        ({"metrics": "LATNCY"}, r"unknown metric 'LATNCY'; did you mean .*CACHE_HIT_RATIO\.MEAN"),
        ({"where": ["strategy=EDGE"]}, r"strategy\.name = EDGE; found: LCE, LCD"),
        ({"where": {"alpha": 1}}, r"workload\.alpha = 1; found: 0\.8"),
        ({"where": ["strategy"]}, r"written parameter=value, found 'strategy'"),
        ({"x": "strategy", "series": "strategy"}, r"strategy\.name is asked for twice"),
    ],
)
def test_errors_say_what_would_be_right(
    usual: ResultSet, options: dict[str, Any], message: str
) -> None:
    if options.get("metrics") == "LATNCY":
        usual.add(params(), {"LATENCY": {"MEAN": 1.0}})
    with pytest.raises(PlotError, match=message):
        draw_results(usual, **options)


def test_conditions_that_never_meet_and_nothing_to_draw() -> None:
    results = campaign((params("LCE", 0.1), [0.1]), (params("LCD", 0.2), [0.1]))
    with pytest.raises(PlotError, match="at once, though each occurs"):
        draw_results(results, where={"strategy": "LCE", "network_cache": 0.2})
    with pytest.raises(PlotError, match="no results to plot"):
        draw_results(ResultSet())
    empty = ResultSet()
    empty.add(params(), {"MINE": {"TEXT": "no"}})
    with pytest.raises(PlotError, match="no metric that can be drawn"):
        draw_results(empty)


def test_saves_one_file_per_metric_and_leaves_matplotlib_as_it_was(
    usual: ResultSet, tmp_path: Path
) -> None:
    settings = dict(mpl.rcParams)
    for fmt, magic in [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]:
        [path] = plot_results(usual, tmp_path / "new", fmt=fmt)
        assert path == tmp_path / "new" / f"CACHE_HIT_RATIO_MEAN.{fmt}"
        first = path.read_bytes()
        assert first.startswith(magic)
        assert plot_results(usual, tmp_path / "new", fmt=fmt)[0].read_bytes() == first
    with pytest.raises(PlotError, match="unknown format 'jpg'"):
        plot_results(usual, tmp_path, fmt="jpg")
    assert dict(mpl.rcParams) == settings
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_series_differ_in_colour_and_marker_and_are_listed_in_the_legend() -> None:
    names = [f"S{i:02}" for i in range(20)]
    results = campaign(*((params(s, c), [0.1]) for s in names for c in (0.1, 0.2)))
    figure = only(results)
    drawn = [container.lines[0] for container in figure.axes[0].containers]
    assert len({(line.get_color(), line.get_marker()) for line in drawn}) == 20
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    assert legend.get_title().get_text() == "Strategy"


def test_77_series_have_their_own_pair_of_colour_and_marker() -> None:
    styles = [SeriesStyle.number(i) for i in range(77)]
    assert len({(style.colour, style.marker) for style in styles}) == 77
    assert len({(style.marker, str(style.dash)) for style in styles[:66]}) == 66


def test_neither_legend_nor_caption_covers_the_axes(usual: ResultSet) -> None:
    for options in ({}, {"facet": "strategy", "series": "alpha"}):
        figure = only(usual, **options)
        figure.draw_without_rendering()
        tight = [axes.get_tightbbox() for axes in figure.axes]
        others = [thing.get_window_extent() for thing in (*figure.legends, *figure.texts)]
        assert others
        assert not any(box.overlaps(other) for box in tight for other in others)


def test_panels_share_a_scale_unless_one_would_be_flat() -> None:
    def limits(high: float) -> list[tuple[float, float]]:
        results = campaign(
            *(
                (params(s, c, topology={"name": t}), [value])
                for t, value in (("GEANT", 1.0), ("WIDE", high))
                for s in ("LCE", "LCD")
                for c in (0.1, 0.2)
            )
        )
        return [axes.get_ylim() for axes in only(results).axes]

    assert len(set(limits(2.0))) == 1
    assert len(set(limits(100.0))) == 2


def test_crowded_tick_labels_are_turned_then_thinned() -> None:
    def ticks(n: int) -> tuple[float, int]:
        values = [0.4 + i / n for i in range(n)]
        results = campaign(*((params(workload={"alpha": a}), [0.1]) for a in values))
        [axes] = only(results).axes
        shown = [tick for tick in axes.get_xticklabels() if tick.get_text()]
        assert len(axes.get_xticks()) == n
        return shown[0].get_rotation(), len(shown)

    assert ticks(4) == (0, 4)
    angle, shown = ticks(16)
    assert angle > 0
    assert shown == 16
    angle, shown = ticks(90)
    assert angle == 90
    assert 20 < shown < 60


@pytest.mark.parametrize(
    ("values", "geometric"),
    [
        ([0.002, 0.004, 0.01, 0.1], True),
        ([0.01, 0.1], True),
        ([0.6, 0.8, 1.0], False),
        (list(range(1, 21)), False),
        ([0, 1, 10, 100], False),
        ([5], False),
    ],
)
def test_when_an_axis_is_logarithmic(values: list[float], geometric: bool) -> None:
    assert is_geometric(values) is geometric


def test_labels_have_units() -> None:
    assert metric_label(("LATENCY", "MEAN")) == "Mean latency (ms)"
    assert metric_label(("LINK_LOAD", "MEAN_INTERNAL")) == "Mean link load, internal (bytes/s)"
    assert metric_label(("CACHE_HIT_RATIO", "MEAN_ON_PATH")) == "Cache hit ratio, on path"
    assert metric_label(("PATH_STRETCH", "MEAN_REQUEST")) == "Mean path stretch, request"
    assert metric_label(("PATH_STRETCH", "CDF"), distribution=True) == "Path stretch"
    assert metric_label(("MY_OWN", "P99")) == "99th percentile of my own"
    assert parameter_label(("workload", "rate")) == "Request rate (requests/s)"
    assert parameter_label(("topology", "delay")) == "Topology: delay (ms)"
    assert parameter_label(("cache_policy", "name")) == "Cache policy"


@pytest.mark.parametrize(
    ("name", "sizes", "unit", "label"),
    [
        ("network_cache", (0.1, 0.2), "contents", "Total cache size (fraction of the catalogue)"),
        (
            *("network_cache", (0.1, 0.2), "bytes"),
            "Total cache size (fraction of the catalogue, of its bytes)",
        ),
        ("cache_budget", (1000, 2000), "bytes", "Total cache size (bytes)"),
    ],
)
def test_sizes_of_caches_say_what_they_count(
    name: str, sizes: tuple[float, ...], unit: str, label: str
) -> None:
    rows = rows_of(Tree(cache_placement={name: one, "capacity_unit": unit}) for one in sizes)
    (size,), _ = dimensions_of(rows)
    assert size.label == label


def test_a_list_in_a_condition_is_several_values_or_one_that_is_a_list() -> None:
    rows = rows_of(Tree(a={"size": size}) for size in (1, 2, 3, [1, 2], [7]))
    assert matching(rows, {"size": [1, 3]}) == [0, 2]
    assert matching(rows, {"size": (2, [7])}) == [1, 4]
    assert matching(rows, {"size": [1, 2]}) == [3]
    assert matching(rows, ["size=[2, 3]"]) == [1, 2]
    with pytest.raises(PlotError, match=r"no experiment has a.size = 8 or 9; found: 1, 2, 3"):
        matching(rows, {"size": [8, 9]})


def test_numbers_are_written_as_people_write_them() -> None:
    shown = [number_text(x) for x in (0.002, 1.0, 300_000, 9000, 1e-7, np.int64(12), 0.1 + 0.2)]
    assert shown == ["0.002", "1", "300,000", "9000", "1e-07", "12", "0.3"]


@given(st.lists(st.integers() | st.text(max_size=3), max_size=6))
def test_text_of_a_set_does_not_depend_on_its_order(values: list[Any]) -> None:
    backwards = values[::-1]
    assert value_text(set(values)) == value_text(set(backwards))


def test_nothing_is_done_with_pyplot_or_a_display(project: Path) -> None:
    code = (
        "import sys, icarus.results.figures, icarus.results.plot;"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=project).returncode == 0
