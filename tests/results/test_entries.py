"""Results files: what is damaged in one entry costs no other."""

from __future__ import annotations

import contextlib
import io
import logging
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_values import KEPT, OTHERS, UNHURRIED, same
from old_pickles import dump

from icarus.errors import ResultsError
from icarus.results import ResultSet, read_results_pickle, write_results_pickle
from icarus.results._entries import HEAD, write_entries
from icarus.results.checking import check_results_file
from icarus.util import Tree


def results_of(number):
    results = ResultSet({"k": 1})
    campaign = {"versions": {"icarus": "1"}}
    for i in range(number):
        params = Tree(strategy={"name": "LCE"}, workload={"alpha": i // 2})
        facts = {"job": f"job-{i}", "campaign": campaign}
        results.add(params, {"MINE": {"VALUE": i, "CDF": np.arange(1_000.0) + i}}, facts)
    results.add_failure({"strategy": {"name": "LCD"}}, {"error": "no", "campaign": campaign})
    return results


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.pickle"
    write_results_pickle(results_of(6), path)
    return path


def damage(file, what, by=b"?"):
    raw = file.read_bytes()
    assert raw.count(what) == 1
    file.write_bytes(raw.replace(what, by + what[len(by) :]))


def test_all_comes_back(file):
    again = read_results_pickle(file)
    assert same(again.dump(), results_of(6).dump())
    assert (again.attr, again.failures) == ({"k": 1}, results_of(6).failures)
    assert again.metadata == results_of(6).metadata
    assert again.metadata[0]["campaign"] is again.metadata[5]["campaign"]
    assert check_results_file(file) == []


def test_pickle_itself_reads_it(file):
    with file.open("rb") as opened:
        assert same(pickle.load(opened).dump(), results_of(6).dump())


@pytest.mark.parametrize("what", [b"job-3", b'"VALUE":3', np.array([1_004.0]).tobytes()])
def test_a_damaged_entry_costs_one_result(file, caplog, what):
    damage(file, what)
    with caplog.at_level(logging.WARNING):
        again = read_results_pickle(file)
    assert len(again) == 5
    assert len(again.failures) == 1
    assert caplog.messages[0].startswith(f"{file}: 1 of 6 results cannot be read: entry ")
    assert "its checksum is wrong" in check_results_file(file)[0]
    assert check_results_file(file)[-1] == "1 of 6 results cannot be read"


def test_facts_that_are_damaged_cost_no_result(file):
    damage(file, b"versions")
    again = read_results_pickle(file)
    assert len(again) == 6
    assert again.metadata[0] == {"job": "job-0", "campaign": {}}
    assert len(check_results_file(file)) == 1


def test_parameters_that_are_damaged_cost_their_results_only(file):
    damage(file, b'{"alpha":1}')
    assert [tree["MINE"]["VALUE"] for _, tree in read_results_pickle(file)] == [0, 1, 4, 5]


def test_a_file_cut_short_is_refused_at_any_length(tmp_path):
    path = tmp_path / "x.pickle"
    results = ResultSet()
    results.add({"a": 1}, {"b": 2})
    write_results_pickle(results, path)
    raw = path.read_bytes()
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(ResultsError, match="cut short" if length >= len(HEAD) else None):
            read_results_pickle(path)
        assert len(check_results_file(path)) == 1


def test_a_later_format_is_refused(file):
    damage(file, b'"format",', b'"formal"')
    assert len(check_results_file(file)) == 1


def test_old_files_are_checked_too(tmp_path):
    path = tmp_path / "old.pickle"
    with path.open("wb") as opened:
        dump(results_of(2), opened)
    assert check_results_file(path) == []
    path.write_bytes(path.read_bytes()[:-9])
    assert check_results_file(path) == ["it is cut short; restore it from a copy or run again"]
    with pytest.raises(ResultsError, match="no such file"):
        check_results_file(tmp_path / "none.pickle")


def test_what_cannot_be_kept_costs_itself_only(tmp_path, caplog):
    loop = []
    loop.append(loop)
    results = results_of(2)
    results.add({"workload": {"odd": loop}}, {"MINE": {"GOOD": 1, "BAD": loop}}, {"job": "c"})
    with caplog.at_level(logging.WARNING):
        write_results_pickle(results, tmp_path / "x")
    assert [message.split(": it")[0].rpartition(" ")[2] for message in caplog.messages] == [
        "workload.odd",
        "MINE.BAD",
    ]
    again = read_results_pickle(tmp_path / "x")
    assert len(again) == 3
    assert again[2][1]["MINE"]["GOOD"] == 1
    assert again[2][1]["MINE"]["BAD"].startswith("<list: it is nested")


@pytest.mark.fuzz
@UNHURRIED
@given(pairs=st.lists(st.tuples(KEPT, OTHERS, KEPT), max_size=3))
def test_all_results_can_be_read(pairs):
    results = ResultSet()
    for kept, other, fact in pairs:
        metrics = {"MINE": {"KEPT": kept, "OTHER": other}}
        results.add({"x": kept}, metrics, {"fact": fact, "shared": {"fact": fact}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pickle"
        write_results_pickle(results, path)
        assert check_results_file(path) == []
        again = read_results_pickle(path)
    assert len(again) == len(results)
    for (params, tree), (params_now, tree_now) in zip(results, again, strict=True):
        assert same(params_now, params)
        assert same(tree_now["MINE"]["KEPT"], tree["MINE"]["KEPT"])
    for facts, now in zip(results.metadata, again.metadata, strict=True):
        assert same([now["fact"], now["shared"]], [facts["fact"], facts["shared"]])


@pytest.mark.fuzz
@UNHURRIED
@given(data=st.data())
def test_damaged_files_are_read_or_refused(data):
    written = io.BytesIO()
    write_entries(results_of(3), written)
    raw = bytearray(written.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, len(HEAD) + 100))
        raw[place] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pickle"
        path.write_bytes(raw)
        with contextlib.suppress(ResultsError):
            again = read_results_pickle(path)
            assert all(isinstance(part, Tree) for pair in again for part in pair)
            for _, tree in again:
                number = tree["MINE"]["VALUE"]
                assert same(tree, results_of(number + 1)[number][1])
