"""Compiled code is kept on disk, shared by processes, and never the reason that a run fails."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from numba.core.caching import FunctionCache, IndexDataCacheFile

from icarus.compiler import jit, storage
from icarus.compiler.jit import DISABLED
from icarus.core import users_cache

pytestmark = pytest.mark.skipif(DISABLED, reason="nothing is compiled")

OWN = """
import logging
import sys
from icarus.compiler.jit import cache_folder, compiled_once, generic_entry_point

logging.basicConfig(format="%(levelname)s %(message)s")


def double(x):
    return 2 * x


compiled = generic_entry_point(double)
with compiled_once("double") as missing:
    assert compiled(21) == 42
stats = compiled.stats
print(cache_folder(), missing, sum(stats.cache_hits.values()))
"""


class Double:
    """Runs a process that needs one small kernel."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "own.py"
        self.script.write_text(OWN, encoding="utf-8")
        self.environment = {**os.environ, "ICARUS_CACHE_DIR": str(folder / "cache")}

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.script)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self, process: subprocess.Popen[str]) -> tuple[Path | None, bool, bool, str]:
        """Return the folder, whether code was missing and whether it was loaded, and the log."""
        output, log = process.communicate(timeout=120)
        assert process.returncode == 0, log
        folder, missing, loaded = output.rsplit(maxsplit=2)
        return None if folder == "None" else Path(folder), missing == "True", loaded == "1", log

    def __call__(self) -> tuple[Path | None, bool, bool, str]:
        return self.result(self.start())


@pytest.fixture
def double(tmp_path):
    return Double(tmp_path)


def files(folder, pattern):
    found = sorted(folder.rglob(pattern))
    assert found
    return found


def test_the_next_process_finds_the_code(double, tmp_path):
    folder, missing, loaded, log = double()
    assert folder.parent == tmp_path / "cache"
    assert (missing, loaded, log) == (True, False, "")
    before = {file: file.stat().st_mtime_ns for file in files(folder, "*double*.nb?")}
    assert double() == (folder, False, True, "")
    assert {file: file.stat().st_mtime_ns for file in files(folder, "*double*.nb?")} == before


def test_of_processes_that_start_at_once_one_compiles(double):
    processes = [double.start() for _ in range(2)]
    results = [double.result(process) for process in processes]
    assert sorted(missing for _, missing, _, _ in results) == [False, True]
    assert sorted(loaded for _, _, loaded, _ in results) == [False, True]


def _triple(x):
    return 3 * x


@pytest.fixture
def triple(tmp_path, monkeypatch, caplog):
    """A function that has the kernel called as by another process, and says if it was loaded."""
    monkeypatch.setenv(users_cache.CACHE_VARIABLE, str(tmp_path))

    def call():
        caplog.clear()
        compiled = jit.generic_entry_point(_triple)
        assert compiled(2) == 6
        return sum(compiled.stats.cache_hits.values()) == 1

    assert not call()
    assert call()
    return call


DAMAGE = {
    "empty": lambda text: b"",
    "half": lambda text: text[: len(text) // 2],
    "another pickle": lambda text: b"\x80\x05K\x01.",
}


def test_code_for_other_types_is_not_executed(triple, tmp_path, caplog):
    (file,) = files(tmp_path, "*.nbc")
    assert jit.generic_entry_point(_triple)(0.5) == 1.5
    (other,) = set(files(tmp_path, "*.nbc")) - {file}
    file.write_bytes(other.read_bytes())
    assert not triple()
    assert "it is for other types" in caplog.text


def test_one_process_at_a_time_writes_an_index(tmp_path, monkeypatch):
    monkeypatch.setenv(users_cache.CACHE_VARIABLE, str(tmp_path))
    save = IndexDataCacheFile.save
    saved = []

    def watched(self, key, data):
        with Path(f"{self._index_path}.lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        save(self, key, data)
        saved.append(key)

    monkeypatch.setattr(IndexDataCacheFile, "save", watched)
    compiled = jit.generic_entry_point(_triple)
    assert (compiled(2), compiled(0.5)) == (6, 1.5)
    assert len(saved) == 2


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_compiled_anew(triple, tmp_path, caplog, pattern, damage):
    for file in files(tmp_path, pattern):
        file.write_bytes(DAMAGE[damage](file.read_bytes()))
    assert not triple()
    # An index that begins with another version is taken for one.
    if (pattern, damage) != ("*.nbi", "another pickle"):
        assert "damaged" in caplog.text
        assert str(tmp_path) in caplog.text
    assert triple()
    assert caplog.text == ""


def test_no_damaged_machine_code_is_executed(triple, tmp_path, caplog):
    (file,) = files(tmp_path, "*.nbc")
    text = bytearray(file.read_bytes())
    for part in (0.3, 0.5, 0.8):
        text[int(part * len(text))] ^= 1
        file.write_bytes(text)
        assert not triple()
        assert "checksum" in caplog.text


def test_code_that_is_gone_is_compiled_anew(triple, tmp_path):
    for file in files(tmp_path, "*.nbc"):
        file.unlink()
    assert not triple()
    assert triple()


def test_a_folder_that_cannot_be_written_is_replaced_by_a_temporary_one(double, tmp_path):
    double.environment |= {"ICARUS_CACHE_DIR": "/dev/null/cache", "TMPDIR": str(tmp_path)}
    folder, missing, _, log = double()
    assert folder.parent == tmp_path / f"icarus-{os.getuid()}"
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert missing
    assert log.startswith("WARNING compiled code is kept in ")
    assert "/dev/null/cache" in log
    assert "set ICARUS_CACHE_DIR to a folder that can be written" in log
    assert double()[:3] == (folder, False, True)


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch, caplog):
    monkeypatch.delenv(users_cache.CACHE_VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    users_cache._usable_root.cache_clear()
    assert jit.cache_folder().parent == tmp_path / f"icarus-{os.getuid()}"
    assert "/dev/null/.cache" in caplog.text
    users_cache._usable_root.cache_clear()


@pytest.mark.parametrize("kind", ["file", "link", "shared"])
def test_temporary_folders_that_others_may_have_made_are_not_used(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    taken = tmp_path / f"icarus-{os.getuid()}"
    if kind == "file":
        taken.touch()
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        taken.symlink_to(tmp_path / "elsewhere")
    else:
        taken.mkdir()
        taken.chmod(0o777)
    with pytest.raises(PermissionError, match="not a folder that only this user can write"):
        users_cache._temporary_root()


def test_without_any_folder_each_process_compiles(double, tmp_path):
    (tmp_path / f"icarus-{os.getuid()}").touch()
    double.environment |= {"ICARUS_CACHE_DIR": "/dev/null/cache", "TMPDIR": str(tmp_path)}
    for _ in range(2):
        folder, missing, loaded, log = double()
        assert (folder, missing, loaded) == (None, True, False)
        assert log.startswith("WARNING compiled code is not kept, each process compiles anew")


def test_a_full_disk_is_survived(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(users_cache.CACHE_VARIABLE, str(tmp_path))

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage._CheckedFiles, "_open_for_write", full)
    compiled = jit.generic_entry_point(_triple)
    assert compiled(2) == 6
    assert "compiled code cannot be kept" in caplog.text
    assert "No space left" in caplog.text


def test_the_folder_is_in_the_users_cache_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv(users_cache.CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert jit.cache_folder().parent == tmp_path / "icarus"


def test_other_kernels_another_folder(project, tmp_path, monkeypatch):
    before = jit.cache_folder()
    kernels = tmp_path / "compiler"
    kernels.mkdir()
    own = kernels / "storage.py"
    own.write_text("")
    monkeypatch.setattr(storage, "__file__", str(own))
    found = [before.name]
    for text in ("one", "other"):
        own.write_text(text)
        found.append(f"kernels-{storage._fingerprint.__wrapped__()}")
    assert len(set(found)) == 3


def test_a_read_only_installation_is_left_as_it_is(project, tmp_path):
    """The kernels' own folders get no compiled code."""
    written = [
        file for file in (project / "icarus").rglob("*.nb?") if file.suffix in (".nbi", ".nbc")
    ]
    assert written == []


CAMPAIGN = """
from icarus.util import Tree

ENGINE = "compiled"
EXPERIMENT_QUEUE = [
    Tree(
        topology={"name": "PATH", "n": 4},
        workload={"name": "STATIONARY", "n_contents": 20, "alpha": 0.8, "n_measured": 100},
        cache_placement={"name": "UNIFORM", "network_cache": 0.3},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "NO_CACHE"},
        cache_policy={"name": "NULL"},
    )
]
"""


@pytest.mark.exhaustive
def test_campaigns_find_the_code_of_the_last_one(tmp_path):
    (tmp_path / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")
    environment = {**os.environ, "ICARUS_CACHE_DIR": str(tmp_path / "cache")}

    names = iter(["first.pickle", "second.pickle", "third.pickle"])

    def run():
        return subprocess.Popen(
            [sys.executable, "-m", "icarus", "run", "campaign.py", "-r", next(names)],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    both = [run(), run()]
    logs = [process.communicate(timeout=250)[1] for process in both]
    assert sum("compiling NoCache with NULL; this is done once" in log for log in logs) == 1
    before = {file: file.stat().st_mtime_ns for file in files(tmp_path / "cache", "*.nb?")}
    process = run()
    _, log = process.communicate(timeout=250)
    assert process.returncode == 0
    assert "compiling" not in log
    after = {file: file.stat().st_mtime_ns for file in files(tmp_path / "cache", "*.nb?")}
    assert after == before


class _Stopped(BaseException):
    """What a signal raises."""


def _stop(number, frame):
    raise _Stopped


def test_what_a_signal_raises_waits_until_code_is_loaded(monkeypatch, tmp_path):
    monkeypatch.setattr(storage.numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)

    def triple(x):
        return 3 * x

    assert jit.generic_entry_point(triple)(5) == 15
    loaded, original = [], FunctionCache.load_overload

    def load(self, *given):
        signal.raise_signal(signal.SIGUSR1)
        loaded.append(original(self, *given))
        return loaded[-1]

    monkeypatch.setattr(FunctionCache, "load_overload", load)
    before = signal.signal(signal.SIGUSR1, _stop)
    try:
        again = jit.generic_entry_point(triple)
        with pytest.raises(_Stopped):
            again(5)
        assert signal.getsignal(signal.SIGUSR1) is _stop
    finally:
        signal.signal(signal.SIGUSR1, before)
    (code,) = loaded
    assert code is not None
