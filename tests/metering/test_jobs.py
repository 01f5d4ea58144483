"""Jobs that are metered: by each executor, whatever becomes of them, and what is made of it."""

from __future__ import annotations

import functools
import itertools
import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from burning import burn, finish, start

from icarus.core.marks import Mark
from icarus.errors import ResultsError, SettingsError
from icarus.metering import RESOURCES, read_samples, without_resources
from icarus.metering.setting import ResourceMetrics
from icarus.orchestration import Orchestrator, Product, Status, Task, register_job_kind
from icarus.orchestration.campaign import Keeping, prepared, run_campaign
from icarus.orchestration.ending import Family
from icarus.orchestration.jobs import jobs_of
from icarus.orchestration.replay import difference, prepare, recorded_job, replay
from icarus.orchestration.worker import run_job
from icarus.planning.plan import make_plan
from icarus.registry import JOB_KIND
from icarus.results import compare, read_results_pickle
from icarus.results.labels import metric_label
from icarus.results.merging import merge
from icarus.results.metrics import metrics_in, metrics_meant
from icarus.util import Settings, Tree

EXECUTORS = {
    "serial": {},
    "pool": {"PARALLEL_EXECUTION": True, "N_PROCESSES": 2, "START_METHOD": "fork"},
}


class Burns(Task):
    """Uses the processor for a while, by itself and by a child, and writes a file."""

    phases = ("here", "child", "write")

    def run(self, context):
        own = self.params["burns"]
        context.enter("here")
        burn(own["here"])
        context.report(1)
        context.enter("child")
        finish(start(functools.partial(burn, own["child"])))
        context.enter("write")
        if own.get("die"):
            os.kill(os.getpid(), 9)
        # Not named among the parameters: files that are tell jobs apart.
        Path(os.environ["BURNS_FOLDER"], "written").write_bytes(bytes(own["bytes"]))
        while own.get("hang"):
            time.sleep(0.01)
            context.report(2)
        if own.get("fail"):
            raise ValueError("as asked for")
        return Product({"BURNT": {"BYTES": own["bytes"]}}, 3)


@pytest.fixture(autouse=True)
def kind(tmp_path, monkeypatch):
    monkeypatch.setenv("BURNS_FOLDER", str(tmp_path))
    register_job_kind("burns", Burns)
    yield
    JOB_KIND.pop("burns", None)


def settings_of(queue, **general):
    made = Settings()
    for name, value in {"DATA_COLLECTORS": ["LATENCY"], **general}.items():
        made[name] = value
    made["EXPERIMENT_QUEUE"] = queue
    return made


def burning(here=0.02, child=0.03, bytes_=10_000, **more):
    return Tree(burns={"here": here, "child": child, "bytes": bytes_, **more})


def simulation(requests=1000):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 0,
            "n_measured": requests,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU"},
    )


def run(file, queue, keeping=None, **general):
    """Run a campaign as the command line does; return its orchestrator."""
    with prepared(settings_of(queue, **general), file, keeping or Keeping()) as campaign:
        run_campaign(campaign.orchestrator, campaign.write)
    return campaign.orchestrator


def only(results):
    ((_, tree),) = results
    (facts,) = results.metadata
    return tree, facts


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_a_job_used_is_in_its_results_and_in_its_folder(tmp_path, executor):
    # Several in one process, each of which is to have its own alone.
    sizes = [10_000, 20_000, 30_000]
    queue = [burning(here=0.06, child=0.1, bytes_=size) for size in sizes]
    run(tmp_path / "r.pickle", queue, RESOURCE_METRICS=True, **EXECUTORS[executor])
    results = read_results_pickle(tmp_path / "r.pickle")
    assert len(results) == 3
    for (_, tree), facts, size in zip(results, results.metadata, sizes, strict=True):
        whole, phases = tree[RESOURCES], [tree[f"{RESOURCES}.{name}"] for name in Burns.phases]
        # To fork and to end a large process takes tens of milliseconds where others are busy, and
        # the kernel's two clocks of a process differ by some.
        assert 0.15 <= whole["CPU"] <= 0.4
        assert whole["CPU"] == pytest.approx(whole["CPU_USER"] + whole["CPU_SYSTEM"])
        assert 0.05 <= phases[0]["CPU"] <= 0.15
        assert 0.09 <= phases[1]["CPU"] <= 0.3
        assert phases[2]["WRITTEN"] == size
        assert size <= whole["WRITTEN"] <= size + 64
        assert whole["MEMORY_MAX"] == max(phase["MEMORY_MAX"] for phase in phases) > 1 << 20
        for name in whole.keys() - {"MEMORY_MAX"}:
            assert 0 <= sum(phase[name] for phase in phases) <= whole[name] + 1e-9
        file = tmp_path / "r" / facts["job"] / "samples.csv"
        assert facts["files"]["samples.csv"]["bytes"] == file.stat().st_size
        samples = read_samples(file)
        tags = [tag for tag, _ in itertools.groupby(samples.columns["phase"])]
        assert tags == ["", *Burns.phases, ""]
        assert samples.columns["cpu_user"][-1] == pytest.approx(whole["CPU_USER"], abs=1e-5)
        assert samples.columns["time"][-1] == pytest.approx(whole["DURATION"], abs=1e-5)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_metering_changes_no_results_and_no_ids(tmp_path, executor):
    queue = [simulation(), burning(here=0, child=0)]
    general = EXECUTORS[executor]
    for name, how in (("off", False), ("on", {"interval": "50ms", "machine": True})):
        run(tmp_path / f"{name}.pickle", queue, RESOURCE_METRICS=how, **general)
    off, on = (read_results_pickle(tmp_path / f"{name}.pickle") for name in ("off", "on"))
    for (_, before), (_, now) in zip(off, on, strict=True):
        assert RESOURCES not in before
        assert RESOURCES in now
        assert pickle.dumps(without_resources(now)) == pickle.dumps(before)
    ids = [[facts["job"] for facts in results.metadata] for results in (off, on)]
    assert ids[0] == ids[1]
    assert not (tmp_path / "off").exists()
    assert "files" not in off.metadata[0]
    assert compare(off, on).verdict == compare(on, on).verdict == "same"
    assert [row.metric for row in compare(on, on).rows] == ["LATENCY.MEAN", "BURNT.BYTES"]
    assert not [note for note in compare(off, on).notes if RESOURCES in note]


def test_a_job_that_ran_before_is_not_run_again_to_be_metered(tmp_path):
    queue = [burning(here=0, child=0), burning(here=0, child=0, bytes_=5)]
    run(tmp_path / "r.pickle", queue[:1])
    again = run(tmp_path / "r.pickle", queue, RESOURCE_METRICS=True)
    assert [RESOURCES in tree for _, tree in again.results] == [False, True]
    # And the journal keeps what it has, whatever is asked for then.
    again = run(tmp_path / "r.pickle", queue, Keeping(overwrite=True))
    assert [RESOURCES in tree for _, tree in again.results] == [False, True]
    fresh = run(tmp_path / "r.pickle", queue, Keeping(fresh=True), RESOURCE_METRICS=True)
    assert [RESOURCES in tree for _, tree in fresh.results] == [True, True]


def test_replays_comparisons_and_merges_take_no_notice(tmp_path):
    queue = [burning(here=0.01, child=0)]
    for name in ("a", "b"):
        run(tmp_path / f"{name}.pickle", queue, RESOURCE_METRICS=True)
    sets = [(name, read_results_pickle(tmp_path / f"{name}.pickle")) for name in ("a", "b")]
    (_, a), (_, b) = sets
    assert only(a)[0] != only(b)[0]
    merged = merge(sets)
    assert len(merged.results) == 1
    assert only(merged.results)[0] == only(a)[0]
    recorded = recorded_job(tmp_path / "a.pickle", "0")
    job = prepare(recorded)
    assert difference(recorded, job, replay(job)) is None
    # Who asks for them gets them.
    asked = compare(a, b, metrics="RESOURCES.DURATION")
    assert asked.rows[0].mean_a != asked.rows[0].mean_b
    # A replication that is there twice is one of the two, and no conflict.
    a.add(*only(b)[:1][0:0] or (queue[0], only(b)[0]), only(b)[1])
    assert compare(a, a, metrics="RESOURCES.DURATION").rows[0].n_a == 1
    assert compare(a, a).rows[0].metric == "BURNT.BYTES"


def test_a_real_difference_is_still_told(tmp_path):
    queue = [burning(here=0, child=0)]
    run(tmp_path / "a.pickle", queue, RESOURCE_METRICS=True)
    results = read_results_pickle(tmp_path / "a.pickle")
    tree, facts = only(results)
    other = Tree({**tree, "BURNT": {"BYTES": 1}})
    results_of_others = type(results)()
    results_of_others.add(queue[0], other, facts)
    with pytest.raises(ResultsError, match="with other results"):
        merge([("a", results), ("b", results_of_others)])
    recorded = recorded_job(tmp_path / "a.pickle", "0")
    job = prepare(recorded)
    text = difference(replace(recorded, results=other), job, replay(job))
    assert text == "BURNT.BYTES was 1 and is 10000 now"


def test_totals_alone_are_known_where_there_is_no_folder(tmp_path):
    orchestrator = Orchestrator(settings_of([burning()], RESOURCE_METRICS=True), executor="serial")
    orchestrator.run()
    tree, facts = only(orchestrator.results)
    assert tree[RESOURCES]["CPU"] >= 0.05
    assert "files" not in facts


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_job_over_its_time_leaves_its_samples(tmp_path, executor):
    general = {"JOB_TIMEOUT": 1.4, "RESOURCE_METRICS": True, **EXECUTORS[executor]}
    ran = run(tmp_path / "r.pickle", [burning(hang=True)], **general)
    assert ran.counts == {Status.TIMEOUT: 1}
    ((_, facts),) = ran.results.failures
    columns = read_samples(tmp_path / "r" / facts["job"] / "samples.csv").columns
    # Samples of a process that was killed are there up to a second before.
    assert columns["time"][-1] > 0.4
    assert columns["phase"][-2] == "write"
    assert columns["cpu_user"][-1] + columns["cpu_system"][-1] > 0.04
    assert "metering" not in {thread.name for thread in threading.enumerate()}


def test_a_job_that_fails_or_whose_worker_is_killed_fails_as_always(tmp_path):
    queue = [burning(here=0, child=0, **one) for one in ({"fail": 1}, {"die": 1}, {})]
    ran = run(tmp_path / "r.pickle", queue, RESOURCE_METRICS=True, **EXECUTORS["pool"])
    assert ran.counts == {Status.FAILED: 1, Status.LOST: 1, Status.OK: 1}
    failed = next(facts for _, facts in ran.results.failures if facts["status"] == "FAILED")
    assert failed["error"] == "ValueError: as asked for"
    samples = read_samples(tmp_path / "r" / failed["job"] / "samples.csv")
    assert samples.columns["phase"][-2:] == ["write", ""]


def test_what_the_campaign_does_meanwhile_is_none_of_a_jobs(tmp_path):
    """In the campaign's process: its reports, its helpers, and children that it waits for."""
    plan = make_plan(settings_of([burning(here=0.02, child=0)]))
    job = replace(jobs_of(plan)[0], metering=ResourceMetrics(0.01))
    helper = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    family = Family(Mark.new())

    def report(amount, phase):
        burn(0.06)
        finish(start(functools.partial(burn, 0.06)))

    try:
        outcome = run_job(job, report, family=family)
    finally:
        helper.kill()
        helper.wait()
    used = outcome.value.results[RESOURCES]
    assert used["DURATION"] > 0.15
    assert 0.02 <= used["CPU"] <= 0.2
    assert used["WRITTEN"] == 10_000


def test_results_of_the_task_s_own_in_that_place_are_refused(tmp_path):
    class Clashes(Burns):
        def run(self, context):
            return Product({RESOURCES: {"OIL": 1}})

    JOB_KIND.pop("burns")
    register_job_kind("burns", Clashes)
    queue = [burning()]
    assert run(tmp_path / "a.pickle", queue).counts == {Status.OK: 1}
    ran = run(tmp_path / "b.pickle", queue, RESOURCE_METRICS=True)
    ((_, facts),) = ran.results.failures
    assert "have a group RESOURCES, which RESOURCE_METRICS fills in" in facts["error"]


def test_tables_and_plots_take_them_as_other_metrics(tmp_path):
    run(tmp_path / "r.pickle", [burning()], RESOURCE_METRICS=True)
    tree, _ = only(read_results_pickle(tmp_path / "r.pickle"))
    found = metrics_in([tree])
    shown = [path for path in metrics_meant(found, None) if path[0] == RESOURCES]
    assert shown == [(RESOURCES, name) for name in ("DURATION", "CPU", "MEMORY_MAX")]
    assert len(metrics_meant(found, RESOURCES)) == 11
    assert len(metrics_meant(found, "resources.write")) == 11
    assert metric_label((RESOURCES, "CPU")) == "Processor time (s)"
    assert metric_label(("RESOURCES.write", "MEMORY_MAX")) == "Most memory, write (bytes)"


def test_replications_until_resources_are_precise(tmp_path):
    until = {"min": 2, "max": 4, "until": {"RESOURCES.WRITTEN": 0.01}}
    general = {"RESOURCE_METRICS": True, "REPLICATIONS": until}
    ran = run(tmp_path / "r.pickle", [burning(here=0, child=0)], **general)
    assert len(ran.results) == 2
    with pytest.raises(SettingsError) as error:
        make_plan(settings_of([simulation()], REPLICATIONS=until))
    assert error.value.problems == [
        "REPLICATIONS['until']['RESOURCES.WRITTEN']: what jobs use is not measured; set "
        "RESOURCE_METRICS = True"
    ]
    make_plan(settings_of([simulation()], REPLICATIONS=until, RESOURCE_METRICS=True))


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        (None, []),
        (True, []),
        ({}, []),
        ({"interval": "250ms", "machine": False}, []),
        (
            {"interval": 0, "machin": True},
            [
                "RESOURCE_METRICS: unknown key 'machin'; did you mean 'machine'?",
                "RESOURCE_METRICS['interval']: should be more than 0, and a day at most, found 0",
            ],
        ),
        (
            {"interval": "soon", "machine": "yes"},
            [
                "RESOURCE_METRICS['machine']: should be True or False, found 'yes'",
                "RESOURCE_METRICS['interval']: should be seconds, or a duration such as '90s' or "
                "'1h30m', found 'soon'",
            ],
        ),
        (
            2,
            [
                "RESOURCE_METRICS: should be True, False, or a mapping such as "
                '{"interval": 0.1, "machine": True}, found 2'
            ],
        ),
    ],
)
def test_the_setting_is_checked_before_anything_runs(value, problems):
    made = settings_of([simulation()], RESOURCE_METRICS=value)
    if not problems:
        make_plan(made)
        return
    with pytest.raises(SettingsError) as error:
        make_plan(made)
    assert error.value.problems == problems


def test_the_setting_says_how_often():
    assert ResourceMetrics.of(False) is ResourceMetrics.of(None) is None
    assert ResourceMetrics.of(1) == ResourceMetrics.of({}) == ResourceMetrics(0.1, False)
    assert ResourceMetrics.of({"interval": "1m", "machine": 1}) == ResourceMetrics(60.0, True)
