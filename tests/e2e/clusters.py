"""Clusters of dask on this machine, for tests of campaigns that run on one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

__all__ = ["Cluster"]


class Cluster:
    """A scheduler and workers on this machine, started as their manual says."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"dask://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", self.port, "--no-dashboard"),
            environment=environment,
        )
        self._until_heard("Scheduler at")

    def add_worker(self, *options, environment=None):
        """Start a worker and wait until the scheduler knows it."""
        before = self.log().count("Register worker")
        worker = self._start(
            *("worker", f"tcp://127.0.0.1:{self.port}", "--no-dashboard"),
            *(options or ("--nthreads", "1", "--no-nanny")),
            environment=environment,
        )
        self._until_heard("Register worker", before + 1)
        return worker

    def log(self):
        return (self.folder / "cluster.log").read_text()

    def _start(self, *command, environment=None):
        with (self.folder / "cluster.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "distributed.cli.dask_" + command[0],
                    *map(str, command[1:]),
                ],
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def _until_heard(self, text, times=1):
        for _ in range(100):
            if self.log().count(text) >= times:
                return
            time.sleep(0.1)
        raise AssertionError(self.log())

    def close(self):
        for process in reversed(self.processes):
            # A nanny has a child.
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()
