"""Samples and phases: when samples are taken, how they are tagged, and what they are worth."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from burning import burn, finish, start
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.errors import ResultsError
from icarus.metering import Meter, Totals, meter, read_samples
from icarus.metering.accounting import Account
from icarus.metering.meter import SHARE
from icarus.metering.samples import SampleFile, phase_at
from icarus.metering.sampling import Reading
from icarus.metering.usage import NOTHING, Usage

NAMES = st.text(max_size=8)


def cpu(totals: Totals) -> float:
    return totals.usage.cpu_user + totals.usage.cpu_system


def numbers_of(totals: Totals) -> dict[str, float]:
    return {**totals.usage._asdict(), "duration": totals.duration}


# Law 7: what is tagged is what ran; sums over phases are no more than the whole.


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["", "a", "b", "c, d", "# e", "\n"]),
            st.sampled_from(["nothing", "burn", "child", "sleep", "look", "leave"]),
        ),
        max_size=6,
    )
)
def test_phases_are_those_that_ran_and_sum_up_to_no_more_than_the_whole(steps):
    works = {
        "nothing": lambda: None,
        "burn": functools.partial(burn, 0.003),
        "child": lambda: finish(start(functools.partial(burn, 0.002))),
        "sleep": functools.partial(time.sleep, 0.002),
    }
    file = Path(os.environ["METER_FOLDER"]) / "samples.csv"
    ran: list[tuple[float, float, str]] = []
    """Earliest and latest time at which each began."""
    with Meter(file, interval=0.0015) as metered:
        for name, work in steps:
            before = time.monotonic()
            phase = metered.phase(name)
            ran.append((before, time.monotonic(), name))
            if work == "look":
                _ = metered.totals
            elif work == "leave":
                with phase:
                    burn(0.001)
                ran.append((time.monotonic() - 0.001, time.monotonic(), ""))
            else:
                works[work]()
    totals, phases = metered.totals, metered.phases
    named = [name for _, _, name in ran if name]
    assert list(phases) == list(dict.fromkeys(named))
    for name, whole in numbers_of(totals).items():
        parts = [numbers_of(one)[name] for one in phases.values()]
        assert all(part >= 0 for part in parts)
        assert sum(parts) <= whole + 1e-9
    assert max([one.memory_max for one in phases.values()], default=0) <= totals.memory_max
    columns = read_samples(file).columns
    times, tags = columns["time"], columns["phase"]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] == pytest.approx(totals.duration, abs=1e-5)
    # The last row is for what comes after, which is nothing.
    runs = [tag for tag, _ in itertools.groupby(tags)]
    wanted = [name for name, _ in itertools.groupby(["", *(name for _, _, name in ran), ""])]
    assert runs == wanted
    for name in Usage._fields:
        # What was used only grows, up to the totals.
        assert columns[name] == sorted(columns[name])
        assert columns[name][-1] == pytest.approx(getattr(totals.usage, name), abs=1e-5)


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METER_FOLDER", str(tmp_path_factory.mktemp("meter")))
        yield


@given(
    gaps=st.lists(st.floats(0, 10), max_size=20), times=st.lists(st.floats(-1, 200), max_size=30)
)
def test_a_moment_is_in_the_phase_that_began_last_before_it(gaps, times):
    begins = list(itertools.accumulate(gaps))
    names = [f"phase {i}" for i in range(len(begins))]
    for moment in [*times, *begins]:
        begun = [name for begin, name in zip(begins, names, strict=True) if begin <= moment]
        assert phase_at(moment, begins, names) == (begun[-1] if begun else "")


@given(phases=st.lists(NAMES, min_size=1), figure=st.integers(0, 1 << 62))
def test_what_is_written_is_read(phases, figure):
    path = Path(os.environ["METER_FOLDER"]) / "written.csv"
    file = SampleFile(path, 0.25, {"machine_x": "s"})
    usage = Usage(0.1, 0.2, figure, 4, 5, 6, 7, 8)
    for number, phase in enumerate(phases):
        file.add(float(number), phase, Reading(usage, 12, 2, 3), [figure])
    file.keep(0.5)
    file.close()
    read = read_samples(path)
    assert (read.asked, read.kept) == (0.25, 0.5)
    assert read.units["memory"].startswith("bytes")
    assert read.columns["phase"] == phases
    assert read.columns["time"] == list(range(len(phases)))
    assert read.columns["machine_x"] == [float(figure)] * len(phases)
    assert read.columns["read"] == [float(figure)] * len(phases)
    # Half a line is what a kill may leave.
    path.write_bytes(path.read_bytes()[:-1])
    assert read_samples(path).columns["time"] == list(range(len(phases) - 1))


def test_a_phase_that_is_entered_again_goes_on():
    with Meter() as metered:
        for _ in range(3):
            with metered.phase("again"):
                burn(0.01)
            burn(0.01)
    again = metered.phases["again"]
    assert cpu(again) == pytest.approx(0.03, abs=0.01)
    assert again.duration < metered.totals.duration - 0.02


def test_a_phase_that_is_left_does_not_end_the_one_after_it():
    with Meter() as metered:
        first = metered.phase("first")
        with first:
            metered.phase("second")
        burn(0.01)
    assert cpu(metered.phases["second"]) > 0.005


# When samples are taken.


def test_samples_do_not_drift(tmp_path, monkeypatch):
    monkeypatch.setattr(meter, "_AIM", 1.0)
    with Meter(tmp_path / "s.csv", interval=0.02):
        time.sleep(0.61)
    samples = read_samples(tmp_path / "s.csv")
    times = samples.columns["time"]
    # The first and the last, and one each 20 ms; others may have the processor now and then.
    assert samples.asked == samples.kept == 0.02
    assert 25 <= len(times) <= 32
    late = [moment % 0.02 for moment in times[1:-1]]
    assert sum(one < 0.01 for one in late) > 20


def test_the_interval_is_stretched_until_sampling_takes_little(tmp_path, monkeypatch):
    original = Account.read

    def slow(self, anew=False):
        if threading.current_thread().name == "metering":
            burn(0.001)
        return original(self, anew)

    monkeypatch.setattr(Account, "read", slow)
    used = time.process_time()
    with Meter(tmp_path / "s.csv", interval=0.01) as metered:
        time.sleep(0.2)
        before, began = time.process_time(), time.monotonic()
        time.sleep(1.0)
        share = (time.process_time() - before) / (time.monotonic() - began)
    samples = read_samples(tmp_path / "s.csv")
    assert samples.asked == 0.01
    assert samples.kept == pytest.approx(metered.interval, rel=1e-3)
    assert 0.1 <= samples.kept < 0.5
    assert share <= 1.5 * SHARE
    gaps = [b - a for a, b in itertools.pairwise(samples.columns["time"])]
    assert len([one for one in gaps if one < 0.05]) <= meter._COSTS + 2
    # It is none of what the job used.
    spent = time.process_time() - used
    assert cpu(metered.totals) < spent - 0.008


@pytest.mark.parametrize("interval", [0, -1, float("nan")])
def test_an_interval_that_is_none_is_refused(interval):
    with pytest.raises(ValueError, match="seconds above 0"):
        Meter(interval=interval)


def test_the_sampler_takes_less_than_a_hundredth_of_a_core_with_four_processes(tmp_path):
    """As much as it may; 0.04 ms a process were measured, 0.5 % with four of them that work."""
    code = "import time\nwhile True: sum(range(1000)); time.sleep(0.001)"
    four = [subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(4)]
    try:
        with Meter(tmp_path / "s.csv") as metered:
            time.sleep(0.3)
            clock = (~metered._thread.native_id << 3) | 6
            before, began = time.clock_gettime(clock), time.monotonic()
            time.sleep(1.5)
            share = (time.clock_gettime(clock) - before) / (time.monotonic() - began)
    finally:
        for one in four:
            one.kill()
            one.wait()
    assert max(read_samples(tmp_path / "s.csv").columns["processes"]) == 5
    assert 0 < share <= SHARE


def test_the_machine_s_counters_are_from_the_beginning(tmp_path):
    with Meter(tmp_path / "s.csv", machine=True):
        burn(0.2)
    columns = read_samples(tmp_path / "s.csv").columns
    cpu = columns["machine_cpu_user"]
    assert cpu[0] <= 0.1
    assert cpu[-1] >= 0.1
    assert columns["machine_memory_used"][0] > 1 << 20
    assert len(columns["machine_network_bytes_sent"]) == len(cpu)
    assert read_samples(tmp_path / "s.csv").units["machine_disk_read_time"] == "ms"


def test_a_machine_without_disks_has_no_columns_of_them(tmp_path, monkeypatch):
    from icarus.metering import machine_counters

    def none_to_be_had():
        raise NotImplementedError("no disks")

    monkeypatch.setitem(machine_counters._FUNCTIONS, "disk", none_to_be_had)
    monkeypatch.setitem(machine_counters._FUNCTIONS, "network", lambda: None)
    with Meter(tmp_path / "s.csv", machine=True):
        pass
    columns = read_samples(tmp_path / "s.csv").columns
    assert not [name for name in columns if "disk_" in name and name.startswith("machine")]
    assert "machine_swap_used" in columns


# What may go wrong.


def test_an_exception_ends_it_all_the_same(tmp_path):
    class OddError(Exception):
        pass

    metered = Meter(tmp_path / "s.csv")

    def fail():
        with metered:
            metered.phase("odd")
            burn(0.01)
            raise OddError

    with pytest.raises(OddError):
        fail()
    assert not metered._thread.is_alive()
    assert cpu(metered.phases["odd"]) > 0.005
    assert read_samples(tmp_path / "s.csv").columns["phase"] == ["", "odd", ""]


def test_a_process_that_is_forked_neither_writes_nor_ends_it(tmp_path):
    file = tmp_path / "s.csv"

    def as_the_job_goes_on(metered):
        metered.phase("of the child")
        _ = metered.totals, metered.phases
        metered.__exit__(None, None, None)

    with Meter(file, interval=0.005) as metered:
        for _ in range(5):
            finish(start(lambda: as_the_job_goes_on(metered)))
    assert set(read_samples(file).columns["phase"]) == {""}
    assert metered.phases == {}


def test_a_full_disk_costs_the_samples_and_nothing_else(caplog):
    with Meter("/dev/full", interval=0.005) as metered:
        metered.phase("on")
        burn(0.02)
    assert cpu(metered.phases["on"]) > 0.01
    told = [one.getMessage() for one in caplog.records if one.name == "metering"]
    assert told == ["/dev/full: no more samples are kept: No space left on device"]


def test_a_file_that_cannot_be_had_is_an_error_at_once(tmp_path):
    with pytest.raises(FileNotFoundError), Meter(tmp_path / "not there" / "s.csv"):
        pass


def test_totals_are_known_where_no_thread_is_to_be_had(monkeypatch, tmp_path):
    def none(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    with Meter(tmp_path / "s.csv") as metered:
        burn(0.02)
    assert cpu(metered.totals) > 0.01
    assert len(read_samples(tmp_path / "s.csv").columns["time"]) == 2


SIGNALLED = """
import os, signal, time
from icarus.metering import Meter

with Meter(interval=0.002):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.02)
    print(signal.sigtimedwait([signal.SIGUSR1], 1).si_signo == signal.SIGUSR1)
"""


def test_signals_go_to_the_threads_whose_job_it_is():
    # What one waits for is blocked, and would end the process in a thread that does not block it.
    # A process of its own, without those of libraries: there may be other threads in this one.
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "# interval asked for, s: x\n"])
def test_what_is_no_file_of_samples_is_told(tmp_path, text):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(ResultsError, match=r"s\.csv: is no file of samples"):
        read_samples(tmp_path / "s.csv")
    with pytest.raises(ResultsError, match="cannot be read"):
        read_samples(tmp_path / "other.csv")


def test_a_meter_serves_one_period():
    with Meter() as metered:
        pass
    with pytest.raises(RuntimeError, match="one period"), metered:
        pass
    assert metered.phase("late") is not None
    assert metered.totals.usage != NOTHING or metered.totals.duration > 0
