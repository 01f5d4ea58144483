"""What is wrong with a timeline is said before anything runs: where, what, and what is right."""

from __future__ import annotations

import copy
from textwrap import dedent

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from icarus.cli import main
from icarus.errors import ComponentError, EventError, SettingsError
from icarus.execution.simulation import Simulation, simulate
from icarus.loading import load
from icarus.planning.plan import make_plan
from icarus.planning.settings import fill_defaults
from icarus.registry import NETWORK_EVENT, TOPOLOGY_FACTORY, register_network_event
from icarus.scenarios import topology_tree
from icarus.types import PositiveInt, Seed
from icarus.util import Settings, Tree

LINK = [0, 1]
PREFIX = "EXPERIMENT_QUEUE[0]."
ON_PATH = {"name": "PATH", "n": 5}
"""Receiver 0, routers 1, 2 and 3, source 4."""

PLACES = "should be seconds of simulated time, or {'requests': number of requests}"
EITHER = "resize: either size or factor says how large caches are to be"
ALL_EVENTS = "flush, link_down, link_up, mark, node_down, node_up, popularity, rate, resize, rewire"


def at(when, name, **parameters):
    return {"at": when, "event": name, **parameters}


def experiment(timeline, **sections):
    base = {
        "topology": ON_PATH,
        "workload": {
            "name": "STATIONARY",
            "n_contents": 100,
            "alpha": 0.8,
            "n_warmup": 10,
            "n_measured": 10,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.1},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
        "timeline": timeline,
    }
    return Tree(copy.deepcopy({**base, **sections}))


def planned(*experiments, **others):
    settings = Settings()
    settings.EXPERIMENT_QUEUE = list(experiments)
    for name, value in others.items():
        settings[name] = value
    return make_plan(settings)


def problems(timeline, **sections):
    """Return what is said of a timeline, without the place of its experiment."""
    found: list[str] = []
    try:
        planned(experiment(timeline, **sections))
    except SettingsError as error:
        found = error.problems
    assert all("\n" not in problem for problem in found)
    assert all(problem.startswith(PREFIX) for problem in found)
    return [problem.removeprefix(PREFIX) for problem in found]


FORM = {
    "a text": ("flush", "timeline: should be a list of events, found 'flush'"),
    "a number": (5, "timeline: should be a list of events, found 5"),
    "one event": (
        at(1, "flush"),
        "timeline: should be a list of events, found Tree({'at': 1, 'event': 'flush'})",
    ),
    "no event": (
        [at(1, "flush"), 5],
        "timeline[1]: should be an event such as {'at': 60, 'event': 'flush'}, found 5",
    ),
    "no moment": ([{"event": "flush"}], "timeline[0].at: missing; it says when the event happens"),
    "a slip in at": (
        [{"att": 5, "event": "mark"}],
        "timeline[0].at: missing; it says when the event happens; is 'att' a slip of it?",
    ),
    "no name": ([{"at": 1}], "timeline[0].event: missing; it says what happens"),
    "a slip in event": (
        [{"at": 1, "evnt": "flush"}],
        "timeline[0].event: missing; it says what happens; is 'evnt' a slip of it?",
    ),
    "a negative moment": ([at(-1, "flush")], f"timeline[0].at: {PLACES}, found -1"),
    "a text as moment": ([at("1", "flush")], f"timeline[0].at: {PLACES}, found '1'"),
    "a truth as moment": ([at(True, "flush")], f"timeline[0].at: {PLACES}, found True"),
    "never": ([at(float("inf"), "flush")], f"timeline[0].at: {PLACES}, found inf"),
    "no number": ([at(float("nan"), "flush")], f"timeline[0].at: {PLACES}, found nan"),
    "another key": (
        [at({"request": 1}, "flush")],
        f"timeline[0].at: {PLACES}, found {{'request': 1}}",
    ),
    "a negative number": (
        [at({"requests": -1}, "flush")],
        "timeline[0].at: requests should be greater than or equal to 0, found -1",
    ),
    "half a request": (
        [at({"requests": 1.5}, "flush")],
        "timeline[0].at: requests should be a valid integer, found 1.5",
    ),
}

PARAMETERS = {
    "a misspelt event": (
        at(1, "flsh"),
        "event: unknown network event 'flsh'; did you mean 'flush'?",
    ),
    "no event of this name": (at(1, 7), f"event: unknown network event 7; known: {ALL_EVENTS}"),
    "a parameter missing": (at(1, "link_down"), "link: missing; link_down needs it"),
    "an unknown parameter": (
        at(1, "mark", txt="now"),
        "txt: mark has no parameter 'txt'; did you mean 'text'?",
    ),
    "no pair": (
        at(1, "link_down", link=3),
        "link: should be a valid list or should be a valid tuple, found 3",
    ),
    "an unknown choice": (
        at(1, "node_down", node=1, contents="gone"),
        "contents: should be 'kept' or 'lost', found 'gone'",
    ),
    "neither size nor factor": (at(1, "resize"), f"event: {EITHER}"),
    "size and factor": (at(1, "resize", size=1, factor=2), f"event: {EITHER}"),
    "no size": (
        at(1, "resize", size=0),
        "size: should be greater than 0 or should be a valid string, found 0",
    ),
    "a standstill": (at(1, "rate", factor=0), "factor: should be greater than 0, found 0"),
    "a negative exponent": (
        at(1, "popularity", alpha=-1),
        "alpha: should be greater than or equal to 0, found -1",
    ),
    "more than all": (
        at(1, "popularity", shuffle=2),
        "shuffle: should be less than or equal to 1, found 2",
    ),
    "promoted twice": (
        at(1, "popularity", promote=[3, 1, 3]),
        "event: popularity: promote has content 3 twice",
    ),
    "no text": (at(1, "mark", text=5), "text: should be a valid string, found 5"),
}

NETWORK = {
    "no link": ([at(1, "link_down", link=[1, 3])], 0, "link: no link 1-3"),
    "no node of a link": ([at(1, "link_down", link=[9, 1])], 0, "link: there is no node 9"),
    "a number as text": (
        [at(1, "node_down", node="1")],
        0,
        "node: there is no node '1'; did you mean 1 (int)?",
    ),
    "no node": ([at(1, "node_down", node=9)], 0, "node: there is no node 9"),
    "no cache": (
        [at(1, "flush", node=4)],
        0,
        "node: node 4 has no cache; those with one are 1, 2, 3",
    ),
    "nothing to flush": ([at(1, "flush", node=9)], 0, "node: there is no node 9"),
    "nothing to resize": ([at(1, "resize", node=0, size=3)], 0, "node: node 0 has no cache"),
    "up before down": (
        [at(2, "link_down", link=LINK), at(1, "link_up", link=LINK)],
        1,
        "link: the link 0-1 has not been taken down before",
    ),
    "down twice": (
        [at(1, "link_down", link=LINK), at(2, "link_down", link=[1, 0])],
        1,
        "link: no link 1-0 in PATH; node 1 has links to 2",
    ),
    "a node down twice": (
        [at(1, "node_down", node=2), at(1, "node_down", node=2)],
        1,
        "node: there is no node 2 now: it has been taken down",
    ),
    "a node up before": (
        [at(1, "node_up", node=2), at(2, "node_down", node=2)],
        0,
        "node: the node 2 has not been taken down before",
    ),
    "a link that went with its node": (
        [at(1, "node_down", node=1), at(2, "link_down", link=[1, 2])],
        1,
        "link: there is no node 1 now: it has been taken down",
    ),
    "onto a link": (
        [at(1, "rewire", link=LINK, to=[1, 2])],
        0,
        "to: there is a link between 1 and 2 already",
    ),
    "to nowhere": ([at(1, "rewire", link=LINK, to=[0, 9])], 0, "to: there is no node 9"),
    "a link that was moved": (
        [at(1, "rewire", link=LINK, to=[0, 2]), at(2, "link_down", link=LINK)],
        1,
        "link: no link 0-1 in PATH; node 0 has links to 2",
    ),
    "no content": (
        [at(1, "popularity", promote=[101])],
        0,
        "promote: there is no content 101; they are the numbers 1 to 100",
    ),
}


@pytest.mark.parametrize("case", FORM)
def test_the_form_of_a_timeline(case):
    timeline, expected = FORM[case]
    assert expected in problems(timeline)


@pytest.mark.parametrize("case", PARAMETERS)
def test_parameters_of_events(case):
    event, expected = PARAMETERS[case]
    assert problems([at(0, "mark"), event]) == [f"timeline[1].{expected}"]


@pytest.mark.parametrize("case", NETWORK)
def test_what_the_network_does_not_allow(case):
    """Each sequence is played through in the order in which it is due."""
    timeline, number, expected = NETWORK[case]
    (problem,) = problems(timeline)
    assert problem.startswith(f"timeline[{number}].{expected}")


def test_a_map_of_a_real_network():
    (problem,) = problems([at(1, "link_down", link=[3, 99])], topology={"name": "GEANT"})
    assert (
        problem == "timeline[0].link: no link 3-99 in GEANT; node 3 has links to 10, 19, 30, 4, 5"
    )


def test_a_sequence_that_can_be():
    timeline = [
        *(at(3, "link_up", link=[1, 0]), at(1, "link_down", link=LINK)),
        *(at(4, "node_down", node=2, contents="lost"), at(5, "flush", node=2)),
        *(at(5, "resize", node=2, size=1), at(6, "node_up", node=2)),
        *(at(7, "rewire", link=LINK, to=[0, 2]), at(8, "link_down", link=[2, 0])),
        *(at(9, "rate", factor=2), at(9, "popularity", promote=[100, 1], shuffle=1, alpha=0)),
        *(at(10, "flush"), at(10, "resize", factor=0.5), at(10, "mark", text="end")),
    ]
    assert problems(timeline) == []
    assert problems(tuple(timeline)) == problems([]) == problems(None) == []


def test_numbers_of_requests_may_come_before_or_after_a_moment():
    """Nobody knows before they come; what cannot be in any order is said."""
    down, up = at({"requests": 5}, "link_down", link=LINK), at(1000, "link_up", link=LINK)
    assert problems([down, up]) == problems([up, down]) == []
    first, second = at(1, "node_down", node=2), at({"requests": 50}, "node_up", node=2)
    assert problems([first, second]) == problems([second, first]) == []
    nowhere = at({"requests": 7}, "flush", node=9)
    assert problems([down, up, nowhere]) == ["timeline[2].node: there is no node 9"]
    again = at({"requests": 9}, "link_down", link=LINK)
    (problem,) = problems([down, again])
    assert problem.startswith("timeline[1].link: no link 0-1")


@pytest.mark.parametrize(
    ("workload", "event", "what"),
    [
        ("TRACE_DRIVEN", at(1, "rate", factor=2), "times"),
        ("TRACE_DRIVEN", at(1, "popularity", alpha=1), "contents"),
        ("YCSB", at(1, "popularity", shuffle=0.1), "contents"),
    ],
)
def test_workloads_that_are_what_they_are(workload, event, what, tmp_path):
    trace = tmp_path / "trace.txt"
    trace.write_text("1\n2\n", encoding="utf-8")
    given_ = {
        "TRACE_DRIVEN": {"reqs_file": str(trace)},
        "YCSB": {"workload": "A", "n_contents": 100, "n_warmup": 1, "n_measured": 9},
    }[workload]
    name = event["event"]
    able = {"rate": "STATIONARY, YCSB", "popularity": "STATIONARY"}[name]
    assert problems([event], workload={"name": workload, **given_}) == [
        f"timeline[0].event: {name} is not for the workload {workload}, whose {what} are not drawn "
        f"at this rate or popularity; it is for {able}"
    ]
    assert problems([at(1, "mark")], workload={"name": workload, **given_}) == []


def test_all_problems_at_once():
    """What the network does not allow is asked only of what is right in itself."""
    sound = experiment([at(1, "flush")])
    bad = experiment([at("now", "flsh"), at(1, "node_down", node=9), {"at": -1}])
    other = experiment([at(1, "node_down", node=9), at(1, "node_up", node=8)])
    with pytest.raises(SettingsError) as raised:
        planned(sound, bad, other)
    places = [problem.split(": ")[0] for problem in raised.value.problems]
    assert places == [
        *(f"EXPERIMENT_QUEUE[1].timeline[{where}" for where in ("0].at", "0].event")),
        *(f"EXPERIMENT_QUEUE[1].timeline[{where}" for where in ("2].at", "2].event")),
        *(f"EXPERIMENT_QUEUE[2].timeline[{where}" for where in ("0].node", "1].node")),
    ]


SETTINGS = """
    from icarus.util import Tree

    EXPERIMENT_QUEUE = [Tree({
        "topology": {"name": "PATH", "n": 5},
        "workload": {"name": "STATIONARY", "n_contents": 100, "alpha": 0.8, "n_warmup": 10,
                     "n_measured": 10},
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.1},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
        "timeline": [{"at": 1, "event": "flush"}, {"at": 2, "event": "link_up", "link": [0, 1]},
                     {"at": 3, "event": "flush", "node": 9}],
    })]
"""


@pytest.mark.parametrize("command", ["run", "validate"])
def test_the_command_line_runs_nothing(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.py").write_text(dedent(SETTINGS), encoding="utf-8")
    done = CliRunner().invoke(main, [command, "bad.py"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "icarus: bad.py: EXPERIMENT_QUEUE[0].timeline[1].link: the link 0-1 has not been taken "
        "down before",
        "icarus: bad.py: EXPERIMENT_QUEUE[0].timeline[2].node: there is no node 9",
    ]
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["bad.py"]


# --- topologies that are known only when a job runs


def drawn_tree(seed: Seed = None):
    return topology_tree(2, 2)


def test_a_topology_that_is_drawn_is_not_rehearsed(monkeypatch):
    """Each replication has another one; the job says what it does not allow."""
    monkeypatch.setitem(TOPOLOGY_FACTORY, "TEST_DRAWN", drawn_tree)
    params = experiment([at(1, "link_down", link=[0, 99])], topology={"name": "TEST_DRAWN"})
    plan = planned(params)
    for engine in ("python", "compiled"):
        with pytest.raises(EventError, match="link: no link 0-99; node 0 has links to 1, 2"):
            simulate(Simulation(plan.experiments[0], plan.collectors, 1, 0, engine))


def test_nor_is_one_of_a_users_own(monkeypatch):
    def fails(**parameters):
        raise AssertionError("it is built by jobs only")

    monkeypatch.setitem(TOPOLOGY_FACTORY, "TEST_OWN", fails)
    assert problems([at(1, "node_down", node=99)], topology={"name": "TEST_OWN"}) == []


# --- events of users


@pytest.fixture
def own_event():
    """Register an event that takes all links of a node down; return what it was told."""
    before = dict(NETWORK_EVENT.items()), dict(NETWORK_EVENT.checks)
    seen = []

    def no_node_9(parameters):
        return ["9 is not for this"] if parameters["node"] == 9 else []

    @register_network_event("test_isolate", check=no_node_9)
    def isolate(network, node: int, times: PositiveInt = 1):
        seen.append((network.time, network.requests, node, times))
        for other in list(network.view.topology().adj[node]):
            network.remove_link((node, other))

    yield seen
    dict.clear(NETWORK_EVENT)
    dict.update(NETWORK_EVENT, before[0])
    NETWORK_EVENT.checks = before[1]


def test_parameters_of_an_own_event_are_checked(own_event):
    assert problems([at(1, "test_isolate", node="x")]) == [
        "timeline[0].node: should be a valid integer, found 'x'"
    ]
    assert problems([at(1, "test_isolate", node=1, times=0)]) == [
        "timeline[0].times: should be greater than 0, found 0"
    ]
    assert problems([at(1, "test_isolate", node=9)]) == [
        "timeline[0].event: test_isolate: 9 is not for this"
    ]
    assert problems([at(1, "test_isolat", node=1)]) == [
        "timeline[0].event: unknown network event 'test_isolat'; did you mean 'test_isolate'?"
    ]
    assert own_event == []


def test_what_comes_after_an_own_event_is_not_rehearsed(own_event):
    own = at(5, "test_isolate", node=2)
    assert problems([own, at(6, "link_up", link=[1, 2])]) == []
    assert problems([own, at(6, "node_down", node=99)]) == []
    assert problems([own, at(4, "node_down", node=99)]) == ["timeline[1].node: there is no node 99"]
    assert own_event == []


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_an_own_event_happens(own_event, engine):
    timeline = [
        at({"requests": 15}, "test_isolate", node=2, times=3),
        at({"requests": 17}, "link_up", link=[1, 2]),
        at({"requests": 17}, "link_up", link=[2, 3]),
    ]
    plan = planned(experiment(timeline), DATA_COLLECTORS={"TIMELINE": {"window": {"requests": 1}}})
    done = simulate(Simulation(plan.experiments[0], plan.collectors, 1, 0, engine))
    ((time, *told),) = own_event
    assert time > 0
    assert told == [15, 2, 3]
    timeline = done.results["TIMELINE"]
    assert timeline["FIRST"].tolist() == list(range(10, 20))
    assert timeline["SERVED"].tolist() == [1] * 5 + [0] * 2 + [1] * 3
    assert timeline["EVENTS"][0][1:] == (15, "test_isolate 2 times=3")


def test_the_name_of_an_event_is_taken_once(own_event):
    with pytest.raises(ComponentError, match="the network event name 'flush' is taken"):
        register_network_event("flush")(lambda network: None)


# --- sweep files

SWEEP = """
    [settings]
    DATA_COLLECTORS = ["CACHE_HIT_RATIO"]

    [base]
    topology = { name = "PATH", n = 5 }
    content_placement.name = "UNIFORM"
    cache_placement = { name = "UNIFORM", network_cache = 0.1 }
    cache_policy.name = "LRU"
    workload = { name = "STATIONARY", n_contents = 100, alpha = 0.8, n_warmup = 9, n_measured = 50 }
    %s

    [axes]
    strategy.name = ["LCE", "LCD"]
    %s
"""


def swept(folder, base="", axis=""):
    """Return the timelines of the experiments of a sweep file."""
    path = folder / "sweep.toml"
    path.write_text(dedent(SWEEP % (base, axis)), encoding="utf-8")
    settings = load(path)
    fill_defaults(settings)
    return [one.get("timeline") for one in make_plan(settings).experiments]


def test_the_timeline_of_all_experiments_of_a_sweep(tmp_path):
    events = (
        '[{ at = 5, event = "flush" }, { at = { requests = 20 }, event = "node_down", node = 2 }]'
    )
    timeline = [at(5, "flush"), at({"requests": 20}, "node_down", node=2)]
    assert swept(tmp_path, base=f"timeline = {events}") == [timeline] * 2


def test_timelines_as_an_axis_of_a_sweep(tmp_path):
    axis = 'timeline = [[], [{ at = 5, event = "link_down", link = [1, 2] }]]'
    assert swept(tmp_path, axis=axis) == [[], [at(5, "link_down", link=[1, 2])]] * 2


def test_a_timeline_of_a_sweep_is_checked(tmp_path):
    axis = 'timeline = [[], [{ at = 5, event = "link_down", link = [1, 9] }]]'
    with pytest.raises(SettingsError) as raised:
        swept(tmp_path, axis=axis)
    (problem,) = raised.value.problems
    assert "timeline[0].link: no link 1-9 in PATH; node 1 has links to 0, 2" in problem
    assert "1 more experiment" in problem
    with pytest.raises(SettingsError, match=r"timeline\[0\].event: unknown network event 'flsh'"):
        swept(tmp_path, base='timeline = [{ at = 5, event = "flsh" }]')


# --- what is allowed runs

MOVES = st.sampled_from(
    [
        *({"event": f"node_{way}", "node": node} for way in ("up", "down") for node in (1, 2, 4)),
        *(
            {"event": f"link_{way}", "link": link}
            for way in ("up", "down")
            for link in ([0, 1], [2, 1])
        ),
        {"event": "rewire", "link": [1, 2], "to": [0, 2]},
        {"event": "rewire", "link": [0, 2], "to": [1, 2]},
    ]
)


@given(st.lists(st.tuples(st.integers(0, 9), MOVES), max_size=5))
def test_what_is_found_is_what_a_job_would_find(drawn):
    """A timeline passes exactly if it can be played on the network."""
    timeline = [{"at": {"requests": number}, **move} for number, move in drawn]
    found = [problem.split(".", 1)[1] for problem in problems(timeline)]
    params, failed = experiment(timeline), []
    try:
        simulate(Simulation(params, {}, 1, 0, "python"))
    except EventError as error:
        failed = [str(error).split(" (in the event")[0]]
    # The job names the event as well, and has no name for the network.
    assert [one.replace(" in PATH", "").replace(" in RING", "") for one in found[:1]] == failed
