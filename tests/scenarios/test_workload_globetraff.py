"""Replay of the files that GlobeTraff writes."""

from __future__ import annotations

import gzip

import fnss
import numpy as np
import pytest

from icarus.errors import TraceError
from icarus.planning.validation import SectionChecker
from icarus.registry import WORKLOAD
from icarus.scenarios.workload import GlobetraffWorkload, Workload

CONTENTS = "0\t3\t1500\t1\n2\t1\t40\t3\n1\t1\t700\t2\n"
REQUESTS = "0.5\t0\t1500\n1.25\t2\t40\n1.25\t0\t1500\n7\t1\t700\n9\t0\t1500\n"


def pair():
    """Two receivers, "r0" and "r1", at either end of a router; "r1" has the better connected."""
    topology = fnss.Topology()
    for u, v in (("r0", 0), (0, 1), ("r1", 1), (1, "s"), (1, 2)):
        topology.add_edge(u, v)
    for node, stack in (("r0", "receiver"), ("r1", "receiver"), (0, "router"), ("s", "source")):
        fnss.add_stack(topology, node, stack, {})
    return topology


@pytest.fixture
def files(tmp_path):
    """Write both files and return their paths as arguments."""

    def write(requests=REQUESTS, contents=CONTENTS):
        paths = {"reqs_file": tmp_path / "requests.txt", "contents_file": tmp_path / "docs.txt"}
        for path, text in zip(paths.values(), (requests, contents), strict=True):
            path.write_text(text)
        return {name: str(path) for name, path in paths.items()}

    return write


def gathered(workload, *size):
    """Return each column of all requests as one list."""
    fields = zip(*workload.batches(*size), strict=True)
    return [np.concatenate(field).tolist() for field in fields if field[0] is not None]


def test_is_registered():
    assert WORKLOAD["GLOBETRAFF"] is GlobetraffWorkload


def test_requests_are_those_of_the_file(files):
    workload = GlobetraffWorkload(pair(), **files(), beta=0, seed=1, unknown="ignored")
    assert isinstance(workload, Workload)
    assert workload.contents == range(3)
    assert (workload.n_contents, workload.n_requests) == (3, 5)
    (batch,) = workload.batches()
    assert batch.time.tolist() == [0.5, 1.25, 1.25, 7, 9]
    assert batch.content.tolist() == [0, 2, 0, 1, 0]
    assert batch.size.tolist() == [1500, 40, 1500, 700, 1500]
    assert batch.measured.all()
    assert batch.write is None
    assert [column.dtype for column in batch[:5]] == [
        np.float64,
        np.int32,
        np.int64,
        bool,
        np.int64,
    ]


def test_events_have_what_strategies_take(files):
    workload = GlobetraffWorkload(pair(), **files(), n_warmup=2, seed=1)
    events = list(workload)
    assert [time for time, _ in events] == [0.5, 1.25, 1.25, 7, 9]
    assert {tuple(event) for _, event in events} == {("receiver", "content", "log")}
    assert [event["log"] for _, event in events] == [False, False, True, True, True]
    assert {type(event["content"]) for _, event in events} == {int}
    assert {event["receiver"] for _, event in events} <= {"r0", "r1"}
    assert events == list(workload)


def test_the_catalogue_goes_up_to_the_highest_id(files):
    workload = GlobetraffWorkload(pair(), **files("1\t4\t10\n", "4\t1\t10\t1\n2\t1\t10\t1\n"))
    assert workload.contents == range(5)


def test_part_of_the_file(files):
    workload = GlobetraffWorkload(pair(), **files(), n_warmup=1, n_measured=2)
    (batch,) = workload.batches()
    assert batch.content.tolist() == [0, 2, 0]
    assert batch.measured.tolist() == [False, True, True]
    assert workload.n_requests == 3
    assert list(GlobetraffWorkload(pair(), **files(), n_measured=0)) == []


def test_compressed_files(files, tmp_path):
    paths = files()
    with gzip.open(tmp_path / "r.gz", "wt") as stream:
        stream.write(REQUESTS)
    plain = GlobetraffWorkload(pair(), **paths, seed=1)
    packed = GlobetraffWorkload(pair(), tmp_path / "r.gz", paths["contents_file"], seed=1)
    assert list(packed) == list(plain)


def test_receivers_by_the_rule_of_beta(files):
    paths = files("1\t0\t10\n" * 30_000)
    uniform, skewed = (GlobetraffWorkload(pair(), **paths, beta=b, seed=1) for b in (0, 1))
    assert list(uniform.receivers) == ["r0", "r1"]
    assert list(skewed.receivers) == ["r1", "r0"]
    assert np.mean(gathered(uniform)[1]) == pytest.approx(1 / 2, abs=0.02)
    assert np.mean(gathered(skewed)[1]) == pytest.approx(1 / 3, abs=0.02)
    with pytest.raises(ValueError, match="beta"):
        GlobetraffWorkload(pair(), **paths, beta=-1)


@pytest.mark.parametrize(
    ("requests", "place", "message"),
    [
        ("0\t0\t1\n1\tx\t1\n", "requests.txt:2", "whole number >= 0, found 'x'"),
        ("0\t0\t1\n1\t-1\t1\n", "requests.txt:2", "whole number >= 0, found '-1'"),
        ("0\t0\t1\n1\t3\t1\n", "requests.txt:2", "content 3 is not in the catalogue"),
        ("2\t0\t1\n1\t0\t1\n", "requests.txt:2", "time goes backwards"),
        ("0\t0\n", "requests.txt:1", "no column 2"),
        ("0\t0\t1\n1\t0\n", "requests.txt:2", "at least 3 are needed"),
        ("0\t0\tbig\n", "requests.txt:1", "the size must be"),
    ],
)
def test_broken_requests(files, requests, place, message):
    with pytest.raises(TraceError, match=message) as caught:
        GlobetraffWorkload(pair(), **files(requests))
    assert place in str(caught.value)


@pytest.mark.parametrize(
    ("contents", "place", "message"),
    [
        ("0\t1\t9\t1\n1\t1\t9\t1\n0\t1\t9\t1\n", "docs.txt:3", "already on line 1"),
        ("zero\t1\t9\t1\n", "docs.txt:1", "found 'zero'"),
        ("0\t1\t9\t1\n9999999999\t1\t9\t1\n", "docs.txt:2", "one after the other from 0"),
        ("0 1 9 1\n", "docs.txt:1", "no column 2"),
        ("", "docs.txt:1", "empty"),
    ],
)
def test_broken_catalogue(files, contents, place, message):
    with pytest.raises(TraceError, match=message) as caught:
        GlobetraffWorkload(pair(), **files(REQUESTS, contents))
    assert place in str(caught.value)


def test_a_file_that_is_too_short_or_missing(files, tmp_path):
    paths = files()
    with pytest.raises(TraceError, match=r"5 requests, fewer than n_warmup=4 and n_measured=2"):
        GlobetraffWorkload(pair(), **paths, n_warmup=4, n_measured=2)
    with pytest.raises(TraceError, match="5 requests, fewer than n_warmup=6 ask"):
        GlobetraffWorkload(pair(), **paths, n_warmup=6)
    with pytest.raises(TraceError, match=r"did you mean '.*docs\.txt'"):
        GlobetraffWorkload(pair(), paths["reqs_file"], tmp_path / "doc.txt")
    with pytest.raises(ValueError, match="n_warmup must be >= 0"):
        GlobetraffWorkload(pair(), **paths, n_warmup=-1)


def problems(**section):
    report = SectionChecker().check("workload", {"name": "GLOBETRAFF", **section})
    return [text for _, text in report.problems]


def test_files_are_checked_before_anything_runs(files, tmp_path):
    paths = files()
    assert problems(**paths) == []
    (problem,) = problems(**{**paths, "reqs_file": str(tmp_path / "request.txt")})
    assert "requests.txt'?" in problem
    (problem,) = problems(**{**paths, "contents_file": str(tmp_path)})
    assert "folder" in problem
    (problem,) = problems(**files("1,0,10\n"))
    assert "requests.txt:1" in problem
    (problem,) = problems(**files(REQUESTS, "a\t1\t2\t1\n"))
    assert "found 'a'" in problem
    assert len(problems(reqs_file=paths["reqs_file"])) == 1


def test_a_file_that_changes_is_read_again(files):
    first = GlobetraffWorkload(pair(), **files())
    second = GlobetraffWorkload(pair(), **files(REQUESTS + "10\t2\t40\n"))
    assert (first.n_requests, second.n_requests) == (5, 6)
