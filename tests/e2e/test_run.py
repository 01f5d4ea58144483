"""``icarus run``: from settings to a results file."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess

import pytest

from icarus.results import read_results_pickle


def test_runs_everything_and_writes_to_the_default_place(cli, small):
    done = cli("run", "small.py")
    assert done.returncode == 0, done.stderr
    assert "8 simulations" in done.stdout
    assert "results/small.pickle" in done.stdout
    results = read_results_pickle(cli.folder / "results" / "small.pickle")
    assert len(results) == 8
    assert not results.failures
    strategies = [params.getval(["strategy", "name"]) for params, _ in results]
    assert strategies == ["LCE"] * 4 + ["NO_CACHE"] * 4
    for params, tree in results:
        if params["strategy"]["name"] == "NO_CACHE":
            assert tree["CACHE_HIT_RATIO"]["MEAN"] == 0
            assert tree["PATH_STRETCH"]["MEAN"] == 1


def test_metadata_says_where_a_result_comes_from(cli, small):
    options = ("-c", "N_REQUESTS=50", "-c", "ENGINE=python")
    assert cli("run", "small.py", "-r", "out.pickle", *options).returncode == 0
    facts = read_results_pickle(cli.folder / "out.pickle").metadata[3]
    assert facts["status"] == "OK"
    assert facts["replication"] == 1
    assert facts["engine"] == "python"
    assert facts["n_requests"] == 150
    assert facts["duration"] > 0
    assert facts["requests_per_second"] > 0
    assert 10 * 2**20 < facts["peak_memory"] < 2**34
    assert facts["seed"]["entropy"] == 1
    campaign = facts["campaign"]
    assert campaign["settings_text"] == small.read_text()
    assert campaign["overrides"] == {"N_REQUESTS": 50, "ENGINE": "python"}
    assert {"icarus", "python", "numpy"} <= set(campaign["versions"])
    assert campaign["host"]


def test_overrides_change_the_experiments(cli, small):
    done = cli("run", "small.py", "-r", "out.pickle", "-c", "STRATEGIES=['LCD']")
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(cli.folder / "out.pickle")
    assert {params.getval(["strategy", "name"]) for params, _ in results} == {"LCD"}


def test_an_earlier_file_is_kept_unless_told_otherwise(cli, small):
    assert cli("run", "small.py", "-r", "out.pickle", "--no-journal").returncode == 0
    assert not (cli.folder / "out.pickle.journal").exists()
    before = (cli.folder / "out.pickle").read_bytes()
    refused = cli("run", "small.py", "-r", "out.pickle")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "--overwrite" in refused.stderr
    assert "-r FILE" in refused.stderr
    assert (cli.folder / "out.pickle").read_bytes() == before
    assert cli("run", "small.py", "-r", "out.pickle", "--overwrite").returncode == 0


def test_a_failing_experiment_is_recorded_and_the_others_go_on(cli, small):
    cli.write(
        "fails.py",
        small.read_text()
        + """
from icarus.registry import register_strategy
from icarus.models import NoCache

@register_strategy("BROKEN")
class Broken(NoCache):
    def process_event(self, time, receiver, content, log):
        raise RuntimeError("the moon is in the wrong phase")

EXPERIMENT_QUEUE[1]["strategy"]["name"] = "BROKEN"
""",
    )
    for parallel in (False, True):
        args = ("-r", f"{parallel}.pickle", "-c", f"PARALLEL_EXECUTION={parallel}")
        done = cli("run", "fails.py", *args)
        assert done.returncode == 1
        assert "RuntimeError: the moon is in the wrong phase" in done.stderr
        assert "Traceback" not in done.stderr
        results = read_results_pickle(cli.folder / f"{parallel}.pickle")
        assert len(results) == 6
        assert [facts["status"] for _, facts in results.failures] == ["FAILED", "FAILED"]
        assert "process_event" in results.failures[0][1]["traceback"]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_components_of_the_settings_module_work_in_every_kind_of_worker(cli, small, method):
    cli.write("neighbour.py", "HOW_OFTEN = 3\n")
    cli.write(
        "own.py",
        small.read_text()
        + """
import neighbour
from icarus.registry import register_strategy
from icarus.models import LeaveCopyEverywhere

counter = {"n": 0}

def every_third():
    counter["n"] += 1
    return counter["n"] % neighbour.HOW_OFTEN == 0

@register_strategy("SOMETIMES")
class Sometimes(LeaveCopyEverywhere):
    def _deliver(self, path):
        if every_third():
            super()._deliver(path)
        else:
            self.controller.forward_content_path(path[0], path[-1], path)

for experiment in EXPERIMENT_QUEUE:
    experiment["strategy"]["name"] = "SOMETIMES"
""",
    )
    options = ("-c", "PARALLEL_EXECUTION=True", "-c", f"START_METHOD={method}")
    done = cli("run", "own.py", "-r", "own.pickle", *options)
    assert done.returncode == 0, done.stderr
    assert len(read_results_pickle(cli.folder / "own.pickle")) == 4


def test_plain_lines_where_there_is_no_terminal(cli, small):
    done = cli("run", "small.py", "-r", "a.pickle", "--log-file", "run.log")
    lines = done.stderr.splitlines()
    stamp = re.compile(r"^\[\d\d:\d\d:\d\d \d{4}-\d\d-\d\d\|(INFO|WARNING)\|\w+\] ")
    assert lines
    assert all(stamp.match(line) for line in lines)
    assert "8 of 8 jobs done, 0 failed, 0 left" in lines[-1]
    assert "\x1b" not in done.stderr
    assert "8 of 8 jobs done" in (cli.folder / "run.log").read_text()


def test_quiet_and_verbose(cli, small):
    quiet = cli("run", "small.py", "-r", "a.pickle", "-q")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    verbose = cli("run", "small.py", "-r", "b.pickle", "-v")
    assert verbose.stderr.count(": OK in ") == 8


def test_live_view_on_a_terminal(cli, small):
    master, slave = pty.openpty()
    cli.environment["TERM"] = "xterm"
    command = cli.command("run", "small.py", "-r", "a.pickle", "-c", "N_REQUESTS=20000")
    process = subprocess.Popen(command, cwd=cli.folder, env=cli.environment, stderr=slave)
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):  # how Linux reports the end of a terminal
        while part := os.read(master, 65536):
            seen += part
    os.close(master)
    assert process.wait(timeout=60) == 0
    text = seen.decode()
    assert "requests/s" in text
    assert "elapsed" in text
    assert "network_cache=0.1 LCE #1" in text
    assert "jobs done" not in text  # summaries are for logs
    assert len(read_results_pickle(cli.folder / "a.pickle")) == 8


def test_dry_run_and_validate_print_the_plan_and_run_nothing(cli, small):
    for command in (("run", "--dry-run", "small.py"), ("validate", "small.py")):
        done = cli(*command)
        assert done.returncode == 0
        text = " ".join(done.stdout.split())
        assert "experiments: 4 replications: 2 jobs: 8" in text
        assert "cache_placement.network_cache 0.1, 0.5" in text
        assert "strategy.name LCE, NO_CACHE" in text
    assert not (cli.folder / "results").exists()


def test_results_cannot_be_written(cli, small):
    cli.write("file", "")
    done = cli("run", "small.py", "-r", "file/out.pickle")
    assert done.returncode == 2
    assert "file" in done.stderr
    assert "Traceback" not in done.stderr
