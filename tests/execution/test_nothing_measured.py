"""Where nothing was measured, nothing looks measured: NaN everywhere, and the campaign says so."""

from __future__ import annotations

import logging
import math

import pytest

from icarus.execution.engine import exec_experiment
from icarus.execution.simulation import Simulation, simulate
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.kinds import SimulationTask
from icarus.orchestration.messages import JobMessages
from icarus.orchestration.orchestrator import Orchestrator
from icarus.orchestration.status import Status
from icarus.planning.plan import make_plan
from icarus.registry import CONTENT_PLACEMENT, TOPOLOGY_FACTORY
from icarus.util import Settings, Tree

COLLECTORS = {
    "CACHE_HIT_RATIO": {"off_path_hits": True, "content_hits": True},
    "LINK_LOAD": {},
    "LATENCY": {"percentiles": True, "cdf": True},
    "PATH_STRETCH": {"cdf": True},
}
ENGINES = ["python", "compiled"]


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text("key,size\n" + "".join(f"c{i % 7},{i + 1}\n" for i in range(50)))
    return str(path)


def params(workload, engine="python"):
    return {
        "engine": engine,
        "topology": {"name": "PATH", "n": 4},
        "workload": workload,
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.5},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
    }


def measure(workload, engine):
    return simulate(Simulation(Tree(params(workload, engine)), COLLECTORS, 1, 0)).results


def numbers(results):
    return {path: value for path, value in results if isinstance(value, float)}


def stationary(n_measured):
    numbers = {"n_warmup": 20, "n_measured": n_measured}
    return {"name": "STATIONARY", "n_contents": 10, "alpha": 1, **numbers}


@pytest.mark.parametrize("engine", ENGINES)
class TestResults:
    def assert_nothing(self, results):
        found = numbers(results)
        assert {path[0] for path in found} == set(COLLECTORS)
        assert all(math.isnan(value) for value in found.values()), found
        assert ("LINK_LOAD", "MEAN_EXTERNAL") in found
        assert ("LATENCY", "P99") in found
        others = [value for path, value in results if path not in found and path[1][:2] != "N_"]
        assert all(value == {} for value in others)

    def test_no_request_is_to_be_measured(self, engine):
        self.assert_nothing(measure(stationary(0), engine))

    @pytest.mark.parametrize("warmup", [{"n_warmup": 50}, {"n_warmup": 20, "n_measured": 0}])
    def test_the_warm_up_is_as_long_as_the_trace(self, engine, warmup, trace):
        results = measure({"name": "TRACE_DRIVEN", "reqs_file": trace, **warmup}, engine)
        self.assert_nothing(results)
        # The trace has sizes, as the results of one that is measured show.
        assert ("CACHE_HIT_RATIO", "BYTE_HIT_RATIO") in numbers(results)

    def test_a_single_session_takes_no_time(self, engine):
        found = numbers(measure(stationary(1), engine))
        assert math.isnan(found["LINK_LOAD", "MEAN_INTERNAL"])
        assert math.isnan(found["LINK_LOAD", "MEAN_EXTERNAL"])
        assert found["PATH_STRETCH", "MEAN"] > 0

    def test_links_of_a_kind_that_carried_nothing_have_no_load(self, engine):
        assert numbers(measure(stationary(9), engine))["LINK_LOAD", "MEAN_EXTERNAL"] == 0


class OfUsers:
    """Requests as pairs, of which none is logged."""

    contents = range(1, 4)

    def __init__(self, n):
        self._n = n

    def __iter__(self):
        for i in range(self._n):
            yield float(i), {"receiver": 0, "content": 1 + i % 3, "log": False}


@pytest.mark.parametrize("n", [0, 5])
def test_a_workload_of_the_users_own_that_logs_nothing(n, caplog):
    topology = TOPOLOGY_FACTORY["PATH"](n=4)
    CONTENT_PLACEMENT["UNIFORM"](topology, OfUsers.contents)
    with caplog.at_level(logging.WARNING):
        results = exec_experiment(
            topology, OfUsers(n), {}, {"name": "LCE"}, {"name": "NULL"}, {"LINK_LOAD": {}}
        )
    assert all(math.isnan(value) for value in numbers(results).values())
    said = "the workload has no requests" if n == 0 else "none of the workload's 5 requests is"
    assert said in caplog.text


def campaign(workloads, **settings):
    given = Settings()
    given["EXPERIMENT_QUEUE"] = [params(workload) for workload in workloads]
    given["DATA_COLLECTORS"] = ["LINK_LOAD"]
    for name, value in {"PARALLEL_EXECUTION": False, "N_REPLICATIONS": 2, **settings}.items():
        given[name] = value
    return given


class TestCampaign:
    def said(self, caplog):
        return [
            record.getMessage() for record in caplog.records if "measured" in record.getMessage()
        ]

    def test_one_warning_names_the_experiments(self, caplog, trace):
        replay = {"name": "TRACE_DRIVEN", "reqs_file": trace}
        workloads = [{**replay, "n_warmup": 50}, stationary(30), {**replay, "warmup_ratio": 0.1}]
        with caplog.at_level(logging.INFO):
            Orchestrator(campaign(workloads)).run()
        (line,) = self.said(caplog)
        assert line.startswith("nothing was measured in 1 of 3 experiments, of which metrics are ")
        assert "(none of the workload's 50 requests is measured): " in line
        assert line.endswith("n_warmup=50")

    def test_what_is_known_before_is_said_before(self):
        plan = make_plan(campaign([stationary(30), stationary(0), {**stationary(0), "alpha": 2}]))
        assert plan.warnings == [
            "EXPERIMENT_QUEUE[1].workload.n_measured: 0: nothing will be measured, and every "
            "metric is NaN (and 1 more experiment)"
        ]

    def test_without_collectors_nothing_is_to_be_measured(self, caplog):
        with caplog.at_level(logging.INFO):
            Orchestrator(campaign([stationary(0)], DATA_COLLECTORS=[])).run()
        assert not self.said(caplog)


def job(number):
    return Job(str(number), "x", number, f"net #{number + 1}", SimulationTask(Tree(), 1, number))


def test_what_all_jobs_say_is_said_once(caplog):
    messages = JobMessages()
    same, other = (logging.WARNING, "maps", "left out"), (logging.INFO, "mine", "hello")
    with caplog.at_level(logging.INFO):
        ended = [(job(i), Outcome(Status.OK, messages=[same, other])) for i in range(3)]
        for one in ended:
            messages.pass_on(*one)
        messages.summarise(ended)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "net #1: left out",
        *("net #1: hello", "net #2: hello", "net #3: hello"),
        "2 more jobs: left out",
    ]
