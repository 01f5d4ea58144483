"""Campaigns that are run from sweep files: all that they are with a settings module."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icarus.results import read_results_pickle

SWEEP = """
    [settings]
    N_REPLICATIONS = 2

    [base]
    topology = { name = "TREE", k = 2, h = 3 }
    workload = { name = "STATIONARY", n_contents = 50, alpha = 0.8, n_warmup = 100 }
    content_placement.name = "UNIFORM"
    cache_placement.name = "UNIFORM"
    cache_policy.name = "LRU"

    [axes]
    strategy.name = ["LCE", "LCD"]
    cache_placement.network_cache = [0.1, 0.5]

    [derive]
    workload.n_measured = "4 * n_contents"
"""
MODULE = """
    from icarus import design as d

    N_REPLICATIONS = 2
    base = {
        "topology": {"name": "TREE", "k": 2, "h": 3},
        "workload": {"name": "STATIONARY", "n_contents": 50, "alpha": 0.8, "n_warmup": 100},
        "content_placement": {"name": "UNIFORM"},
        "cache_placement": {"name": "UNIFORM"},
        "cache_policy": {"name": "LRU"},
    }
    EXPERIMENT_QUEUE = d.product(
        base,
        {"strategy.name": ["LCE", "LCD"], "cache_placement.network_cache": [0.1, 0.5]},
        derive={"workload.n_measured": "4 * n_contents"},
    )
"""


def jobs(path: Path) -> list[str]:
    return [facts["job"] for facts in read_results_pickle(path).metadata]


def test_a_sweep_and_the_same_design_in_python_are_the_same_jobs(inside):
    sweep, module = inside.write("sweep.toml", SWEEP), inside.write("module.py", MODULE)
    assert inside("run", sweep, "-q").returncode == 0
    assert inside("run", module, "-q").returncode == 0
    results = inside.folder / "results"
    assert jobs(results / "sweep.pickle") == jobs(results / "module.pickle")
    assert len(jobs(results / "sweep.pickle")) == 8
    one, other = (read_results_pickle(results / f"{name}.pickle") for name in ("sweep", "module"))
    assert [tree.dict() for _, tree in one] == [tree.dict() for _, tree in other]


def test_a_sweep_that_was_changed_goes_on_from_the_points_that_are_the_same(inside):
    sweep = inside.write("sweep.toml", SWEEP)
    assert inside("run", sweep).returncode == 0
    before = jobs(inside.folder / "results" / "sweep.pickle")
    inside.write("sweep.toml", SWEEP.replace("[0.1, 0.5]", "[0.5, 0.1, 0.2]"))
    done = inside("run", sweep, "--dry-run")
    assert "experiments:   6" in done.stdout
    done = inside("run", sweep)
    assert done.returncode == 0
    assert "8 of 12 jobs are done already; 4 to run" in done.stderr
    assert set(before) < set(jobs(inside.folder / "results" / "sweep.pickle"))


def test_commands_that_take_a_settings_module_take_a_sweep(inside):
    sweep = inside.write("sweep.JSON", json.dumps({"extends": "below.toml", "seed": 3}))
    inside.write("below.toml", SWEEP)
    done = inside("validate", sweep)
    assert (done.returncode, done.stderr) == (0, "")
    assert "experiments:   4" in done.stdout
    assert inside("run", sweep, "-q").returncode == 0
    status = inside("status", sweep)
    assert status.returncode == 0
    assert "8 OK" in " ".join(status.stdout.split())
    # What was recorded is enough, without the files.
    (inside.folder / "below.toml").unlink()
    sweep.unlink()
    done = inside("replay", "results/sweep.pickle", "1")
    assert done.returncode == 0, done.stderr


def test_what_a_sweep_is_taken_for_by_mistake_is_said(inside):
    sweep = inside.write("sweep.toml", SWEEP)
    done = inside("plot", sweep)
    assert done.returncode == 2
    assert f"{sweep}: a sweep file, not results; icarus run {sweep} runs it" in done.stderr
    done = inside("run", sweep, "-r", sweep)
    assert done.returncode == 2
    assert "results are written as a pickle, not as .toml" in done.stderr


@pytest.mark.parametrize("command", ["run", "validate"])
def test_all_problems_are_lines_with_their_places_and_nothing_runs(inside, command):
    text = SWEEP.replace("[0.1, 0.5]", "{ linspce = [0.6, 1.2], n = 4 }")
    text = text.replace("N_REPLICATIONS = 2", "N_REPLICATIONS = 0\n    SEDE = 3")
    inside.write("sweep.toml", text)
    done = inside(command, "sweep.toml", "-c", "PARALEL_EXECUTION=True")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "icarus: sweep.toml: axes.cache_placement.network_cache: unknown axis 'linspce'; did you "
        "mean 'linspace'?",
        "icarus: sweep.toml: settings.N_REPLICATIONS: should be greater than or equal to 1, "
        "found 0",
        "icarus: sweep.toml: settings.SEDE: unknown setting; did you mean 'SEED'?",
        "icarus: -c PARALEL_EXECUTION: unknown setting; did you mean 'PARALLEL_EXECUTION'?",
    ]
    assert not (inside.folder / "results").exists()


@pytest.mark.parametrize("name", ["sweep.toml", "module.py"])
def test_overrides_are_kept_in_a_campaign_and_in_its_replay(inside, name):
    file = inside.write(name, SWEEP if name == "sweep.toml" else MODULE)
    given = ["-c", "strategy.name=['EDGE']", "-c", "workload.alpha=1.0"]
    done = inside("run", file, "-q", "-r", "out.pickle", *given)
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(inside.folder / "out.pickle")
    assert {params["strategy"]["name"] for params, _ in results} == {"EDGE"}
    assert {params["workload"]["alpha"] for params, _ in results} == {1.0}
    assert len(results) == 4
    assert inside("replay", "out.pickle", "1").returncode == 0
    done = inside("run", file, "-c", "workload.alhpa=1.0")
    assert done.returncode == 2
    assert "did you mean 'workload.alpha'?" in done.stderr


def test_the_schema_is_printed(inside):
    done = inside("schema", "sweep")
    assert done.returncode == 0
    assert {"axes", "base", "where", "extends"} <= json.loads(done.stdout)["properties"].keys()
