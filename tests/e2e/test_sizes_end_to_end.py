"""Contents with sizes on the command line: plan, run, results and plots, and what is refused."""

import pytest

from icarus.results import read_results_pickle

SETTINGS = """
N_REPLICATIONS = {n}
N_PROCESSES = {processes}
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LINK_LOAD", "LATENCY"]
EXPERIMENT_QUEUE = [
    {{
        "topology": {{"name": "TREE", "k": 2, "h": 3}},
        "workload": {{
            "name": "STATIONARY", "n_contents": 200, "alpha": 0.8, "n_warmup": 200,
            "n_measured": 2000, "rate": 10.0, {sizes}
        }},
        "content_placement": {{"name": "UNIFORM"}},
        "cache_placement": {{"name": "UNIFORM", **capacity}},
        "cache_policy": {{"name": "LRU"}},
        "strategy": {{"name": "LCE"}},
        "engine": engine,
    }}
    for capacity in {capacities}
    for engine in {engines}
]
"""
LOGNORMAL = '"content_size": {"dist": "LOGNORMAL", "median": "10 kB", "sigma": 1.0}'


def settings(
    sizes=LOGNORMAL, capacities=({"cache_budget": 60},), engines=("auto",), n=2, processes=1
):
    given = {"sizes": sizes, "capacities": list(capacities), "engines": list(engines)}
    return SETTINGS.format(n=n, processes=processes, **given)


def measured(inside, text, results):
    """Run settings and return the results of all jobs."""
    (inside.folder / "sizes.py").write_text(text)
    done = inside("run", "sizes.py", "-r", results, "--fresh")
    assert done.returncode == 0, done.stderr
    return [found for _, found in read_results_pickle(inside.folder / results)]


def test_contents_with_sizes_from_end_to_end(inside):
    one = measured(inside, settings(engines=("python", "compiled")), "one.pickle")
    two = measured(inside, settings(engines=("python", "compiled"), processes=2), "two.pickle")
    for name in ("CACHE_HIT_RATIO", "LINK_LOAD", "LATENCY"):
        assert len({str(found[name]) for found in one}) == 2, "both engines give the same"
        assert [found[name] for found in one] == [found[name] for found in two]
    hits = one[0]["CACHE_HIT_RATIO"]
    assert 0 < hits["BYTE_HIT_RATIO"] != hits["MEAN"]
    by_node = hits["PER_NODE_CACHE_BYTE_HIT_RATIO"]
    assert sum(by_node.values()) == pytest.approx(hits["BYTE_HIT_RATIO"])
    # A median of 10 kB is a mean of 16.5 kB.
    total = hits["BYTES_FROM_ORIGINS"] / (1 - hits["BYTE_HIT_RATIO"])
    assert total / 2000 == pytest.approx(16_500, rel=0.3)


def test_links_carry_each_content_with_its_size(inside):
    constant = measured(inside, settings('"content_size": 1500'), "constant.pickle")
    none = measured(inside, settings(""), "none.pickle")
    for sized, plain in zip(constant, none, strict=True):
        assert sized["LINK_LOAD"] == plain["LINK_LOAD"]
        assert sized["LATENCY"] == plain["LATENCY"]
        assert sized["CACHE_HIT_RATIO"]["MEAN"] == plain["CACHE_HIT_RATIO"]["MEAN"]
        assert sized["CACHE_HIT_RATIO"]["BYTE_HIT_RATIO"] == plain["CACHE_HIT_RATIO"]["MEAN"]
        assert "BYTE_HIT_RATIO" not in plain["CACHE_HIT_RATIO"]
    double = measured(inside, settings('"content_size": "3 kB"'), "double.pickle")
    requests = [2 * a["LINK_LOAD"]["MEAN_INTERNAL"] - b["LINK_LOAD"]["MEAN_INTERNAL"]
                for a, b in zip(constant, double, strict=True)]  # fmt: skip
    assert all(load > 0 for load in requests), "requests are as large as before"


def test_a_budget_outright_is_that_of_its_share(inside):
    outright = measured(inside, settings(capacities=[{"cache_budget": 20}]), "a.pickle")
    share = measured(inside, settings(capacities=[{"network_cache": 0.1}]), "b.pickle")
    assert outright == share


def test_plans_and_plots_have_units(inside):
    text = settings(capacities=[{"cache_budget": n} for n in (20, 60)])
    (inside.folder / "sizes.py").write_text(text)
    assert "cache sizes:   in contents\n" in inside("plan", "sizes.py").stdout
    (inside.folder / "bytes.py").write_text(
        settings(capacities=[{"cache_budget": "1 MiB"}, {"node_cache": "10 kB"}])
    )
    assert "cache sizes:   in bytes\n" in inside("plan", "bytes.py").stdout
    assert inside("run", "sizes.py", "-r", "sizes.pickle").returncode == 0
    done = inside("plot", "sizes.pickle", "--x", "cache_budget", "--format", "svg")
    assert done.returncode == 0, done.stderr
    drawn = "".join(path.read_text() for path in (inside.folder / "sizes").rglob("*.svg"))
    assert "Total cache size (contents)" in drawn


@pytest.mark.parametrize(
    ("sizes", "capacity", "problem"),
    [
        (
            "",
            {"network_cache": 100},
            "cache_placement.network_cache: a share of the catalogue, from 0 to 1; for 100 "
            "contents in all write cache_budget: 100",
        ),
        (
            "",
            {"cache_budget": "10 GiB"},
            "workload.content_size: missing; the sizes of caches are in bytes",
        ),
        (
            '"content_size": {"dist": "LOGNORML"}',
            {"cache_budget": 10},
            "content_size.dist: unknown distribution 'LOGNORML'; did you mean 'LOGNORMAL'?",
        ),
        (LOGNORMAL, {"cache_budget": "10 GX"}, "cache_placement.cache_budget: should be a"),
        (LOGNORMAL, {"cache_budgt": 10, "network_cache": 0.1}, "did you mean 'cache_budget'?"),
    ],
)
def test_mistakes_are_one_line(inside, sizes, capacity, problem):
    (inside.folder / "sizes.py").write_text(settings(sizes, [capacity]))
    for command in ("plan", "run"):
        done = inside(command, "sizes.py")
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert problem in line
        assert line.startswith("icarus: sizes.py: EXPERIMENT_QUEUE[0].")
