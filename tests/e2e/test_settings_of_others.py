"""Settings that run on Icarus 0.8 and are not written as one would for this one."""

from __future__ import annotations

import logging

import pytest

import icarus
from icarus.orchestration import run_scenario
from icarus.registry import CACHE_PLACEMENT
from icarus.results import read_results_pickle
from icarus.util import Settings, Tree

SETTINGS = """
from icarus.util import Tree

N_PROCESSES = 2.0
N_REPLICATIONS = 2.0
PARALLEL_EXECUTION = 0
SEED = "of my own"
ENGINE = {engine!r}
LOG_LEVEL = "INFO"

EXPERIMENT_QUEUE = []
for strategy in ["LCE", "EDGE"]:
    experiment = Tree()
    experiment["topology"] = {{"name": "TREE", "k": 2.0, "h": 3.0, "drawn": "left"}}
    experiment["workload"] = {{
        "name": "STATIONARY", "n_contents": 5 * 10 ** 1.0, "alpha": 0.8, "n_warmup": 1e2,
        "n_measured": 3e2, "run_kind": "a",
    }}
    experiment["content_placement"] = {{"name": "UNIFORM", "tag": 1}}
    experiment["cache_placement"] = {{"name": "UNIFORM", "network_cache": 0.5, "tag": 2}}
    experiment["strategy"] = {{"name": strategy, "p": 0.5}}
    experiment["cache_policy"] = {{"name": "SLRU", "segments": 2.0, "tag": "x"}}
    EXPERIMENT_QUEUE.append(experiment)
"""


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_floats_for_counts_and_tags_for_plots(inside, engine):
    inside.write("theirs.py", SETTINGS.format(engine=engine))
    done = inside("run", "theirs.py")
    assert (done.returncode, done.stdout.splitlines()[0][:13]) == (0, "4 simulations")
    assert done.stderr.count("WARNING") == 2
    assert "SEED: this name has a meaning now" in done.stderr
    assert "workload.run_kind (of STATIONARY)" in done.stderr
    results = read_results_pickle(inside.folder / "results" / "theirs.pickle")
    assert len(results.filter({"workload": {"run_kind": "a", "n_measured": 300}})) == 4
    theirs = [result["CACHE_HIT_RATIO"]["MEAN"] for _, result in results]

    plain = SETTINGS.format(engine=engine).replace('SEED = "of my own"', "")
    for one, other in [("2.0", "2"), ("3.0", "3"), ("5 * 10 ** 1", "50"), ("1e2", "100")]:
        plain = plain.replace(one, other)
    inside.write("plain.py", plain.replace("3e2", "300"))
    assert inside("run", "plain.py").returncode == 0
    ours = read_results_pickle(inside.folder / "results" / "plain.pickle")
    assert [result["CACHE_HIT_RATIO"]["MEAN"] for _, result in ours] == theirs


def test_strict_refuses_what_is_otherwise_warned_of(inside):
    inside.write("theirs.py", SETTINGS.format(engine="python"))
    for command in ("run", "validate"):
        done = inside(command, "theirs.py", "--strict")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 2
    assert not (inside.folder / "results").exists()


@pytest.mark.parametrize(
    "name", sorted(name for name in CACHE_PLACEMENT if not name.startswith("OPTIMAL_"))
)
def test_no_cache_at_all_is_a_size_too(name):
    parameters = {
        "RANDOM": {"n_cache_nodes": 2},
        "CLUSTERED_HASHROUTING": {"n_clusters": 2, "policy": "node_const"},
    }.get(name, {})
    experiment = Tree(
        topology={"name": "RING", "n": 6},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 0,
            "n_measured": 50,
        },
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": name, "network_cache": 0, **parameters},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU"},
    )
    settings = Settings()
    settings.DATA_COLLECTORS = ["CACHE_HIT_RATIO"]
    _, results, _ = run_scenario(settings, experiment, 0, 1)
    assert results["CACHE_HIT_RATIO"]["MEAN"] == 0


UNABLE = """
from icarus.models.strategy import Strategy
from icarus.registry import register_strategy

@register_strategy("UNABLE")
class Unable(Strategy):
    def __init__(self, view, controller, **kwargs):
        raise ValueError("not on this network")
"""


def test_run_from_python_logs_what_the_command_line_logs(tmp_path, caplog):
    path = tmp_path / "failing.py"
    text = SETTINGS.format(engine="python").replace('"name": strategy', '"name": "UNABLE"')
    path.write_text(f"{text}{UNABLE}")
    with caplog.at_level(logging.INFO):
        icarus.run(path, tmp_path / "out.pickle", None)
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(failed) == 2
    assert any(record.name == "progress" for record in caplog.records)
    assert any("cannot be meant for" in record.getMessage() for record in caplog.records)
