"""A machine that gives a campaign too few files or processes: one line, and it can go on later."""

from __future__ import annotations

import resource
import subprocess

import pytest

from icarus.results import read_results_pickle

COMPLAINT = "icarus: "


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith(COMPLAINT)]


@pytest.fixture
def started(cli, small):
    """Run the campaign in a process of its own, prepared by a function."""

    def start(*args, **options):
        return subprocess.run(
            cli.command("run", small, "-r", "r.pickle", *args), cwd=cli.folder,
            env=cli.environment, capture_output=True, text=True, timeout=120,
            check=False, **options,
        )  # fmt: skip

    return start


def completes(cli, started):
    assert started().returncode == 0
    assert len(read_results_pickle(cli.folder / "r.pickle")) == 8


@pytest.mark.parametrize("limit", [6, 8, 9, 12])
def test_few_files_may_be_open(cli, started, limit):
    done = started(
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
    )
    if done.returncode:
        assert done.returncode == 2
        (line,) = complaints(done)
        assert "Too many open files" in line or "unable to open" in line


def test_no_process_can_be_started(cli, started):
    """As with ``pids.max`` of a container; limits do not hold for the superuser."""
    cli.write(
        "sitecustomize.py",
        """
        import errno, os
        def fork():
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        os.fork = fork
        """,
    )
    cli.environment["PYTHONPATH"] = str(cli.folder)
    done = started("--executor", "pool")
    assert done.returncode == 2
    (line,) = complaints(done)
    assert "no process can be had for jobs" in line
    serial = started("--executor", "serial")
    assert serial.returncode == 0, serial.stderr
    del cli.environment["PYTHONPATH"]
    completes(cli, started)
