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
    assert [p["cache_policy"]["name"] for p, _ in results] == ["LRU", "SIEVE"]
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
