"""The settings modules in ``config/`` that follow published studies."""

from __future__ import annotations

import subprocess
import sys

import pytest

from icarus.results import read_results_pickle

EXAMPLES = {
    "line": 27,
    "lce_vs_probcache": 24,
    "onpath_vs_offpath": 90,
    "hashrouting": 56,
    "until_precise": 6,
    "extension": 18,
    "extension_classes": 18,
    "link_failures": 150,
    "flash_crowd": 4,
    "cache_flush": 4,
}
"""From settings module to the number of its experiments."""

QUICK = (
    *("-c", "N_REPLICATIONS=1", "-c", "N_WARMUP_REQUESTS=100", "-c", "N_MEASURED_REQUESTS=300"),
    *("-c", "PARALLEL_EXECUTION=False"),
)


def run(cli, project, name, *options):
    done = cli("run", project / "config" / f"{name}.py", "-r", f"{name}.pickle", *options)
    assert done.returncode == 0, done.stderr
    return read_results_pickle(cli.folder / f"{name}.pickle")


@pytest.fixture
def cli(inside):
    """Without starting a process for each command, which takes most of the time."""
    return inside


@pytest.mark.parametrize(("name", "n_experiments"), EXAMPLES.items())
def test_valid(cli, project, name, n_experiments, request):
    if name == "lce_vs_probcache":
        cli.environment["ICARUS_DATA"] = str(request.getfixturevalue("shared_data"))
    done = cli("validate", project / "config" / f"{name}.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"experiments: {n_experiments} " in " ".join(done.stdout.split())


def test_line_with_one_cache_gives_the_published_hit_ratio(cli, project):
    options = (
        *("-c", "N_CACHES=[1]", "-c", "ALPHA=[1.0]", "-c", "N_REPLICATIONS=1"),
        *("-c", "N_WARMUP_REQUESTS=10000", "-c", "N_MEASURED_REQUESTS=40000"),
    )
    results = run(cli, project, "line", *options)
    ratios = {p["strategy"]["name"]: tree["CACHE_HIT_RATIO"]["MEAN"] for p, tree in results}
    assert ratios["LCE"] == pytest.approx(0.3905, abs=0.01)


def test_line_of_two_caches_gains_more_by_lcd(cli, project):
    results = run(
        *(cli, project, "line", "-c", "N_CACHES=[2]", "-c", "ALPHA=[0.8]"),
        *("-c", "N_REPLICATIONS=1", "-c", "N_MEASURED_REQUESTS=20000"),
    )
    ratios = {p["strategy"]["name"]: tree["CACHE_HIT_RATIO"]["MEAN"] for p, tree in results}
    assert ratios["LCD"] > 1.1 * ratios["LCE"]


def test_lce_vs_probcache_runs(cli, project, shared_data):
    cli.environment["ICARUS_DATA"] = str(shared_data)
    asns = [1221, 1755]
    topologies = [{"name": "ROCKET_FUEL", "asn": asn} for asn in asns]
    results = run(cli, project, "lce_vs_probcache", *QUICK, "-c", f"TOPOLOGIES={topologies}")
    assert [p["topology"]["asn"] for p, _ in results] == [1221] * 4 + [1755] * 4


def test_lce_vs_probcache_without_maps(cli, project):
    cli.environment["ICARUS_DATA"] = str(cli.folder)
    done = cli("validate", project / "config" / "lce_vs_probcache.py")
    assert done.returncode == 2
    assert "latencies.intra" in done.stderr
    tree = ("-c", "TOPOLOGIES=[{'name': 'TREE', 'k': 2, 'h': 6}]")
    assert cli("validate", project / "config" / "lce_vs_probcache.py", *tree).returncode == 0


def test_hashrouting_runs(cli, project):
    results = run(cli, project, "hashrouting", *QUICK, "-c", "TOPOLOGIES=['GEANT']")
    studies = [p["study"]["name"] for p, _ in results]
    assert (studies.count("schemes"), studies.count("near caches")) == (15, 11)


def test_until_precise_replicates_where_it_is_needed(cli, project):
    options = ("-c", "PRECISION=0.1", "-c", "STRATEGIES=['LCE']", *QUICK[4:])
    shorter = ("-c", "N_WARMUP_REQUESTS=500", "-c", "N_MEASURED_REQUESTS=3000")
    results = run(cli, project, "until_precise", *options, *shorter)
    sizes = [p["cache_placement"]["network_cache"] for p, _ in results]
    assert sizes.count(0.005) > sizes.count(0.05) >= 5
    campaign = results.metadata[0]["campaign"]
    assert campaign["replications"]["until"] == {"CACHE_HIT_RATIO.MEAN": 0.1}
    assert all(one["state"] == "MAXIMUM" for one in campaign["imprecise"])


def test_extension_classes_runs(cli, project):
    results = run(cli, project, "extension_classes", *QUICK, "-c", "NETWORK_CACHE=[0.2]")
    used = {(p["strategy"]["name"], p["cache_policy"]["name"]): one for p, one in results}
    assert len(used) == 6
    assert all(one["SERVING_DISTANCE"]["MEAN"] > 0 for one in used.values())


def test_extension_runs_compiled(cli, project):
    options = ("-c", "NETWORK_CACHE=[0.2]", "-c", "STRATEGIES=[{'name': 'LCE_NEAR', 'hops': 1}]")
    results = run(cli, project, "extension", *QUICK, *options, "-c", "ENGINE=compiled")
    assert [p["cache_policy"]["name"] for p, _ in results] == ["LRU", "MY_SIEVE"]
    assert {one["engine"] for one in results.metadata} == {"compiled"}
    assert all(0 < one["CACHE_HIT_RATIO"]["MEAN"] < 0.5 for _, one in results)


def test_onpath_vs_offpath_runs_and_is_drawn(cli, project):
    options = ("-c", "TOPOLOGIES=['GEANT']", "-c", "N_CONTENTS=500")
    results = run(cli, project, "onpath_vs_offpath", *QUICK, *options)
    assert len(results) == 30
    command = [sys.executable, project / "scripts" / "plot_onpath_vs_offpath.py"]
    done = subprocess.run(
        [*command, "onpath_vs_offpath.pickle", "figures"],
        cwd=cli.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {file.name for file in (cli.folder / "figures").iterdir()} == {
        *("hit_ratio_GEANT.png", "latency_GEANT.png", "internal_load_GEANT.png"),
        *("stretch_GEANT.png", "bars_GEANT.png"),
        *("network_GEANT_LCE.png", "network_GEANT_HR_SYMM.png"),
    }


def mean_of(results, metric, after, before):
    """Return the mean over windows that lie between two moments, by the name of the strategy."""
    means = {}
    for params, tree in results:
        start, end = tree["TIMELINE"]["START"], tree["TIMELINE"]["END"]
        inside = (start >= after) & (end <= before)
        means[params["strategy"]["name"]] = tree["TIMELINE"][metric][inside].mean()
    return means


def test_link_failures_show_a_failure_and_the_recovery(cli, project):
    links = ("-c", "LINKS=[(2, 4)]", "-c", "DOWN=60.0", "-c", "UP=90.0")
    results = run(
        *(cli, project, "link_failures", *links),
        *("-c", "N_WARMUP_REQUESTS=9000", "-c", "N_MEASURED_REQUESTS=27000", *QUICK[6:]),
        *("-c", "DATA_COLLECTORS={'TIMELINE': {'window': 10.0}}"),
    )
    assert len(results) == 5
    spans = [(30, 60), (60, 90), (90, 120)]
    before, down, up = (mean_of(results, "LINK_LOAD_INTERNAL", *span) for span in spans)
    assert all(down[name] > 1.02 * max(before[name], up[name]) for name in down)
    assert all((tree["TIMELINE"]["SERVED"] == 1).all() for _, tree in results)


def test_a_flash_crowd_comes_and_goes(cli, project):
    options = ("-c", "N_REPLICATIONS=1", "-c", "COMES=20.0", "-c", "GOES=40.0", *QUICK[6:])
    shorter = ("-c", "workload.n_warmup=1000", "-c", "workload.n_measured=11000")
    windows = ("-c", "DATA_COLLECTORS={'TIMELINE': {'window': 5.0}}")
    results = run(cli, project, "flash_crowd", *options, *shorter, *windows)
    usual, crowd, later = (
        mean_of(results, "REQUESTS", *span) for span in [(10, 20), (20, 40), (40, 55)]
    )
    assert all(3.5 < crowd[name] / usual[name] < 4.5 for name in crowd)
    assert all(0.8 < later[name] / usual[name] < 1.2 for name in crowd)
    usual, crowd, later = (
        mean_of(results, "HIT_RATIO", *span) for span in [(10, 20), (25, 40), (40, 55)]
    )
    assert all(crowd[name] > 1.5 * max(usual[name], later[name]) for name in crowd)


def test_flushed_caches_fill_again(cli, project):
    options = ("-c", "N_REPLICATIONS=1", "-c", "workload.n_warmup=20000", *QUICK[6:])
    results = run(
        *(cli, project, "cache_flush", *options, "-c", "workload.n_measured=20000"),
        *("-c", "FLUSH=250.0", "-c", "DATA_COLLECTORS={'TIMELINE': {'window': 10.0}}"),
    )
    before, flushed, later = (
        mean_of(results, "HIT_RATIO", *span) for span in [(210, 250), (250, 260), (300, 390)]
    )
    assert all(flushed[name] < 0.95 * before[name] for name in before)
    assert all(later[name] > flushed[name] for name in before)
    # What keeps little of what passes has lost more, and for longer.
    assert flushed["PROB_CACHE"] < 0.5 * before["PROB_CACHE"]
