"""Results over time: what is drawn of them, how windows are aligned, and who else reads them."""

from __future__ import annotations

import csv
import io
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from icarus.errors import PlotError, ResultsError
from icarus.results import (
    ResultSet,
    compare,
    plot_lines,
    plot_results,
    read_results_pickle,
    write_results_pickle,
)
from icarus.results._event_texts import MOST_FLAGS, flags_of, rows_of_flags
from icarus.results.checking import check_results_file
from icarus.results.figures import draw_results
from icarus.results.merging import merge
from icarus.results.metrics import metrics_in
from icarus.results.over_time import Mark, laid_over, marks_of, metrics_over_time, timeline_of
from icarus.results.style import SeriesStyle
from icarus.results.summaries import csv_of, json_of, summarise
from icarus.results.tables import results_table
from icarus.results.time_panels import axis_of
from icarus.util import Tree

NAN = float("nan")
HITS, LATENCY, REQUESTS = "Cache hit ratio", "Mean latency (ms)", "Requests in a window"
SERVED = "Share of requests served"
DOWN, UP = (1200.0, 1200, "link_down 3-7"), (1800.0, 1800, "link_up 3-7")


def timeline(
    hits: list[float],
    *,
    width: float = 600.0,
    begin: float = 600.0,
    by_requests: bool = False,
    events: tuple[Any, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """Results of the collector with these hit ratios: one request a second but for noise."""
    n = len(hits)
    place = begin + width * np.arange(n)
    found: dict[str, Any] = {
        "START": place + (0.25 if by_requests else 0.0),
        "END": place + width,
        "FIRST": place.astype(np.int64) + (0 if by_requests else 3),
        "REQUESTS": np.full(n, int(width), dtype=np.int64),
        "HIT_RATIO": np.array(hits),
        "SERVED": np.ones(n),
        "LATENCY": 100 * (1 - np.array(hits)),
        "LINK_LOAD_INTERNAL": np.zeros(n),
        "LINK_LOAD_EXTERNAL": np.full(n, NAN),
        "WINDOW": "requests" if by_requests else "seconds",
        "EVENTS": list(events),
    }
    return {"TIMELINE": found | more}


def params(strategy: str = "LCE", alpha: float = 0.8, **more: Any) -> dict[str, Any]:
    return {
        "topology": {"name": "GEANT"},
        "workload": {"name": "STATIONARY", "alpha": alpha},
        "strategy": {"name": strategy},
        **more,
    }


def campaign(*experiments: tuple[dict[str, Any], dict[str, Any]]) -> ResultSet:
    found = ResultSet()
    for parameters, results in experiments:
        found.add(parameters, results)
    return found


def only(results: ResultSet, **options: Any) -> Figure:
    [(_, figure)] = draw_results(results, **options)
    return figure


def panels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_ylabel().replace("\n", " "): axes for axes in figure.axes}


def lines(axes: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """Per label x and y of the steps."""
    found = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    return {str(line.get_label()): tuple(map(list, line.get_data())) for line in found}  # type: ignore[misc]


def poles(axes: Axes) -> list[float]:
    """Where events are drawn: at lines from the bottom to the top."""
    return [float(line.get_xdata()[0]) for line in axes.lines if list(line.get_ydata()) == [0, 1]]


def flags(figure: Figure) -> list[str]:
    return [text.get_text() for text in flag_texts(figure)]


def flag_texts(figure: Figure) -> list[Text]:
    return [text for text in figure.axes[0].texts if text.get_text()]


def caption(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_a_panel_for_each_metric_that_says_something_below_each_other() -> None:
    figure = only(campaign((params(), timeline([0.1, 0.3]))))
    assert list(panels(figure)) == [HITS, LATENCY, REQUESTS]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "Simulated time (min)"]
    bounds = [axes.get_position().bounds for axes in figure.axes]
    assert len({(left, width) for left, _, width, _ in bounds}) == 1
    assert sorted((low for _, low, _, _ in bounds), reverse=True) == [one[1] for one in bounds]
    assert {axes.get_xlim() for axes in figure.axes} == {(10.0, 30.0)}
    # Steps: both ends of each window.
    assert lines(panels(figure)[HITS]) == {"all": ([10, 20, 20, 30], [0.1, 0.1, 0.3, 0.3])}
    assert panels(figure)[REQUESTS].get_ylim()[0] == 0
    assert not figure.legends
    assert "1 replication; windows of 600 s" in caption(figure)


def test_failures_and_traffic_have_panels_if_there_are_any() -> None:
    more = {
        "SERVED": np.array([1.0, 0.5]),
        "LINK_LOAD_INTERNAL": np.array([0.0, 2.5e6]),
        "LINK_LOAD_EXTERNAL": np.array([10.0, NAN]),
        "QUEUE": np.array([1.0, 2.0]),
    }
    figure = only(campaign((params(), timeline([0.1, 0.3], **more))))
    assert list(panels(figure)) == [
        HITS, LATENCY, SERVED, "Link load, internal (MB/s)", "Link load, external (bytes/s)",
        "Queue", REQUESTS,
    ]  # fmt: skip
    assert lines(panels(figure)["Link load, internal (MB/s)"])["all"][1] == [0, 0, 2.5, 2.5]


def test_replications_have_a_mean_and_a_band() -> None:
    figure = only(campaign(*((params(), timeline([hit, 0.3])) for hit in (0.1, 0.3))))
    axes = panels(figure)[HITS]
    assert lines(axes)["all"][1] == pytest.approx([0.2, 0.2, 0.3, 0.3])
    [band] = axes.collections
    edges = band.get_paths()[0].vertices
    # Two samples 0.2 apart: t(0.975, 1) 0.2 / 2 = 12.7062 * 0.1, more than a share can be.
    assert (edges[:, 1].min(), edges[:, 1].max()) == (0, 1)
    assert not panels(figure)[REQUESTS].collections
    assert "2 replications, mean and 95 % confidence interval" in caption(figure)


def test_series_are_lines_and_the_rest_makes_files(tmp_path: Path) -> None:
    results = campaign(
        *(
            (params(strategy, alpha), timeline([alpha / 2, hit]))
            for alpha in (0.6, 0.8)
            for strategy, hit in (("LCE", 0.1), ("LCD", 0.2))
        )
    )
    figures = dict(draw_results(results))
    assert list(figures) == ["TIMELINE_0.6", "TIMELINE_0.8"]
    assert lines(figures["TIMELINE_0.8"].axes[0]) == {
        "LCE": ([10, 20, 20, 30], [0.4, 0.4, 0.1, 0.1]),
        "LCD": ([10, 20, 20, 30], [0.4, 0.4, 0.2, 0.2]),
    }
    [legend] = figures["TIMELINE_0.6"].legends
    assert [text.get_text() for text in legend.get_texts()] == ["LCE", "LCD"]
    assert caption(figures["TIMELINE_0.6"]).startswith("alpha = 0.6, GEANT")
    by_strategy = dict(draw_results(results, series="alpha", facet="strategy"))
    assert list(by_strategy) == ["TIMELINE_LCE", "TIMELINE_LCD"]
    assert list(lines(by_strategy["TIMELINE_LCE"].axes[0])) == ["0.6", "0.8"]
    figure = only(results, where={"alpha": 0.8, "strategy": "LCE"})
    assert list(lines(figure.axes[0])) == ["all"]
    written = plot_results(results, tmp_path, fmt="pdf")
    assert [path.name for path in written] == ["TIMELINE_0.6.pdf", "TIMELINE_0.8.pdf"]


def test_metrics_are_chosen_as_others_are() -> None:
    results = campaign((params(), timeline([0.1, 0.3]) | {"LATENCY": {"MEAN": 70.0}}))
    assert [name for name, _ in draw_results(results)] == ["LATENCY_MEAN", "TIMELINE"]
    assert [name for name, _ in draw_results(results, metrics="LATENCY")] == ["LATENCY_MEAN"]
    [(name, figure)] = draw_results(results, metrics="timeline")
    assert (name, list(panels(figure))) == ("TIMELINE", [HITS, LATENCY, REQUESTS])
    [(name, figure)] = draw_results(results, metrics="TIMELINE.HIT_RATIO")
    assert (name, list(panels(figure))) == ("TIMELINE_HIT_RATIO", [HITS])
    assert list(panels(only(results, metrics="hit_ratio"))) == [HITS]
    # Whoever asks for it sees that nothing failed.
    both = only(results, metrics=["TIMELINE.SERVED", "TIMELINE.LATENCY"])
    assert list(panels(both)) == [LATENCY, SERVED]
    with pytest.raises(PlotError, match="unknown metric 'TIMELIN'; did you mean"):
        draw_results(results, metrics="TIMELIN")


def test_windows_of_requests_are_drawn_over_requests() -> None:
    results = campaign(
        *((params(), timeline([hit, 0.2], by_requests=True)) for hit in (0.1, 0.3)),
    )
    figure = only(results)
    assert figure.axes[-1].get_xlabel() == "Requests"
    assert lines(figure.axes[0])["all"][0] == [600, 1200, 1200, 1800]
    assert "windows of 600 requests" in caption(figure)
    # Beside windows of time there is but time to draw them over.
    results.add(params("LCD"), timeline([0.1]))
    mixed = only(results)
    assert mixed.axes[-1].get_xlabel() == "Simulated time (min)"
    assert lines(mixed.axes[0])["LCE"][0] == pytest.approx([10 + 0.25 / 60, 20, 20 + 0.25 / 60, 30])


@pytest.mark.parametrize(
    ("largest", "by_requests", "label"),
    [
        (0.5, False, "Simulated time (s)"),
        (7200, False, "Simulated time (min)"),
        (1e6, False, "Simulated time (h)"),
        (9000, True, "Requests"),
        (360_000, True, "Requests (thousands)"),
        (3e6, True, "Requests (millions)"),
    ],
)
def test_units_keep_numbers_short(largest: float, by_requests: bool, label: str) -> None:
    assert axis_of(largest, by_requests).label == label


def test_nothing_is_drawn_where_nothing_was_measured() -> None:
    figure = only(campaign((params(), timeline([0.1, NAN, 0.3]))))
    y = lines(figure.axes[0])["all"][1]
    assert np.array_equal(y, [0.1, 0.1, NAN, NAN, 0.3, 0.3], equal_nan=True)
    assert np.isfinite(figure.axes[0].get_ylim()).all()
    nothing = timeline([NAN], REQUESTS=np.array([0]))
    assert list(panels(only(campaign((params(), nothing))))) == [REQUESTS]
    asked = only(campaign((params(), nothing)), metrics="TIMELINE.LATENCY")
    assert list(panels(asked)) == [LATENCY]


def test_windows_far_apart_are_not_joined() -> None:
    parts = timeline([0.1, 0.2], width=60.0)
    parts["TIMELINE"]["START"][1] += 600
    parts["TIMELINE"]["END"][1] += 600
    x, y = lines(only(campaign((params(), parts))).axes[0])["all"]
    assert np.array_equal(y, [0.1, 0.1, NAN, 0.2, 0.2], equal_nan=True)
    assert x == sorted(x)


def test_a_single_window_is_a_line_of_its_length() -> None:
    figure = only(campaign((params(), timeline([0.25], events=(DOWN,)))))
    assert lines(figure.axes[0]) == {"all": ([10, 20], [0.25, 0.25])}
    figure.draw_without_rendering()
    # Also one without a length, and one whose begin nobody knows.
    point = timeline([0.25], width=0.0)
    assert lines(only(campaign((params(), point))).axes[0]) == {"all": ([600, 600], [0.25, 0.25])}
    odd = timeline([0.25], START=np.array([NAN]))
    with pytest.raises(PlotError, match="no metric that can be drawn"):
        draw_results(campaign((params(), odd)))


def test_replications_are_aligned_by_the_beginnings_of_windows() -> None:
    # The last window of the second is missing, and so is the first of the third, whose
    # beginnings are sums of floats.
    third = timeline([0.5, 0.6, 0.9], begin=1200.0)
    third["TIMELINE"]["START"] += 1e-7
    third["TIMELINE"]["END"][-1] -= 100
    results = campaign(
        (params(), timeline([0.1, 0.1, 0.3, 0.3])), (params(), timeline([0.3, 0.3])),
        (params(), third),
    )  # fmt: skip
    x, y = lines(only(results).axes[0])["all"]
    assert y[::2] == pytest.approx([0.2, 0.3, 0.45, 0.6])
    assert x == pytest.approx([10, 20, 20, 30, 30, 40, 40, 50])


@given(
    st.lists(
        st.lists(st.booleans(), min_size=1, max_size=8).filter(any), min_size=1, max_size=4
    ),
    st.booleans(),
)  # fmt: skip
def test_each_window_has_the_values_of_those_who_have_it(
    there: list[list[bool]], by_requests: bool
) -> None:
    whole = timeline([i / 10 for i in range(8)], by_requests=by_requests)["TIMELINE"]
    parts = []
    for mask in there:
        kept = np.flatnonzero(mask)
        cut = {k: v[kept] if isinstance(v, np.ndarray) else v for k, v in whole.items()}
        found = timeline_of(Tree({"TIMELINE": cut}))
        assert found is not None
        parts.append(found)
    windows = laid_over(parts, by_requests)
    shown = sorted({int(i) for mask in there for i in np.flatnonzero(mask)})
    counts = [sum(len(mask) > i and mask[i] for mask in there) for i in shown]
    assert windows.left.tolist() == [600 + 600.0 * i for i in shown]
    assert (~np.isnan(windows.samples["HIT_RATIO"])).sum(axis=0).tolist() == counts
    curve = windows.curve("HIT_RATIO")
    assert curve is not None
    assert curve.mean.tolist() == pytest.approx([i / 10 for i in shown])
    assert not curve.half.any()
    assert windows.curve("NONE") is None


def test_events_are_dashed_lines_in_all_panels_with_texts_above_the_first() -> None:
    figure = only(campaign((params(), timeline([0.1, 0.2, 0.3], events=(DOWN, UP)))))
    assert [poles(axes) for axes in figure.axes] == [[20.0, 30.0]] * 3
    assert flags(figure) == ["link_down 3-7", "link_up 3-7"]
    figure.draw_without_rendering()
    [down, _] = flag_texts(figure)
    assert down.get_window_extent().y0 > figure.axes[0].get_window_extent().y1
    assert figure.bbox.contains(*down.get_window_extent().max)


def test_events_of_a_number_of_requests_are_at_their_mean_time() -> None:
    def results(by_requests: bool) -> ResultSet:
        hits = [0.1, 0.2, 0.3]
        return campaign(*(
            (params(), timeline(hits, by_requests=by_requests, events=((at, 1200, "go"),)))
            for at in (1100.0, 1300.0)
        ))  # fmt: skip

    assert poles(only(results(False)).axes[0]) == [20.0]
    assert poles(only(results(True)).axes[0]) == [1200.0]


def test_events_beyond_the_windows_are_counted() -> None:
    early, late = (5.0, 5, "warm"), (1e6, 10**6, "late")
    figure = only(campaign((params(), timeline([0.1, 0.2], events=(early, DOWN, late)))))
    assert flags(figure) == ["link_down 3-7"]
    assert "2 events are outside the windows" in caption(figure)


def test_an_event_of_one_line_has_its_colour_and_common_ones_are_grey() -> None:
    other = (1500.0, 1500, "link_down 1-2")
    results = campaign(
        (params("LCE"), timeline([0.1, 0.2, 0.3], events=(DOWN, UP))),
        (params("LCD"), timeline([0.1, 0.2, 0.3], events=(DOWN, other))),
    )
    figure = only(results)
    colours = {
        line.get_xdata()[0]: line.get_color()
        for line in figure.axes[1].lines if list(line.get_ydata()) == [0, 1]
    }  # fmt: skip
    first, second = (SeriesStyle.number(i).colour for i in (0, 1))
    assert colours == {20.0: "0.35", 25.0: second, 30.0: first}


def test_twelve_events_have_at_most_eight_texts_and_all_their_lines() -> None:
    events = tuple((700.0 + 90 * i, 700 + 90 * i, f"event {i}") for i in range(12))
    figure = only(campaign((params(), timeline([0.1, 0.2, 0.3], events=events))))
    assert len(poles(figure.axes[0])) == 12
    assert len(flags(figure)) == MOST_FLAGS
    first = [text.split(" and ")[0].split(", ") for text in flags(figure)]
    more = [int(text.split(" ")[-2]) for text in flags(figure) if text.endswith(" more")]
    assert sum(map(len, first)) + sum(more) == 12


def test_hundreds_of_events_hide_nothing() -> None:
    events = tuple((600.0 + i, 600 + i, f"event {i}") for i in range(1200))
    figure = only(campaign((params(), timeline([0.1, 0.2], events=events))))
    assert len(poles(figure.axes[0])) == len(flags(figure)) == MOST_FLAGS


def test_events_that_fall_together_have_one_text() -> None:
    def texts(*marks: tuple[float, str]) -> list[str]:
        return [flag.text for flag in flags_of([Mark(*one, {0}) for one in marks], 100.0)]

    assert texts((10, "a"), (50, "b")) == ["a", "b"]
    assert texts((10, "a"), (10.5, "b")) == ["a, b"]
    assert texts((10, "a"), (10.5, "a"), (60, "b")) == ["2 × a", "b"]
    assert texts(*((10, f"link_down {i}-{i + 1}") for i in range(30))) == [
        "link_down 0-1 and 29 more"
    ]
    assert len(texts(*((i, f"e{i}") for i in range(100)))) == MOST_FLAGS
    assert texts((1, "x" * 400), (1, "y"), (1, "z"))[0].endswith("x and 2 more")


@given(st.data())
def test_texts_of_events_never_lie_upon_each_other(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, MOST_FLAGS))
    places = sorted(data.draw(st.lists(st.integers(0, 400), min_size=n, max_size=n, unique=True)))
    widths = data.draw(st.lists(st.integers(5, 200), min_size=n, max_size=n))
    placed = rows_of_flags(places, widths, 400)
    spans = [
        (place, place + width) if onwards else (place - width, place)
        for place, width, (_, onwards) in zip(places, widths, placed, strict=True)
    ]
    for i, (low, high) in enumerate(spans):
        for j in range(i):
            apart = spans[j][1] <= low or high <= spans[j][0]
            assert apart or placed[i][0] != placed[j][0]
    # All to the right, each above those that follow, is a way without crossings.
    if places[-1] + max(widths) <= 400:
        assert all(
            not (low <= places[j] <= high and placed[j][0] > placed[i][0])
            for i, (low, high) in enumerate(spans)
            for j in range(n)
        )


def test_the_nth_event_of_a_text_is_the_same_one_in_all_replications() -> None:
    found = [
        timeline_of(Tree(timeline([0.1], events=((t, 0, "go"), (t + 10, 0, "go")))))
        for t in (1.0, 3.0)
    ]
    marks = marks_of({0: [one for one in found if one is not None]}, by_requests=False)
    assert [(mark.place, mark.text) for mark in marks] == [(2.0, "go"), (12.0, "go")]


def test_many_lines_have_no_bands_and_the_caption_says_so() -> None:
    results = campaign(*(
        (params(f"S{i}"), timeline([hit, i / 10])) for i in range(9) for hit in (0.1, 0.2)
    ))  # fmt: skip
    figure = only(results)
    assert len(lines(figure.axes[0])) == 9
    assert not figure.axes[0].collections
    assert "2 replications; means, without intervals" in caption(figure)


def failing(link: list[int], at: Any = 1200) -> dict[str, Any]:
    down = {"at": at, "event": "link_down", "link": link}
    return params(timeline=[down, {"at": 1800, "event": "link_up", "link": link}])


def test_experiments_that_differ_in_which_link_fails_are_told_apart() -> None:
    links = [[i, i + 1] for i in range(30)]
    results = campaign(*((failing(link), {"HITS": {"MEAN": link[0] / 100}}) for link in links))
    figure = only(results)
    [bars] = figure.axes[0].containers
    assert [bar.get_height() for bar in bars] == [i / 100 for i in range(30)]
    assert figure.axes[0].get_xlabel() == "Timeline"
    shown = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert len(set(shown)) == 30
    assert shown[3].startswith("link_down 3-4")
    assert all("…" in text for text in shown)
    summaries = summarise(results)
    assert [group.size for group in summaries.groups] == [1] * 30
    [line, *_] = csv.DictReader(io.StringIO(csv_of(summaries)))
    assert line["timeline"] == "link_down 0-1 at 1200 s, link_up 0-1 at 1800 s"
    assert results_table(results).row_count == 30


def test_a_timeline_is_a_line_a_facet_and_a_condition() -> None:
    results = campaign(*(
        (failing(link) | {"strategy": {"name": s}}, timeline([hit, hit]))
        for link, hit in (([3, 7], 0.1), ([1, 2], 0.2)) for s in ("LCE", "LCD")
    ))  # fmt: skip
    names = [name for name, _ in draw_results(results, series="strategy")]
    assert names[0] == "TIMELINE_link_down_3-7_at_1200_s_link_up_3-7_at_1800_s"
    text = "link_down 1-2 at 1200 s, link_up 1-2 at 1800 s"
    figure = only(results, where={"timeline": text, "strategy": "LCE"})
    assert lines(figure.axes[0])["all"][1] == [0.2] * 4
    assert text in caption(figure)
    [(_, figure)] = draw_results(results, series="timeline", where=["strategy=LCD"])
    assert len(lines(figure.axes[0])) == 2


def test_timelines_that_differ_in_the_last_digit_are_never_averaged(tmp_path: Path) -> None:
    results = campaign(
        *((failing([3, 7], 1200.0001 + i / 1e4), timeline([0.1 + i / 10])) for i in range(2))
    )
    assert [group.size for group in summarise(results, ["TIMELINE"]).groups] == [1, 1]
    paths = plot_results(results, tmp_path, facet="timeline")
    assert len({path.name for path in paths}) == 2


def test_numbers_of_requests_marks_and_no_events() -> None:
    mark = {"at": {"requests": 1000}, "event": "mark", "text": "here"}
    rate = {"at": 5, "event": "rate", "rate": 10, "unit": "Hz"}
    results = campaign(
        (params(timeline=[mark, rate]), {"HITS": {"MEAN": 0.1}}),
        (params(timeline=[]), {"HITS": {"MEAN": 0.2}}),
        (params(), {"HITS": {"MEAN": 0.3}}),
    )
    groups = list(csv.DictReader(io.StringIO(csv_of(summarise(results)))))
    assert [(line["timeline"], line["n"]) for line in groups] == [
        ("mark here after 1000 requests, rate rate=10 unit=Hz at 5 s", "1"),
        ("", "2"),
    ]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_arrays_over_time_are_neither_numbers_nor_distributions(n: int) -> None:
    tree = Tree(timeline([0.1] * n, events=(DOWN, UP)[:n]))
    assert metrics_in([tree]) == {}
    assert len(metrics_over_time([timeline_of(tree)])) == 6
    results = campaign((params(), tree | {"LATENCY": {"MEAN": 70.0}}))
    assert [str(column.header) for column in results_table(results).columns][1:] == [
        "LATENCY\nMEAN"
    ]
    assert "TIMELINE" not in csv_of(summarise(results))
    assert "START" in results.prettyprint()
    told = json.loads(results.json())[0][1]["TIMELINE"]
    assert (told["END"][0], told["LINK_LOAD_EXTERNAL"]) == (1200.0, [None] * n)
    assert [row.metric for row in compare(results, results).rows] == ["LATENCY.MEAN"]


def test_the_plots_of_old_draw_no_array_as_a_number(tmp_path: Path) -> None:
    desc = {"xparam": ("workload", "alpha"), "xvals": [0.8], "ymetrics": [("TIMELINE", "LATENCY")]}
    plot_lines(campaign((params(), timeline([0.1]))), desc, "old.png", tmp_path)
    assert (tmp_path / "old.png").exists()


def test_they_are_kept_merged_and_checked(tmp_path: Path) -> None:
    results = campaign((failing([3, 7]), timeline([0.1, NAN], events=(DOWN, UP))))
    path = tmp_path / "results.pickle"
    write_results_pickle(results, path)
    assert check_results_file(path) == []
    again = read_results_pickle(path)
    with path.open("rb") as file:
        assert len(pickle.load(file)) == 1
    [(parameters, tree)] = again
    assert parameters["timeline"] == results[0][0]["timeline"]
    for name, value in results[0][1]["TIMELINE"].items():
        found = tree["TIMELINE"][name]
        assert type(found) is type(value)
        if isinstance(value, np.ndarray):
            assert found.dtype == value.dtype
            assert np.array_equal(found, value, equal_nan=value.dtype.kind == "f")
        else:
            assert found == value
    both = merge([("a", results), ("b", again)])
    assert len(both.results) == 1
    assert len(both.notes) == 1


def test_files_of_old_are_read_with_them(tmp_path: Path) -> None:
    # Icarus 0.8 wrote pickles of the set itself.
    plain = tmp_path / "plain.pickle"
    plain.write_bytes(pickle.dumps(campaign((failing([3, 7]), timeline([0.1], events=(DOWN,))))))
    [(_, tree)] = read_results_pickle(plain)
    assert tree["TIMELINE"]["EVENTS"] == [DOWN]
    assert only(read_results_pickle(plain)).axes


def test_csv_and_json_have_a_line_for_each_window_that_is_asked_for() -> None:
    results = campaign(
        *((params(), timeline(hits) | {"LATENCY": {"MEAN": 70.0}}) for hits in ([0.1], [0.3, 0.5])),
    )
    asked = summarise(results, ["TIMELINE.HIT_RATIO", "LATENCY"])
    rows = list(csv.DictReader(io.StringIO(csv_of(asked))))
    assert [(row["metric"], row["start"], row["end"], row["first"], row["n"]) for row in rows] == [
        ("LATENCY.MEAN", "", "", "", "2"),
        ("TIMELINE.HIT_RATIO", "600.0", "1200.0", "603.0", "2"),
        ("TIMELINE.HIT_RATIO", "1200.0", "1800.0", "1203.0", "1"),
    ]
    assert math.isclose(float(rows[1]["mean"]), 0.2)
    [told] = json.loads(json_of(asked))
    assert [one["mean"] for one in told["over_time"]["TIMELINE.HIT_RATIO"]] == [
        pytest.approx(0.2), 0.5,
    ]  # fmt: skip
    with pytest.raises(PlotError, match=r"TIMELINE\.HIT_RATIO; use --csv or --json"):
        results_table(results, ["TIMELINE.HIT_RATIO"])
    # Where nothing else was measured, nobody needs to ask.
    alone = campaign((params(), timeline([0.1, 0.2])), (params("LCD"), {"OTHER": {"TEXT": "no"}}))
    rows = list(csv.DictReader(io.StringIO(csv_of(summarise(alone)))))
    assert {row["strategy.name"] for row in rows} == {"LCE"}
    assert len(rows) == 12


def test_campaigns_with_other_timelines_are_compared() -> None:
    def measured(link: list[int], values: list[float]) -> ResultSet:
        found = ResultSet()
        for number, value in enumerate(values):
            facts = {"replication": number, "seed": {"entropy": 1}}
            found.add(failing(link), timeline([value]) | {"HITS": {"MEAN": value}}, facts)
        return found

    compared = compare(measured([3, 7], [0.1, 0.2, 0.3]), measured([1, 2], [0.2, 0.3, 0.4]))
    assert [change.parameter for change in compared.changes] == ["timeline"]
    assert [row.metric for row in compared.rows] == ["HITS.MEAN"]
    json.loads(compared.json())
    alone = campaign((params(), timeline([0.1])))
    with pytest.raises((PlotError, ResultsError), match="no metric that can be drawn"):
        compare(alone, alone)


ODD = [
    {},
    {"START": None},
    {"START": np.array([1.0, 2.0])},
    {"START": np.array([[600.0]])},
    {"END": np.array([1e200])},
    {"FIRST": np.array(["a"])},
    {"FIRST": np.array([None], dtype=object)},
    {"START": np.array([]), "END": np.array([]), "FIRST": np.array([])},
]


@pytest.mark.parametrize("change", ODD[1:], ids=str)
def test_what_is_no_timeline_is_passed_over(change: dict[str, Any]) -> None:
    assert timeline_of(Tree(timeline([0.1], **change))) is None
    assert timeline_of(Tree({"TIMELINE": 3})) is None
    results = campaign((params(), timeline([0.1], **change) | {"HITS": {"MEAN": 0.1}}))
    assert [name for name, _ in draw_results(results)] == ["HITS_MEAN"]


def test_odd_values_and_events_are_left_out() -> None:
    odd = timeline(
        [0.1],
        LATENCY=np.array([math.inf]),
        SERVED=np.array([1.0, 2.0]),
        EVENTS=[(700.0, 1, "$x_{"), (math.inf, 1, "a"), ("b",), 3, ("x", 1, "c"), [750, 2, 5]],
    )
    odd["TIMELINE"][("a", "key")] = np.array([1.0])
    figure = only(campaign((params(), odd)))
    assert list(panels(figure)) == [HITS, REQUESTS]
    assert flags(figure) == [r"\$x_{", "5"]
    figure.draw_without_rendering()
