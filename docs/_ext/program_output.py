"""What Icarus prints and draws, made by running it whenever the manual is built.

The commands below run one after the other in an empty folder that has a copy of config/ and of
docs/examples. The pages include the files in docs/generated that come of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


class Run(NamedTuple):
    """A command, where its output goes and what it exits with."""

    command: str
    output: str
    status: int = 0


RUNS = (
    Run("icarus plan config/quickstart.py", "plan.txt"),
    Run("icarus plan config/quickstart.py --pilot", "pilot.txt"),
    Run("icarus plan config/sweep.toml", "plan-sweep.txt"),
    Run("icarus run config/quickstart.py", "run.txt"),
    Run(
        "icarus results show results/quickstart.pickle"
        " --metric CACHE_HIT_RATIO.MEAN --metric LATENCY.MEAN",
        "show.txt",
    ),
    Run("icarus plot results/quickstart.pickle", "plot.txt"),
    Run(
        "icarus compare results/quickstart.pickle results/quickstart.pickle"
        " --where-a strategy=LCE --where-b strategy=LCD --metric LATENCY.MEAN",
        "compare.txt",
        1,
    ),
    Run("icarus run config/cache_flush.py", "run-flush.txt"),
    Run("icarus plot results/cache_flush.pickle", "plot-flush.txt"),
    Run("icarus list", "list.txt"),
    Run("icarus list strategies PROB_CACHE", "list-prob-cache.txt"),
    Run("icarus validate examples/mistakes.py", "mistakes.txt", 2),
    Run("icarus trace info examples/requests.csv --content-column url", "trace-info.txt"),
    Run("icarus trace convert examples/requests.csv requests.itrace", "trace-convert.txt"),
    Run("icarus mrc examples/requests.csv --policy LRU,FIFO,MIN --sizes 1,2,3,50%", "mrc.txt"),
)
"""In the order in which they run."""

PICTURES = {
    "results/quickstart/CACHE_HIT_RATIO_MEAN.png": "hit-ratio.png",
    "results/cache_flush/TIMELINE.png": "cache-flush.png",
}
"""From pictures that these commands draw to their names in docs/generated."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Run the commands before any page is read."""
    app.connect("builder-inited", _run_all)
    return {"parallel_read_safe": True}


def _run_all(app: Sphinx) -> None:
    docs = Path(app.srcdir)
    generated = docs / "generated"
    generated.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(docs.parent / "config", folder / "config")
        shutil.copytree(docs / "examples", folder / "examples")
        for run in RUNS:
            (generated / run.output).write_text(_output(run, folder), encoding="utf-8")
        for picture, target in PICTURES.items():
            shutil.copyfile(folder / picture, generated / target)


def _output(run: Run, folder: Path) -> str:
    """Return what a command printed, log messages left out."""
    words = shlex.split(run.command)
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != run.status:
        raise ExtensionError(
            f"{run.command!r} exits with {done.returncode}, expected {run.status}:\n{done.stderr}"
        )
    return done.stdout or done.stderr
