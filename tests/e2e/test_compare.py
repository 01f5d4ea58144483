"""``icarus compare`` on campaigns that were run: what it says, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from icarus.orchestration import Orchestrator
from icarus.planning.loading import load_settings
from icarus.results import ResultSet, compare, read_results_pickle, write_results_pickle

SETTINGS = """
from icarus.util import Tree

FACTOR = 1.0
N_REPLICATIONS = 5
PARALLEL_EXECUTION = False
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]

EXPERIMENT_QUEUE = []
for strategy in ["LCE", "EDGE"]:
    for network_cache in [0.2, 0.4]:
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 3}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 600, "alpha": 0.8, "n_warmup": 300,
            "n_measured": 900,
        }
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {
            "name": "UNIFORM", "network_cache": round(network_cache * FACTOR, 6),
        }
        experiment["strategy"] = {"name": strategy}
        experiment["cache_policy"] = {"name": "LRU"}
        EXPERIMENT_QUEUE.append(experiment)
"""

COMPARISONS = 8
"""Two metrics of four experiments."""


def part(results: ResultSet, keep, change=lambda facts: facts) -> ResultSet:
    """Some results, those for whose facts `keep` is true, with changed facts."""
    some = ResultSet()
    for (params, tree), facts in zip(results, results.metadata, strict=True):
        if keep(facts):
            some.add(params, tree, change(facts))
    return some


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory) -> Path:
    """A folder with results of real simulations."""
    folder = tmp_path_factory.mktemp("campaigns")
    settings = folder / "settings.py"
    settings.write_text(SETTINGS, encoding="utf-8")
    for name, overrides in {"a": {}, "more": {"FACTOR": 1.05}, "seed": {"SEED": 7}}.items():
        campaign = Orchestrator(load_settings(settings, overrides))
        campaign.run()
        write_results_pickle(campaign.results, folder / f"{name}.pickle")
        single = part(campaign.results, lambda facts: facts["replication"] == 0)
        write_results_pickle(single, folder / f"{name}-1.pickle")
    return folder


@pytest.fixture
def cli(inside, campaigns):
    inside._outside.folder = campaigns
    return inside


def test_a_campaign_is_the_same_as_itself(cli):
    # D-E: a campaign against itself is accepted.
    done = cli("compare", "a.pickle", "a.pickle", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["verdict"] == "same"
    assert len(told["rows"]) == COMPARISONS
    assert {(row["difference"], *row["interval"], row["p"]) for row in told["rows"]} == {
        (0.0, 0.0, 0.0, 1.0)
    }


def test_more_cache_differs_and_is_named_as_what_differs(cli):
    # D-E: a campaign that was shifted is rejected.
    done = cli("compare", "a.pickle", "more.pickle")
    assert (done.returncode, done.stderr) == (1, "")
    assert "cache_placement.network_cache: 0.2, 0.4 -> 0.21, 0.42" in done.stdout
    assert "paired t test" in done.stdout
    assert "LATENCY.MEAN: 4 differ\n" in done.stdout
    assert "differ: of 8 comparisons, 8 differ" in done.stdout
    told = json.loads(cli("compare", "a.pickle", "more.pickle", "--json").stdout)
    assert told["changes"] == [
        {"parameter": "cache_placement.network_cache", "a": [0.2, 0.4], "b": [0.21, 0.42]}
    ]
    for row in told["rows"]:
        better = 1 if row["metric"] == "CACHE_HIT_RATIO.MEAN" else -1
        assert row["difference"] * better > 0
        assert row["p_holm"] <= 0.05


def test_pairs_that_share_requests_halve_the_interval_at_least(campaigns):
    a, more = (read_results_pickle(campaigns / f"{name}.pickle") for name in ("a", "more"))
    # Without the seeds, nothing says that the requests are the same.
    unknown = [part(one, lambda _: True, lambda facts: {"job": facts["job"]}) for one in (a, more)]
    paired, unpaired = compare(a, more).rows, compare(*unknown).rows
    assert {row.test for row in paired} == {"paired t"}
    assert {row.test for row in unpaired} == {"Welch t"}
    shares = [one.half_width / two.half_width for one, two in zip(paired, unpaired, strict=True)]
    # Measured: 0.09 to 0.14.
    assert max(shares) <= 0.5


def test_other_seeds_are_not_paired(cli):
    done = cli("compare", "a.pickle", "seed.pickle")
    assert done.returncode == 0
    assert "Welch's t test: SEED is 1 in A, 7 in B" in done.stdout


def test_what_one_replication_cannot_say(cli):
    equal = cli("compare", "a-1.pickle", "a-1.pickle")
    assert equal.returncode == 0
    assert "exact: chance has no part in it, 8 comparisons" in equal.stdout
    done = cli("compare", "a-1.pickle", "more-1.pickle")
    assert done.returncode == 2
    assert "cannot say: of 8 comparisons, 8 cannot say" in done.stdout
    assert "two replications or more" in done.stdout


def test_designs_of_one_campaign_are_compared_with_each_other(cli):
    done = cli("compare", "a.pickle", "a.pickle", "--where-a", "strategy=LCE",
               "--where-b", "strategy=EDGE", "--metric", "LATENCY", "--json")  # fmt: skip
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["changes"] == [{"parameter": "strategy.name", "a": ["LCE"], "b": ["EDGE"]}]
    assert [row["experiment"] for row in told["rows"]] == [
        {"cache_placement.network_cache": 0.2},
        {"cache_placement.network_cache": 0.4},
    ]


def test_differences_below_the_threshold_do_not_count(cli):
    wide = cli("compare", "a.pickle", "more.pickle", "--threshold", "0.5")
    assert wide.returncode == 0
    assert "same: also what differs by less than 0.5 of A" in wide.stdout


def test_what_one_side_lacks_is_named_and_the_rest_compared(cli, campaigns):
    whole = read_results_pickle(campaigns / "a.pickle")
    incomplete = ResultSet()
    for (params, tree), facts in zip(whole, whole.metadata, strict=True):
        large = params["cache_placement"]["network_cache"] > 0.3
        if params["strategy"]["name"] == "EDGE" and large:
            incomplete.add_failure(params, {**facts, "status": "FAILED"})
        elif facts["replication"] < 4:
            incomplete.add(params, tree, facts)
            incomplete.add(params, tree, facts)
    write_results_pickle(incomplete, campaigns / "incomplete.pickle")
    done = cli("compare", "a.pickle", "incomplete.pickle")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == [
        "A: a.pickle, 20 results",
        "B: incomplete.pickle, 12 of 17 jobs",
    ]
    assert [line.removeprefix("icarus: warning: ") for line in done.stderr.splitlines()] == [
        "B: 12 results are there already and left out, as one simulation counts once",
        "B: 12 of 17 jobs gave results",
        "only A has 1 experiment: EDGE network_cache = 0.4",
        "3 replications of A are left out, as the other campaign has none of their number",
    ]


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        (["none.pickle", "nor.pickle"], ["none.pickle: no such file", "nor.pickle: no such file"]),
        (["a.pickle", "settings.py"], ["settings.py: a settings module, not results"]),
        (
            ["a.pickle", "more.pickle", "--metric", "LATENC", "--ignore", "networkcache"],
            ["unknown metric 'LATENC'; did you mean 'LATENCY.MEAN'?",
             "unknown parameter 'networkcache'; did you mean 'network_cache'?"],
        ),
        (
            ["a.pickle", "a.pickle", "--where", "strategy=EDGES"],
            ["A: no experiment has strategy.name = EDGES; found: LCE, EDGE",
             "B: no experiment has strategy.name = EDGES; found: LCE, EDGE"],
        ),
        (
            ["a.pickle", "a.pickle", "--ignore", "strategy"],
            ["A: with strategy.name ignored, experiments with LCE and EDGE cannot be told apart; "
             "choose one with --where-a strategy.name=LCE",
             "B: with strategy.name ignored"],
        ),
        (
            ["a.pickle", "more.pickle", "--where-a", "network_cache=0.2"],
            ["nothing to compare: no experiment of A has its like in B: "
             "cache_placement.network_cache is 0.2 in A and 0.21, 0.42 in B; choose"],
        ),
        (["a.pickle", "a.pickle", "--alpha", "1"], ["Invalid value for '--alpha'"]),
        (["a.pickle", "a.pickle", "--threshold", "-1"], ["Invalid value for '--threshold'"]),
        (["a.pickle"], ["Missing argument 'B'"]),
    ],
)  # fmt: skip
def test_usage(cli, words, problems):
    done = cli("compare", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == len(problems)
    for line, problem in zip(lines, problems, strict=True):
        assert line.startswith(f"icarus: {problem}")


def test_tables_fit_a_terminal_of_80_columns(cli):
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 80))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "icarus", "compare", "a.pickle", "more.pickle"],
        cwd=cli.folder,
        env=environment | {"TERM": "xterm", "NO_COLOR": "1"},
        stdout=child,
    ) as process:
        os.close(child)
        printed = b""
        # The terminal is closed when the command ends.
        with suppress(OSError):
            while more := os.read(parent, 2**16):
                printed += more
        os.close(parent)
        assert process.wait(60) == 1
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed.decode()).splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines if line.startswith(("LCE", "EDGE"))]
    assert len(rows) == COMPARISONS
    # Nothing is cut or broken to fit.
    assert {row[-1] for row in rows} == {"differ"}
    assert all("±" in row for row in rows)


def test_many_differences_are_shown_in_part(cli, tmp_path):
    rng = np.random.default_rng(1)
    a, b = ResultSet(), ResultSet()
    for i in range(70):
        for replication in range(4):
            facts = {"replication": replication, "seed": {"entropy": 1}}
            value = float(rng.normal(100, 1))
            shift = i if i % 2 else 0.0
            a.add({"workload": {"alpha": i}}, {"LATENCY": {"MEAN": value}}, facts)
            b.add({"workload": {"alpha": i}}, {"LATENCY": {"MEAN": value + shift}}, facts)
    for name, results in (("x", a), ("y", b)):
        write_results_pickle(results, tmp_path / f"{name}.pickle")
    paths = tmp_path / "x.pickle", tmp_path / "y.pickle"
    brief = cli("compare", *paths)
    assert brief.stdout.count(" differ\n") == 20
    assert "and 15 more that differ by less; --all prints them" in brief.stdout
    # The largest differences are those that are shown.
    assert re.search(r"^ *69 ", brief.stdout, re.MULTILINE)
    assert not re.search(r"^ *29 ", brief.stdout, re.MULTILINE)
    assert len(cli("compare", *paths, "--all").stdout.splitlines()) > 70
