"""States in files: whole or not at all, and read only by who they are of."""

from __future__ import annotations

import pickle
import threading
import time

import pytest

from icarus.core.durations import seconds_of
from icarus.errors import StateError
from icarus.orchestration import states
from icarus.orchestration.states import (
    Checkpoint,
    SharedState,
    read_state,
    remove_states,
    states_of,
    write_state,
)

STATE = {"numbers": list(range(1000)), "text": "ä"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "results" / "one.states" / "job-0"
    write_state(path, STATE, "job-0")
    return path


def test_what_is_put_aside_comes_back(file):
    assert read_state(file, "job-0") == STATE
    assert [one.name for one in file.parent.iterdir()] == ["job-0"]


def test_it_is_read_only_by_the_job_it_is_of(file, monkeypatch):
    with pytest.raises(StateError, match="another job"):
        read_state(file, "job-1")
    monkeypatch.setattr(states, "version", "99.0")
    with pytest.raises(StateError, match="another version of Icarus"):
        read_state(file, "job-0")


def test_damage_of_any_byte_is_noticed(file):
    whole = file.read_bytes()
    for place in range(0, len(whole), max(len(whole) // 60, 1)):
        changed = bytearray(whole)
        changed[place] ^= 0x55
        file.write_bytes(changed)
        with pytest.raises(StateError, match=r"damaged|of another job"):
            read_state(file, "job-0")
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(StateError, match="damaged"):
            read_state(file, "job-0")


def test_what_cannot_be_pickled_is_named_and_leaves_no_file(tmp_path):
    with pytest.raises(StateError, match=r"cannot be put aside: .*lock"):
        write_state(tmp_path / "states" / "job", threading.Lock(), "job")
    assert not list(tmp_path.rglob("job*"))


def test_only_states_are_removed(file):
    (file.parent / "mine.txt").write_text("keep")
    (file.parent / "job-1.77.part").write_bytes(b"half")
    remove_states(file.parent)
    assert [one.name for one in file.parent.iterdir()] == ["mine.txt"]
    (file.parent / "mine.txt").unlink()
    remove_states(file.parent)
    assert not file.parent.exists()
    remove_states(file.parent)


def test_the_folder_lies_beside_the_results(tmp_path):
    assert states_of(tmp_path / "one.pickle") == tmp_path / "one.states"


class TestCheckpoint:
    def test_it_is_due_when_its_time_has_come(self, tmp_path):
        checkpoint = Checkpoint(str(tmp_path / "states" / "job"), "job", 0.05, 0.1)
        assert not checkpoint.is_due
        time.sleep(0.06)
        assert checkpoint.is_due
        checkpoint.put_aside(STATE)
        assert not checkpoint.is_due
        assert checkpoint.restored() == STATE
        checkpoint.remove()
        assert checkpoint.restored() is None
        assert not list((tmp_path / "states").iterdir())

    def test_its_time_begins_where_the_job_does(self, tmp_path):
        checkpoint = Checkpoint(str(tmp_path / "job"), "job", 0.05, 0.1)
        time.sleep(0.06)
        assert not pickle.loads(pickle.dumps(checkpoint)).is_due

    def test_what_takes_long_to_put_aside_is_put_aside_more_rarely(self, tmp_path, monkeypatch):
        now = [0.0]
        monkeypatch.setattr(states.time, "monotonic", lambda: now[0])
        checkpoint = Checkpoint(str(tmp_path / "job"), "job", 1, 1)

        def slowly(*args):
            now[0] += 3

        monkeypatch.setattr(states, "write_state", slowly)
        now[0] = 1
        checkpoint.put_aside(STATE)
        now[0] = 4 + 299
        assert not checkpoint.is_due
        now[0] = 4 + 300
        assert checkpoint.is_due

    def test_one_that_cannot_be_used_is_told_and_removed(self, tmp_path):
        path = tmp_path / "job"
        path.write_text("what is this")
        with pytest.raises(StateError, match="damaged, or no state"):
            Checkpoint(str(path), "job", 1, 1).restored()
        assert not path.exists()


def test_a_shared_state_is_written_once(tmp_path):
    shared = SharedState(str(tmp_path / "states" / "x"), "x", 10.0, float("inf"))
    assert shared.read() is None
    shared.write(1)
    shared.write(2)
    assert shared.read() == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("500ms", 0.5), ("90s", 90), ("2m30s", 150), ("1h", 3600), ("1h 30min", 5400)),
        *((7, 7), ("1.5 m", 90), ("1d1ms", 86400.001), (0, 0), (0.25, 0.25)),
        *(("250us", 0.00025), ("1ms500us", 0.0015)),
    ],
)
def test_durations(text, seconds):
    assert seconds_of(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "", "5", "5x", "30s2m", "1m1m", "-3s", "1e3s", "9" * 200 + "s"),
        *(-1, float("inf"), float("nan"), True, None, []),
    ],
)
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="should be seconds, or a duration such as"):
        seconds_of(text)
