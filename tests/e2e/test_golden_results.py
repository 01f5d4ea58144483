"""Golden results: each settings module in ``config/`` gives the results that it always gave.

The results of all jobs are compared, to the last bit of each number, with those recorded in
``tests/e2e/golden``. They were recorded by commit 26d8343, in which policies and strategies still
were classes with separate kernels. What that commit did not have, it was given: the definitions of
``config/extension.py`` as classes of the interface of Icarus 0.8. Only
HIT_RATIO_OVER_TIME, which takes records, sweep files and networks that change are recorded by later
commits.

A line of these files is a job: the digest of its parameters and, by collector, the mean as a number
to read and the digest of everything that was measured. What only counts, such as CACHE_HIT_RATIO,
differs if other contents were cached. If it is the same and LATENCY or LINK_LOAD differ, numbers
were summed in another order, or drawn by other arithmetic.

Where results are meant to change, record them anew and say so in the change log:

    python -m tests.e2e.record_golden               all cases, scaled down, which takes a minute
    python -m tests.e2e.record_golden --full        all cases with all requests, some minutes
"""

from __future__ import annotations

import numpy as np
import pytest
from record_golden import (
    CASES,
    GOLDEN,
    digest,
    digest_of_all,
    exact,
    options_of,
    recorded,
    recorded_in_full,
    records_of,
    run,
    write_trace,
)


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_recorded(inside, project, name, request):
    case = CASES[name]
    if case.needs_maps:
        inside.environment["ICARUS_DATA"] = str(request.getfixturevalue("shared_data"))
    write_trace(inside.folder)
    options = options_of(case)
    assert recorded(name)["options"] == options, "recorded with other options: record anew"
    settings = project / "config" / case.file
    done = inside("run", settings, "-q", "-r", "results.pickle", *options)
    assert done.returncode == 0, done.stderr
    assert_same(records_of(inside.folder / "results.pickle"), recorded(name)["jobs"])


def assert_same(found, golden):
    assert len(found) == len(golden)
    wrong = [
        f"job {number}: {part} {old.get(part)} -> {new.get(part)}"
        for number, (new, old) in enumerate(zip(found, golden, strict=True))
        for part in {**old, **new}
        if new.get(part) != old.get(part)
    ]
    assert not wrong, "\n".join([f"{len(wrong)} differ from those recorded", *wrong])


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CASES)
def test_results_with_all_requests_are_those_recorded(name, tmp_path, request):
    if CASES[name].needs_maps:
        request.getfixturevalue("shared_data")
    assert digest_of_all(run(name, tmp_path, full=True)) == recorded_in_full()[name]


def test_every_settings_module_is_recorded(project):
    files = [*(project / "config").glob("*.py"), *(project / "config").glob("*.toml")]
    assert {file.name for file in files} == {case.file for case in CASES.values()}
    assert {file.stem for file in GOLDEN.glob("*.json")} == {*CASES, "full"}
    assert set(recorded_in_full()) == set(CASES)


def test_a_digest_tells_the_last_bit_and_not_the_order_of_keys():
    assert digest({"A": 0.3}) != digest({"A": 0.1 + 0.2})
    assert digest({"A": 1}) != digest({"A": 1.0})
    assert digest({"A": [0.0]}) != digest({"A": [-0.0]})
    assert digest({1: 2.0, "B": None}) == digest({"B": None, 1: np.float64(2.0)})
    assert exact(np.array([1.0, 2.0])) != exact(np.array([[1.0, 2.0]]))
    with pytest.raises(TypeError, match="no exact text"):
        digest({"A": object()})
