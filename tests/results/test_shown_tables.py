"""``icarus results show``: digits, widths, conditions and order."""

from __future__ import annotations

import io
import re

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from icarus.cli import main
from icarus.results import ResultSet, write_results_pickle
from icarus.results.summaries import summarise
from icarus.results.tables import results_tables, with_interval

COLLECTORS = {
    "CACHE_HIT_RATIO": ["MEAN", "BYTE_HIT_RATIO", "BYTES_FROM_ORIGINS"],
    "LATENCY": ["MEAN", "P50", "P90", "P99"],
    "LINK_LOAD": ["MEAN_INTERNAL", "MEAN_EXTERNAL"],
    "PATH_STRETCH": ["MEAN", "MEAN_REQUEST", "MEAN_CONTENT"],
}


def campaign(failures=0):
    results = ResultSet()
    for i, strategy in enumerate(("LCE", "HASHROUTING_SYMMETRICAL", "LCD")):
        for replication in range(3):
            told = {
                collector: dict.fromkeys(names, 41065.37 + i * 1000 + replication * 123.4)
                for collector, names in COLLECTORS.items()
            }
            params = {"strategy": {"name": strategy}, "workload": {"alpha": 0.6 + i / 10}}
            results.add(params, told, {"job": f"{i}.{replication}", "replication": replication})
    for i in range(failures):
        results.add_failure({"strategy": {"name": "EDGE"}}, {"job": f"f{i}", "status": "FAILED"})
    return results


@pytest.mark.parametrize(
    ("mean", "half_width", "text"),
    [
        (41065.37, 148.9, "41,065 ± 150"),
        (41065.37, 1489.0, "41,065 ± 1500"),
        (0.25312, 0.00672, "0.2531 ± 0.0067"),
        (2.0, 2.484, "2.0 ± 2.5"),
        (2.0, 13.1, "2 ± 13"),
        (9.9, 0.0996, "9.90 ± 0.10"),
        (71.23456, None, "71.235"),
        (71.23456, 0.0, "71.235 ± 0"),
        (1234567.8, None, "1,234,568"),
        (3.4512e-7, 1.23e-9, "3.451e-07 ± 1.2e-09"),
        (2.5e20, 1.5e18, "2.500e+20 ± 1.5e+18"),
        (-41065.37, 148.9, "-41,065 ± 150"),
    ],
)
def test_digits_follow_the_interval(mean, half_width, text):
    assert with_interval(mean, half_width) == text


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e9))
def test_what_is_shown_is_within_the_digits_of_the_interval(mean, half_width):
    shown, half = with_interval(mean, half_width).replace(",", "").split(" ± ")
    assert abs(float(half) - half_width) <= 0.05 * half_width
    assert abs(float(shown) - mean) <= 0.051 * half_width + 1e-9 * abs(mean)


def numbers_in(text):
    return sorted(re.findall(r"[\d,.]+ ± [\d,.]+", text))


@pytest.mark.parametrize("width", [80, 100, 160, 400])
def test_numbers_are_never_cut(width):
    console = Console(file=io.StringIO(), width=width)
    tables = results_tables(summarise(campaign()), width)
    for table in tables:
        console.print(table)
    text = console.file.getvalue()
    expected = [f"{41188.77 + i * 1000:,.0f} ± 310" for i in range(3) for _ in range(12)]
    assert numbers_in(text) == sorted(expected)
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text
    assert (len(tables) == 1) == (width == 400)
    if width == 160:
        assert len(tables) == len(COLLECTORS)


def test_long_names_are_folded_and_none_is_lost():
    results = ResultSet()
    name = "A_STRATEGY_WITH_A_NAME_" * 6
    for other in ("LCE", name):
        results.add({"strategy": {"name": other}}, {"LATENCY": {"MEAN": 41065.37, "P50": 1.5}})
    console = Console(file=io.StringIO(), width=80)
    for table in results_tables(summarise(results), 80):
        console.print(table)
    lines = console.file.getvalue().splitlines()
    first = "".join(line.split("│")[1].strip() for line in lines if line.startswith("│"))
    assert name in first
    assert console.file.getvalue().count("41,065") == 2
    assert all(len(line) <= 80 for line in lines)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "campaign.pickle"
    write_results_pickle(campaign(failures=2), path)
    return path


def show(file, *arguments):
    return CliRunner().invoke(main, ["results", "show", str(file), *arguments])


def test_incomplete_campaigns_are_marked(file):
    done = show(file)
    assert "incomplete: 9 of 11 simulations gave results" in done.stdout
    done = show(file, "--csv")
    assert "incomplete: 9 of 11" in done.stderr
    assert "incomplete" not in done.stdout
    assert "incomplete" not in show(file, "--where", "strategy=LCE").output


def test_conditions_and_order(file):
    def strategies(*arguments):
        lines = show(file, "--csv", "--metric", "LATENCY.MEAN", *arguments).stdout.splitlines()
        return [line.partition(",")[0] for line in lines[1:]]

    in_order = ["LCE", "HASHROUTING_SYMMETRICAL", "LCD"]
    assert strategies() == in_order
    assert strategies("--sort", "LATENCY.MEAN") == in_order
    assert strategies("--sort", "-LATENCY.MEAN") == in_order[::-1]
    assert strategies("--sort", "strategy") == ["HASHROUTING_SYMMETRICAL", "LCD", "LCE"]
    done = show(file, "--sort", "LATENCY.MEEN")
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert "did you mean 'LATENCY.MEAN'" in done.output
    done = show(file, "--where", "strategy=LCC")
    assert (done.exit_code, done.output.count("\n")) == (2, 1)


def test_a_set_that_has_simulations_twice_has_the_same_intervals(file, tmp_path):
    twice = campaign()
    for (params, tree), facts in zip(twice.dump(), twice.metadata, strict=True):
        twice.add(params, tree, facts)
    (once,), (other,) = (results_tables(summarise(one)) for one in (campaign(), twice))
    assert [[*map(str, column.cells)] for column in once.columns] == [
        [*map(str, column.cells)] for column in other.columns
    ]
    write_results_pickle(twice, tmp_path / "twice.pickle")
    assert "9 results are there already" in show(tmp_path / "twice.pickle").output
