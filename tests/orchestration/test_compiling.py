"""What is compiled beside a campaign, and in which order."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from icarus.compiler.beside import Wish
from icarus.execution.compiled.engine_choice import BREAK_EVEN, pair_of
from icarus.orchestration import compiling
from icarus.orchestration.compiling import CodeBeside
from icarus.orchestration.events import JobEnded, JobsAdded
from icarus.orchestration.executors import SerialExecutor
from icarus.orchestration.jobs import Outcome, jobs_of
from icarus.orchestration.status import Status
from icarus.planning.plan import make_plan
from icarus.util import Settings, Tree


def experiment(strategy, requests, **more):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 0,
            "n_measured": requests,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.3},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy},
        cache_policy={"name": "LRU"},
        **more,
    )


@pytest.fixture
def begin(monkeypatch, tmp_path):
    """Begin with some experiments; return what counts what is left, its jobs, and a look."""
    monkeypatch.setenv("ICARUS_CACHE_DIR", str(tmp_path))
    begun = []

    def call(experiments, replications=1):
        settings = Settings()
        settings["EXPERIMENT_QUEUE"] = experiments
        settings["N_REPLICATIONS"] = replications
        settings["PARALLEL_EXECUTION"] = False
        plan = make_plan(settings)
        jobs = jobs_of(plan)
        code = CodeBeside(plan, jobs, SerialExecutor(lambda: None))
        begun.append(code)

        def worth(strategy, urgent=False):
            code._reckoned = 0
            use = pair_of(experiment(strategy, 0))
            return code._worth(Wish(strategy, "", "", b"", use=use, urgent=urgent))

        return SimpleNamespace(code=code, jobs=jobs, worth=worth)

    monkeypatch.setattr(compiling, "_FIRST", 1)
    yield call
    for code in begun:
        code.close()


def ended(job):
    return JobEnded(job, Outcome(Status.OK))


def test_what_is_over_before_its_code_is_there_is_not_compiled(begin):
    campaign = begin([experiment("LCE", BREAK_EVEN), experiment("LCD", BREAK_EVEN)])
    assert campaign.worth("LCE") == 0
    assert campaign.worth("LCD") > 0
    assert campaign.worth("LCE", urgent=True) > campaign.worth("LCD")


def test_what_the_next_requests_need_comes_first(begin):
    long = 10 * BREAK_EVEN
    campaign = begin([experiment("LCE", long), experiment("LCD", long), experiment("EDGE", 100)])
    assert campaign.worth("LCE") > campaign.worth("LCD") > 0
    assert campaign.worth("EDGE") == 0
    campaign.code(ended(campaign.jobs[0]))
    assert campaign.worth("LCD") > 1


def test_what_counts_is_what_is_left(begin):
    campaign = begin([experiment("LCE", BREAK_EVEN)], replications=4)
    for left in (4, 3, 2):
        assert campaign.worth("LCE") > 0, left
        campaign.code(ended(campaign.jobs[4 - left]))
    assert campaign.worth("LCE") == 0
    campaign.code(JobsAdded(campaign.jobs[:3], known=2))
    assert campaign.worth("LCE") > 0


def test_only_what_leaves_the_engine_to_us_is_compiled_beside(begin):
    long = 10 * BREAK_EVEN
    campaign = begin(
        [
            experiment("LCE", long, engine="python"),
            experiment("LCD", long, engine="compiled"),
            experiment("EDGE", long),
        ]
    )
    assert {wish.what for wish in campaign.code._compiler._wishes.values()} == {"Edge with LRU"}


def test_the_compiler_has_one_of_the_cores(begin, monkeypatch):
    campaign = begin([experiment("LCE", 10 * BREAK_EVEN)])
    monkeypatch.setattr(compiling, "available_cores", lambda: 4)
    assert campaign.code.leaves_room(3)
    monkeypatch.setattr(type(campaign.code._compiler), "is_running", True)
    assert [campaign.code.leaves_room(n) for n in range(5)] == [True, True, True, False, False]
    monkeypatch.setattr(compiling, "available_cores", lambda: 1)
    assert campaign.code.leaves_room(0)
