"""``icarus plan``, and parts of a queue that are run by themselves."""

from __future__ import annotations

import json

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
    strategy.name = ["LCE", "LCD", "EDGE"]
    cache_placement.network_cache = [0.1, 0.2, 0.5, 1.0]

    [derive]
    workload.n_measured = "4 * n_contents"

    [where]
    "large caches are for LCE" = "network_cache < 0.5 or strategy_name == 'LCE'"
"""


@pytest.fixture
def sweep(inside):
    return inside.write("sweep.toml", SWEEP)


def ids(path):
    return [facts["job"] for facts in read_results_pickle(path).metadata]


def test_the_plan_counts_axes_constraints_and_jobs(inside, sweep):
    told = inside("plan", sweep)
    assert told.returncode == 0
    for line in ("points:        12", "admitted:      8", "jobs:          24, 8 of them vetoed"):
        assert line in told.stdout
    assert "large caches are for LCE: 4" in told.stdout
    facts = json.loads(inside("plan", sweep, "--json").stdout)
    assert facts["design"]["admitted"] == 8
    assert facts["vetoed"] == {"large caches are for LCE": 4}
    assert [axis["n"] for axis in facts["design"]["axes"]] == [3, 4]
    assert inside("validate", sweep).stdout == told.stdout


def test_one_point_and_its_id(inside, sweep):
    assert inside("run", sweep, "-q").returncode == 0, "none of those that are to be run failed"
    shown = json.loads(inside("plan", sweep, "--point", "5", "--json").stdout)
    assert shown["experiment"]["cache_placement"] == {"name": "UNIFORM", "network_cache": 0.2}
    assert shown["experiment"]["workload"]["n_measured"] == 200
    assert f"{shown['id']}-1" in ids(inside.folder / "results" / "sweep.pickle")
    resolved = inside("plan", sweep, "--point", "5", "--resolved").stdout
    assert "workload.beta = 0\n" in resolved
    excluded = inside("plan", sweep, "--point", "-1").stdout
    assert "excluded:      large caches are for LCE" in excluded
    refused = inside("plan", sweep, "--point", "12")
    assert refused.returncode == 2
    assert "there are 12 experiments" in refused.stderr


def test_settings_in_force(inside, sweep):
    told = inside("plan", sweep, "--resolved", "-c", "SEED=7")
    assert "SEED = 7" in told.stdout
    assert "N_REPLICATIONS = 2" in told.stdout


def test_shards_merge_into_the_whole(inside, sweep):
    inside("run", sweep, "-q")
    for k in (1, 2, 3):
        inside("run", sweep, "-q", "--shard", f"{k}/3")
    results = inside.folder / "results"
    parts = [results / f"sweep-{k}of3.pickle" for k in (1, 2, 3)]
    merged = results / "merged.pickle"
    assert inside("results", "merge", *parts, "-o", merged).returncode == 0
    whole = read_results_pickle(results / "sweep.pickle")
    assert sorted(ids(merged)) == sorted(ids(results / "sweep.pickle"))
    given = {
        facts["job"]: result
        for (_, result), facts in zip(
            read_results_pickle(merged), read_results_pickle(merged).metadata, strict=True
        )
    }
    for (_, result), facts in zip(whole, whole.metadata, strict=True):
        assert given[facts["job"]] == result


def test_a_part_is_gone_on_from(inside, sweep):
    assert inside("run", sweep, "-q", "--points", "4:6").returncode == 0
    part = ids(inside.folder / "results" / "sweep.pickle")
    assert len(part) == 4
    told = inside("run", sweep)
    assert "4 of 24 jobs are done already; 20 to run" in told.stderr
    assert set(part) < set(ids(inside.folder / "results" / "sweep.pickle"))


def test_a_sample_is_of_admitted_points_and_the_same_each_time(inside, sweep):
    for name in ("a", "b"):
        done = inside("run", sweep, "-q", "--sample", "3", "-r", f"{name}.pickle")
        assert done.returncode == 0
    assert ids(inside.folder / "a.pickle") == ids(inside.folder / "b.pickle")
    assert len(ids(inside.folder / "a.pickle")) == 6
    refused = inside("plan", sweep, "--sample", "9")
    assert refused.returncode == 2
    assert "9 points asked for, 8 admitted ones found" in refused.stderr


def test_parts_of_a_list(inside):
    module = inside.write(
        "module.py",
        """
        from icarus.util import Tree

        EXPERIMENT_QUEUE = [
            Tree(
                topology={"name": "TREE", "k": 2, "h": 3},
                workload={"name": "STATIONARY", "n_contents": 20, "alpha": alpha,
                          "n_warmup": 10, "n_measured": 20},
                content_placement={"name": "UNIFORM"},
                cache_policy={"name": "LRU"},
                strategy={"name": "NO_CACHE"},
            )
            for alpha in (0.5, 0.6, 0.7, 0.8, 0.9)
        ]
        """,
    )
    for options, n in ((("--points", ":2"), 2), (("--shard", "2/2"), 2), (("--sample", "4"), 4)):
        facts = json.loads(inside("plan", module, "--json", *options).stdout)
        assert facts["experiments"] == n
    # A part of a part of a part.
    facts = json.loads(
        inside("plan", module, "--json", "--points", "1:", "--shard", "1/2", "--sample", "1").stdout
    )
    assert facts["experiments"] == 1
    none = inside("run", module, "--points", "7:9")
    assert none.returncode == 2
    assert "none of 5 experiments is selected" in none.stderr


def test_what_is_no_part_is_refused_all_at_once(inside, sweep):
    told = inside("run", sweep, "--shard", "5/4", "--points", "a", "--sample", "0")
    assert told.returncode == 2
    assert told.stderr.count("icarus: --") == 3


def test_a_design_too_large_for_one_campaign(inside, sweep):
    module = inside.write(
        "huge.py",
        """
        from icarus import design as d

        EXPERIMENT_QUEUE = d.product(
            {
                "topology": {"name": "TREE", "k": 2, "h": 3},
                "workload": {"name": "STATIONARY", "n_contents": 20, "n_warmup": 10,
                             "n_measured": 20},
                "content_placement": {"name": "UNIFORM"},
                "cache_placement": {"name": "UNIFORM"},
                "cache_policy": {"name": "LRU"},
            },
            {
                "workload.alpha": d.linspace(0.5, 1.5, 10_000),
                "cache_placement.network_cache": d.linspace(0.01, 0.5, 10_000),
                "strategy.name": ["LCE", "LCD", "EGDE"],
            },
            where={"right": "strategy_name != 'EGDE'"},
        )
        """,
    )
    told = inside("plan", module)
    assert told.returncode == 0, told.stderr
    assert "300,000,000" in told.stdout
    assert "--sample N" in told.stdout
    refused = inside("run", module)
    assert refused.returncode == 2
    assert "300,000,000 experiments are more than the 1,000,000" in refused.stderr
    refused = inside("plan", module, "-c", "N_REPLICATIONS=0")
    assert refused.returncode == 2
    assert "huge.py: N_REPLICATIONS: should be greater than or equal to 1" in refused.stderr
    point = json.loads(inside("plan", module, "--point", "299999999", "--json").stdout)
    assert point["excluded"] == "right"
    done = inside("run", module, "-q", "--sample", "3")
    assert done.returncode == 0
    text = (inside.folder / "huge.py").read_text()
    wrong = inside.write("wrong.py", text.split("where")[0] + ")")
    told = inside("plan", wrong)
    assert told.returncode == 2
    assert "unknown strategy 'EGDE'; did you mean 'EDGE'?" in told.stderr
    told = inside("plan", wrong, "--point", "-1")
    assert told.returncode == 2
    assert "EXPERIMENT_QUEUE[299999999].strategy.name: unknown strategy" in told.stderr


@pytest.mark.parametrize("queue", ["5", "'text'", "{}", "[]", "[5]"])
def test_one_point_of_what_is_no_queue(inside, queue):
    told = inside("plan", inside.write("odd.py", f"EXPERIMENT_QUEUE = {queue}"), "--point", "0")
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert "EXPERIMENT_QUEUE" in told.stderr or "--point 0: there are 0 experiments" in told.stderr


def test_long_values_are_short_and_lines_fit(inside):
    axes = ('"workload.alpha"', '"strategy"')
    values = ("d.logspace(0.001, 0.1, 40)", "[{'name': 'LCE', 'p': 0.1 + i / 9} for i in range(9)]")
    text = ", ".join(f"{axis}: {value}" for axis, value in zip(axes, values, strict=True))
    module = inside.write(
        "module.py",
        f"""
        from icarus import design as d

        EXPERIMENT_QUEUE = d.product(
            {{
                "topology": {{"name": "TREE", "k": 2, "h": 3}},
                "workload": {{"name": "STATIONARY", "n_contents": 20}},
                "content_placement": {{"name": "UNIFORM"}},
                "cache_policy": {{"name": "LRU"}},
            }},
            {{{text}}},
        )
        """,
    )
    told = inside("plan", module)
    assert told.returncode == 0, told.stderr
    assert max(map(len, told.stdout.splitlines())) < 100
    assert "0.00112534, 0.00126638" in told.stdout
    assert "LCE(p=0.211111)" in told.stdout


def test_a_pilot_estimates_time_and_memory(inside, sweep):
    told = inside("plan", sweep, "--pilot", "--json")
    assert told.returncode == 0, told.stderr
    facts = json.loads(told.stdout)
    assert facts["tried"] == facts["experiments"] == 8
    assert facts["failed"] == []
    assert 0 < facts["longest_job"]["seconds"] <= facts["wall_time"] <= facts["processor_time"]
    assert 10e6 < facts["memory"] < 4e9
    assert not (inside.folder / "results").exists(), "nothing is written"
    # Some limits of a campaign are not for the pilot.
    told = inside("plan", sweep, "--pilot", "-c", "STRICT=True", "-c", "N_PROCESSES=1").stdout
    assert "pilot:         8 of 8 experiments, 100 % of their requests, in " in told
    assert "longest job:   about " in told
    assert " on 1 process, " in told
