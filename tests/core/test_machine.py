"""Limits of containers, as made-up and real files of the system tell of them."""

from __future__ import annotations

import os
from types import SimpleNamespace

import psutil
import pytest

from icarus.core import machine

GB = 10**9


@pytest.fixture(autouse=True)
def large_machine(monkeypatch):
    """A machine of 64 cores and 256 GB, all of which is free and allowed."""
    monkeypatch.delenv("PYTHON_CPU_COUNT", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    free = SimpleNamespace(total=256 * GB, available=250 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)


def system(root, groups, mounts, files):
    """Write what a system has to say; return its root."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("\n".join(groups) + "\n")
    lines = [f"{i} 1 0:{i} {mount}" for i, mount in enumerate(mounts)]
    (root / "proc/self/mountinfo").write_text("\n".join(lines) + "\n")
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


V2 = "/ /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"


def cpu_v1(top):
    return f"{top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"


def memory_v1(top):
    return f"{top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"


def test_version_2(tmp_path):
    root = system(
        tmp_path,
        ["0::/"],
        [V2],
        {
            "cpu.max": "250000 100000",
            "memory.max": 8 * GB,
            "memory.current": 5 * GB,
            "memory.stat": f"anon {2 * GB}\ninactive_file {2 * GB}\nactive_file {GB}\n",
        },
    )
    found = machine.cores(root)
    assert found.number == 3
    assert found.reason == "the quota of the control group / is 2.5 cores"
    assert machine.memory(root) == machine.Memory(8 * GB, 6 * GB, "the control group /")


def test_the_least_of_nested_groups_holds(tmp_path):
    root = system(
        tmp_path,
        ["0::/a.slice/job 7"],
        [V2],
        {
            "a.slice/job 7/cpu.max": "max 100000",
            "a.slice/cpu.max": "400000 100000",
            "a.slice/job 7/memory.max": "max",
            "a.slice/job 7/memory.current": "1",
            "a.slice/memory.max": 4 * GB,
            "a.slice/memory.current": 3 * GB,
            "a.slice/memory.stat": "inactive_file 0",
        },
    )
    assert machine.cores(root).number == 4
    assert "/a.slice" in machine.cores(root).reason
    assert machine.memory(root) == machine.Memory(4 * GB, GB, "the control group /a.slice")


@pytest.mark.parametrize("top", ["/", "/docker/1f"], ids=["whole", "as in a container"])
def test_version_1(tmp_path, top):
    below = "docker/1f/" if top == "/" else ""
    root = system(
        tmp_path,
        ["7:memory:/docker/1f", "4:cpu,cpuacct:/docker/1f", "1:name=systemd:/docker/1f", "0::/"],
        [cpu_v1(top), memory_v1(top)],
        {
            f"cpu,cpuacct/{below}cpu.cfs_quota_us": 50_000,
            f"cpu,cpuacct/{below}cpu.cfs_period_us": 100_000,
            f"memory/{below}memory.limit_in_bytes": 2 * GB,
            f"memory/{below}memory.usage_in_bytes": 2 * GB,
            f"memory/{below}memory.stat": f"inactive_file 5\ntotal_inactive_file {GB // 2}",
        },
    )
    assert machine.cores(root).number == 1
    assert machine.memory(root).total == 2 * GB
    assert machine.memory(root).available == GB // 2


def test_no_limit_is_no_limit(tmp_path):
    root = system(
        tmp_path,
        ["7:memory:/", "4:cpu,cpuacct:/", "0::/"],
        [cpu_v1("/"), memory_v1("/"), V2.replace("cgroup rw", "cgroup/unified rw")],
        {
            "cpu,cpuacct/cpu.cfs_quota_us": -1,
            "cpu,cpuacct/cpu.cfs_period_us": 100_000,
            "memory/memory.limit_in_bytes": 9223372036854771712,
            "memory/memory.usage_in_bytes": GB,
            "unified/cpu.max": "max 100000",
        },
    )
    assert machine.cores(root) == machine.Cores(64)
    assert machine.memory(root) == machine.Memory(256 * GB, 250 * GB)


@pytest.mark.parametrize("text", ["", "nonsense", "1", "0 0", "100000 0", "-1 5", "\udcff"])
def test_files_that_make_no_sense(tmp_path, text):
    text = text.encode("utf-8", "replace").decode()
    root = system(tmp_path, ["0::/../..", "x", "::"], [V2, "short", "- -"], {"cpu.max": text})
    assert machine.cores(root) == machine.Cores(64)
    assert machine.memory(root).total == 256 * GB
    assert machine.cores(tmp_path / "nothing") == machine.Cores(64)


def test_what_the_user_says_goes_first(tmp_path, monkeypatch):
    root = system(tmp_path, ["0::/"], [V2], {"cpu.max": "100000 100000"})
    monkeypatch.setenv("PYTHON_CPU_COUNT", "5")
    assert machine.cores(root) == machine.Cores(5, "PYTHON_CPU_COUNT")
    monkeypatch.setenv("PYTHON_CPU_COUNT", "default")
    assert machine.cores(root).number == 1


def test_cores_that_the_process_may_not_use(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2, raising=False)
    assert machine.cores(tmp_path).number == 2
    assert machine.cores(tmp_path).reason
