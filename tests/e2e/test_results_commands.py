"""``icarus results``, ``plot`` and ``list``, and the settings that come with Icarus."""

from __future__ import annotations

import json

import pytest

from icarus.planning.settings import GENERAL_SETTINGS
from icarus.registry import REGISTRIES
from icarus.results import read_results_pickle


@pytest.fixture
def cli(inside):
    """Without starting a process for each command, which takes most of the time."""
    return inside


@pytest.fixture
def results(cli, small):
    done = cli("run", "small.py", "-r", "out.pickle", "-q")
    assert done.returncode == 0, done.stderr
    return cli.folder / "out.pickle"


def test_print(cli, results):
    text = cli("results", "print", "out.pickle").stdout
    assert text.count("EXPERIMENT ") == 8
    assert "name: NO_CACHE" in text
    pairs = json.loads(cli("results", "print", "--json", "out.pickle").stdout)
    assert len(pairs) == 8
    assert pairs[0][0]["strategy"]["name"] == "LCE"
    assert 0 < pairs[0][1]["CACHE_HIT_RATIO"]["MEAN"] < 1


def test_show(cli, results):
    done = cli("results", "show", "out.pickle", "--metric", "LATENCY")
    rows = [line for line in done.stdout.splitlines() if "LCE" in line or "NO_CACHE" in line]
    assert len(rows) == 4
    assert all("±" in row for row in rows)


def test_merge(cli, results):
    done = cli("results", "merge", "-o", "both.pickle", "out.pickle", "out.pickle")
    assert done.returncode == 0
    assert "8 results are there already and left out, as one simulation counts once" in done.stderr
    both = read_results_pickle(cli.folder / "both.pickle")
    assert len(both) == len(both.metadata) == 8
    again = cli("results", "merge", "-o", "both.pickle", "out.pickle")
    assert again.returncode == 2


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_plot(cli, results, suffix):
    done = cli("plot", "out.pickle", "--format", suffix, "--metric", "LATENCY")
    assert done.returncode == 0, done.stderr
    picture = cli.folder / "out" / f"LATENCY_MEAN.{suffix}"
    assert done.stdout == f"out/{picture.name}\n"
    start = picture.read_bytes()[:8]
    assert start.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix])


def test_plot_options(cli, results):
    done = cli("plot", "out.pickle", "--x", "strategy", "--series", "network_cache",
               "--where", "strategy=LCE", "-o", "pictures")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (cli.folder / "pictures" / "CACHE_HIT_RATIO_MEAN.png").exists()
    unknown = cli("plot", "out.pickle", "--x", "network_cash")
    assert unknown.returncode == 2
    assert "network_cache" in unknown.stderr


def test_every_command_has_help(cli):
    for command in ((), ("run",), ("validate",), ("list",), ("plot",), ("results",),
                    ("results", "print"), ("results", "show"), ("results", "merge")):  # fmt: skip
        done = cli(*command, "-h")
        assert done.returncode == 0
        assert "Usage:" in done.stdout


def test_list(cli):
    kinds = cli("list").stdout
    for registry in REGISTRIES:
        assert registry.plural in kinds
    strategies = cli("list", "strategies").stdout
    assert "PROB_CACHE      ProbCache: " in strategies
    one = cli("list", "strategies", "PROB_CACHE").stdout
    assert "t_tw : float > 0, default 10" in one
    assert "10.1145/2342488.2342501" in one


@pytest.mark.parametrize("name", ["quickstart", "reference"])
def test_settings_that_come_with_icarus_are_valid(cli, project, name):
    done = cli("validate", project / "config" / f"{name}.py")
    assert done.returncode == 0, done.stderr


def test_reference_names_every_setting_and_component(project):
    text = (project / "config" / "reference.py").read_text()
    for name in GENERAL_SETTINGS:
        assert name in text
    for registry in REGISTRIES:
        for name, component in registry.items():
            # Other tests may have loaded components of their own.
            if component.__module__.startswith("icarus."):
                assert name in text, f"{registry.kind} {name}"


def test_quickstart_in_small(cli, project):
    settings = project / "config" / "quickstart.py"
    small = (
        "-c",
        "N_CONTENTS=1000",
        "-c",
        "N_WARMUP_REQUESTS=500",
        "-c",
        "N_MEASURED_REQUESTS=500",
    )
    done = cli("run", settings, *small)
    assert done.returncode == 0, done.stderr
    assert len(read_results_pickle(cli.folder / "results" / "quickstart.pickle")) == 45
    plotted = cli("plot", "results/quickstart.pickle")
    assert plotted.returncode == 0
    assert len(plotted.stdout.splitlines()) >= 4


def test_trace_replay(cli, project):
    cli.write("trace.txt", "".join(f"page{i % 7}\n" for i in range(400)))
    settings = project / "config" / "trace_replay.py"
    done = cli("run", settings, "-c", "TRACE=trace.txt", "-r", "out.pickle",
               "-c", "NETWORK_CACHE=[0.5]", "-c", "N_REPLICATIONS=1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(read_results_pickle(cli.folder / "out.pickle")) == 5
    missing = cli("run", settings)
    assert missing.returncode == 2
    assert "TRACE" in missing.stderr


def test_broken_line_of_a_trace(cli, project):
    cli.write("trace.csv", "time,id\n1,a\n2,b\nx,c\n")
    settings = project / "config" / "trace_replay.py"
    done = cli("run", settings, "-c", "TRACE=trace.csv", "-c", "N_REPLICATIONS=1")
    assert done.returncode == 1
    assert "trace.csv:4: " in done.stderr
    assert "'x'" in done.stderr
    assert "Traceback" not in done.stderr


def test_real_trace(cli, project, shared_data):
    trace = shared_data / "traces" / "cloudPhysicsIO.csv"
    settings = project / "config" / "trace_replay.py"
    done = cli("run", settings, "-c", f"TRACE={trace}", "-r", "out.pickle", "-c",
               "STRATEGIES=['LCE']", "-c", "NETWORK_CACHE=[0.1]", "-c", "N_REPLICATIONS=1",
               "-c", "CONTENT_COLUMN=lbn", "-c", "TIME_COLUMN=time", "-c", "SIZE_COLUMN=size",
               "-c", "WARMUP_RATIO=0.0")  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(cli.folder / "out.pickle")
    assert results.metadata[0]["n_requests"] == 113_872
    assert 0 < results[0][1]["CACHE_HIT_RATIO"]["BYTE_HIT_RATIO"] < 1
