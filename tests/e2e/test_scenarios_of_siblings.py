"""Scenarios of four other experiment systems: designs, their checks, resuming, and statistics.

What becomes of jobs is in ``test_scenarios_of_outcomes``, and what executors are to do in
``test_scenarios_of_executors``. Each scenario has its letters, and the law of campaigns that it
is an instance of.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import statistics
from collections import Counter

import psutil
import pytest
from scipy import stats
from waiting import is_gone, records, wait_for

from icarus.orchestration import Orchestrator
from icarus.planning.identity import experiment_id
from icarus.planning.loading import load_settings

SWEEP = """
[base]
topology = { name = "TREE", k = 2, h = 3 }
workload = { name = "STATIONARY", n_contents = 50, alpha = 0.8, n_warmup = 10, n_measured = 20 }
content_placement.name = "UNIFORM"
cache_placement = { name = "UNIFORM", network_cache = 0.2 }
cache_policy.name = "LRU"

[axes]
strategy.name = ["LCE", "LCD", "EDGE"]
cache_placement.network_cache = { linspace = [0.1, 0.4], n = 4 }
"""


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


# K-A. Law 8, and 2 of the rest: what is wrong is refused with its place, and nothing else happens.

FOLDER = {
    "good.toml": ("", "", None),
    "bad.json": (
        SWEEP,
        '{"base": {"topology": }}',
        "bad.json:1:23: not valid JSON: expecting value",
    ),
    "component.toml": (
        '"EDGE"',
        '"EGDE"',
        "component.toml: EXPERIMENT_QUEUE[8].strategy.name: unknown strategy 'EGDE'; did you mean "
        "'EDGE'? (axis strategy.name, and 3 more experiments)",
    ),
    "axis.toml": (
        "linspace",
        "linspce",
        "axis.toml: axes.cache_placement.network_cache: unknown axis 'linspce'; did you mean "
        "'linspace'?",
    ),
    "parameter.toml": (
        "n_warmup",
        "n_wramup",
        "parameter.toml: EXPERIMENT_QUEUE[0].workload.n_wramup: STATIONARY has no parameter "
        "'n_wramup'; did you mean 'n_warmup'? (and 11 more experiments)",
    ),
    "missing.toml": (
        "n_contents = 50, ",
        "",
        "missing.toml: EXPERIMENT_QUEUE[0].workload.n_contents: missing; STATIONARY needs it "
        "(and 11 more experiments)",
    ),
}


def test_of_six_files_one_is_sound_and_five_are_rejected_each_with_its_place(cli):
    for name, (old, new, _) in FOLDER.items():
        cli.write(name, SWEEP.replace(old, new))
    for name, (_, _, problem) in FOLDER.items():
        told = cli("plan", name)
        if problem is None:
            assert (told.returncode, told.stderr) == (0, "")
            assert "experiments:   12" in told.stdout
        else:
            assert (told.returncode, told.stdout) == (2, "")
            assert told.stderr.splitlines() == [f"icarus: {problem}"]
    assert {path.name for path in cli.folder.iterdir()} == set(FOLDER), "nothing was executed"


# K-C. Law 4: killed anywhere and gone on with, a campaign gives what it would have given.

COUNTED = """
import time
from pathlib import Path

from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

N_REPLICATIONS = 3


class Counted(Task):
    \"\"\"Writes down that it runs, and goes no further while it is held.\"\"\"

    def run(self, context):
        name = f"{self.params['counted']['name']}{self.replication}"
        with open("ran", "a") as file:
            file.write(f"{name}\\n")
        while Path(f"hold-{name}").exists():
            context.report(0)
            time.sleep(0.01)
        return Product({"COUNTED": {"DRAW": self.rng().random() + ord(name[0])}}, 1)


register_job_kind("counted", Counted)
EXPERIMENT_QUEUE = d.product({}, {"counted.name": ["A", "B", "C"]})
"""


def test_a_campaign_that_is_killed_goes_on_and_is_extended(cli):
    cli.write("counted.py", COUNTED)
    file, hold = cli.folder / "ran", cli.folder / "hold-B1"

    def ran():
        return Counter(file.read_text().split()) if file.exists() else Counter()

    def ran_by(*command):
        before = ran()
        done = cli("run", "counted.py", *command)
        assert done.returncode == 0, done.stderr
        return dict(ran() - before)

    hold.touch()
    campaign = cli.start(
        "run", "counted.py", "-c", "PARALLEL_EXECUTION=True", "-c", "N_PROCESSES=1"
    )
    wait_for(lambda: ran()["B1"])
    family = psutil.Process(campaign.pid).children(recursive=True)
    campaign.kill()
    campaign.communicate()
    wait_for(lambda: all(is_gone(one.pid) for one in family))
    hold.unlink()
    ended = ["A0", "A1", "A2", "B0"]
    assert ran() == Counter([*ended, "B1"])
    # All but what had ended.
    assert ran_by() == dict.fromkeys(["B1", "B2", "C0", "C1", "C2"], 1)
    whole = {name + str(replication) for name in "ABC" for replication in range(3)}
    assert ran_by("-r", "whole.pickle") == dict.fromkeys(whole, 1)
    killed = records(cli.folder / "results" / "counted.pickle")
    assert len(killed) == 9
    assert killed == records(cli.folder / "whole.pickle")
    more = {name + str(replication) for name in "ABC" for replication in (3, 4)}
    assert ran_by("-c", "N_REPLICATIONS=5") == dict.fromkeys(more, 1)
    assert len(records(cli.folder / "results" / "counted.pickle")) == 15


# D-A. Laws 1 and 2: a design is what nested loops are, and its expressions are what Python's are.

MATRIX = SWEEP.replace(
    "cache_placement.network_cache = { linspace = [0.1, 0.4], n = 4 }",
    """study.n = { range = [0, 5], step = 2 }
workload.alpha = { uniform = [0.6, 1.2], n = 4 }

[where]
"not both" = "n < 4 or alpha < 0.9"
""",
)


def test_a_matrix_of_values_a_range_and_draws(cli):
    def expanded(name, seed):
        path = cli.write(name, f"seed = {seed}\n{MATRIX}")
        return load_settings(path)["EXPERIMENT_QUEUE"]

    design, again, other = expanded("a.toml", 1), expanded("b.toml", 1), expanded("c.toml", 2)
    drawn = [design[i]["workload"]["alpha"] for i in range(4)]
    loops = list(itertools.product(["LCE", "LCD", "EDGE"], [0, 2, 4], drawn))
    points = [
        (point["strategy"]["name"], point["study"]["n"], point["workload"]["alpha"])
        for point in design
    ]
    assert points == loops
    assert len(set(points)) == 36
    assert max(n for _, n, _ in points) <= 5
    assert all(0.6 <= alpha <= 1.2 for alpha in drawn)
    ids = [experiment_id(point) for point in design]
    assert len(set(ids)) == 36
    assert ids == [experiment_id(point) for point in again]
    assert not set(ids) & {experiment_id(point) for point in other}
    excluded = [n >= 4 and alpha >= 0.9 for _, n, alpha in loops]
    assert 0 < sum(excluded) < 12, "some draws are on either side"
    assert [point.excluded == "not both" for point in design] == excluded
    told = json.loads(cli("plan", "a.toml", "--json").stdout)
    assert told["design"]["points"] == told["jobs"]["least"] == 36
    assert told["vetoed"] == {"not both": sum(excluded)}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("range", "discreet", "axes.study.n: unknown axis 'discreet'; known: choice, "),
        (
            "uniform",
            "unifrom",
            "axes.workload.alpha: unknown axis 'unifrom'; did you mean 'uniform'?",
        ),
        ("n < 4", "m < 4", "where.not both: unknown name 'm'; "),
    ],
)
def test_a_matrix_with_a_mistake_does_not_run(cli, old, new, problem):
    cli.write("matrix.toml", MATRIX.replace(old, new))
    done = cli("run", "matrix.toml")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"icarus: matrix.toml: {problem}")
    assert not (cli.folder / "results").exists()


# D-E. Law 8: what reports say is what anybody computes of the records, and a shift is found.

MEASURED = """
from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

N_REPLICATIONS = 10
SHIFT = 0.0
HOW_MANY = {"all": 10, "one": 1, "none": 0}


class Measured(Task):
    def run(self, context):
        results = {"ALWAYS": {"NUMBER": self.replication}}
        if self.replication < HOW_MANY[self.params["measured"]["which"]]:
            results["MEASURED"] = {"VALUE": self.rng().normal(10 + 0.1 * SHIFT, 0.1)}
        return Product(results)


register_job_kind("measured", Measured)
EXPERIMENT_QUEUE = d.product({}, {"measured.which": list(HOW_MANY)})
"""


def by_hand(values):
    """All that is told of values, computed anew."""
    names = ("n", "mean", "sd", "half_width", "min", "median", "max")
    n = len(values)
    if n == 0:
        return dict(zip(names, (0, *[None] * 6), strict=True))
    sd = statistics.stdev(values) if n > 1 else None
    half_width = stats.t.ppf(0.975, n - 1) * sd / n**0.5 if n > 1 else None
    least, *_, most = sorted([*values, *values])
    told = (n, statistics.fmean(values), sd, half_width, least, statistics.median(values), most)
    return dict(zip(names, told, strict=True))


def test_table_csv_and_json_agree_with_what_is_computed_of_the_records(cli):
    cli.write("measured.py", MEASURED)
    assert cli("run", "measured.py", "-q").returncode == 0
    file = cli.folder / "results" / "measured.pickle"
    pairs = json.loads(cli("results", "print", "--json", file).stdout)
    values = {which: [] for which in ("all", "one", "none")}
    for params, results in pairs:
        values[params["measured"]["which"]] += results.get("MEASURED", {}).values()
    assert [len(some) for some in values.values()] == [10, 1, 0]
    told = json.loads(cli("results", "show", "--json", file).stdout)
    printed = csv.DictReader(io.StringIO(cli("results", "show", "--csv", file).stdout))
    lines = {(line.pop("measured.which"), line.pop("metric")): line for line in printed}
    table = cli("results", "show", file, "--metric", "MEASURED").stdout
    assert [one["parameters"] for one in told] == [{"measured.which": which} for which in values]
    for one, (which, some) in zip(told, values.items(), strict=True):
        expected = {name: pytest.approx(value) for name, value in by_hand(some).items()}
        assert one["n"] == 10
        assert one["metrics"]["MEASURED.VALUE"] == expected
        line = lines[which, "MEASURED.VALUE"]
        assert {name: float(text) if text else None for name, text in line.items()} == expected
        (row,) = (line for line in table.splitlines() if f" {which} " in line)
        shown = by_hand(some)
        cell = row.strip("│ ").split("│")[-1].strip()
        if len(some) > 1:
            mean, half_width = map(float, cell.replace(",", "").split(" ± "))
            # Two digits of the interval, and as many places of the mean.
            assert half_width == float(f"{shown['half_width']:.1e}")
            assert mean == pytest.approx(shown["mean"], abs=0.05 * shown["half_width"])
        else:
            assert cell == (f"{shown['mean']:.5g}" if some else "-")


def test_a_campaign_is_accepted_beside_itself_and_rejected_with_a_shift_of_5_sigma(cli):
    cli.write("measured.py", MEASURED)
    for name, shift, seed in (("a", 0, 1), ("other", 0, 2), ("shifted", 5, 2)):
        given = ("-c", f"SHIFT={shift}", "-c", f"SEED={seed}", "-c", "HOW_MANY={'all': 10}")
        assert cli("run", "measured.py", "-q", "-r", f"{name}.pickle", *given).returncode == 0
    told = {
        name: cli("compare", "a.pickle", f"{name}.pickle", "--metric", "MEASURED", "--json")
        for name in ("a", "other", "shifted")
    }
    assert {name: one.returncode for name, one in told.items()} == {
        "a": 0, "other": 0, "shifted": 1,
    }  # fmt: skip
    (row,) = json.loads(told["shifted"].stdout)["rows"]
    assert row["difference"] == pytest.approx(0.5, abs=0.15)


# C-A. Laws 1 and 5: combinations are nested loops; planned is the sum over statuses.

COMBINED = """
from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind


class Sum(Task):
    def run(self, context):
        return Product({"SUM": {"VALUE": sum(self.params["sum"].dict().values())}})


register_job_kind("sum", Sum)
EXPERIMENT_QUEUE = d.product(
    {},
    {f"sum.a{i}": [0, 1, 2] for i in range(5)},
    {f"sum.b{i}": [0, 10] for i in range(2)},
    where={"not too large": "a0 + a1 < 4", "b0 needs a2": "b0 == 0 or a2 > 0"},
)
"""
LOOPS = list(
    itertools.product([0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 10], [0, 10])
)
LARGE = [a0 + a1 >= 4 for a0, a1, *_ in LOOPS]
NEEDING = [b0 > 0 and a2 == 0 for _, _, a2, _, _, b0, _ in LOOPS]


def test_972_combinations_are_nested_loops_wherever_they_run(cli):
    module = cli.write("combined.py", COMBINED)
    told = cli("plan", module).stdout
    counts = {"points": 972, "admitted": 720, "jobs": "972, 252 of them vetoed"}
    for line in (f"{name + ':':<15}{count}" for name, count in counts.items()):
        assert line in told.splitlines()
    for i in range(5):
        assert f"  sum.a{i}  3 (choice): 0, 1, 2\n" in told
    assert "  not too large: 108\n  b0 needs a2: 144 (162 in all)\n" in told
    expected = {}
    for (*digits,), large, needing in zip(LOOPS, LARGE, NEEDING, strict=True):
        reason = "not too large" if large else "b0 needs a2" if needing else None
        expected[tuple(digits)] = ("VETOED", reason) if reason else ("OK", sum(digits))
    ids = []
    for executor, processes in (("serial", 1), ("pool", 1), ("pool", 3)):
        overrides = {"N_PROCESSES": processes, "START_METHOD": "fork"}
        campaign = Orchestrator(load_settings(module, overrides), executor=executor)
        campaign.run()
        results = campaign.results
        given = zip(results, results.metadata, strict=True)
        found = [(params, facts, results["SUM"]["VALUE"]) for (params, results), facts in given]
        found += [(params, facts, facts["error"]) for params, facts in results.failures]
        assert len(found) == 972
        assert {
            tuple(params["sum"].dict().values()): (str(facts["status"]), value)
            for params, facts, value in found
        } == expected
        assert campaign.counts.total() == campaign.n_exp == 972
        ids.append({facts["job"] for _, facts, _ in found})
    assert len(ids[0]) == 972
    assert ids[0] == ids[1] == ids[2]
