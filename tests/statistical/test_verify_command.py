"""`python -m scripts.verify` runs, and tells a right model from a wrong one."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest

from icarus.tools import che_characteristic_time_simplified, hashrouting_model
from scripts.verify import hashrouting_latency, lru_trees, scenario_s1, tree_characteristic_times
from scripts.verify.__main__ import main
from scripts.verify.checks import Effort, Row
from scripts.verify.running import CHECKS


@pytest.fixture(autouse=True)
def _forget_models():
    """Have expectations computed anew: a test may put another model in place."""
    cached = (
        hashrouting_latency.expected_hit_ratio,
        scenario_s1.expected_errors,
        tree_characteristic_times.expected_levels,
    )
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


def quick(folder, *checks):
    """Run checks in this process; return the exit status and the rows."""
    only = [option for check in checks for option in ("--only", check)]
    status = main(["--quick", "--processes", "1", "--output", str(folder), *only])
    return status, json.loads((folder / "verification.json").read_text())["rows"]


def failures(rows):
    return {row["what"] for row in rows if not row["ok"]}


def test_all_checks_run_and_draw(project, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scripts.verify", "--quick", "--output", str(tmp_path)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / "verification.json").read_text())
    assert {row["check"] for row in written["rows"]} == set(CHECKS)
    assert all(row["ok"] for row in written["rows"])
    assert "FAILED" not in done.stdout
    for name in CHECKS:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_model_of_one_cache_fails(monkeypatch, tmp_path):
    model = scenario_s1.cacheperf.che_cache_hit_ratio_generalized

    def of_a_larger_cache(pdf, cache_size, policy="LRU", **options):
        return model(pdf, 1.5 * cache_size, policy, **options)

    monkeypatch.setattr("icarus.tools.cacheperf.che_cache_hit_ratio_generalized", of_a_larger_cache)
    status, rows = quick(tmp_path, "single_cache")
    assert status == 1
    # What compares two simulations still holds.
    assert failures(rows) == {row["what"] for row in rows if "model" in row["what"]}


def test_a_wrong_policy_fails(monkeypatch, tmp_path):
    from icarus.models import FifoCache
    from icarus.registry import CACHE_POLICY

    monkeypatch.setitem(CACHE_POLICY, "LRU", FifoCache)
    status, rows = quick(tmp_path, "single_cache", "scenario_s1")
    assert status == 1
    failed = failures(rows)
    assert "LRU, alpha 0.8: hit ratio, model and simulation" in failed
    assert "FIFO, alpha 0.8: hit ratio, model and simulation" not in failed
    assert any("Che and simulation" in what for what in failed)


def test_a_wrong_model_of_trees_fails(monkeypatch, tmp_path):
    right = lru_trees.lru_node

    def plain(streams, size, contents, refined=True):
        return right(streams, size, contents, refined=False)

    monkeypatch.setattr(lru_trees, "lru_node", plain)
    status, rows = quick(tmp_path, "tree_characteristic_times")
    assert status == 1
    assert sum("published" in what for what in failures(rows)) == 3


def test_a_wrong_latency_fails(monkeypatch, tmp_path):
    def slower(*args, **kwargs):
        return 1.05 * hashrouting_model(*args, **kwargs)

    monkeypatch.setattr("icarus.tools.cacheperf.hashrouting_model", slower)
    status, rows = quick(tmp_path, "hashrouting_latency")
    assert status == 1
    assert failures(rows) == {row["what"] for row in rows if "latency in ms, model" in row["what"]}


def test_missing_maps_are_said_to_be_left_out(monkeypatch, tmp_path):
    monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
    monkeypatch.setattr(hashrouting_latency, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))
    check = CHECKS["hashrouting_latency"]
    assert not any("RocketFuel" in name for name in check.simulations(Effort.USUAL))
    (line,) = check.left_out(Effort.USUAL)
    assert line.startswith(
        "RocketFuel Telstra, Sprintlink, EBONE, Tiscali, Exodus, Abovenet: no map"
    )
    assert "ICARUS_DATA" in line


def test_maps_are_found_in_the_named_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ICARUS_DATA", str(tmp_path))
    folder = tmp_path / "rocketfuel-latency" / "1221"
    folder.mkdir(parents=True)
    (folder / "latencies.intra").write_text("a b 1\nb a 1\n")
    check = CHECKS["hashrouting_latency"]
    assert "RocketFuel Telstra SYMM" in check.simulations(Effort.USUAL)
    (line,) = check.left_out(Effort.USUAL)
    assert "Telstra" not in line


def test_a_missing_number_agrees_with_nothing():
    row = Row("check", "what", expected=0.5, measured=math.nan, tolerance=1.0, reason="")
    assert not row.ok


def test_error_of_ranks_is_relative_to_the_model():
    expected, simulated = np.array([0.5, 0.1]), np.array([0.4, 0.3])
    assert scenario_s1.errors(expected, simulated) == pytest.approx([20, 200])


@pytest.mark.parametrize(("percent", "rank"), [(50, 75), (75, 866), (90, 3758)])
def test_published_ranks_at_alpha_1(percent, rank):
    """Tortelli et al., Simulation Modelling Practice and Theory 63, 2016, scenario S1."""
    assert scenario_s1.rank_covering(1.0, percent) == rank


def test_a_single_lru_cache_is_che():
    popularity = lru_trees.zipf_popularity(0.8, 1000)
    node = lru_trees.lru_node([lru_trees.Stream(popularity.probability)], 50, popularity.contents)
    expected = che_characteristic_time_simplified(popularity.probability, 50)
    assert node.time == pytest.approx(expected, rel=1e-9)


def test_groups_of_contents_hardly_differ_from_single_ones():
    exact = lru_trees.zipf_popularity(0.8, 50_000)
    grouped = lru_trees.zipf_popularity(0.8, 50_000, groups=2000)
    assert len(grouped.contents) < len(exact.contents) / 10
    assert grouped.contents.sum() == 50_000
    times = [
        lru_trees.lru_node([lru_trees.Stream(one.probability)], 500, one.contents).time
        for one in (exact, grouped)
    ]
    assert times[1] == pytest.approx(times[0], rel=1e-4)


def test_a_second_cache_of_the_same_size_in_a_row_gets_no_hits():
    """By the refined model: what the first lacks, the second lost as early."""
    popularity = lru_trees.zipf_popularity(1.0, 1000)
    below = lru_trees.lru_node([lru_trees.Stream(popularity.probability)], 50, popularity.contents)
    above = lru_trees.lru_node([below.misses], 50, popularity.contents)
    assert above.hit.sum() < 0.05 * below.hit.sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        larger = lru_trees.lru_node([below.misses], 200, popularity.contents)
    assert larger.hit.sum() > above.hit.sum()
