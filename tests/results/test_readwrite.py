from __future__ import annotations

import errno
import os
import pathlib
import pickle
import subprocess
import sys

import pytest

import icarus.util
from icarus.errors import ResultsError
from icarus.registry import RESULTS_READER, RESULTS_WRITER
from icarus.results import ResultSet, read_results_pickle, write_results_pickle


def result_set(n=1):
    results = ResultSet()
    for i in range(n):
        results.add({"strategy": {"name": "LCE"}}, {"LATENCY": {"MEAN": float(i)}})
    return results


@pytest.fixture
def old(tmp_path):
    """A results file that is already there."""
    path = tmp_path / "results.pickle"
    write_results_pickle(result_set(), path)
    return path


def python(code, *args, cwd):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(icarus.util.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestWriting:
    def test_what_is_written_is_read(self, tmp_path):
        path = tmp_path / "results.pickle"
        assert write_results_pickle(result_set(3), path) is None
        assert read_results_pickle(path).dump() == result_set(3).dump()
        assert [entry.name for entry in tmp_path.iterdir()] == ["results.pickle"]

    def test_paths_may_be_strings_and_folders_missing(self, tmp_path):
        path = str(tmp_path / "a" / "b" / "results.pickle")
        write_results_pickle(result_set(), path)
        assert len(read_results_pickle(path)) == 1

    def test_relative_paths(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        write_results_pickle(result_set(), "results.pickle")
        assert len(read_results_pickle("results.pickle")) == 1

    def test_a_file_that_is_there_is_replaced(self, old):
        write_results_pickle(result_set(5), old)
        assert len(read_results_pickle(old)) == 5

    def test_who_has_the_old_file_open_keeps_the_old_file(self, old):
        with old.open("rb") as file:
            write_results_pickle(result_set(5), old)
            assert file.read() != old.read_bytes()

    def test_they_are_registered(self):
        assert RESULTS_WRITER["PICKLE"] is write_results_pickle
        assert RESULTS_READER["PICKLE"] is read_results_pickle


class TestFailedWriting:
    """Whatever goes wrong, the file that was there stays and no other is left behind."""

    def check(self, old, part):
        before = old.read_bytes()
        with pytest.raises(ResultsError, match=part) as info:
            write_results_pickle(result_set(5), old)
        assert str(info.value).startswith(f"{old}: cannot write: ")
        assert old.read_bytes() == before
        assert [entry.name for entry in old.parent.iterdir()] == [old.name]

    def test_no_space_when_it_is_flushed_to_disk(self, old, monkeypatch):
        def full(descriptor):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        self.check(old, "No space left on device")

    @pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
    def test_no_space_in_the_middle(self, old, monkeypatch, fault):
        really_open = pathlib.Path.open

        class Full:
            def __init__(self, file):
                self.file = file

            def __enter__(self):
                return self

            def __exit__(self, *error):
                self.file.close()

            def fileno(self):
                return self.file.fileno()

            def write(self, data):
                self.file.write(data[:10])
                self.file.flush()
                raise OSError(fault, os.strerror(fault))

        def open_full(path, *args, **kwargs):
            return Full(really_open(path, *args, **kwargs))

        with monkeypatch.context() as patch:
            patch.setattr(pathlib.Path, "open", open_full)
            with pytest.raises(ResultsError, match=os.strerror(fault)):
                write_results_pickle(result_set(5), old)
        assert len(read_results_pickle(old)) == 1
        assert [entry.name for entry in old.parent.iterdir()] == [old.name]

    def test_the_rename_fails(self, old, monkeypatch):
        def fail(self, target):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(pathlib.Path, "replace", fail)
        self.check(old, "Permission denied")

    def test_a_real_limit_on_the_size_of_files(self, old):
        code = (
            "import resource, sys\n"
            "from icarus.results import ResultSet, write_results_pickle\n"
            "results = ResultSet()\n"
            "results.add({}, {'x': bytes(100_000)})\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
            "try: write_results_pickle(results, sys.argv[1])\n"
            "except Exception as error: print(type(error).__name__, error)\n"
        )
        before = old.read_bytes()
        process = python(code, old, cwd=old.parent)
        assert process.stdout == f"ResultsError {old}: cannot write: File too large\n"
        assert old.read_bytes() == before
        assert [entry.name for entry in old.parent.iterdir()] == [old.name]

    def test_a_sudden_death_before_the_rename_leaves_the_old_file(self, old):
        code = (
            "import os, pathlib, signal, sys\n"
            "from icarus.results import ResultSet, write_results_pickle\n"
            "pathlib.Path.replace = lambda *args: os.kill(os.getpid(), signal.SIGKILL)\n"
            "os.replace = os.rename = pathlib.Path.replace\n"
            "write_results_pickle(ResultSet(), sys.argv[1])\n"
        )
        process = python(code, old, cwd=old.parent)
        assert process.returncode == -9
        assert len(read_results_pickle(old)) == 1

    def test_a_folder_stands_there(self, tmp_path):
        with pytest.raises(ResultsError, match="cannot write"):
            write_results_pickle(result_set(), tmp_path)
        assert list(tmp_path.parent.glob("*.partial")) == []
        assert list(tmp_path.parent.glob(".*.partial")) == []


class TestReading:
    def test_no_such_file(self, old):
        with pytest.raises(ResultsError, match=r"no such file; did you mean '.*results\.pickle'"):
            read_results_pickle(old.with_name("result.pickle"))
        with pytest.raises(ResultsError, match=r"no such file$"):
            read_results_pickle(old.parent / "nowhere" / "x.pickle")

    def test_a_file_of_that_name_in_a_folder_beside_is_what_is_meant(self, old):
        (old.parent / "results").mkdir()
        old.with_name("study.py").touch()
        there = old.rename(old.parent / "results" / "study.pickle")
        with pytest.raises(ResultsError) as told:
            read_results_pickle(old.with_name("study.pickle"))
        assert str(told.value).endswith(f"no such file; did you mean '{there}'?")

    def test_a_folder(self, tmp_path):
        with pytest.raises(ResultsError, match=r"(?i)directory"):
            read_results_pickle(tmp_path)

    @pytest.mark.parametrize("thing", [[], {}, 5, None, "text", (1, 2)], ids=repr)
    def test_a_pickle_of_something_else(self, tmp_path, thing):
        path = tmp_path / "x.pickle"
        path.write_bytes(pickle.dumps(thing))
        with pytest.raises(ResultsError, match=rf"holds a {type(thing).__name__}, not results"):
            read_results_pickle(path)

    @pytest.mark.parametrize("raw", [b"", b"text", bytes(100), b"\x80\x04N"], ids=repr)
    def test_no_results_at_all(self, tmp_path, raw):
        path = tmp_path / "x.pickle"
        path.write_bytes(raw)
        with pytest.raises(ResultsError) as info:
            read_results_pickle(path)
        assert str(info.value).startswith(f"{path}: cannot read as results: it is ")
        assert "\n" not in str(info.value)

    def test_a_file_cut_short(self, old):
        old.write_bytes(old.read_bytes()[:-20])
        with pytest.raises(ResultsError, match="cut short"):
            read_results_pickle(old)

    def test_a_malicious_file(self, tmp_path):
        path, canary = tmp_path / "x.pickle", tmp_path / "canary"
        path.write_bytes(b"cos\nsystem\n(Vtouch " + os.fsencode(canary) + b"\ntR.")
        with pytest.raises(ResultsError, match=r"os\.system"):
            read_results_pickle(path)
        assert not canary.exists()

    def test_reading_changes_nothing(self, old):
        before = old.read_bytes()
        read_results_pickle(old)
        assert old.read_bytes() == before
        assert [entry.name for entry in old.parent.iterdir()] == [old.name]
