"""What pages take: the report of a thousand experiments, and a live page with its viewers."""

from __future__ import annotations

import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from scripts.benchmark.measuring import (
    ICARUS,
    MeasurementError,
    Row,
    command_spent,
    environment,
)
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT"]

EXPERIMENTS = 1000
VIEWERS = 5

_SETTINGS = """
from icarus import design as d

PARALLEL_EXECUTION = False
EXPERIMENT_QUEUE = d.product(
    {{
        "topology": {{"name": "GEANT"}},
        "workload": {{
            "name": "STATIONARY",
            "n_contents": 1000,
            "n_warmup": {requests} // 2,
            "n_measured": {requests} // 2,
        }},
        "cache_placement": {{"name": "UNIFORM"}},
        "content_placement": {{"name": "UNIFORM"}},
        "cache_policy": {{"name": "LRU"}},
        "strategy": {{"name": "LCE"}},
    }},
    {{
        "cache_placement.network_cache": d.linspace(0.01, 0.5, 10),
        "workload.alpha": d.linspace(0.4, 1.3, {experiments} // 10),
    }},
)
"""


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for the report, and one for the page."""
    number = 20 if options.quick else EXPERIMENTS
    yield _of_report(options.folder, number, 1 if options.quick else options.repeat)
    yield _of_viewers(options.folder, *((20_000_000, 2) if options.quick else (10**8, 60)))


def _campaign(folder: Path, experiments: int, requests: int) -> tuple[str, ...]:
    """Return the command that runs as many experiments in a folder."""
    settings = folder / "pages.py"
    text = _SETTINGS.format(experiments=experiments, requests=requests)
    settings.write_text(text, encoding="utf-8")
    return (*ICARUS, "run", str(settings), "-q", "--fresh", "-r", str(folder / "pages.pickle"))


def _of_report(folder: Path, number: int, repeat: int) -> Row:
    command_spent((*_campaign(folder, number, 2000), "--overwrite"))
    page = folder / "pages.html"
    command = (*ICARUS, "report", str(folder / "pages.pickle"), "-o", str(page))
    spent = [command_spent(command) for _ in range(repeat)]
    return {
        "what": f"icarus report, {number:,} experiments",
        "seconds": min(one.wall for one in spent),
        "together": f"{page.stat().st_size / 1e6:.1f} MB",
    }


def _of_viewers(folder: Path, requests: int, seconds: float) -> Row:
    """Return the share of a core that a page takes that five look at, while a campaign runs."""
    for left in folder.glob("pages.pickle*"):
        left.unlink()
    with _running(_campaign(folder, 500, requests // 100)):
        _await(folder / "pages.pickle.journal")
        watch = (*ICARUS, "watch", "--web", str(folder / "pages.pickle"))
        with _running(watch) as page:
            assert page.stdout is not None
            url = page.stdout.readline().split()[0]
            share = _share_of(psutil.Process(page.pid), url, seconds)
    return {
        "what": f"icarus watch --web, {VIEWERS} viewers",
        "seconds": share * seconds,
        "together": f"{share:.2%} of a core",
    }


def _share_of(page: psutil.Process, url: str, seconds: float) -> float:
    done = threading.Event()
    viewers = [threading.Thread(target=_look, args=(url, done)) for _ in range(VIEWERS)]
    for one in viewers:
        one.start()
    time.sleep(1)
    before, began = sum(page.cpu_times()[:2]), time.perf_counter()
    time.sleep(seconds)
    share = (sum(page.cpu_times()[:2]) - before) / (time.perf_counter() - began)
    done.set()
    for one in viewers:
        one.join()
    return share


def _look(url: str, done: threading.Event) -> None:
    """Ask for what a browser asks for, as often as it does."""
    urllib.request.urlopen(url).read()
    while not done.wait(2):
        for name in ("status.json", "results.json"):
            urllib.request.urlopen(url + name).read()


@contextmanager
def _running(command: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            yield process
        finally:
            process.terminate()


def _await(file: Path, most: float = 60) -> None:
    until = time.monotonic() + most
    while not file.exists():
        if time.monotonic() > until:
            raise MeasurementError(f"{file.name} has not come")
        time.sleep(0.1)


SUBJECT = Subject(
    name="pages",
    title="Reports and live pages",
    columns=(
        Column("what", "what"),
        Column("s", "seconds", ".2f"),
        Column("together", "together"),
    ),
    measure=measure,
    y=("seconds",),
    label="seconds",
)
