"""The command line, run as a user runs it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

SETTINGS = """
from icarus.util import Tree

STRATEGIES = ["LCE", "NO_CACHE"]
NETWORK_CACHE = [0.1, 0.5]
N_REPLICATIONS = 2
N_REQUESTS = 300

EXPERIMENT_QUEUE = []
for strategy in STRATEGIES:
    for network_cache in NETWORK_CACHE:
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 3}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 50, "alpha": 0.8, "n_warmup": 100,
            "n_measured": N_REQUESTS,
        }
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": network_cache}
        experiment["strategy"] = {"name": strategy}
        experiment["cache_policy"] = {"name": "LRU"}
        EXPERIMENT_QUEUE.append(experiment)
"""


class Cli:
    """Runs ``icarus`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}

    def command(self, *args: object) -> list[str]:
        return [sys.executable, "-m", "icarus", *map(str, args)]

    def __call__(self, *args: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *args: object) -> subprocess.Popen[str]:
        """Start ``icarus`` in a session of its own."""
        return subprocess.Popen(
            self.command(*args),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(dedent(text), encoding="utf-8")
        return path


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line, in an empty folder."""
    return Cli(tmp_path)


@pytest.fixture
def small(cli: Cli) -> Path:
    """A settings module of 4 experiments that run in no time."""
    return cli.write("small.py", SETTINGS)


class InProcess:
    """The command line within this process, which saves the time to start one."""

    def __init__(self, outside: Cli) -> None:
        self._outside = outside

    def __getattr__(self, name: str):
        return getattr(self._outside, name)

    def __call__(self, *args: object) -> subprocess.CompletedProcess[str]:
        from icarus.cli import main

        before, root = Path.cwd(), logging.getLogger()
        handlers, level = root.handlers[:], root.level
        os.chdir(self.folder)
        try:
            done = CliRunner(env=self.environment).invoke(main, [*map(str, args)])
        finally:
            os.chdir(before)
            for handler in set(root.handlers) - set(handlers):
                handler.close()
            root.handlers[:] = handlers
            root.setLevel(level)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(args, done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def inside(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """The same without starting processes, except by ``start``."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    return InProcess(cli)
