"""The laws of workloads, for all that come with Icarus."""

from __future__ import annotations

import pytest

from icarus.core.kinds import is_built_in
from icarus.registry import WORKLOAD
from icarus.testing import WorkloadLaws

NUMBERS = {"n_warmup": 30, "n_measured": 150}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files for the workloads that read any: 200 requests for 7 contents."""
    folder = tmp_path_factory.mktemp("workloads")
    numbers = [i * i % 7 for i in range(200)]
    texts = {
        "trace.txt": "".join(f"content-{number}\n" for number in numbers),
        "trace.csv": "time,id,size\n"
        + "".join(f"{i // 3},{n},{n + 1}\n" for i, n in enumerate(numbers)),
        "requests.txt": "".join(f"{i // 3}\t{n}\t{n + 1}\n" for i, n in enumerate(numbers)),
        "contents.txt": "".join(f"{n}\t1\t{n + 1}\t1\n" for n in range(7)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


CASES = {
    "STATIONARY": lambda files: {"n_contents": 2000, "alpha": 0.8, **NUMBERS},
    "STATIONARY-beta": lambda files: {"n_contents": 20, "alpha": 0, "beta": 1.5, **NUMBERS},
    "TRACE_DRIVEN": lambda files: {"reqs_file": str(files / "trace.txt"), **NUMBERS},
    "TRACE_DRIVEN-table": lambda files: {"reqs_file": str(files / "trace.csv"), **NUMBERS},
    "GLOBETRAFF": lambda files: {
        "reqs_file": str(files / "requests.txt"),
        "contents_file": str(files / "contents.txt"),
        **NUMBERS,
    },
    **{
        f"YCSB-{letter}": lambda files, letter=letter: {
            "workload": letter,
            "n_contents": 50,
            **NUMBERS,
        }
        for letter in "ABCDE"
    },
}


def test_no_workload_is_left_out():
    own = {name for name, one in WORKLOAD.items() if is_built_in(one)}
    assert own == {case.split("-")[0] for case in CASES}


class _Workload(WorkloadLaws):
    @pytest.fixture(autouse=True)
    def _which(self, case, files):
        self.workload = case.split("-")[0]
        self.parameters = CASES[case](files)


@pytest.mark.parametrize("case", [case for case in CASES if case != "YCSB-E"])
class TestWorkloads(_Workload):
    pass


@pytest.mark.parametrize("case", ["YCSB-E"])
class TestScans(_Workload):
    # Numbers are of operations, and a scan is several requests.
    test_there_are_as_many_requests_as_it_says = None
