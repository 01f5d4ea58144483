"""Totals beside what is known otherwise: what the kernel says of each process, and plain sums."""

from __future__ import annotations

import functools
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from burning import burn, finish, start

from icarus.core.processes import children_of, peak_memory, peak_memory_of_children
from icarus.core.system import adopt_orphans
from icarus.metering import Meter, read_samples, sampling

NEVER = 60.0
"""Seconds between two samples, where there are to be none but the first and the last."""
MB = 1 << 20


@pytest.fixture(params=["proc", "psutil"])
def system(request, monkeypatch):
    """A system that tells the children of processes, and one that psutil has to search."""
    monkeypatch.setattr(sampling, "_is_told", lambda: request.param == "proc")


def used_by(*pids):
    """Wait for processes and return their seconds of the processor, and their switches."""
    found = [finish(pid) for pid in pids]
    return (
        sum(one.ru_utime + one.ru_stime for one in found),
        sum(one.ru_nvcsw for one in found),
        sum(one.ru_nivcsw for one in found),
    )


def cpu_of(meter):
    return meter.totals.usage.cpu_user + meter.totals.usage.cpu_system


@pytest.mark.usefixtures("system")
def test_children_count_that_live_for_less_than_an_interval():
    def nap():
        burn(0.02)
        for _ in range(7):
            time.sleep(0.0005)

    own = resource.getrusage(resource.RUSAGE_THREAD)
    with Meter(interval=NEVER) as meter:
        cpu, waits, evictions = used_by(*(start(nap) for _ in range(5)))
    here = resource.getrusage(resource.RUSAGE_THREAD)
    cpu_here = here.ru_utime + here.ru_stime - own.ru_utime - own.ru_stime
    assert cpu >= 0.1
    assert cpu - 1e-6 <= cpu_of(meter) <= cpu + cpu_here + 0.01
    usage = meter.totals.usage
    waits_here = here.ru_nvcsw - own.ru_nvcsw
    assert 35 <= waits <= usage.switches_voluntary <= waits + waits_here + 40
    assert usage.switches_involuntary >= evictions


@pytest.mark.usefixtures("system")
def test_what_is_written_and_read_is_counted_to_the_byte(tmp_path):
    file = tmp_path / "data"
    with Meter(interval=0.01) as meter:
        with meter.phase("write"):
            finish(start(lambda: file.write_bytes(bytes(3_000_017))))
        with meter.phase("here"):
            file.write_bytes(file.read_bytes()[:1_000])
        with meter.phase("nothing"):
            burn(0.05)
    write, here, nothing = (meter.phases[name].usage for name in ("write", "here", "nothing"))
    assert write.written == 3_000_017
    assert here.written == 1_000
    # What a sample that is being taken reads may be taken off a little later.
    assert here.read == pytest.approx(3_000_017, abs=500)
    assert nothing.written == 0
    assert nothing.read <= 500
    assert meter.totals.usage.written == 3_001_017


def test_grandchildren_and_orphans_count():
    def child_with_one_of_its_own():
        finish(start(lambda: burn(0.05)))

    def child_that_leaves_an_orphan():
        start(lambda: burn(0.05))

    adopted = adopt_orphans()
    try:
        with Meter(interval=NEVER) as meter:
            cpu, *_ = used_by(start(child_with_one_of_its_own))
            finish(start(child_that_leaves_an_orphan))
            orphan, _, used = os.wait4(-1, 0)
    finally:
        adopt_orphans(adopted)
    assert orphan > 0
    assert cpu >= 0.05
    assert cpu_of(meter) >= cpu + used.ru_utime + used.ru_stime >= 0.1


@pytest.mark.usefixtures("system")
def test_a_child_that_still_lives_counts_up_to_then():
    reader, writer = os.pipe()
    with Meter(interval=NEVER) as meter:

        def work():
            burn(0.1)
            os.write(writer, b"!")
            time.sleep(60)

        child = start(work)
        os.read(reader, 1)
        so_far = cpu_of(meter)
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert so_far >= 0.08
    # The kernel tells of what lives in steps of 10 ms.
    assert 0.08 <= cpu_of(meter) <= 0.2
    assert meter.totals.usage.written >= 1
    os.close(reader)
    os.close(writer)


@pytest.mark.usefixtures("system")
def test_grandchildren_that_live_are_seen(tmp_path):
    reader, writer = os.pipe()

    def grandchild():
        burn(0.1)
        os.write(writer, b"!")
        time.sleep(60)

    def child():
        start(grandchild)
        os.write(writer, b"?")
        time.sleep(60)

    with Meter(tmp_path / "s.csv", interval=NEVER) as meter:
        pid = start(child)
        told = b""
        while len(told) < 2:
            told += os.read(reader, 1)
    (below,) = children_of(pid)
    for one in (pid, below):
        os.kill(one, 9)
    os.waitpid(pid, 0)
    assert cpu_of(meter) >= 0.08
    columns = read_samples(tmp_path / "s.csv").columns
    assert columns["processes"] == [1.0, 3.0]
    assert columns["threads"][-1] >= 3
    assert columns["memory"][-1] > 2 * columns["memory"][0]
    os.close(reader)
    os.close(writer)


def test_a_child_that_was_there_before_counts_from_then_on():
    reader, writer = os.pipe()

    def work():
        burn(0.2)
        os.write(writer, b"!")
        burn(0.05)

    child = start(work)
    os.read(reader, 1)
    with Meter(interval=NEVER) as meter:
        cpu, *_ = used_by(child)
    assert cpu >= 0.25
    assert cpu_of(meter) < 0.15
    os.close(reader)
    os.close(writer)


def test_children_of_others_do_not_count():
    with Meter(interval=NEVER, belongs=lambda pid: False) as meter:
        child = start(functools.partial(time.sleep, 60))
        text = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        assert meter.totals.memory_max < peak_memory() + MB
        with meter.beside():
            os.kill(child, 9)
            os.waitpid(child, 0)
            text.communicate(b"\n")
    assert cpu_of(meter) < 0.1
    assert meter.totals.usage.read < 20_000


def test_threads_that_were_there_before_do_not_count_and_those_begun_within_do():
    stop = threading.Event()
    ready = threading.Event()

    def others_work():
        while not stop.is_set():
            ready.set()
            sum(range(500))

    other = threading.Thread(target=others_work)
    other.start()
    ready.wait()
    try:
        with Meter(interval=0.02) as meter:
            mine = threading.Thread(target=burn, args=(0.1,))
            mine.start()
            mine.join()
            burn(0.05)
    finally:
        stop.set()
        other.join()
    assert meter.totals.duration > 0.2
    assert cpu_of(meter) == pytest.approx(0.15, abs=0.03)


def test_what_is_done_beside_does_not_count(tmp_path):
    with Meter(interval=NEVER) as meter:
        with meter.beside():
            burn(0.1)
            finish(start(functools.partial(burn, 0.1)))
            (tmp_path / "log").write_bytes(bytes(5000))
        burn(0.03)
    assert cpu_of(meter) == pytest.approx(0.03, abs=0.02)
    assert meter.totals.usage.written == 0
    assert meter.totals.duration > 0.2


@pytest.mark.parametrize("resettable", [True, False])
def test_the_peak_of_memory_is_that_of_the_phase(monkeypatch, resettable):
    if not resettable:
        monkeypatch.setattr("icarus.metering.accounting.forget_peak_memory", lambda: False)
    before = bytearray(200 * MB)
    before[::4096] = b"x" * len(before[::4096])
    del before
    known = peak_memory()
    with Meter(interval=NEVER) as meter:
        with meter.phase("small"):
            burn(0.01)
        with meter.phase("large"):
            large = bytearray(120 * MB)
            large[::4096] = b"x" * len(large[::4096])
            # Where the kernel does not forget, a look is what tells.
            _ = meter.totals
            del large
        with meter.phase("small again"):
            burn(0.01)
    small, large, again = (
        meter.phases[one].memory_max for one in ("small", "large", "small again")
    )
    # What was there before is not told.
    assert MB < small < known - 150 * MB
    assert large - small == pytest.approx(120 * MB, abs=8 * MB)
    assert again < large - 100 * MB
    assert meter.totals.memory_max == large
    # What is kept of a job's process is the peak since that began.
    assert peak_memory() >= known


def test_the_memory_of_a_child_that_lived_between_samples_is_known():
    # The kernel keeps the largest of all that were waited for.
    size = max(peak_memory(), peak_memory_of_children()) + 50 * MB
    code = f"x = bytearray({size}); x[::4096] = b'x' * len(x[::4096])"
    with Meter(interval=NEVER) as meter:
        subprocess.run([sys.executable, "-S", "-c", code], check=True)
    assert size < meter.totals.memory_max < size + 50 * MB


def test_memory_of_several_processes_at_once_is_summed(monkeypatch):
    monkeypatch.setattr(sampling, "_LOOK", 0.0)
    code = """
x = bytearray(50_000_000)
x[::4096] = b'x' * len(x[::4096])
print(1, flush=True)
input()
"""
    with Meter(interval=0.01) as meter:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        three = [subprocess.Popen([sys.executable, "-S", "-c", code], **pipes) for _ in range(3)]
        for one in three:
            assert one.stdout.readline() == b"1\n"
        time.sleep(0.05)
        for one in three:
            one.communicate(b"\n")
    assert meter.totals.memory_max > 150_000_000


def test_nothing_that_was_opened_stays_open(tmp_path):
    before = sorted(Path("/proc/self/fd").iterdir())
    threads = threading.active_count()
    for file in (None, tmp_path / "samples.csv"):
        with Meter(file, interval=0.001) as meter:
            finish(start(functools.partial(burn, 0.01)))
            with meter.beside():
                meter.phase("last")
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    assert threading.active_count() == threads


def test_totals_are_those_of_the_whole_process_as_the_kernel_has_them():
    """In a process that does nothing else, metered from its beginning to its end."""
    code = """
import os, resource, time
from icarus.metering import Meter
before = resource.getrusage(resource.RUSAGE_SELF)
with Meter() as meter:
    until = time.process_time() + 0.2
    while time.process_time() < until:
        sum(range(1000))
    os.system("true")
now, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
usage = meter.totals.usage
kernel = now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime
kernel += children.ru_utime + children.ru_stime
print(usage.cpu_user + usage.cpu_system, kernel)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    metered, kernel = map(float, ran.stdout.split())
    # Beside the job, only setting the meter up and what its thread does.
    assert kernel - 0.02 < metered <= kernel
