"""Disturb a campaign of short jobs for as long as told, and see that nothing is lost or repeated.

``python -m scripts.soak --minutes 10``: runs are killed at random moments (the parent, the whole
group, single workers) and stopped by signals, jobs fail and hang at random, start processes, change
the folder, mask and environment, print, fail with odd texts and return large arrays, and runs are
resumed until the campaign is finished, over and over. Every third campaign runs on a dask cluster,
if the package is there, whose scheduler and workers are made to stand still. What comes out must
equal an undisturbed campaign to the last bit, no job may start again once its end was committed,
and no process may be left over.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from icarus.results import read_results_pickle
from icarus.util import Tree

__all__ = ["SoakError", "campaign_settings", "disturbances", "outcome_of", "soak"]

_SETTINGS = """
import os, random, subprocess, time
import numpy as np
from icarus import Cancel
from icarus.execution import DataCollector
from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_data_collector, register_strategy
from icarus.util import Tree

FOLDER = {folder!r}
N_REQUESTS = 40
PARALLEL_EXECUTION = {parallel}
N_PROCESSES = 2
LOG_LEVEL = "ERROR"
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LARGE"]
ODD = "odd \\x1b[31m [/red] $ \\u202e text " + {surrogate!r} + " of job {{number}}"
ODD += 5000 * "\\u00e9"
START = os.getcwd(), dict(os.environ), os.umask(0o022)
os.umask(START[2])


def note(what, number):
    with open(os.path.join(FOLDER, what), "a") as file:
        file.write(f"{{number}}\\n")


def require_surroundings():
    mask = os.umask(0o022)
    os.umask(mask)
    if os.getcwd() != START[0] or "SOAKED" in os.environ or mask != START[2]:
        note("leaks", 0)


# Change what later jobs must not see, start what must not be left over, and print.
def meddle(number):
    os.chdir("/")
    os.umask(0o077)
    os.environ["SOAKED"] = "1"
    print(ODD.encode("utf-8", "backslashreplace").decode().format(number=number))
    if number % 20 == 3 and not os.environ.get({on_dask!r}):
        child = subprocess.Popen(["sleep", "3600"], start_new_session=number % 40 == 3)
        note("children", child.pid)
        if not os.fork():
            note("children", os.getpid())
            time.sleep(3600)
            os._exit(0)


@register_data_collector("LARGE")
class Large(DataCollector):
    def __init__(self, view, **kwargs):
        super().__init__(view, **kwargs)
        self.seen = 0

    def start_session(self, timestamp, receiver, content):
        self.seen += content

    def results(self):
        return Tree(ARRAY=np.arange(131_072 if self.seen % 10 == 0 else 8) + self.seen)


@register_strategy("SOAKED")
class Soaked(LeaveCopyEverywhere):
    def __init__(self, view, controller, number):
        super().__init__(view, controller)
        note("started", number)
        self.number = number
        self.left = 2 * N_REQUESTS
        require_surroundings()
        meddle(number)
        mishap = random.SystemRandom().random()
        if os.environ.get({mishaps!r}) and mishap < 0.01:
            note("mishaps", number)
            if mishap < 0.005:
                raise RuntimeError(f"job {{number}} fails, this time")
            time.sleep(600)
        time.sleep(number % 7 / 500)

    def process_event(self, **event):
        super().process_event(**event)
        self.left -= 1
        if self.left == N_REQUESTS and self.number % 97 == 11:
            raise Cancel(ODD.format(number=self.number))
        if self.left == N_REQUESTS and self.number % 97 == 23:
            raise RuntimeError(ODD.format(number=self.number))
        if self.left == N_REQUESTS and self.number % 97 == 31:
            raise KeyboardInterrupt(self.number)
        if self.left == N_REQUESTS and self.number % 13 == 5:
            raise RuntimeError(f"job {{self.number}} fails, always")
        if self.left == 0:
            note("completed", self.number)


EXPERIMENT_QUEUE = []
for number in range({jobs}):
    experiment = Tree()
    experiment["topology"] = {{"name": "TREE", "k": 2, "h": 2}}
    experiment["workload"] = {{
        "name": "STATIONARY", "n_contents": 20, "alpha": 0.8, "n_warmup": N_REQUESTS,
        "n_measured": N_REQUESTS, "rate": 1.0 + number % 5,
    }}
    experiment["content_placement"] = {{"name": "UNIFORM"}}
    experiment["cache_placement"] = {{"name": "UNIFORM", "network_cache": 0.5}}
    experiment["strategy"] = {{"name": "SOAKED", "number": number}}
    experiment["cache_policy"] = {{"name": "LRU"}}
    EXPERIMENT_QUEUE.append(experiment)
"""

disturbances = (
    "kill the parent",
    "kill the group",
    "kill a worker",
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
    "stop a worker",
)
"""What is done to a run."""

_ON_A_CLUSTER = ("kill the parent", "SIGHUP", "stop the scheduler", "stop a worker of dask")
"""What is done to a run on a dask cluster."""
_CLUSTER_EVERY = 3
"""Every so many campaigns one runs on a cluster."""
_CLUSTER_PAUSE = (5.0, 12.0)
"""Seconds to a disturbance there: connecting takes some, and nothing gets on before."""


_UNDER_WAY = 12
"""Jobs that may have ended at the moment of a kill without having been committed yet."""

_STILL = 120
"""Seconds for which a run that is not at its end may write nothing."""


_MISHAPS = "ICARUS_SOAK_MISHAPS"
"""The variable of the environment that has jobs fail and hang at random."""


_ON_DASK = "ICARUS_SOAK_ON_DASK"
"""The variable that tells jobs that they run on a cluster, where nobody ends what they start."""


class SoakError(AssertionError):
    """Something was lost or repeated."""


def campaign_settings(
    folder: Path, jobs: int, parallel: bool = True, surrogates: bool = True
) -> Path:
    """Write the settings of a campaign whose jobs note how they begin and end; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "soaked.py"
    text = _SETTINGS.format(
        folder=str(folder),
        jobs=jobs,
        parallel=parallel,
        mishaps=_MISHAPS,
        on_dask=_ON_DASK,
        surrogate="\udc80" if surrogates else "",
    )
    path.write_text(text, encoding="utf-8")
    return path


def command(settings: Path, results: Path, *options: str) -> list[str]:
    """Return the command that runs or resumes a campaign."""
    run = [sys.executable, "-m", "icarus", "run", str(settings), "-q", "-r", str(results)]
    return [*run, *options]


def noted(folder: Path, what: str) -> Counter[int]:
    """Return how often each job has noted something."""
    with suppress(FileNotFoundError):
        lines = (folder / what).read_text(encoding="utf-8").split("\n")[:-1]
        return Counter(map(int, lines))
    return Counter()


def committed(results: Path) -> set[int]:
    """Return the jobs whose end is in the journal, by number."""
    journal = results.with_name(f"{results.name}.journal")
    if not journal.exists():
        return set()
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT number FROM jobs WHERE record IS NOT NULL")
        return {number for (number,) in rows}


def outcome_of(results: Path) -> list[tuple[Any, Any]]:
    """Return what a campaign came to: pairs of parameters and results, or errors."""
    loaded = read_results_pickle(results)
    failures = [(_flat(params), facts["error"]) for params, facts in loaded.failures]
    return [*((_flat(params), _flat(tree)) for params, tree in loaded), *failures]


def _flat(tree: Tree) -> dict[Any, Any]:
    """Return a tree as a mapping that can be compared, arrays to the last bit."""
    return {
        path: (one.dtype, one.shape, one.tobytes()) if isinstance(one, np.ndarray) else one
        for path, one in tree.paths().items()
    }


class _Cluster:
    """A scheduler of dask and two workers, which stand still now and then."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._log = (folder / "cluster.log").open("ab")
        port = self.address.rpartition(":")[2]
        scheduler = ("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        worker = ("worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny")
        self.processes = [
            self._start(folder, *command)
            for command in (scheduler, *[(*worker, "--no-dashboard")] * 2)
        ]

    def _start(self, folder: Path, kind: str, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options],
            cwd=folder,
            env={**os.environ, _ON_DASK: "1"},
            stdout=self._log,
            stderr=self._log,
        )

    def disturb(self, process: subprocess.Popen[bytes], what: str, chance: random.Random) -> None:
        """Have a process stand still; the run is to heed signals all the same."""
        victim = self.processes[0 if what == "stop the scheduler" else chance.choice((1, 2))]
        victim.send_signal(signal.SIGSTOP)
        try:
            for _ in range(2):
                time.sleep(chance.uniform(0.5, 2))
                process.send_signal(signal.SIGTERM)
            process.wait(20)
        except subprocess.TimeoutExpired:
            raise SoakError(f"deaf to two signals: {what}") from None
        finally:
            victim.send_signal(signal.SIGCONT)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self._log.close()


class _Clusters:
    """A cluster, once one is wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: _Cluster | None = None

    def get(self) -> _Cluster | None:
        """Return the cluster, None where the package for it is missing."""
        if self._made is None and importlib.util.find_spec("distributed"):
            self._made = _Cluster(self._folder)
        return self._made

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
        return [int(child) for child in listed.split()]
    return []


def await_end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until a run ends, however long that takes a busy machine.

    Raises
    ------
    SoakError
        If it goes on and writes nothing to its folder any more; it is killed.
    """
    written, since = 0, time.monotonic()
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        latest = _last_written(folder)
        if latest > written:
            written, since = latest, time.monotonic()
        elif time.monotonic() - since > _STILL:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise SoakError(f"a run has done nothing for {_STILL} s: {process.args!r}")


def _last_written(folder: Path) -> int:
    latest = 0
    for entry in os.scandir(folder):
        # Files of a journal come and go.
        with suppress(OSError):
            latest = max(latest, entry.stat().st_mtime_ns)
    return latest


def disturb(
    process: subprocess.Popen[bytes], what: str, chance: random.Random, folder: Path
) -> None:
    """Do something to a run that is under way."""
    with suppress(ProcessLookupError):
        if what == "kill the parent":
            process.kill()
        elif what == "kill the group":
            os.killpg(process.pid, signal.SIGKILL)
        elif what == "stop a worker":
            # It is over its time then, and so is the run if nobody minds it.
            if children := _children(process.pid):
                os.kill(chance.choice(children), signal.SIGSTOP)
            await_end(process, folder)
        elif what == "kill a worker":
            if children := _children(process.pid):
                os.kill(chance.choice(children), signal.SIGKILL)
        else:
            os.killpg(process.pid, getattr(signal, what))


def _require_gone(group: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise SoakError(f"processes of the group {group} are left over")


def _require_no_children(folder: Path) -> None:
    """See that no process is left that jobs have started, the one that is being told included."""
    deadline = time.monotonic() + 20
    left: list[int] = []
    while time.monotonic() < deadline:
        left = [pid for pid in noted(folder, "children") if _is_a_child(pid, folder)]
        if not left:
            return
        time.sleep(0.05)
    raise SoakError(f"processes {left} are left over that jobs have started")


def _is_a_child(pid: int, folder: Path) -> bool:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        # Numbers are used again; a child has started since the folder was made.
        began = process.create_time() >= folder.stat().st_ctime - 3600
        named = process.cmdline()[:1] == ["sleep"] or "icarus" in " ".join(process.cmdline())
        return began and named and process.status() != psutil.STATUS_ZOMBIE
    return False


def soak(
    folder: Path,
    jobs: int,
    *,
    seconds: float = 0.0,
    times: int = 0,
    seed: int = 1,
    parallel: bool = True,
    kinds: tuple[str, ...] = disturbances,
    pause: tuple[float, float] = (0.5, 2.5),
    on_clusters: bool = False,
    surrogates: bool = True,
) -> Counter[str]:
    """Disturb campaigns for so many seconds, or so many times, and check what comes of each.

    Returns
    -------
    Counter
        How often what was done.

    Raises
    ------
    SoakError
        If anything was lost or repeated.
    """
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    settings = campaign_settings(folder, jobs, parallel, surrogates)
    reference = folder / "undisturbed.pickle"
    _run(settings, reference, "--no-journal")
    expected = outcome_of(reference)
    begin = time.monotonic()
    with closing(_Clusters(folder)) as clusters:
        while time.monotonic() - begin < seconds or sum(done.values()) - done["finished"] < times:
            results = folder / f"disturbed-{done['finished']}.pickle"
            wanted = on_clusters and done["finished"] % _CLUSTER_EVERY == _CLUSTER_EVERY - 1
            cluster = clusters.get() if wanted else None
            between = pause if cluster is None else _CLUSTER_PAUSE
            while not _one_run(settings, results, kinds, between, chance, done, cluster):
                over = time.monotonic() - begin >= seconds
                if sum(done.values()) >= times if times else over:
                    break
            _finish(settings, results)
            if outcome_of(results) != expected:
                raise SoakError(f"{results} differs from {reference}")
            done["finished"] += 1
    return done


def _one_run(
    settings: Path,
    results: Path,
    kinds: tuple[str, ...],
    pause: tuple[float, float],
    chance: random.Random,
    done: Counter[str],
    cluster: _Cluster | None,
) -> bool:
    """Start or resume a campaign and disturb it; return whether it ended all the same."""
    before = committed(results)
    noted_before = noted(settings.parent, "started"), noted(settings.parent, "completed")
    where = () if cluster is None else ("--executor", f"dask://{cluster.address}")
    # In a session of its own, so that the group is its own too.
    with _log(settings).open("ab") as log:
        process = subprocess.Popen(
            command(settings, results, "-c", "JOB_TIMEOUT=0.7", *where),
            start_new_session=True,
            stderr=log,
            env={**os.environ, _MISHAPS: "1"},
        )
    try:
        process.wait(chance.uniform(*pause))
    except subprocess.TimeoutExpired:
        what = chance.choice(kinds if cluster is None else _ON_A_CLUSTER)
        done[what] += 1
        if cluster is not None and what not in kinds:
            cluster.disturb(process, what, chance)
        else:
            disturb(process, what, chance, settings.parent)
    await_end(process, settings.parent)
    _require_gone(process.pid)
    _check_run(settings.parent, before, noted_before, results)
    return process.returncode in (0, 1)


def _check_run(
    folder: Path, before: set[int], noted_before: tuple[Counter[int], Counter[int]], results: Path
) -> None:
    started, completed = noted_before
    again = {job for job in noted(folder, "started") - started if job in before}
    if again:
        raise SoakError(f"jobs {sorted(again)[:5]} started again after their end was committed")
    if leaks := noted(folder, "leaks").total():
        raise SoakError(f"{leaks} jobs found the surroundings changed by others")
    _require_no_children(folder)
    now = committed(results)
    uncounted = {job for job in noted(folder, "completed") - completed if job not in now}
    if len(uncounted) > _UNDER_WAY:
        raise SoakError(f"{len(uncounted)} jobs ran to their end and are not in the journal")
    missing = before - now
    if missing:
        raise SoakError(f"jobs {sorted(missing)[:5]} are in the journal no more")


def _finish(settings: Path, results: Path) -> None:
    # Jobs whose worker was killed are LOST, some FAILED or ended by TIMEOUT, and only those that
    # always fail do so again.
    for options in ((), ("--retry-failed",)):
        _run(settings, results, *options)


def _run(settings: Path, results: Path, *options: str) -> None:
    with _log(settings).open("ab") as log:
        done = subprocess.run(command(settings, results, *options), stderr=log, check=False)
    if done.returncode not in (0, 1):
        text = _log(settings).read_text(encoding="utf-8")[-2000:]
        raise SoakError(f"a run that nobody disturbed ended with {done.returncode}:\n{text}")


def _log(settings: Path) -> Path:
    return settings.with_suffix(".log")


def main() -> None:
    """Soak for as long as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m scripts.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long [10]")
    parser.add_argument("--jobs", type=int, default=2000, help="jobs of a campaign [2000]")
    parser.add_argument("--seed", type=int, default=1, help="of what is done when [1]")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="icarus-soak-") as folder:
        try:
            done = soak(
                Path(folder),
                arguments.jobs,
                seconds=60 * arguments.minutes,
                seed=arguments.seed,
                on_clusters=True,
            )
        except SoakError as error:
            sys.exit(f"soak: {error}")
        done["jobs that failed or hung at random"] = noted(Path(folder), "mishaps").total()
    print(", ".join(f"{what}: {number}" for what, number in sorted(done.items())))


if __name__ == "__main__":
    main()
