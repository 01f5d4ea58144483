"""Folders of cases, from the command line: scenarios K-A to K-E."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import statistics
import time
from pathlib import Path

import psutil
import pytest

from icarus.cases import Executor
from icarus.errors import SettingsError
from icarus.metering import read_samples
from icarus.results import read_results_pickle

SAY = "from pathlib import Path; import sys; Path(sys.argv[1]).open('a').write(sys.argv[2] + '\\n')"


def step(name, *command, **more):
    parameters = {"command": ["python3", "-c", *map(str, command)]}
    return {"id": name, "resource": "Process", "command": "run", "parameters": parameters, **more}


def write_case(folder, name, /, *steps, **more):
    """Write a case into a folder of its own."""
    path = Path(folder) / name / "case.json"
    path.parent.mkdir(parents=True)
    told = {"schema": "icarus-case/1", "id": name, "steps": list(steps), **more}
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "first_cases"


def test_the_example_of_the_manual(inside):
    shutil.copytree(EXAMPLES, inside.folder / "first_cases")
    listed = inside("cases", "list", "first_cases").stdout
    assert listed in EXAMPLES.parents[1].joinpath("cases.md").read_text(encoding="utf-8")
    done = inside("run", "first_cases")
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(inside.folder / "results" / "first_cases.pickle")
    sums = [tree["count"]["SUM"] for params, tree in results if params["case"]["name"] == "count"]
    assert sums == 3 * [sum(range(10**6))] + 3 * [sum(range(2 * 10**6))]
    ratios = [
        tree["simulate.CACHE_HIT_RATIO"]["MEAN"]
        for params, tree in results
        if params["case"]["name"] == "simulate"
    ]
    assert 0 < ratios[0] < ratios[1]


@pytest.mark.skipif(shutil.which("memcached") is None, reason="memcached is not installed")
def test_memcached_beside_lru(inside, project):
    folder = project / "config" / "cases" / "memcached"
    done = inside("run", folder, "-c", "N_REPLICATIONS=1", "-c", "case.memory=[1]")
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(inside.folder / "results" / "memcached.pickle")
    found = {params["case"]["cache"]: tree["replay"] for params, tree in results}
    assert found["memcached"]["ITEMS"] == found["LRU"]["ITEMS"] == 885
    assert 0.3 < found["LRU"]["HIT_RATIO"] < found["memcached"]["HIT_RATIO"] < 0.6


def test_programs_that_are_missing(inside):
    write_case(inside.folder / "cases", "c", step("s", "pass"), requires=["no-such-program"])
    assert inside("run", "cases").returncode == 1
    results = read_results_pickle(inside.folder / "results" / "cases.pickle")
    ((_, facts),) = results.failures
    assert facts["status"] == "CANCELLED"
    assert facts["error"] == "needs the program no-such-program, which is not installed"


def test_bad_cases_are_told_all_at_once_and_nothing_runs(inside):
    root = inside.folder / "cases"
    good = step("s", "open('ran', 'w')")
    write_case(root, "good", good)
    write_case(root, "json", good).write_text('{"schema": "icarus-case/1",\n "id": }')
    write_case(root, "resource", {**good, "resource": "Proces"})
    write_case(root, "command", {**good, "command": "runn"})
    write_case(root, "parameter", step("s", "1"), {**step("t", "1"), "parameters": {"comand": []}})
    write_case(root, "missing", {**good, "parameters": {}})
    write_case(root, "values", {**good, "parameters": {"command": ["{sise}"], "restart": "often"}},
               axes={"size": [1]}, runs=0, cooldown="soon")  # fmt: skip
    expected = [
        "cases/json/case.json:2:8: not valid JSON: expecting value",
        "cases/resource/case.json: /steps/0/resource: unknown resource 'Proces'; did you mean "
        "'Process'?",
        "cases/command/case.json: /steps/0/command: Process has no command 'runn'; did you mean "
        "'run'?",
        "cases/parameter/case.json: /steps/1/parameters/comand: Process.run has no parameter "
        "'comand'; did you mean 'command'?",
        "cases/parameter/case.json: /steps/1/parameters: Process.run needs the parameter 'command'",
        "cases/missing/case.json: /steps/0/parameters: Process.run needs the parameter 'command'",
        "cases/values/case.json: /runs: ",
        "cases/values/case.json: /cooldown: should be seconds, or a duration such as '90s'",
    ]
    for command in (("plan",), ("run",)):
        done = inside(*command, "cases")
        assert done.returncode == 2
        lines = done.stderr.splitlines()
        assert len(lines) == len(expected), done.stderr
        for line in expected:
            assert any(line in one for one in lines), (line, done.stderr)
    assert not (inside.folder / "results").exists()
    # Of what the steps mean nothing is known before all files are sound as such.
    (root / "values" / "case.json").unlink()
    write_case(inside.folder / "other", "values",
               {**good, "parameters": {"command": ["{sise}", "{"], "restart": "often"}},
               axes={"size": [1]})  # fmt: skip
    done = inside("plan", "other")
    assert "/steps/0/parameters/command[0]" not in done.stderr
    assert "/steps/0/parameters/command/0: unknown placeholder '{sise}'; did you mean 'size'?" in (
        done.stderr
    )
    assert "/steps/0/parameters/command/1: a single '{'" in done.stderr
    assert "/steps/0/parameters/restart: " in done.stderr
    done = inside("plan", "results_of_nobody")
    assert done.returncode == 2
    (inside.folder / "empty").mkdir()
    assert "no case.json or case.toml in this folder" in inside("run", "empty").stderr


def test_steps_that_fail_and_may_or_may_not(inside):
    said = inside.folder / "said"
    steps = [
        step("one", SAY, said, "one"),
        step("two", "raise SystemExit(3)", may_fail=True),
        step("three", SAY, said, "three"),
        step("four", "raise SystemExit('odd ä')"),
        step("never", SAY, said, "never"),
    ]
    write_case(inside.folder / "cases", "b", *steps)
    done = inside("run", "cases")
    assert done.returncode == 1
    assert said.read_text() == "one\nthree\n"
    results = read_results_pickle(inside.folder / "results" / "cases.pickle")
    ((_, facts),) = results.failures
    assert facts["status"] == "FAILED"
    assert facts["error"] == "step four: exit code 1 (odd ä)"
    folder = inside.folder / "results" / "cases" / facts["job"]
    told = json.loads((folder / "steps.json").read_text())
    assert [one["status"] for one in told] == ["OK", "FAILED", "OK", "FAILED", "SKIPPED"]
    assert set(read_samples(folder / "samples.csv").columns["phase"]) <= {
        *("", "set-up", "one", "two", "three", "four"),
    }
    text = (folder / "log.txt").read_text()
    assert "step two: FAILED: exit code 3" in text
    assert not (folder / "data").exists()
    # Each was released, the last one first of those that were there together.
    released = [line.split()[-2] for line in text.splitlines() if line.endswith("RELEASED")]
    assert released == ["one:", "two:", "three:", "four:"]


def test_what_a_run_is_given_and_what_it_leaves(inside):
    write = (
        "import json, sys; told = dict(SIZE=100 * float(sys.argv[1]), RUN=int(sys.argv[2])); "
        "json.dump(told"
    )
    steps = [
        step("write", f"{write}, open('told.json', 'w'))", "{size}", "{run}",
             outputs=[{"path": "told.json", "metrics": True}, {"path": "*.t", "required": False}]),
        step("same", "import sys; assert open('told.json').read() and open(sys.argv[1]).read()",
             "{shared}/input.txt"),
        step("slow", "import time; time.sleep(60)", timeout="0.3s", may_fail=True),
        step("leaves", "pass", outputs=[{"path": "nothing-*"}], may_fail=True),
    ]  # fmt: skip
    path = write_case(
        inside.folder / "cases", "p", *steps, runs=2, axes={"size": [0.1, 0.2]}, name="Given"
    )
    (path.parent / "shared").mkdir()
    (path.parent / "shared" / "input.txt").write_text("input")
    done = inside("run", "cases")
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(inside.folder / "results" / "cases.pickle")
    assert len(results) == 4
    for (params, tree), facts in zip(results, results.metadata, strict=True):
        size, run = params["case"]["size"], facts["replication"] + 1
        assert tree["write"] == {"STATUS": "OK", "SIZE": 100 * size, "RUN": run}
        assert [tree[name]["STATUS"] for name in ("same", "slow", "leaves")] == [
            *("OK", "TIMEOUT", "FAILED"),
        ]
        assert tree["RESOURCES.slow"]["DURATION"] < 30
        assert "artifacts/write/told.json" in facts["files"]
        folder = inside.folder / "results" / "cases" / facts["job"]
        environment = json.loads((folder / "env.json").read_text())
        assert environment["run"] == run
        assert environment["versions"]["python"]
    assert inside("replay", "results/cases.pickle", "1").returncode == 0
    # Another input is another case; the number of runs is not.
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "runs": 3}))
    assert "4 of 6 jobs are done already; 2 to run" in inside("run", "cases").stderr
    (path.parent / "shared" / "input.txt").write_text("another")
    assert "are done already" not in inside("run", "cases").stderr
    assert "6 of 6 jobs are done" in inside("run", "cases", "-c", "case.size=[0.1, 0.2]").stderr


def test_a_campaign_that_is_killed_in_a_run(cli):
    said = cli.folder / "said"
    for name in "abc":
        write_case(
            cli.folder / "cases", name,
            step("say", SAY, said, name), step("wait", WAIT, said, name), runs=3,
        )  # fmt: skip
    campaign = cli.start("run", "cases")
    deadline = time.monotonic() + 60
    while not said.exists() or said.read_text().split().count("b") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(campaign.pid, signal.SIGKILL)
    campaign.communicate()
    time.sleep(0.5)
    # What the step had started is gone.
    left = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    assert not [one for one in left if str(said) in one]
    before = said.read_text().split()
    assert before == [*"aaa", *"bb"]
    done = cli("run", "cases", "-c", "PARALLEL_EXECUTION=False")
    assert done.returncode == 0, done.stderr
    assert said.read_text().split() == [*before, *"bb", *"ccc"]
    done = cli("run", "cases", "-c", "N_REPLICATIONS=5")
    assert done.returncode == 0, done.stderr
    assert "9 of 15 jobs are done already; 6 to run" in done.stderr
    assert len(said.read_text().split()) == len(before) + 5 + 6
    results = read_results_pickle(cli.folder / "results" / "cases.pickle")
    assert [tree["say"]["STATUS"] for _, tree in results] == 15 * ["OK"]


# Long enough to be killed in, the second time that b is at it.
WAIT = """
import sys, time
said = open(sys.argv[1]).read().split()
if sys.argv[2] == "b" and said.count("b") == 2:
    time.sleep(5)
"""


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_statistics_are_those_of_the_samples(inside):
    write_case(
        inside.folder / "cases", "n",
        step("burn", "sum(range(300_000 * int(__import__('sys').argv[1])))", "{run}"), runs=4,
    )  # fmt: skip
    assert inside("run", "cases").returncode == 0
    folder = inside.folder / "results" / "cases" / "n"
    results = read_results_pickle(inside.folder / "results" / "cases.pickle")
    durations = [tree["RESOURCES.burn"]["DURATION"] for _, tree in results]
    rows = table(folder / "stats.csv")
    (row,) = (one for one in rows if (one["step"], one["metric"]) == ("burn", "DURATION"))
    assert int(row["n"]) == 4
    assert float(row["mean"]) == pytest.approx(statistics.fmean(durations))
    assert float(row["sd"]) == pytest.approx(statistics.stdev(durations))
    # The quantile of Student's t with three degrees of freedom.
    assert float(row["ci"]) == pytest.approx(3.1824463 * statistics.stdev(durations) / 2)
    assert float(row["median"]) == pytest.approx(statistics.median(durations))
    run = 1 + durations.index(statistics.median_low(durations))
    assert int(row["median_run"]) == run
    (row,) = (one for one in table(folder / "summary.csv") if one["step"] == "burn")
    assert int(row["run"]) == run
    assert float(row["DURATION"]) == durations[run - 1]
    samples = table(folder / "representative.csv")
    assert {one["run"] for one in samples} == {str(run)}
    times = [float(one["time"]) for one in samples]
    assert times[0] == 0
    assert times == sorted(times)
    assert sum(float(tree["RESOURCES.burn"]["DURATION"]) for _, tree in results) <= sum(
        tree["RESOURCES"]["DURATION"] for _, tree in results
    )


def test_what_all_runs_share_is_not_to_be_written(inside):
    path = write_case(
        inside.folder / "cases",
        "w",
        step("s", "open(__import__('sys').argv[1], 'w')", "{shared}/x"),
    )
    (path.parent / "shared").mkdir()
    assert inside("run", "cases").returncode == 1
    results = read_results_pickle(inside.folder / "results" / "cases.pickle")
    ((_, facts),) = results.failures
    assert facts["error"] == "shared/x is for all runs, and one of the steps wrote it"


def test_what_is_cleaned(inside):
    path = write_case(inside.folder / "cases", "c", step("s", "pass"))
    (path.parent / "shared").mkdir()
    (path.parent / "shared" / "kept.txt").write_text("kept")
    done = inside("cases", "stats", "cases")
    assert done.returncode == 2
    assert "the cases have not been run" in done.stderr
    assert inside("run", "cases").returncode == 0
    assert "c  1 step, 1 run" in inside("cases", "list", "cases").stdout
    assert "1 of 1 ended" in inside("status", "cases").stdout
    assert inside("run", path).returncode == 0
    assert (inside.folder / "results" / "c.pickle").exists()
    assert inside("cases", "clean", path).returncode == 0
    told = inside("cases", "clean", "cases", "--dry-run").stdout
    assert "would remove results/cases.pickle\n" in told
    assert (inside.folder / "results" / "cases.pickle").exists()
    assert "removed results/cases" in inside("cases", "clean", "cases").stdout
    assert not list((inside.folder / "results").iterdir())
    assert (path.parent / "shared" / "kept.txt").read_text() == "kept"
    assert "nothing to remove" in inside("cases", "clean", "cases").stdout
    schema = json.loads(inside("schema", "case").stdout)
    assert schema["properties"]["schema"] == {"const": "icarus-case/1"} | {
        key: value for key, value in schema["properties"]["schema"].items() if key != "const"
    }


def test_resources_that_are_there_all_the_time(inside):
    """A server answers each step; it is ready before the first one, and gone afterwards."""
    port = _free_port()
    serve = ["python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    get = f"from urllib.request import urlopen; print(urlopen('http://127.0.0.1:{port}').status)"
    server = {"type": "Process", "attributes": {"command": serve, "ready": port}}
    write_case(inside.folder / "cases", "r", step("first", get), step("again", get),
               resources={"origin": server})  # fmt: skip
    assert inside("run", "cases").returncode == 0
    results = read_results_pickle(inside.folder / "results" / "cases.pickle")
    ((_, tree),) = results
    assert [tree[name]["STATUS"] for name in ("first", "again")] == ["OK", "OK"]
    with pytest.raises(OSError, match="refused"):
        _connect(port)
    server["attributes"]["command"] = ["false"]
    write_case(inside.folder / "bad", "r", step("first", get), resources={"origin": server})
    assert inside("run", "bad").returncode == 1
    results = read_results_pickle(inside.folder / "results" / "bad.pickle")
    ((_, facts),) = results.failures
    assert facts["error"].startswith("set-up: origin: it ended before it was ready")


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _connect(port):
    import socket

    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_cases_from_a_program(inside, monkeypatch):
    monkeypatch.chdir(inside.folder)
    write_case(inside.folder / "cases", "x", step("s", "pass"), runs=2)
    write_case(inside.folder / "cases", "y", step("s", "raise SystemExit(1)"))
    told = []
    executor = Executor("cases", progress_cb=lambda *given: told.append(given))
    assert [case.model.id for case in executor.list()] == ["x", "y"]
    assert len(executor.run("x")) == 2
    assert told == [("x", "x #1", True), ("x", "x #2", True)]
    assert len(executor.run()) == 2
    assert told[2:] == [("y", "y", False)]
    assert executor.file == Path("results/cases.pickle")
    assert [path.name for path in executor.stats()[:3]] == [
        *("stats.csv", "summary.csv", "representative.csv"),
    ]
    with pytest.raises(SettingsError, match="unknown case 'z'"):
        executor.run("z")
    # A settings module may have them among its experiments, with resources of its own.
    text = """
    from icarus import cases
    N_REPLICATIONS = 1
    EXPERIMENT_QUEUE = [*cases.discover("cases")]
    """
    inside.write("own.py", text)
    assert inside("run", "own.py").returncode == 1
    assert len(read_results_pickle(inside.folder / "results" / "own.pickle")) == 2
    assert executor.clean()
