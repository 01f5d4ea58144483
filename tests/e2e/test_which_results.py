"""Which results are run again, which count, and which a results file keeps."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time

import pytest

from icarus.errors import ResultsError
from icarus.registry import TOPOLOGY_FACTORY, register_workload
from icarus.results import ResultSet, read_results_pickle, write_results_pickle
from icarus.results.merging import merge
from icarus.scenarios.topology import graphfile, icn_topology, rocketfuel, zoo

OWN = """
from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_strategy
from icarus.util import Tree
import random

TABLE = {"p": [1, 2], "q": {3}}
RNG = None
NUMBERS = [1, 2]

@register_strategy("OWN", override=True)
class Own(LeaveCopyEverywhere):
    def process_event(self, time, receiver, content, log, **event):
        str(TABLE), RNG
        return super().process_event(time, receiver, content, log, **event)

EXPERIMENT_QUEUE = []
for number in NUMBERS:
    experiment = Tree()
    experiment["topology"] = {"name": "TREE", "k": 2, "h": 2}
    experiment["workload"] = {"name": "STATIONARY", "n_contents": 20, "alpha": number / 10,
                              "n_warmup": 10, "n_measured": 50}
    experiment["content_placement"] = {"name": "UNIFORM"}
    experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.5}
    experiment["strategy"] = {"name": "OWN"}
    experiment["cache_policy"] = {"name": "LRU"}
    EXPERIMENT_QUEUE.append(experiment)
"""


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


@pytest.fixture
def own(cli):
    cli.write("own.py", OWN)

    def run(*options: object, settings: str = "own.py", code: int = 0):
        done = cli("run", settings, "-r", "x.pickle", *options)
        assert done.returncode == code, done.stderr
        return done

    return run


def alphas(path) -> list[float]:
    return [params["workload"]["alpha"] for params, _ in read_results_pickle(path)]


DONE = "2 of 2 jobs are done already; 0 to run"


@pytest.mark.parametrize(
    "change",
    [
        ('"p": [1, 2]', '"p": [1, 3]'),
        ('"q": {3}', '"q": {4}'),
        ("NUMBERS = [1, 2]", 'NUMBERS = [1, 2]\nTABLE["r"] = len(NUMBERS)'),
    ],
)
def test_a_changed_value_that_a_component_reads_runs_again(cli, own, change):
    own()
    assert DONE in own().stderr
    cli.write("own.py", OWN.replace('"p": [1, 2], "q": {3}', '"q": {3}, "p": [1, 2]'))
    assert DONE in own().stderr
    cli.write("own.py", OWN.replace(*change))
    assert "done already" not in own().stderr


def test_an_override_of_a_value_that_a_component_reads_runs_again(own):
    own()
    assert "done already" not in own("-c", "TABLE={'p': [7]}").stderr
    assert DONE in own("-c", "TABLE={'p': [7]}").stderr


def test_what_cannot_be_known_is_said_once_where_jobs_are_not_run_again(cli, own):
    cli.write("own.py", OWN.replace("RNG = None", "RNG = random.Random()"))
    assert "may have changed unseen" not in own().stderr
    again = own().stderr
    assert again.count("may have changed unseen") == 1
    assert "strategy OWN reads RNG (Random); --fresh runs everything again" in again
    assert DONE in again


MAP = "{0}\n1\n2\n"


@pytest.mark.parametrize("found_by", ["path", "ICARUS_DATA"])
def test_a_map_in_a_folder_is_known_by_its_content(cli, own, monkeypatch, found_by):
    folder = cli.folder / "maps"
    file = (
        folder / ("" if found_by == "path" else "rocketfuel-latency") / "1755" / "latencies.intra"
    )
    file.parent.mkdir(parents=True)
    lines = [f"a{i} b{j} {1 + i + j}\n" for i in range(4) for j in range(4)]
    file.write_text("".join(lines))
    monkeypatch.setenv("ICARUS_DATA", str(folder))
    named = f', "path": {str(folder)!r}' if found_by == "path" else ""
    tree = '{"name": "TREE", "k": 2, "h": 2}'
    topology = f'{{"name": "ROCKET_FUEL", "asn": 1755, "source_ratio": 0.3{named}}}'
    cli.write("own.py", OWN.replace(tree, topology))
    own()
    assert DONE in own().stderr
    file.write_text("".join(lines).replace("a0 b0 1", "a0 b0 9"))
    assert "done already" not in own().stderr


def test_every_topology_that_looks_for_a_map_says_which(monkeypatch):
    """A map that is found in a folder must be known by its content."""
    looked: list[str] = []

    def note(relative: str, origin: str):
        looked.append(relative)
        raise icn_topology.MissingMapError(relative)

    for module in (icn_topology, graphfile, rocketfuel, zoo):
        monkeypatch.setattr(module, "find_map", note, raising=False)
    for name, factory in TOPOLOGY_FACTORY.items():
        if not factory.__module__.startswith("icarus."):
            continue
        looked.clear()
        with contextlib.suppress(TypeError, FileNotFoundError, ValueError):
            factory(**({"asn": 1755} if name == "ROCKET_FUEL" else {}))
        if looked:
            assert hasattr(factory, "files_opened"), name


def test_a_component_of_ones_own_says_which_files_it_opens(tmp_path):
    from icarus.core.signatures import files_opened
    from icarus.planning.identity import Fingerprints

    class Reads:
        pass

    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a").write_text("1")
    register_workload("READS", files=lambda given: [f"{given['folder']}/a"])(Reads)
    section = {"workload": {"name": "READS", "folder": str(folder)}}
    before = Fingerprints().of(section)
    assert Fingerprints().of(section) == before
    (folder / "a").write_text("2")
    assert Fingerprints().of(section) != before
    assert files_opened(type("Sub", (Reads,), {}), {"folder": "x"}) == ["x/a"]
    assert files_opened(Reads, {}) == []


# One simulation counts once.


def test_an_experiment_that_is_in_the_queue_again_is_run_once(cli, own):
    done = own("-c", "NUMBERS=[1, 2, 1]", "-c", "N_REPLICATIONS=2")
    assert "EXPERIMENT_QUEUE: 1 experiment is in it already and run once only" in done.stderr
    assert "4 simulations" in done.stdout
    assert "4 OK" in done.stdout
    assert len(read_results_pickle(cli.folder / "x.pickle")) == 4
    assert "4 of 4 ended" in cli("status", "x.pickle").stdout
    assert "1 experiment is in it" in cli("validate", "own.py", "-c", "NUMBERS=[1, 1]").stderr


def results_of(*entries: tuple[float, float, dict]) -> ResultSet:
    made = ResultSet()
    for parameter, value, facts in entries:
        made.add({"strategy": {"name": "LCE", "p": parameter}}, {"LATENCY": {"MEAN": value}}, facts)
    return made


def test_merged_results_have_each_simulation_once():
    one = results_of((1, 7.0, {"job": "a"}), (1, 7.5, {"job": "b"}))
    two = results_of((1, 7.5, {"job": "b"}), (1, 8.0, {"job": "c"}))
    found = merge([("one", one), ("two", two)])
    assert [facts["job"] for facts in found.results.metadata] == ["a", "b", "c"]
    assert found.notes == [
        "two: 1 result is there already and left out, as one simulation counts once: job b"
    ]
    assert len(one + two) == len(two + one) == 3
    assert len(one + one + one) == 2
    assert len(one) == 2


def test_other_results_of_one_job_are_an_error(caplog):
    one = results_of((1, 7.0, {"job": "a"}), (1, 7.5, {"job": "b"}))
    two = results_of((1, 7.1, {"job": "a"}), (1, 7.6, {"job": "b"}))
    with pytest.raises(ResultsError) as error:
        merge([("one", one), ("two", two)])
    assert str(error.value).splitlines() == [
        f"job {job}: in one and in two, with other results; keep one of them" for job in "ab"
    ]
    with pytest.raises(ResultsError):
        one + two


def test_results_without_ids_are_the_same_if_all_of_them_is():
    one = results_of((1, 7.0, {}), (1, 7.1, {}), (2, 7.0, {}))
    assert len(one + results_of((1, 7.0, {}), (1, 7.2, {}))) == 4
    nan = results_of((1, float("nan"), {}))
    assert len(nan + results_of((1, float("nan"), {}))) == 1


def test_a_job_that_failed_before_has_results_in_another_file():
    failed, done = ResultSet(), results_of((1, 7.0, {"job": "a"}))
    failed.add_failure({"strategy": {"name": "LCE"}}, {"job": "a", "status": "FAILED"})
    failed.add_failure({"strategy": {"name": "LCE"}}, {"job": "b", "status": "FAILED"})
    for both in (failed + done, done + failed):
        assert len(both) == 1
        assert [facts["job"] for _, facts in both.failures] == ["b"]


def test_merging_files_that_disagree_is_refused(cli, own):
    own()
    results = read_results_pickle(cli.folder / "x.pickle")
    other = ResultSet()
    for (params, tree), facts in zip(results, results.metadata, strict=True):
        other.add(params, {**tree, "LATENCY": {"MEAN": -1.0}}, facts)
    write_results_pickle(other, cli.folder / "y.pickle")
    done = cli("results", "merge", "x.pickle", "y.pickle", "-o", "z.pickle")
    assert done.returncode == 2
    assert done.stderr.count("in x.pickle and in y.pickle, with other results") == 2
    assert not (cli.folder / "z.pickle").exists()


def test_files_that_were_merged_twice_over_are_shown_once(cli, own):
    own("-c", "N_REPLICATIONS=2")
    results = read_results_pickle(cli.folder / "x.pickle")
    twice = ResultSet()
    for _ in range(2):
        for (params, tree), facts in zip(results, results.metadata, strict=True):
            twice.add(params, tree, facts)
    write_results_pickle(twice, cli.folder / "twice.pickle")
    shown = cli("results", "show", "twice.pickle")
    assert "4 results are there already" in shown.stderr
    assert shown.stdout == cli("results", "show", "x.pickle").stdout


# What leaves a results file.


def test_another_settings_module_does_not_replace_results(cli, own):
    own()
    cli.write("other.py", OWN.replace("NUMBERS = [1, 2]", "NUMBERS = [8]"))
    refused = own(settings="other.py", code=2)
    assert refused.stderr.count("\n") == 1
    assert "x.pickle: holds 2 results of own.py" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert alphas(cli.folder / "x.pickle") == [0.1, 0.2]
    assert DONE in own().stderr
    forced = own("--overwrite", settings="other.py")
    assert "2 results of own.py leave the file" in forced.stderr
    assert alphas(cli.folder / "x.pickle") == [0.8]
    get_back(cli, forced.stderr, [0.1, 0.2])


def get_back(cli, said: str, expected: list[float]) -> None:
    """Run the command that a message names, and see what it gives."""
    command = said[said.index("icarus results recover ") :].split(" gets them back")[0]
    done = cli(*command.split()[1:-1], "back.pickle", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert alphas(cli.folder / "back.pickle") == expected


@pytest.mark.parametrize("quiet", [(), ("-q",)])
def test_results_of_other_settings_do_not_leave_in_silence(cli, own, quiet):
    own("-c", "NUMBERS=[1, 2, 3]")
    done = own("-c", "NUMBERS=[3, 4]", *quiet)
    assert "x.pickle: 2 results of other settings leave the file" in done.stderr
    assert alphas(cli.folder / "x.pickle") == [0.3, 0.4]
    get_back(cli, done.stderr, [0.1, 0.2])
    # A campaign that grows loses nothing, and has nothing to say.
    assert "leave" not in own("-c", "NUMBERS=[3, 4, 5]").stderr
    assert "leave" not in own("-c", "NUMBERS=[3, 4, 5]", "-c", "N_REPLICATIONS=2").stderr
    fewer = own("-c", "NUMBERS=[3, 4, 5]").stderr
    assert "3 results of other settings leave the file" in fewer
    get_back(cli, fewer, [0.3, 0.4, 0.5])


def test_without_a_journal_nothing_is_replaced(cli, own):
    own()
    assert "--overwrite" in own("--no-journal", "-c", "NUMBERS=[5]", code=2).stderr
    (cli.folder / "x.pickle.journal").unlink()
    assert "--overwrite" in own("-c", "NUMBERS=[5]", code=2).stderr
    assert alphas(cli.folder / "x.pickle") == [0.1, 0.2]


# What a file is, and whether it is sound.


def test_files_of_another_kind_are_said_to_be_what_they_are(cli, own):
    own()
    for command in (("plot",), ("results", "show"), ("results", "print")):
        journal = cli(*command, "x.pickle.journal")
        assert journal.returncode == 2
        assert "the journal of a campaign, not its results" in journal.stderr
        assert "icarus results recover x.pickle.journal" in journal.stderr
        settings = cli(*command, "own.py")
        assert settings.returncode == 2
        assert "own.py: a settings module, not results; icarus run own.py" in settings.stderr
    (cli.folder / "x.pickle").unlink()
    killed = cli("plot", "x.pickle")
    assert killed.returncode == 2
    assert killed.stderr.count("\n") == 1
    assert "its journal is there" in killed.stderr


@pytest.mark.parametrize("name", ["x.csv", "x.JSON", "own.py"])
def test_results_are_not_written_under_the_name_of_another_format(cli, own, name):
    cli.write("own.py", OWN)
    done = cli("run", "own.py", "-r", name, "--overwrite")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"not as {name[name.index('.') :]}" in done.stderr
    assert ".pickle" in done.stderr
    assert (cli.folder / "own.py").read_text().startswith("\nfrom icarus")


def test_verify(cli, own):
    own()
    for file in ("x.pickle", "x.pickle.journal"):
        done = cli("results", "verify", file)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        for fact in ("2 OK", "own.py", "seed:", "numpy", "started:", "command:"):
            assert fact in done.stdout
    assert cli("results", "verify", "nothing.pickle").returncode == 2


def test_verify_says_what_is_missing(cli, own):
    cli.write("own.py", OWN.replace("str(TABLE), RNG", "1 / 0"))
    own(code=1)
    for file in ("x.pickle", "x.pickle.journal"):
        done = cli("results", "verify", file)
        assert done.returncode == 1
        assert "incomplete: " in done.stderr
        assert "2 jobs are FAILED" in done.stderr
    with sqlite3.connect(cli.folder / "x.pickle.journal") as journal:
        journal.execute("UPDATE runs SET planned = 5")
    journal.close()
    assert "3 of 5 jobs have not ended" in cli("results", "verify", "x.pickle.journal").stderr


def test_verify_says_what_is_damaged(cli, own):
    own()
    with sqlite3.connect(cli.folder / "x.pickle.journal") as journal:
        journal.execute(
            "UPDATE records SET checksum = x'00' WHERE number = (SELECT min(record) FROM jobs)"
        )
    journal.close()
    done = cli("results", "verify", "x.pickle.journal")
    assert done.returncode == 2
    assert "icarus: damaged: " in done.stderr
    file = cli.folder / "x.pickle"
    file.write_bytes(file.read_bytes()[:-40])
    assert cli("results", "verify", "x.pickle").returncode == 2


# How it ends when somebody stops it.


def test_ctrl_c_while_settings_load(cli):
    cli.write("slow.py", "import pathlib, time\npathlib.Path('here').touch()\ntime.sleep(60)\n")
    process = cli.start("run", "slow.py")
    wait_for(cli.folder / "here")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "icarus: interrupted\n"


def wait_for(path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("option", ["--fresh", "--no-journal"])
def test_the_last_line_of_an_interrupted_campaign_says_how_to_go_on(cli, option):
    waits = "import pathlib, time; pathlib.Path('here').touch(); time.sleep(2); str(TABLE), RNG"
    cli.write("own.py", OWN.replace("str(TABLE), RNG", f"{waits}"))
    process = cli.start("run", "own.py", option, "-r", "x.pickle")
    wait_for(cli.folder / "here")
    os.killpg(process.pid, signal.SIGHUP)
    output, _ = process.communicate(timeout=60)
    last = output.splitlines()[-1]
    if option == "--fresh":
        assert last == "interrupted; to go on from here: icarus run own.py -r x.pickle"
    else:
        assert last.startswith("interrupted; no journal was kept, so that icarus run own.py")
