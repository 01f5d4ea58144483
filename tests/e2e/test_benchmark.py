"""The benchmark runs, and what it measures is right; how fast is for people to judge."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

LIBCACHESIM = importlib.util.find_spec("libcachesim") is not None


# It takes a minute or two; the suite sees by some of the subjects that the benchmark runs.
all_subjects = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def benchmark(project, tmp_path_factory):
    """A quick run of all subjects: its output and its figures."""
    return measured(project, tmp_path_factory.mktemp("benchmark"))


def measured(project, folder, *subjects):
    script = str(project / "scripts" / "benchmark")
    done = subprocess.run(
        [sys.executable, script, *subjects, "--quick", "--output", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))
    return done.stdout, figures, folder


def test_some_subjects_alone(project, tmp_path):
    output, figures, folder = measured(project, tmp_path, "startup", "journal", "tables")
    assert list(figures["subjects"]) == ["startup", "journal", "tables"]
    for name, subject in figures["subjects"].items():
        assert subject["title"] in output
        assert subject["rows"]
        assert (folder / f"{name}.png").stat().st_size > 1000


def rows(benchmark, subject):
    return benchmark[1]["subjects"][subject]["rows"]


@all_subjects
def test_every_subject_has_a_table_figures_and_a_picture(benchmark):
    output, figures, folder = benchmark
    subjects = ["strategies", "policies", "contents", "nodes", "own-components", "plain-python"]
    subjects += ["processes", "startup", "waiting", "designs", "changing", "metering", "journal"]
    subjects += ["tables", "pages", "curves"]
    assert list(figures["subjects"]) == [*subjects, "large-caches"]
    assert figures["machine"]["numba"]
    for name, subject in figures["subjects"].items():
        assert subject["title"] in output
        assert subject["rows"]
        assert json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) == subject
        assert (folder / f"{name}.png").stat().st_size > 1000


@all_subjects
@pytest.mark.parametrize("subject", ["strategies", "policies", "contents", "nodes"])
def test_both_engines_were_measured_and_agree(benchmark, subject):
    for row in rows(benchmark, subject):
        assert row["engines_agree"] is True
        speed = row["compiled"]
        assert 0 < speed["lowest"] <= speed["per_second"] <= speed["highest"]
        assert row["python_per_second"] > 0
        assert 0 < row["peak_mb"] < 1000


@all_subjects
def test_own_components_were_measured_beside_built_in_ones(benchmark):
    found = rows(benchmark, "own-components")
    assert len(found) == 5
    for row in found:
        assert row["engines_agree"] is True
        assert row["compiled"]["per_second"] > 0
        assert row["built_in"]["per_second"] > 0
        assert 0 < row["to_built_in"] < 5


@all_subjects
def test_parts_in_plain_python_leave_the_engine_compiled(benchmark):
    for row in rows(benchmark, "plain-python"):
        assert row["engines_agree"] is True
        assert 0 < row["to_without"] < 2


@all_subjects
def test_policies_are_held_against_libcachesim(benchmark):
    by_policy = {row["policy"]: row for row in rows(benchmark, "policies")}
    for policy in ("LRU", "FIFO"):
        row = by_policy[policy]
        assert 0 < row["miss_ratio"] < 1
        if LIBCACHESIM:
            assert row["equal"] == "equal"
            assert row["to_peer"] > 0
        else:
            assert row["to_peer"] == "libcachesim is not installed"
    if LIBCACHESIM:
        assert by_policy["MIN"]["miss_ratio"] <= by_policy["MIN"]["their_miss_ratio"]


@all_subjects
def test_the_tree_of_large_caches_has_the_hit_ratio_of_theory(benchmark):
    (row,) = rows(benchmark, "large-caches")
    assert row["leaf_hit_ratio"] == pytest.approx(row["leaf_theory"], abs=0.015)
    root, *_, leaves = row["hit_ratio_by_level"]
    assert 0 < root < leaves
    assert row["hit_ratio"] < leaves


def test_an_unknown_subject_is_named(project):
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", "polices"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no subject 'polices'; there are strategies, policies" in done.stderr
