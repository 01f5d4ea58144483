"""Campaigns that are killed, stopped, changed or extended, and run again."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections import Counter

import pytest

from icarus.results import read_results_pickle
from scripts.soak import soak

COUNTED = """
from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_strategy
from icarus.util import Tree

NUMBERS = [0, 1, 2, 3]
BROKEN = []
LIFT = 1

def lifted(number):
    return number + LIFT

@register_strategy("COUNTED")
class Counted(LeaveCopyEverywhere):
    def __init__(self, view, controller, number):
        import os, pathlib, time
        super().__init__(view, controller)
        with open("ran", "a") as file:
            file.write(f"{number}\\n")
        lifted(number)
        if pathlib.Path("slow").exists():
            time.sleep(5 * number)
        if pathlib.Path(f"broken-{number}").exists():
            raise RuntimeError(f"{number} is broken")

EXPERIMENT_QUEUE = []
for number in NUMBERS:
    experiment = Tree()
    experiment["topology"] = {"name": "TREE", "k": 2, "h": 2}
    experiment["workload"] = {"name": "STATIONARY", "n_contents": 20, "alpha": 0.8,
                              "n_warmup": 10, "n_measured": 50}
    experiment["content_placement"] = {"name": "UNIFORM"}
    experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.5}
    experiment["strategy"] = {"name": "COUNTED", "number": number}
    experiment["cache_policy"] = {"name": "LRU"}
    EXPERIMENT_QUEUE.append(experiment)
"""


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


@pytest.fixture
def counted(cli):
    """Runs a campaign whose jobs write down their numbers; returns the process and what ran."""
    cli.write("counted.py", COUNTED)

    def run(*options: object, code: int = 0):
        before = ran(cli)
        done = cli("run", "counted.py", *options)
        assert done.returncode == code, done.stderr
        return done, dict(ran(cli) - before)

    return run


def ran(cli) -> Counter[int]:
    file = cli.folder / "ran"
    return Counter(map(int, file.read_text().split())) if file.exists() else Counter()


def results_of(cli):
    return read_results_pickle(cli.folder / "results" / "counted.pickle")


def test_the_same_command_again_runs_nothing_and_gives_the_same(cli, counted):
    _, first = counted()
    assert first == {0: 1, 1: 1, 2: 1, 3: 1}
    before = results_of(cli)
    (cli.folder / "results" / "counted.pickle").unlink()
    again, second = counted()
    assert second == {}
    assert "4 of 4 jobs are done already; 0 to run" in again.stderr
    after = results_of(cli)
    assert list(after) == list(before)
    assert after.metadata == before.metadata


def test_changed_settings_run_only_what_changed(cli, counted):
    counted()
    done, again = counted("-c", "NUMBERS=[3, 7, 1]")
    assert again == {7: 1}
    assert "2 of 3 jobs are done already; 1 to run" in done.stderr
    numbers = [params["strategy"]["number"] for params, _ in results_of(cli)]
    assert numbers == [3, 7, 1]
    # What these settings do not ask for is still there.
    assert counted()[1] == {}


def test_neither_processes_nor_engine_nor_descriptions_are_changes(cli, counted):
    counted()
    described = COUNTED.replace(
        'experiment["cache_policy"]', 'experiment["desc"] = f"no. {number}"\n'
        '    experiment["cache_policy"]'
    )  # fmt: skip
    cli.write("counted.py", described + "\n# A remark.\n")
    options = ("-c", "PARALLEL_EXECUTION=True", "-c", "N_PROCESSES=2", "-c", "ENGINE=python")
    assert counted(*options)[1] == {}
    assert [params["desc"] for params, _ in results_of(cli)] == [f"no. {i}" for i in range(4)]
    assert cli("results", "recover", "counted.py", "-o", "r.pickle").returncode == 0
    assert list(read_results_pickle(cli.folder / "r.pickle")) == list(results_of(cli))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIFT = 1", "LIFT = 2"),
        ("return number + LIFT", "return number - LIFT"),
        ("super().__init__(view, controller)", "super().__init__(view, controller); self.x = 1"),
    ],
    ids=["a constant it uses", "a function it calls", "itself"],
)
def test_changed_code_of_a_component_runs_what_uses_it(cli, counted, before, after):
    counted("-c", "NUMBERS=[5]")
    cli.write("counted.py", COUNTED.replace(before, after))
    assert counted("-c", "NUMBERS=[5]")[1] == {5: 1}


def test_a_changed_file_that_parameters_name_is_a_change(cli, small):
    cli.write("trace.txt", "\n".join(str(i % 7) for i in range(200)))
    cli.write("replay.py", small.read_text().replace(
        '"name": "STATIONARY", "n_contents": 50, "alpha": 0.8, "n_warmup": 100,\n'
        '            "n_measured": N_REQUESTS,',
        '"name": "TRACE_DRIVEN", "reqs_file": "trace.txt", "contents_file": "contents.txt",\n'
        '            "n_contents": 7, "n_warmup": 100, "n_measured": 100,',
    ))  # fmt: skip
    cli.write("contents.txt", "\n".join(map(str, range(7))))
    first = cli("run", "replay.py")
    assert first.returncode == 0, first.stderr
    os.utime(cli.folder / "trace.txt", (1, 1))
    assert "8 of 8 jobs are done already" in cli("run", "replay.py").stderr
    cli.write("trace.txt", "\n".join(str(i % 5) for i in range(200)))
    changed = cli("run", "replay.py")
    assert changed.returncode == 0
    assert "done already" not in changed.stderr


def test_more_replications_run_only_the_new_ones(cli, counted):
    counted("-c", "N_REPLICATIONS=2")
    assert counted("-c", "N_REPLICATIONS=3")[1] == {0: 1, 1: 1, 2: 1, 3: 1}
    replications = [facts["replication"] for facts in results_of(cli).metadata]
    assert replications == [0, 1, 2] * 4


def test_failed_jobs_stay_failed_unless_asked_for(cli, counted):
    (cli.folder / "broken-2").touch()
    counted(code=1)
    (cli.folder / "broken-2").unlink()
    kept, again = counted(code=1)
    assert again == {}
    assert "3 of 4 jobs are done already; 0 to run; 1 failed before: --retry-failed" in kept.stderr
    assert len(results_of(cli).failures) == 1
    retried, again = counted("--retry-failed")
    assert again == {2: 1}
    assert "3 of 4 jobs are done already; 1 to run, with 1 that failed before" in retried.stderr
    assert [params["strategy"]["number"] for params, _ in results_of(cli)] == [0, 1, 2, 3]
    assert not results_of(cli).failures


def test_fresh_starts_over_and_keeps_the_old_journal(cli, counted):
    counted()
    done, again = counted("--fresh")
    assert again == {0: 1, 1: 1, 2: 1, 3: 1}
    assert "results/counted.pickle.journal.1" in done.stderr
    old = cli("results", "recover", "results/counted.pickle.journal.1", "-o", "old.pickle")
    assert old.returncode == 0, old.stderr
    assert list(read_results_pickle(cli.folder / "old.pickle")) == list(results_of(cli))


@pytest.mark.parametrize("answer", [b"n\n", b"y\n"])
def test_fresh_asks_on_a_terminal(cli, counted, answer):
    counted()
    master, slave = pty.openpty()
    process = subprocess.Popen(
        cli.command("run", "counted.py", "--fresh"),
        cwd=cli.folder, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(slave)
    os.write(master, answer)
    output, _ = process.communicate(timeout=60)
    os.close(master)
    assert b"run everything again? [y/N]" in output
    assert (ran(cli)[0] == 2) is (answer == b"y\n")
    assert (process.returncode == 0) is (answer == b"y\n")


def test_a_results_file_of_other_origin_is_not_replaced(cli, counted):
    counted()
    file = cli.folder / "results" / "counted.pickle"
    counted("-c", "NUMBERS=[4]", "-r", "other.pickle")
    merged = cli("results", "merge", file, "other.pickle", "-o", file, "--overwrite")
    assert merged.returncode == 0, merged.stderr
    refused, _ = counted(code=2)
    assert "--overwrite" in refused.stderr
    assert len(results_of(cli)) == 5
    assert counted("--overwrite")[1] == {}
    assert len(results_of(cli)) == 4


def test_two_runs_on_one_journal(cli, counted):
    options = ("run", "counted.py")
    slow = cli.folder / "slow"
    slow.touch()
    first = cli.start(*options)
    try:
        wait_for(lambda: ran(cli)[1])
        second = cli(*options)
        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert f"another run is writing it (pid {first.pid} on {os.uname().nodename})" in (
            second.stderr
        )
        status = cli("status", "counted.py").stdout
        assert "running" in status
        assert "1 of 4 ended (25%)" in status
        assert "number=1" in status
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        slow.unlink()
    gone = cli("status", "--json")
    facts = json.loads(gone.stdout)
    assert facts["alive"] is False
    assert "its process is gone with 1 under way" in facts["state"]
    assert facts["counts"] == {"OK": 1}
    # Nothing is left that would keep another run out.
    done, again = counted()
    assert again == {1: 1, 2: 1, 3: 1}
    assert "1 of 4 jobs are done already; 3 to run" in done.stderr


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_interrupted_jobs_run_again(cli, counted):
    (cli.folder / "slow").touch()
    process = cli.start("run", "counted.py")
    wait_for(lambda: ran(cli)[1])
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=30)
    (cli.folder / "slow").unlink()
    assert process.returncode == 128 + signal.SIGHUP
    assert "stopped by signal 1" in cli("status").stdout
    assert counted()[1] == {1: 1, 2: 1, 3: 1}
    assert len(results_of(cli)) == 4


def test_status_log_and_watch(cli, counted):
    (cli.folder / "broken-1").touch()
    counted(code=1)
    for named in ((), ("counted.py",), ("results/counted.pickle",)):
        status = cli("status", *named)
        assert status.returncode == 0
        assert "finished" in status.stdout
        assert "4 of 4 ended (100%), 0 left; 1 FAILED, 3 OK" in status.stdout
        assert "RuntimeError: 1 is broken" in status.stdout
    assert "3 OK" in cli("watch").stdout
    listed = cli("log", "results/counted.pickle").stdout.splitlines()
    assert [line.split()[2] for line in listed] == ["OK", "FAILED", "OK", "OK"]
    identity = listed[1].split()[1]
    for job in ("1", identity, identity[:7]):
        text = cli("log", "counted.py", job).stdout
        assert f"job 1: {identity}" in text
        assert "error:     RuntimeError: 1 is broken" in text
        assert "Traceback" in text
    unknown = cli("log", "counted.py", "17")
    assert unknown.returncode == 2
    assert "no job '17'" in unknown.stderr
    assert sorted(path.name for path in (cli.folder / "results").iterdir()) == [
        "counted.pickle",
        "counted.pickle.journal",
    ]


def test_status_of_what_is_not_there(cli, small):
    for named in ((), ("small.py",), ("other.pickle",)):
        done = cli("status", *named)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "journal" in done.stderr


@pytest.mark.parametrize("source", ["journal", "pickle"])
def test_replay_says_whether_the_result_is_the_same(cli, counted, source):
    (cli.folder / "broken-1").touch()
    counted(code=1)
    jobs = [line.split()[1] for line in cli("log", "counted.py").stdout.splitlines()]
    if source == "pickle":
        (cli.folder / "results" / "counted.pickle.journal").unlink()
    cli.write("counted.py", "raise SystemExit('the settings have changed since')")
    before = ran(cli)
    same = cli("replay", "results/counted.pickle", jobs[2])
    assert same.returncode == 0, same.stderr
    assert "the same: OK" in same.stdout
    assert dict(ran(cli) - before) == {2: 1}
    fails = cli("replay", "results/counted.pickle", jobs[1])
    assert fails.returncode == 0
    assert "the same: FAILED" in fails.stdout
    assert "RuntimeError: 1 is broken" in fails.stdout
    (cli.folder / "broken-1").unlink()
    other = cli("replay", "results/counted.pickle", jobs[1])
    assert other.returncode == 1
    assert "it was FAILED and is OK now" in other.stdout


def test_replay_opens_the_debugger_where_the_job_raises(cli, counted):
    (cli.folder / "broken-0").touch()
    counted("-c", "NUMBERS=[0]", code=1)
    process = subprocess.run(
        cli.command("replay", "counted.py", "0", "--debug"),
        cwd=cli.folder, env=cli.environment, input="p number * 1000 + 17\nquit\n",
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "17" in process.stdout
    assert "is broken" in process.stderr


def test_killed_at_random_moments_and_resumed_until_it_is_finished(tmp_path):
    kinds = ("kill the parent", "kill the group")
    done = soak(tmp_path, 60, times=4, seed=int(time.time()), kinds=kinds, pause=(0.7, 1.6))
    assert done["finished"] >= 1
    assert done.total() - done["finished"] >= 3


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_hundred_disturbances(tmp_path):
    done = soak(tmp_path, 2000, times=100, seed=7)
    assert done.total() - done["finished"] >= 100


def test_replications_that_were_added_are_in_the_journal(cli, counted):
    precise = '{"min": 3, "max": 6, "until": {"CACHE_HIT_RATIO.MEAN": 1e-6}}'
    options = ("-c", f"REPLICATIONS={precise}", "-c", "NUMBERS=[1, 2]")
    _, first = counted(*options)
    assert first == {1: 6, 2: 6}
    assert "12 of 12 ended (100%), 0 left; 12 OK" in cli("status").stdout
    before = results_of(cli)
    done, again = counted(*options)
    assert again == {}
    assert "12 of 12 jobs are done already; 0 to run" in done.stderr
    assert "earlier:  12 of them ended in earlier runs" in cli("status").stdout
    recovered = cli("results", "recover", "results/counted.pickle.journal", "-o", "back.pickle")
    assert recovered.returncode == 0, recovered.stderr
    assert list(results_of(cli)) == list(before)
    assert list(read_results_pickle(cli.folder / "back.pickle")) == list(before)
