"""Campaigns of walks, from the command line."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from test_states_of_campaigns import assert_equal_results, run

from icarus.results import read_results_pickle

EXHAUSTIVE = pytest.mark.exhaustive

SETTINGS = """
import os, time
from pathlib import Path
from icarus import Cancel, stages as s

N_REPLICATIONS = 2
PARALLEL_EXECUTION = True
N_PROCESSES = 2
LOG = Path({log!r})


def note(*what):
    with LOG.open("a") as file:
        file.write(" ".join(map(str, what)) + "\\n")


def begin(ctx):
    note("begin", ctx.replication)
    return []


def first(state, option, ctx):
    note("first", option, ctx.replication)
    time.sleep({pause})
    state.append(option)
    ctx.report("FIRST", ctx.rng.random())


def second(state, option, ctx):
    note("second", *state, option, ctx.replication)
    time.sleep({pause})
    state.append(option)
    ctx.report("SECOND", ctx.rng.random())


def last(state, option, ctx):
    note("last", *state, option, ctx.replication)
    if option == "cancels":
        raise Cancel("enough")
    if option == "raises":
        raise RuntimeError("odd \\u00e4")
    if option == "dies":
        os._exit(3)
    return {{"SUM": {{"MEAN": sum(state), "STEPS": len(state)}}}}


def apart(options):
    return "not these" if (options["first"], options["second"]) == (3, 20) else None


EXPERIMENT_QUEUE = s.walks(
    s.stage(first, [1, 2, 3]),
    s.stage(second, [10, 20]),
    s.stage(last, {last}),
    start=begin,
    where=apart,
)
"""


MANUAL = Path(__file__).parents[2] / "docs" / "examples" / "warm_up_once.py"


def test_the_example_of_the_manual(cli):
    cli.write("warm_up_once.py", MANUAL.read_text(encoding="utf-8"))
    done = cli("plan", "warm_up_once.py")
    assert "all up to the stage warm, once for 5 walks" in done.stdout
    run(cli, "warm_up_once.py")
    done = cli("results", "show", "results/warm_up_once.pickle", "--metric", "CACHE_HIT_RATIO")
    assert done.stdout.count("flush") == 2
    found = read_results_pickle(cli.folder / "results" / "warm_up_once.pickle")
    ratios = {tuple(p["walk"].values()): r["CACHE_HIT_RATIO"]["MEAN"] for p, r in found}
    assert ratios["flush", 20] < ratios["flush", 200] < ratios["nothing", 20]


def test_the_example_of_barriers_in_the_manual(cli, inside):
    name = "one_trace_for_all.py"
    cli.write(name, MANUAL.with_name(name).read_text(encoding="utf-8"))
    manual = MANUAL.parents[1].joinpath("stages.md").read_text(encoding="utf-8")
    tree = inside("plan", name, "--tree").stdout.partition("\n")[2]
    assert "prepare  2 options     2 times, alone" in tree
    assert tree in manual
    run(cli, name)
    found = read_results_pickle(cli.folder / "results" / "one_trace_for_all.pickle")
    ratios = {}
    for params, tree in found:
        (alpha, (policy, size)) = params["walk"]["prepare"], params["walk"]["serve"]
        ratios.setdefault((alpha, policy, size), []).append(tree["CACHE_HIT_RATIO"]["MEAN"])
    assert len(ratios) == 12
    for (alpha, policy, size), (one, other) in ratios.items():
        assert one != other
        if policy == "LruCache":
            assert one >= ratios[alpha, "FifoCache", size][0]
        if alpha == 0.6:
            assert one < ratios[1.0, policy, size][0]
    assert len(list((cli.folder / "traces").iterdir())) == 4


def settings(cli, last=("a", "b"), pause=0.0):
    log = cli.folder / "log"
    cli.write("s.py", SETTINGS.format(log=str(log), last=list(last), pause=pause))
    return log


def test_each_beginning_is_done_once_and_results_are_those_of_single_walks(cli):
    log = settings(cli)
    run(cli, "s.py", "-r", "shared.pickle")
    lines = log.read_text().splitlines()
    # Each that leads begins by itself, with the first state.
    assert set(Counter(line for line in lines if "begin" not in line).values()) == {1}, lines
    kinds = Counter(line.split()[0] for line in lines)
    assert kinds == {"begin": 6, "first": 6, "second": 10, "last": 20}
    log.unlink()
    run(cli, "s.py", "-r", "alone.pickle", "-c", "SHARE_PREFIXES=False")
    assert Counter(line.split()[0] for line in log.read_text().splitlines())["first"] == 20
    run(cli, "s.py", "-r", "spawned.pickle", "-c", "START_METHOD=spawn")
    run(cli, "s.py", "-r", "serial.pickle", "-c", "PARALLEL_EXECUTION=False")
    names = ("alone.pickle", "shared.pickle", "spawned.pickle", "serial.pickle")
    assert_equal_results(cli.folder, *names)
    results = read_results_pickle(cli.folder / "shared.pickle")
    sums = {tuple(p["walk"].values())[:2]: r["SUM"]["MEAN"] for p, r in results}
    assert sums == {(i, j): i + j for i in (1, 2, 3) for j in (10, 20) if (i, j) != (3, 20)}
    # Two replications of each of the two walks that are left out.
    assert [facts["status"] for _, facts in results.failures] == 4 * ["VETOED"]
    assert {facts["error"] for _, facts in results.failures} == {"not these"}
    assert not list(cli.folder.glob("*.states"))


def test_random_numbers_depend_on_the_options_so_far(cli):
    settings(cli)
    run(cli, "s.py", "-r", "out.pickle")
    results = list(read_results_pickle(cli.folder / "out.pickle"))
    first, second = {}, {}
    for params, tree in results:
        i, j, _ = params["walk"].values()
        first.setdefault(i, set()).add(tree["WALK"]["FIRST"])
        second.setdefault((i, j), set()).add(tree["WALK"]["SECOND"])
    assert all(len(draws) == 2 for draws in (*first.values(), *second.values()))
    assert len(set().union(*first.values(), *second.values())) == 2 * (3 + 5)


def test_what_becomes_of_walks(cli):
    """Some cancel, raise or end their process in the last stage; the others are complete."""
    settings(cli, ["a", "cancels", "raises", "dies"])
    done = cli("run", "s.py", "-r", "out.pickle")
    assert done.returncode == 1
    results = read_results_pickle(cli.folder / "out.pickle")
    assert len(results) == 10
    statuses = Counter(facts["status"] for _, facts in results.failures)
    assert statuses == {"CANCELLED": 10, "FAILED": 10, "LOST": 10, "VETOED": 8}
    errors = {facts["error"] for _, facts in results.failures if facts["status"] == "FAILED"}
    assert errors == {"RuntimeError: odd \u00e4"}
    done = cli("replay", "out.pickle", "1")
    assert done.returncode == 0, done.stderr


def kill_until_done(cli, draw, *command):
    """Kill a campaign at random moments, and run it again, until it ends; return how often."""
    kills = 0
    while True:
        process = cli.start("run", *command)
        try:
            process.communicate(timeout=draw.uniform(0.6, 1.2) * 1.1**kills)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
            assert kills < 100
            continue
        assert process.returncode == 0
        assert kills
        return kills


def test_a_campaign_of_walks_that_is_killed(cli):
    log = settings(cli, pause=0.1)
    run(cli, "s.py", "-r", "whole.pickle")
    log.unlink()
    kill_until_done(cli, random.Random(3), "s.py", "-r", "killed.pickle")
    assert_equal_results(cli.folder, "whole.pickle", "killed.pickle")
    assert not list(cli.folder.glob("*.states"))


BARRIERS = """
import fcntl, os, time
from contextlib import contextmanager
from pathlib import Path
from icarus import stages as s

N_REPLICATIONS = 1
PARALLEL_EXECUTION = True
N_PROCESSES = 3
AGAIN = True
LOG = Path({log!r})


@contextmanager
def held(how, *what):
    # A lock ends with whoever holds it, however that ends.
    with LOG.with_name("lock").open("w") as lock:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
        with LOG.open("a") as file:
            file.write(" ".join(map(str, what)) + "\\n")
        time.sleep(0.02)
        yield


def a(state, option, ctx):
    with held(fcntl.LOCK_SH, "a", option):
        state.append(option)


def s_(option, ctx):
    with held(fcntl.LOCK_EX, "s", option):
        return {{"s": option}}


def b(state, option, ctx):
    with held(fcntl.LOCK_SH, "b", *state, option, ctx.messages["s"]["s"]):
        state.append(option)


def t(option, ctx):
    with held(fcntl.LOCK_EX, "t", ctx.messages["s"]["s"], option):
        return ctx.rng.random()


def last(state, ctx):
    return {{"GOT": {{"STATE": list(state), "S": ctx.messages["s"]["s"], "T": ctx.messages["t"]}}}}


def begin(ctx):
    return []


EXPERIMENT_QUEUE = s.walks(
    *(s.stage(a, [1, 2, 3]), s.barrier(s_, [10, 20], name="s", again=AGAIN)),
    *(s.stage(b, [4, 5, 6]), s.barrier(t, [30, 40]), s.stage(last)),
    start=begin,
)
"""


def barriers(cli):
    log = cli.folder / "log"
    cli.write("b.py", BARRIERS.format(log=str(log)))
    return log


def test_nothing_overlaps_a_barrier(cli, inside):
    log = barriers(cli)
    run(cli, "b.py", "-r", "out.pickle")
    lines = log.read_text().splitlines()
    kinds = [line.split()[0] for line in lines]
    assert "".join(kinds) == "aaa" + 2 * ("s" + 9 * "b" + "tt"), lines
    assert set(Counter(lines).values()) == {1}
    for params, tree in read_results_pickle(cli.folder / "out.pickle"):
        option = dict(params["walk"].items())
        assert tree["GOT"]["STATE"] == [option["a"], option["b"]]
        assert tree["GOT"]["S"] == option["s"]
    for name, *more in [
        ("alone", "-c", "SHARE_PREFIXES=False", "-c", "PARALLEL_EXECUTION=False"),
        ("without", "--no-journal", "-c", "START_METHOD=spawn"),
    ]:
        run(cli, "b.py", "-r", f"{name}.pickle", *more)
    names = ("out.pickle", "alone.pickle", "without.pickle")
    assert_equal_results(cli.folder, *names)
    done = inside("plan", "b.py", "--tree")
    assert re.findall(r"(\d+) times?(, alone)?", done.stdout) == [
        *(("3", ""), ("2", ", alone"), ("18", ""), ("4", ", alone"), ("36", "")),
    ]
    assert "barriers:      s 2 times, t 4 times, alone" in inside("plan", "b.py").stdout
    done = inside("replay", "out.pickle", "20", "--step")
    assert done.returncode == 0, done.stderr
    assert "stage 2 of 5: s, with 20" in done.stdout
    assert "the same: OK" in done.stdout


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=EXHAUSTIVE) for n in range(1, 10))])
def test_a_campaign_with_barriers_that_is_killed(cli, seed):
    """What may have had effects that are gone is done again; what is done is not."""
    log = barriers(cli)
    run(cli, "b.py", "-r", "whole.pickle")
    log.unlink()
    again = ("-c", f"AGAIN={seed % 2 == 0}")
    kills = kill_until_done(cli, random.Random(seed), "b.py", "-r", "killed.pickle", *again)
    results = [read_results_pickle(cli.folder / f"{name}.pickle") for name in ("whole", "killed")]
    trees = [[tree for _, tree in one] for one in results]
    assert len(trees[0]) == 36
    assert trees[0] == trees[1]
    done = Counter(log.read_text().splitlines())
    times = {name: sum(n for line, n in done.items() if line[0] == name) for name in "asbt"}
    # At a kill, three are broken off. A barrier whose branch is unfinished is done again, and so is
    # what comes behind it, of walks that have not ended.
    most = {"a": 3 + 3 * kills, "s": 2 + kills, "b": 18 + 12 * kills, "t": 4 + 2 * kills}
    assert all(times[name] <= most[name] for name in most), done
    if seed % 2:
        assert max(done["s 10"], done["s 20"]) <= 2
    assert not list(cli.folder.glob("*.states"))


def test_walks_of_one_campaign_need_the_same_barriers(inside):
    text = (
        BARRIERS.format(log="log")
        + """
EXPERIMENT_QUEUE = [
    *EXPERIMENT_QUEUE, *s.walks(s.stage(a, [1]), s.barrier(t, [30])),
    {"walk": {"a": 1}, "stages": {"a": a}, "barriers": {"b": True}},
    {"walk": {}, "stages": {"a": a}, "order": ["a", "b"]},
]
"""
    )
    inside.write("bad.py", text)
    done = inside("run", "bad.py")
    assert done.returncode == 2
    assert "EXPERIMENT_QUEUE[37].barriers.b: there is no stage of this name" in done.stderr
    assert "EXPERIMENT_QUEUE[38].order: should be all stages in their order" in done.stderr
    inside.write("bad.py", text.partition('    {"walk"')[0] + "]")
    done = inside("run", "bad.py")
    assert done.returncode == 2
    there = "has the barriers t, and EXPERIMENT_QUEUE[0] has s, t; walks of one campaign wait"
    assert f"EXPERIMENT_QUEUE[36].barriers: {there}" in done.stderr


def test_the_plan_says_what_is_shared(inside):
    settings(inside)
    done = inside("plan", "s.py")
    assert "all up to the stage first, once for 4 walks (2 times)" in done.stdout
    assert "all up to the stage second, once for 2 walks (5 times)" in done.stdout
    assert "not these: 2" in done.stdout


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"walk": {"a": 1}}]', "EXPERIMENT_QUEUE[0].stages: missing; walks are made by"),
        ('[{"walk": {"a": 1}, "stages": {"b": 7}}]', "stages.b: should be a function, found 7"),
        ('[{"walk": {"a": 1}, "stages": {"b": print}}]', "walk.a: there is no stage of this name"),
        ("s.walks(s.stage(lambda run, ctx: 1))", "a stage: should be a function that a module"),
    ],
)
def test_mistakes_are_one_line_each(inside, text, problem):
    inside.write("bad.py", f"from icarus import stages as s\nEXPERIMENT_QUEUE = {text}\n")
    done = inside("run", "bad.py")
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
