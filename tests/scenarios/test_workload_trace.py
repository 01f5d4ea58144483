"""Replay of traces: catalogue, warm-up, clocks and what is refused before anything runs."""

from __future__ import annotations

import os

import fnss
import numpy as np
import pytest

from icarus.errors import TraceError
from icarus.registry import WORKLOAD
from icarus.scenarios.workload import TraceDrivenWorkload, Workload
from icarus.tools import TraceReader
from icarus.traces import trace_catalogue

REQUESTS = "b\na\nb\nc\nb\n"
TABLE = "time,size,url\n0.5,10,b\n1,20,a\n1,10,b\n7,0,c\n8,10,b\n"


def pair():
    """Two receivers, "r0" and "r1", at either end of a router; "r1" has the better connected."""
    topology = fnss.Topology()
    for u, v in (("r0", 0), (0, 1), ("r1", 1), (1, "s"), (1, 2)):
        topology.add_edge(u, v)
    for node, stack in (("r0", "receiver"), ("r1", "receiver"), (0, "router"), ("s", "source")):
        fnss.add_stack(topology, node, stack, {})
    return topology


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path, as the string that settings would have."""

    def write_file(name, text):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write_file


def replay(path, **kwargs):
    return TraceDrivenWorkload(pair(), path, **kwargs)


def gathered(workload, *size):
    """Return each column of all requests as one array."""
    return [
        None if field[0] is None else np.concatenate(field)
        for field in zip(*workload.batches(*size), strict=True)
    ]


def test_is_registered():
    assert WORKLOAD["TRACE_DRIVEN"] is TraceDrivenWorkload


def test_a_table_with_a_catalogue_is_still_a_table(write):
    catalogue = write("contents.txt", "a\nb\nc\nd\n")
    workload = replay(write("reqs.csv", TABLE), contents_file=catalogue, zero_size="one")
    assert [event["content"] for _, event in workload] == ["b", "a", "b", "c", "b"]
    assert (workload.n_contents, workload.n_requests) == (4, 5)
    time, _, _, _, size, *_ = gathered(workload)
    assert (time.tolist(), size.tolist()) == ([0.5, 1, 1, 7, 8], [10, 20, 10, 1, 10])


def test_settings_of_icarus_0_8(write):
    workload = TraceDrivenWorkload(
        pair(),
        reqs_file=write("reqs.txt", REQUESTS.rstrip()),
        contents_file=write("contents.txt", "a\nb\nc\nd"),
        n_contents=4,
        n_warmup=2,
        n_measured=2,
        rate=12.0,
        beta=0,
        unknown="ignored",
    )
    assert isinstance(workload, Workload)
    assert (workload.n_contents, list(workload.contents)) == (4, ["a", "b", "c", "d"])
    events = [event for _, event in workload]
    assert [event["content"] for event in events] == ["b", "a", "b", "c"]
    assert [event["log"] for event in events] == [False, False, True, True]
    assert {tuple(event) for event in events} == {("receiver", "content", "log")}


def test_the_catalogue_is_learned_in_order_of_first_appearance(write):
    workload = replay(write("reqs.txt", REQUESTS))
    assert list(workload.contents) == ["b", "a", "c"]
    assert (workload.n_contents, workload.n_requests) == (3, 5)
    assert (workload.n_warmup, workload.n_measured) == (0, 5)
    (batch,) = workload.batches()
    assert batch.content.tolist() == [0, 1, 0, 2, 0]
    assert batch.measured.all()
    assert batch.size is None
    assert [column.dtype for column in batch[:4]] == [np.float64, np.int32, np.int64, bool]


def test_times_and_sizes_of_a_table(write):
    path = write("reqs.csv", TABLE.replace("7,0", "7,30"))
    workload = replay(path, n_warmup=1, n_measured=3)
    (batch,) = workload.batches()
    assert batch.time.tolist() == [0.5, 1, 1, 7]
    assert batch.size.tolist() == [10, 20, 10, 30]
    assert batch.size.dtype == np.int64
    assert batch.measured.tolist() == [False, True, True, True]
    assert [event["content"] for _, event in workload] == ["b", "a", "b", "c"]


def test_poisson_arrivals_where_the_trace_has_no_times(write):
    path = write("reqs.txt", "a\n" * 20_000)
    time, *_ = gathered(replay(path, rate=5.0, seed=1))
    assert np.diff(time, prepend=0).mean() == pytest.approx(1 / 5, rel=0.03)


def test_receivers_by_the_rule_of_beta(write):
    path = write("reqs.txt", "a\n" * 30_000)
    uniform, skewed = (replay(path, beta=beta, seed=1) for beta in (0, 1))
    assert list(uniform.receivers) == ["r0", "r1"]
    assert list(skewed.receivers) == ["r1", "r0"]
    assert gathered(uniform)[1].mean() == pytest.approx(1 / 2, abs=0.02)
    assert gathered(skewed)[1].mean() == pytest.approx(1 / 3, abs=0.02)
    with pytest.raises(ValueError, match="beta"):
        replay(path, beta=-1)


@pytest.mark.parametrize("seed", [None, 7, np.random.SeedSequence(7), np.random.default_rng(7)])
def test_each_iteration_starts_afresh(write, seed):
    workload = replay(write("reqs.txt", REQUESTS), seed=seed)
    assert list(workload) == list(workload)


def test_warmup_as_a_share(write):
    workload = replay(write("reqs.txt", REQUESTS), warmup_ratio=0.5)
    assert (workload.n_warmup, workload.n_measured) == (2, 3)
    with pytest.raises(ValueError, match="not both"):
        replay(workload.reqs_file, warmup_ratio=0.5, n_warmup=1)
    for wrong in (-0.1, 1):
        with pytest.raises(ValueError, match="warmup_ratio"):
            replay(workload.reqs_file, warmup_ratio=wrong)


def test_exactly_as_many_requests_as_asked_for(write):
    path = write("reqs.txt", REQUESTS)
    for n_warmup, n_measured in ((0, 0), (0, 5), (5, 0), (2, 1)):
        workload = replay(path, n_warmup=n_warmup, n_measured=n_measured)
        assert len(list(workload)) == workload.n_requests == n_warmup + n_measured


class TestRefused:
    @pytest.mark.parametrize(
        "numbers", [{"n_warmup": 6}, {"n_measured": 6}, {"n_warmup": 3, "n_measured": 3}]
    )
    def test_a_trace_that_is_too_short(self, write, numbers):
        with pytest.raises(ValueError, match="the trace holds 5 requests, fewer than"):
            replay(write("reqs.txt", REQUESTS), **numbers)

    def test_an_empty_trace(self, write):
        with pytest.raises(TraceError, match="holds no requests"):
            replay(write("reqs.txt", "\n"))

    def test_a_table_by_its_name_although_there_is_a_catalogue(self, write):
        # A table without a header that could be told: said before anything runs.
        parameters = {
            "reqs_file": write("reqs.csv", "1,b\n2,a\n"),
            "contents_file": write("contents.txt", "a\nb\n"),
        }
        (problem,) = WORKLOAD.checks["TRACE_DRIVEN"](parameters)
        assert "say which one it is with content_column" in problem

    def test_a_content_that_the_catalogue_lacks(self, write):
        contents = write("contents.txt", "a\nb\n")
        with pytest.raises(TraceError, match="'c' is not in the catalogue") as caught:
            replay(write("reqs.txt", REQUESTS), contents_file=contents)
        assert caught.value.line == 4

    def test_a_content_that_the_catalogue_lists_twice(self, write):
        contents = write("contents.txt", "a\nb\nc\nb\n")
        with pytest.raises(TraceError, match="'b' is already on line 2") as caught:
            replay(write("reqs.txt", REQUESTS), contents_file=contents)
        assert caught.value.line == 4
        assert caught.value.path == contents

    def test_a_catalogue_of_another_size(self, write):
        path = write("reqs.txt", REQUESTS)
        with pytest.raises(ValueError, match="n_contents is 4, but the catalogue"):
            replay(path, n_contents=4)
        with pytest.raises(ValueError, match="has 3 contents"):
            replay(path, contents_file=write("contents.txt", "a\nb\nc\n"), n_contents=2)

    def test_a_broken_line_wherever_it_is(self, write):
        with pytest.raises(TraceError, match="goes backwards") as caught:
            replay(write("reqs.csv", TABLE + "2,10,a\n"), n_measured=1)
        assert caught.value.line == 7

    def test_numbers_out_of_range(self, write):
        path = write("reqs.txt", REQUESTS)
        for wrong in ({"n_warmup": -1}, {"n_measured": -1}, {"rate": 0}):
            with pytest.raises(ValueError, match=next(iter(wrong))):
                replay(path, **wrong)

    def test_missing_files(self, write, tmp_path):
        with pytest.raises(TraceError, match="no such file"):
            replay(str(tmp_path / "reqs.txt"))
        with pytest.raises(TraceError, match=r"contents\.txt: there is no such file"):
            replay(write("reqs.txt", REQUESTS), contents_file=tmp_path / "contents.txt")


class TestMemory:
    def test_the_first_reading_is_remembered_until_the_file_changes(self, write, monkeypatch):
        readings = []
        blocks = TraceReader.blocks
        monkeypatch.setattr(
            TraceReader, "blocks", lambda self, *size: readings.append(1) or blocks(self, *size)
        )
        path = write("reqs.txt", REQUESTS)
        replay(path, seed=1)
        assert replay(path, seed=2).n_contents == 3
        assert len(readings) == 1
        write("reqs.txt", REQUESTS.replace("c", "d"))  # as long as before
        os.utime(path, ns=(1, 1))
        assert list(replay(path).contents) == ["b", "a", "d"]
        assert len(readings) == 2

    def test_the_columns_are_part_of_what_is_remembered(self, write):
        path = write("reqs.csv", TABLE)
        assert list(replay(path, zero_size="one").contents) == ["b", "a", "c"]
        assert list(replay(path, content_column="size").contents) == ["10", "20", "0"]


class TestCheck:
    """The check that the registry offers for settings, which reads no more than the head."""

    @staticmethod
    def problems(**parameters):
        return WORKLOAD.checks["TRACE_DRIVEN"](parameters)

    def test_nothing_to_say(self, write):
        assert self.problems(reqs_file=write("reqs.csv", TABLE), n_warmup=2) == []
        # A broken line further on is for the job to find.
        assert self.problems(reqs_file=write("long.csv", TABLE * 20), time_column="time") == []

    def test_missing_files_with_the_nearest_name(self, write, tmp_path):
        write("requests.txt", REQUESTS)
        problems = self.problems(
            reqs_file=str(tmp_path / "request.txt"), contents_file=str(tmp_path / "zzz")
        )
        assert len(problems) == 2
        assert problems[0].startswith("reqs_file: ")
        assert f"did you mean '{tmp_path}/requests.txt'?" in problems[0]
        assert problems[1].startswith("contents_file: ")

    def test_columns(self, write):
        path = write("reqs.csv", TABLE)
        (problem,) = self.problems(reqs_file=path, content_column="ulr")
        assert "did you mean 'url'?" in problem
        (problem,) = self.problems(reqs_file=path, delimiter=",,")
        assert "delimiter" in problem

    def test_two_warm_ups(self, write):
        path = write("reqs.csv", TABLE)
        (problem,) = self.problems(reqs_file=path, n_warmup=2, warmup_ratio=0.5)
        assert "not both" in problem

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"reqs_file": None},
            {"reqs_file": 3, "contents_file": []},
            {"content_column": 2.5},
            {"delimiter": 7},
            {"time_column": ["a"], "header": "yes"},
        ],
    )
    def test_mistyped_parameters_are_left_to_their_annotations(self, write, parameters):
        self.problems(**parameters)
        self.problems(**{"reqs_file": write("reqs.csv", TABLE), **parameters})


def test_shared_trace(shared_data):
    folder = shared_data / "traces"
    plain = replay(folder / "cloudPhysicsIO.txt", warmup_ratio=0.25)
    table = replay(folder / "cloudPhysicsIO.csv", warmup_ratio=0.25)
    for workload in (plain, table):
        assert (workload.n_requests, workload.n_contents) == (113_872, 48_974)
        assert workload.n_warmup == 28_468
    assert plain.contents == table.contents
    assert (gathered(plain)[2] == gathered(table)[2]).all()
    assert gathered(table)[0][0] == 5_633_898


def test_what_a_trace_has_that_is_not_used_is_told_once(write, caplog):
    path = write("kv.csv", "key,op,size,op_count\na,GET,5,2\nb,SET,5,1\na,GET,5,1\n")
    workload = replay(path)
    assert (workload.n_requests, list(workload.contents)) == (3, ["a"])
    assert replay(path, operations=["set"]).n_requests == 1
    for _ in range(2):
        assert TestCheck.problems(reqs_file=path) == []
    assert [record.message for record in caplog.records] == [
        f"{path}: rows whose 'op' is not GET, GETS or GET_LEASE are no requests"
    ]


def test_times_in_another_unit(write):
    path = write("us.csv", "time,id\n1000000,a\n1500000,b\n")
    assert gathered(replay(path, time_unit="us"))[0].tolist() == [1, 1.5]


@pytest.mark.parametrize("catalogue", [None, "d\nc\nb\na\n"])
def test_a_process_reads_a_trace_once_for_all_simulations(write, monkeypatch, catalogue):
    path = write("once.csv", TABLE)
    listed = None if catalogue is None else write("all.txt", catalogue)
    read = []
    blocks = TraceReader.blocks

    def counted(self, *size):
        read.append(self.path)
        return blocks(self, *size)

    monkeypatch.setattr(TraceReader, "blocks", counted)
    first = [
        gathered(replay(path, contents_file=listed, n_warmup=1, seed=seed, zero_size="one"), size)
        for seed, size in ((1, 2), (2, 5), (1, 100))
    ]
    assert [name for name in read if name != listed].count(str(path)) == 1
    # What is remembered is what would be read.
    monkeypatch.setattr(trace_catalogue, "_MOST_BYTES", 0)
    write("once.csv", TABLE + "9,10,b\n")
    write("once.csv", TABLE)
    again = [
        gathered(replay(path, contents_file=listed, n_warmup=1, seed=seed, zero_size="one"), size)
        for seed, size in ((1, 2), (2, 5), (1, 100))
    ]
    assert [name for name in read if name != listed].count(str(path)) > 3
    for one, other in zip(first, again, strict=True):
        for column, same in zip(one, other, strict=True):
            assert column.tolist() == same.tolist() if column is not None else same is None
            assert column is None or column.dtype == same.dtype
    assert first[0][2].tolist() == first[2][2].tolist()
