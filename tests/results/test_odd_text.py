"""Names and values of any kind are shown and drawn as they are, and nothing dies of them."""

from __future__ import annotations

import io
import json
import logging
import math
import sys
import unicodedata
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from rich.console import Console

from icarus.core.console import PlainConsole
from icarus.core.terminal import echo, echo_json
from icarus.errors import PlotError, ResultsError
from icarus.results import ResultSet, plot_lines, plot_results
from icarus.results.drawntext import drawn, drawn_apart, drawn_lines, shortened, stated_text
from icarus.results.figures import draw_results
from icarus.results.filenames import FileNames
from icarus.results.tables import results_table

HOSTILE = [
    *("[/red]", "[bold]x", "$5", "$5 vs $6", "a_b^c", "$a_b^c$", "$\\frac{", "\\", "100 %", "a\nb"),
    *("東京", "\x1b[31mred\x1b[0m", "\udc80", "\u202eabc", ":smile:", "", " ", "x" * 3_000, "😀"),
    *(
        "../../x",
        "..",
        "NUL",
        "-rf",
        "{}",
        "{0}",
        "%s",
        "\t",
        "\r",
        "a\u0301",
        "#",
        "~",
        "&",
        "'\"",
    ),
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=[]), max_size=12),
    st.text(st.sampled_from("$\\{}_^[]/ab \x1b\udc80"), max_size=8),
)
VALUES = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            2**63,
            2**64 + 1,
            -(2**70),
            10**400,
            -(10**5000),
            math.inf,
            -math.inf,
            math.nan,
            None,
            True,
        ]
    ),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.lists(TEXTS, max_size=2),
    st.sampled_from([np.float32(0.1), np.int64(2**62), np.bool_(True), np.str_("$x"), b"\xff", 1j]),
)


def result_set(names, metrics, values, desc="") -> ResultSet:
    results = ResultSet()
    for i, name in enumerate(names):
        for j, value in enumerate(values):
            params = {"strategy": {"name": name}, "workload": {"alpha": value}, "desc": desc}
            collected = {}
            for collector, metric in metrics:
                collected.setdefault(collector, {})[metric] = 1.0 + i + j
            results.add(params, collected)
    return results


@contextmanager
def printed():
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        yield sys.stdout
    finally:
        sys.stdout = before


def check_harmless(text: str) -> None:
    text.encode("utf-8")
    assert not any(
        unicodedata.category(char) in ("Cc", "Cs", "Cn") and char not in "\n\t" for char in text
    )


@pytest.mark.fuzz
@settings(deadline=None)
@given(
    names=st.lists(TEXTS, min_size=1, max_size=3),
    metrics=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=2),
    values=st.lists(VALUES, min_size=1, max_size=3),
    desc=VALUES,
)
@example(["[/red]"], [("[/bold]", "[x")], [1], "")
def test_all_results_can_be_printed(names, metrics, values, desc):
    results = result_set(names, metrics, values, desc)
    with printed() as shown:
        PlainConsole(width=10_000).print(results_table(results))
        Console(width=10_000, file=io.StringIO()).print(results_table(results))
        echo(results.prettyprint())
    check_harmless(shown.getvalue())
    with printed() as shown:
        echo_json(results.json(indent=4))
    check_harmless(shown.getvalue())
    assert len(json.loads(shown.getvalue())) == len(results)


@pytest.mark.fuzz
@settings(deadline=None, max_examples=settings.default.max_examples // 5 or 1)
@given(
    names=st.lists(TEXTS, min_size=1, max_size=3),
    metrics=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=1),
    values=st.lists(VALUES, min_size=1, max_size=3),
)
def test_all_results_can_be_drawn(names, metrics, values):
    for name, figure in draw_results(result_set(names, metrics, values)):
        check_file_name(name)
        # Drawing has measured all texts, as saving does.
        for text in figure.findobj(Text):
            check_harmless(text.get_text())


def check_file_name(name: str) -> None:
    assert name
    assert len(f"{name}.png".encode()) < 143
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name.split(".")[0].upper() not in ("CON", "NUL", "AUX", "PRN")


@pytest.mark.fuzz
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=3).map(tuple), unique=True, max_size=8))
@example([("A B",), ("A/B",), ("A_B",), ("a_b",), ("A", "B")])
@example([("",), ("..",), ("/",), ("x" * 300,), ("x" * 301,), ("é",), ("e\u0301",)])
def test_each_metric_has_a_file_name_of_its_own(keys):
    names = FileNames()
    given = [names.name(key) for key in keys]
    assert len({unicodedata.normalize("NFKC", name).casefold() for name in given}) == len(keys)
    assert [names.name(key) for key in keys] == given
    for name in given:
        check_file_name(name)


def test_file_names_are_what_they_were_for_the_usual_metrics():
    names = FileNames()
    assert names.name(["LATENCY", "MEAN"]) == "LATENCY_MEAN"
    assert names.name(["LATENCY", "MEAN", "RAND_BERNOULLI(p=0.2)"]) == (
        "LATENCY_MEAN_RAND_BERNOULLI_p=0.2"
    )


def test_a_metric_has_the_same_file_name_when_it_is_drawn_alone(tmp_path):
    results = result_set(["LCE"], [("X", "A B"), ("X", "A/B")], [1, 2])
    both = plot_results(results, tmp_path)
    assert len(set(both)) == 2
    (alone,) = plot_results(results, tmp_path, metrics="X.A/B")
    assert alone == both[1]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_texts_are_drawn_as_they_are(tmp_path, name):
    (written,) = plot_results(result_set([name, "LCE"], [("M", "MEAN")], [1, 2]), tmp_path)
    assert written.stat().st_size > 1_000


def test_letters_without_a_glyph_are_told_apart():
    assert drawn("東") == "\\u6771"
    assert drawn("naïve α β") == "naïve α β"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Zipf $\\alpha$", "Zipf $\\alpha$"),
        ("from $5 to $6", "from $5 to $6"),
        ("$\\frac{$", "\\$\\frac{\\$"),
        ("only $5", "only \\$5"),
        (7, "7"),
    ],
)
def test_formulas_are_drawn_where_a_description_states_them(given, expected):
    assert stated_text(given) == expected


def test_long_texts_are_shortened_in_the_middle_and_stay_apart():
    a, b = drawn_apart(["x" * 100 + "a" + "x" * 100, "x" * 100 + "b" + "x" * 100], 20)
    assert a != b
    assert shortened("abcdefghij", 5) == "abc…j"
    assert drawn_lines("strategy = LCE, alpha = 0.8", 16, 3) == "strategy = LCE,\nalpha = 0.8"
    assert all(len(line) <= 10 for line in drawn_lines("y" * 500, 10, 3).split("\n"))


def test_values_beyond_64_bits_are_numbers_on_an_axis():
    results = result_set(["LCE"], [("M", "MEAN")], [2**63, 2**64, 2**70])
    ((_, figure),) = draw_results(results)
    ticks = figure.axes[0].get_xticks()
    assert list(ticks) == [2.0**63, 2.0**64, 2.0**70]


def test_two_hundred_lines_fit_a_picture(tmp_path):
    names = [f"strategy {i} $" for i in range(200)]
    (written,) = plot_results(result_set(names, [("M", "MEAN")], [1, 2]), tmp_path)
    assert written.read_bytes().startswith(b"\x89PNG")


def test_described_plots_draw_values_as_they_are(tmp_path, caplog):
    results = result_set(["$x^$", "[/red]"], [("M", "MEAN")], [1, 2])
    with caplog.at_level(logging.WARNING):
        plot_lines(
            results,
            {
                "title": "$\\frac{",
                "xparam": ("workload", "alpha"),
                "xvals": [1, 2],
                "ymetrics": [("M", "MEAN")] * 2,
                "ycondnames": [("strategy", "name")] * 2,
                "ycondvals": ["$x^$", "[/red]"],
                "legend": {"[/red]": "$\\alpha$"},
            },
            "x.png",
            tmp_path,
        )
    assert (tmp_path / "x.png").exists()


def test_pictures_that_cannot_be_written_are_one_line(tmp_path):
    (tmp_path / "file").touch()
    results = result_set(["LCE"], [("M", "MEAN")], [1, 2])
    with pytest.raises(PlotError, match="is no folder; name a folder with -o DIR"):
        plot_results(results, tmp_path / "file")
    (tmp_path / "M_MEAN.png").mkdir()
    with pytest.raises(PlotError, match=r"M_MEAN\.png: cannot write: Is a directory"):
        plot_results(results, tmp_path)


def test_results_without_any_number_are_no_traceback():
    with pytest.raises((PlotError, ResultsError)):
        results_table(result_set(["LCE"], [], [1]))
