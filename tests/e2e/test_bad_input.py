"""Bad input: one line per problem, all at once, exit code 2, no traceback, nothing run."""

from __future__ import annotations

import lzma
import pickle

import pytest

CASES = {
    "misspelt component": (
        'EXPERIMENT_QUEUE[1]["strategy"]["name"] = "LEC"',
        "EXPERIMENT_QUEUE[1].strategy.name: unknown strategy 'LEC'; did you mean 'LCE'?",
    ),
    "misspelt parameter": (
        'EXPERIMENT_QUEUE[0]["workload"]["alhpa"] = 1',
        "EXPERIMENT_QUEUE[0].workload.alhpa: STATIONARY has no parameter 'alhpa'; "
        "did you mean 'alpha'?",
    ),
    "wrong type": (
        'EXPERIMENT_QUEUE[0]["workload"]["alpha"] = "0.8"',
        "EXPERIMENT_QUEUE[0].workload.alpha: should be a valid number, found '0.8'",
    ),
    "missing parameter": (
        'del EXPERIMENT_QUEUE[0]["workload"]["n_contents"]',
        "EXPERIMENT_QUEUE[0].workload.n_contents: missing; STATIONARY needs it",
    ),
    "negative alpha": (
        'EXPERIMENT_QUEUE[0]["workload"]["alpha"] = -1',
        "EXPERIMENT_QUEUE[0].workload.alpha: should be greater than or equal to 0, found -1",
    ),
    "negative cache fraction": (
        'EXPERIMENT_QUEUE[0]["cache_placement"]["network_cache"] = -1',
        "cache_placement.network_cache: should be greater than or equal to 0, found -1",
    ),
    "source_ratio of 2": (
        'EXPERIMENT_QUEUE[0]["topology"] = {"name": "ROCKET_FUEL", "asn": 1221, "source_ratio": 2}',
        "EXPERIMENT_QUEUE[0].topology.source_ratio: should be less than or equal to 1, found 2",
    ),
    "missing map": (
        'EXPERIMENT_QUEUE[0]["topology"] = {"name": "GEANT", "path": "none.graphml"}',
        "no map file none.graphml",
    ),
    "unknown collector": (
        'DATA_COLLECTORS = ["LATENCY", "LINKLOAD"]',
        "DATA_COLLECTORS: unknown data collector 'LINKLOAD'; did you mean 'LINK_LOAD'?",
    ),
    "missing section": (
        'del EXPERIMENT_QUEUE[2]["cache_policy"]',
        "EXPERIMENT_QUEUE[2].cache_policy: missing",
    ),
    "empty queue": ("EXPERIMENT_QUEUE = []", "EXPERIMENT_QUEUE: empty"),
    "no queue": ("del EXPERIMENT_QUEUE", "EXPERIMENT_QUEUE: missing"),
    "bad number of replications": (
        "N_REPLICATIONS = 0",
        "N_REPLICATIONS: should be greater than or equal to 1, found 0",
    ),
    "syntax error": ("x = (1", "bad.py:{line}: not valid Python: '(' was never closed"),
    "exception": ("x = undefined", "bad.py:{line}: NameError: name 'undefined' is not defined"),
}


@pytest.fixture
def cli(inside):
    """Without starting a process for each command, which takes most of the time."""
    return inside


@pytest.mark.parametrize("case", CASES)
def test_settings(cli, small, case):
    change, expected = CASES[case]
    path = cli.write("bad.py", small.read_text() + change + "\n")
    expected = expected.replace("{line}", str(path.read_text().count("\n")))
    done = cli("run", "bad.py")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("icarus: bad.py")
    assert expected in done.stderr
    assert done.stdout == ""
    assert not (cli.folder / "results").exists()


def test_all_problems_at_once_in_a_long_queue(cli, small):
    cli.write(
        "long.py",
        small.read_text()
        + """
from copy import deepcopy
EXPERIMENT_QUEUE = [deepcopy(EXPERIMENT_QUEUE[0]) for _ in range(10_000)]
EXPERIMENT_QUEUE[77]["workload"]["alpha"] = -3
EXPERIMENT_QUEUE[5000]["strategy"]["name"] = "LDC"
EXPERIMENT_QUEUE[9999]["cache_policy"]["name"] = "LUR"
""",
    )
    done = cli("validate", "long.py")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert "EXPERIMENT_QUEUE[77].workload.alpha" in lines[0]
    assert "EXPERIMENT_QUEUE[5000].strategy.name" in lines[1]
    assert "did you mean 'LCD'?" in lines[1]
    assert "EXPERIMENT_QUEUE[9999].cache_policy.name" in lines[2]
    assert "did you mean 'LRU'?" in lines[2]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("run", "smal.py"), "smal.py: no such file; did you mean 'small.py'?"),
        (("run", "noise.py"), "noise.py: not a Python file"),
        (("run", "."), "no case.json or case.toml in this folder"),
        (("run", "small.py", "-c", "N_REPLICATOINS=3"), "did you mean 'N_REPLICATIONS'?"),
        (("run", "small.py", "-c", "STRATEGIES"), "expected KEY=VALUE"),
        (("run", "small.py", "-c", "strategies=1"), "did you mean 'STRATEGIES'?"),
        (
            ("run", "small.py", "--log-file", "none/run.log"),
            "none/run.log: No such file or directory",
        ),
        (("list", "strateges"), "did you mean 'strategies'?"),
        (("list", "strategies", "PROBCACHE"), "did you mean 'PROB_CACHE'?"),
        (("plot", "none.pickle"), "none.pickle: no such file"),
        (("plot", "noise.py"), "a settings module, not results; icarus run noise.py runs it"),
        (("results", "print", "evil.pickle"), "refers to posix.system"),
        (("results", "show", "list.pickle"), "holds a list, not results"),
        (("results", "merge", "-o", "out.pickle", "none.pickle"), "no such file"),
    ],
)
def test_command_line(cli, small, args, expected):
    class Evil:
        def __reduce__(self):
            import os

            return os.system, ("touch executed",)

    (cli.folder / "noise.py").write_bytes(bytes(range(256)))
    (cli.folder / "evil.pickle").write_bytes(pickle.dumps(Evil()))
    (cli.folder / "list.pickle").write_bytes(pickle.dumps([1]))
    done = cli(*args)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (cli.folder / "executed").exists()


def test_debug_shows_the_traceback(cli, small):
    cli.write("bad.py", small.read_text() + "x = undefined\n")
    done = cli("run", "bad.py", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_unknown_command(cli):
    done = cli("plott")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_trace_that_was_cut_short_is_told_once(cli):
    lines = "".join(f"content{k * k % 9973}\n" for k in range(60_000))
    (cli.folder / "trace.txt.xz").write_bytes(lzma.compress(lines.encode())[:-30])
    cli.write(
        "settings.py",
        """
        EXPERIMENT_QUEUE = [
            {
                "topology": {"name": "PATH", "n": 4},
                "workload": {"name": "TRACE_DRIVEN", "reqs_file": "trace.txt.xz", "n_warmup": n},
                "cache_placement": {"name": "UNIFORM", "network_cache": 0.1},
                "content_placement": {"name": "UNIFORM"},
                "strategy": {"name": "LCE"},
                "cache_policy": {"name": policy},
            }
            for policy in ("LRU", "FIFO") for n in (1, 2)
        ]
        """,
    )
    done = cli("run", "settings.py", "-r", "out.pickle")
    assert done.returncode == 2
    (line,) = [one for one in done.stderr.splitlines() if "trace.txt.xz" in one]
    assert "the compressed stream is truncated or damaged" in line
    assert not (cli.folder / "out.pickle").exists()
