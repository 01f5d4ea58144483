"""YCSB: operations of workloads A to E, and the requests that they are in a network."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from icarus.execution import exec_experiment
from icarus.planning.validation import SectionChecker
from icarus.registry import CONTENT_PLACEMENT, WORKLOAD
from icarus.scenarios import topology_path, uniform_cache_placement
from icarus.scenarios.workload import Workload, YCSBWorkload


def operations(name, n=20_000, **kwargs):
    kwargs = {"n_contents": 100, "n_warmup": 0, "n_measured": n, "seed": 1, **kwargs}
    return list(YCSBWorkload(name, **kwargs))


def requests(name, **kwargs):
    kwargs = {"n_contents": 50, "n_warmup": 30, "n_measured": 400, "seed": 1, **kwargs}
    return YCSBWorkload(topology_path(n=4), workload=name, **kwargs)


def gathered(workload, *size):
    """Return each column of all requests as one list."""
    fields = zip(*workload.batches(*size), strict=True)
    return [np.concatenate(field).tolist() for field in fields if field[0] is not None]


def test_is_registered():
    assert WORKLOAD["YCSB"] is YCSBWorkload


# Alone


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("A", {"READ": 0.5, "UPDATE": 0.5}),
        ("B", {"READ": 0.95, "UPDATE": 0.05}),
        ("C", {"READ": 1}),
        ("D", {"READ": 0.95, "INSERT": 0.05}),
        ("E", {"SCAN": 0.95, "INSERT": 0.05}),
    ],
)
def test_shares_of_operations(name, shares):
    counts = Counter(operation["op"] for operation in operations(name))
    assert set(counts) == set(shares)
    for op, share in shares.items():
        assert counts[op] / counts.total() == pytest.approx(share, abs=0.02)


def test_an_operation_is_a_dict():
    first, *_, last = YCSBWorkload("A", 10, 2, 3)
    assert set(first) == {"op", "item", "log"}
    assert (first["log"], last["log"]) == (False, True)
    assert type(first["item"]) is int
    assert len(list(YCSBWorkload("A", 10, 2, 3))) == 5


def test_zipf_over_the_loaded_records():
    counts = Counter(operation["item"] for operation in operations("A", alpha=1.0))
    assert set(counts) <= set(range(1, 101))
    harmonic = sum(1 / i for i in range(1, 101))
    assert counts[1] / counts.total() == pytest.approx(1 / harmonic, abs=0.01)
    assert counts[2] / counts.total() == pytest.approx(1 / harmonic / 2, abs=0.01)


def test_inserts_take_the_next_numbers():
    for name in "DE":
        inserted = [o["item"] for o in operations(name, 2000) if o["op"] == "INSERT"]
        assert inserted == list(range(101, 101 + len(inserted)))


def test_workload_d_reads_the_latest_records():
    newest, ages = 100, Counter()
    for operation in operations("D", 50_000, alpha=1.0):
        if operation["op"] == "INSERT":
            newest = operation["item"]
        else:
            ages[newest - operation["item"]] += 1
    assert set(ages) <= set(range(100))
    assert ages[0] / ages[1] == pytest.approx(2, rel=0.1)
    assert ages[0] / ages[3] == pytest.approx(4, rel=0.1)


def test_scans_stay_within_what_there_is():
    newest, lengths = 1000, []
    for operation in operations("E", n_contents=1000, alpha=0):
        if operation["op"] == "INSERT":
            newest = operation["item"]
            assert set(operation) == {"op", "item", "log"}
            continue
        assert set(operation) == {"op", "item", "length", "log"}
        assert operation["item"] + operation["length"] - 1 <= newest
        assert operation["item"] <= 1000
        lengths.append(operation["length"])
    assert (min(lengths), max(lengths)) == (1, 100)
    assert np.mean(lengths) == pytest.approx(50, abs=2)


def test_seeds():
    assert operations("A", 100, seed=1) == operations("A", 100, seed=1)
    assert operations("A", 100, seed=1) != operations("A", 100, seed=2)
    for seed in (None, np.random.SeedSequence(3), np.random.default_rng(3)):
        workload = YCSBWorkload("E", 20, 0, 50, seed=seed)
        assert list(workload) == list(workload)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"no workload 'Z'; known: A, B, C, D, E"):
        YCSBWorkload("Z", 10, 0, 1)
    with pytest.raises(ValueError, match="did you mean 'A'"):
        YCSBWorkload("a", 10, 0, 1)
    with pytest.raises(ValueError, match="n_contents"):
        YCSBWorkload("A", 0, 0, 1)
    with pytest.raises(ValueError, match="n_measured"):
        YCSBWorkload("A", 1, 0, -1)
    with pytest.raises(ValueError, match="topology"):
        next(YCSBWorkload("A", 1, 0, 1).batches())
    assert list(YCSBWorkload("E", 1, 0, 0, unknown="ignored")) == []


# In a network


@pytest.mark.parametrize("name", "ABCDE")
def test_requests_are_the_operations(name):
    """With a seed, both uses give the same operations; a scan becomes several requests."""
    alone = YCSBWorkload(name, n_contents=50, n_warmup=30, n_measured=400, seed=1)
    workload = requests(name)
    assert isinstance(workload, Workload)
    expected = [
        (item, operation["log"], operation["op"] in ("UPDATE", "INSERT"))
        for operation in alone
        for item in range(operation["item"], operation["item"] + operation.get("length", 1))
    ]
    events = list(workload)
    assert [(e["content"], e["log"], e.get("write", False)) for _, e in events] == expected
    assert workload.n_requests == len(expected)
    assert {event["receiver"] for _, event in events} == {0}
    assert max(content for content, _, _ in expected) <= workload.contents[-1]


def test_inserted_contents_are_in_the_catalogue_but_not_in_the_budget():
    workload = requests("D")
    inserts = sum(gathered(workload)[-1])
    assert inserts > 0
    assert workload.n_contents == 50
    assert workload.contents == range(1, 51 + inserts)
    assert requests("A").contents == range(1, 51)


def test_a_scan_is_one_instant():
    workload = requests("E")
    times = [time for time, _ in workload]
    assert times == sorted(times)
    assert len(set(times)) == 430
    assert requests("C").batches().__next__().write is None


def simulate(name, strategy="LCE", **kwargs):
    topology = topology_path(n=4)
    workload = YCSBWorkload(topology, name, 20, 0, 2000, seed=1, **kwargs)
    uniform_cache_placement(topology, cache_budget=20)
    CONTENT_PLACEMENT["UNIFORM"](topology, workload.contents, seed=1)
    collectors = {"CACHE_HIT_RATIO": {}, "LATENCY": {}, "PATH_STRETCH": {}, "LINK_LOAD": {}}
    return exec_experiment(
        topology, workload, {}, {"name": strategy}, {"name": "LRU"}, collectors
    ).dict()


class _Script:
    """Receiver 0 reads content 7, reads it again, writes it, and reads it twice."""

    def __init__(self):
        self.receivers, self.contents = [0], [7]
        self.n_contents, self.n_requests = 1, 5

    def batches(self):
        from icarus.scenarios.workload import RequestBatch

        yield RequestBatch(
            time=np.arange(5.0),
            receiver=np.zeros(5, np.int32),
            content=np.zeros(5, np.int64),
            measured=np.ones(5, bool),
            write=np.array([False, False, True, False, False]),
        )


def test_a_write_goes_to_the_origin_and_removes_all_copies():
    topology = topology_path(n=4)  # receiver 0, routers 1 and 2, source 3; 1 ms a link
    uniform_cache_placement(topology, cache_budget=2)
    CONTENT_PLACEMENT["UNIFORM"](topology, [7], seed=1)
    collectors = {
        "CACHE_HIT_RATIO": {},
        "LATENCY": {},
        "PATH_STRETCH": {},
        "LINK_LOAD": {"req_size": 1, "content_size": 100},
    }
    results = exec_experiment(
        topology, _Script(), {}, {"name": "LCE"}, {"name": "LRU"}, collectors
    ).dict()
    # Reads: origin, cache of 1, origin again as the write left no copy, cache of 1.
    assert results["CACHE_HIT_RATIO"]["MEAN"] == 2 / 4
    assert results["CACHE_HIT_RATIO"]["PER_NODE_CACHE_HIT_RATIO"] == {1: 0.5}
    # Round trips of 6, 2, 6 (the write), 6 and 2 ms.
    assert results["LATENCY"]["MEAN"] == pytest.approx(22 / 5)
    assert results["PATH_STRETCH"]["MEAN"] == pytest.approx((1 + 1 / 3 + 1 + 1 + 1 / 3) / 5)
    # In 4 s, towards the source: 2 requests and the write's content; back: 2 contents and the
    # acknowledgement.
    loads = results["LINK_LOAD"]["PER_LINK_INTERNAL"]
    assert loads[2, 3] == pytest.approx((2 * 1 + 100) / 4)
    assert loads[3, 2] == pytest.approx((2 * 100 + 1) / 4)


def test_more_writes_mean_fewer_hits():
    ratios = [simulate(name)["CACHE_HIT_RATIO"]["MEAN"] for name in "ABC"]
    assert ratios == sorted(ratios)
    assert ratios[0] < ratios[1] - 0.05


@pytest.mark.parametrize("name", "ABCDE")
def test_every_workload_runs(name):
    for strategy in ("NO_CACHE", "LCD", "HR_SYMM"):
        results = simulate(name, strategy)
        assert 0 <= results["CACHE_HIT_RATIO"]["MEAN"] < 1
    assert simulate(name, "NO_CACHE")["PATH_STRETCH"]["MEAN"] == 1


def test_settings_give_the_name_of_the_workload():
    section = {"name": "YCSB", "workload": "A", "n_contents": 10, "n_warmup": 1, "n_measured": 2}
    assert SectionChecker().check("workload", {**section, "beta": 0.5}).problems == []
    ((place, text),) = SectionChecker().check("workload", {**section, "workload": "Q"}).problems
    assert (place, "'A'" in text) == ("workload", True)
    ((place, text),) = SectionChecker().check("workload", {**section, "topology": 1}).problems
    assert place == "topology"
    del section["workload"]
    ((place, text),) = SectionChecker().check("workload", section).problems
    assert (place, text) == ("workload", "missing; YCSB needs it")
