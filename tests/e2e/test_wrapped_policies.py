"""``insert`` and ``ttl`` from the command line: the same results however a campaign runs."""

from __future__ import annotations

import pytest

from icarus.compiler.jit import DISABLED
from icarus.results import read_results_pickle

SETTINGS = """
    from typing import Any, NamedTuple

    from icarus.policies import Lines, define_policy, make_lines
    from icarus.util import Tree

    N_REPLICATIONS = 2
    DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]
    PLAIN = False

    @define_policy("OWN_FIFO")
    class OwnFifo(NamedTuple):
        '''Evict what was inserted first.'''

        lines: Lines

        @classmethod
        def new(cls, room):
            return cls(make_lines(room))

        def get(self, cache, content):
            return self.lines.find(cache, content) >= 0

        def put(self, cache, content):
            if self.lines.find(cache, content) >= 0:
                return -1
            return self.lines.insert_first(cache, content)

        has = get

        def remove(self, cache, content):
            return self.lines.remove(cache, content)

        def dump(self, cache):
            return self.lines.contents(self.lines.end(cache))

    EXPERIMENT_QUEUE = []
    for wrapping in ({"insert": {"p": 0.2}}, {"insert": {"k": 2, "memory": 10}, "ttl": 40}):
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 3}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 60, "alpha": 0.8, "n_warmup": 200,
            "n_measured": 1000, "rate": 2.0,
        }
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.6}
        experiment["strategy"] = {"name": "LCE"}
        experiment["cache_policy"] = {"name": "OWN_FIFO", **wrapping}
        EXPERIMENT_QUEUE.append(experiment)
    """


def results_of(cli, name, *options):
    done = cli("run", "settings.py", "-r", name, *options)
    assert done.returncode == 0, done.stderr
    found = read_results_pickle(cli.folder / name)
    return {one["engine"] for one in found.metadata}, [tree.dict() for _, tree in found]


def test_the_same_results_however_it_runs(cli):
    cli.write("settings.py", SETTINGS)
    engine, reference = results_of(cli, "python.pickle", "-c", "ENGINE=python")
    assert engine == {"python"}
    ratios = [one["CACHE_HIT_RATIO"]["MEAN"] for one in reference]
    assert len(set(ratios)) == 4
    pool = ("-c", "PARALLEL_EXECUTION=True", "-c", "N_PROCESSES=2")
    assert results_of(cli, "pool.pickle", "-c", "ENGINE=python", *pool)[1] == reference
    if not DISABLED:
        engine, compiled = results_of(cli, "compiled.pickle", "-c", "ENGINE=compiled")
        assert engine == {"compiled"}
        assert compiled == reference


def test_another_probability_is_another_job(cli):
    cli.write("settings.py", SETTINGS)
    results_of(cli, "one.pickle", "-c", "ENGINE=python")
    text = (cli.folder / "settings.py").read_text()
    cli.write("settings.py", text.replace('"p": 0.2', '"p": 0.3'))
    done = cli("run", "settings.py", "-r", "one.pickle", "-c", "ENGINE=python", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert "2 of 4" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            '"insert": {"q": 2}',
            "cache_policy.insert.q: unknown parameter; known: k, memory, p, seed",
        ),
        ('"insert": {"p": 2}', "cache_policy.insert.p: should be less than or equal to 1, found 2"),
    ],
)
def test_mistakes_are_told_before_anything_runs(inside, given, problem):
    inside.write("settings.py", SETTINGS.replace('"insert": {"p": 0.2}', given))
    done = inside("validate", "settings.py")
    assert done.returncode == 2
    (line,) = [one for one in done.stderr.splitlines() if "cache_policy" in one]
    assert problem in line


def test_a_policy_that_takes_anything_is_told_of_with_a_warning(inside):
    inside.write("settings.py", SETTINGS.replace('"insert": {"p"', '"inert": {"p"'))
    done = inside("validate", "settings.py")
    assert done.returncode == 0
    assert "cache_policy.inert: OWN_FIFO gets it; did you mean 'insert'?" in done.stderr


def test_they_are_listed_with_each_policy(inside):
    listed = inside("list", "cache-policies", "FIFO").stdout
    assert "With any cache policy" in listed
    assert "\nttl : float > 0" in listed
    assert "With any" not in inside("list", "strategies", "LCE").stdout
