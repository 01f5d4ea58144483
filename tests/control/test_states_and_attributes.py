"""States, attributes, names: what is taken, and what is refused in one clear line."""

from __future__ import annotations

import json

import pytest
from dummies import Dummy, Scripted
from test_laws import LEGAL

from icarus.control import (
    TRANSITIONS,
    Attribute,
    Duration,
    ECState,
    ExperimentController,
    Resource,
    ResourceState,
    command,
    register_resource,
)
from icarus.errors import ComponentError, ResourceError, TransitionError
from icarus.orchestration import Status
from icarus.registry import RESOURCE


def test_the_table_of_transitions():
    assert {(one, other) for one, after in TRANSITIONS.items() for other in after} == LEGAL
    assert set(TRANSITIONS) == set(ResourceState)


def test_a_resource_goes_through_its_states_by_hand(ec):
    told = []
    one = ec.register_resource(Scripted, name="one", told=told)
    assert ec.state(one) is ResourceState.NEW
    ec.discover(one)
    ec.provision("one")
    assert ec.state("one", hr=True) == "PROVISIONED"
    with pytest.raises(TransitionError, match="one is PROVISIONED and cannot be STARTED; from "):
        ec.start(one)
    ec.deploy(one)
    assert ec.wait_started(one)["one"].state is ResourceState.STARTED
    ec.stop(one)
    ec.start(ec.get_resource(one))
    ec.stop([one])
    with pytest.raises(TransitionError, match="is STOPPED, and deployed already"):
        ec.deploy(one)
    assert ec.release(one)["one"].outcome is Status.OK
    with pytest.raises(TransitionError, match="RELEASED and cannot be STARTED; that is its end"):
        ec.start(one)
    hooks = "discover provision deploy start stop start stop release"
    assert " ".join(hook.removeprefix("do_") for _, _, hook in told) == hooks
    assert ec.ecstate is ECState.RUNNING
    ec.shutdown()
    ec.shutdown()
    assert ec.ecstate is ECState.TERMINATED
    assert ec.finished
    assert ec.state(one) is ResourceState.RELEASED
    with pytest.raises(TransitionError, match="shut down"):
        ec.register_resource(Scripted)
    with pytest.raises(TransitionError, match="shut down"):
        ec.deploy()


def test_all_transitions_are_written_down_with_both_clocks(ec):
    one = ec.register_resource(Dummy, name="one", password="hunter2", level=3)
    ec.deploy()
    ec.wait_started(one)
    ec.shutdown()
    lines = (ec.folder / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    moves = [entry["to"] for entry in events if entry["event"] == "state"]
    assert moves == ["DISCOVERED", "PROVISIONED", "READY", "STARTED", "RELEASED"]
    assert all(entry["seconds"] >= 0 and entry["wall"] > 1e9 for entry in events)
    assert "hunter2" not in "".join(lines)
    assert len(events) == ec.n_events


def test_everything_takes_guids_names_and_resources(ec):
    one = ec.register_resource(Dummy)
    other = ec.register_resource(Dummy, guid=7, name="other")
    assert (one, other) == (1, 7)
    assert ec.register_resource(Dummy) == 2
    assert ec.resources == [1, 7, 2]
    assert ec.get_resource("Dummy-1") is ec.get_resource(1)
    ec.set([1, "other", ec.get_resource(2)], "level", 4.5)
    assert [ec.get(guid, "level") for guid in ec.resources] == [4.5] * 3
    for given, text in {
        "othr": "there is no resource 'othr'; did you mean 'other'",
        8: "there is no resource with the guid 8",
        None: "there is no resource 'None'",
        True: "there is no resource 'True'",
    }.items():
        with pytest.raises(ResourceError, match=text):
            ec.state(given)
    with ExperimentController("x", root_dir=ec.folder) as another:
        another.register_resource(Dummy)
        with pytest.raises(ResourceError, match="of another controller"):
            another.state(ec.get_resource(1))


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ({"guid": 1}, ["guid 1 is that of 'first' already"]),
        ({"guid": "1"}, ["a guid should be a whole number, found '1'"]),
        ({"name": "first"}, ["the name 'first' is that of another resource already"]),
        ({"name": "a/b"}, ["a resource needs a name that a folder can have"]),
        (
            {"levl": 1, "size": "large", "kind": "c", "level": 11},
            [
                "has no attribute 'levl'; did you mean 'level'?",
                "size should be a valid integer, found 'large'",
                "kind should be one of 'a', 'b', found 'c'",
                "level should be from 0 to 10 dB, found 11",
            ],
        ),
        ({"grace": "soon"}, ["grace should be seconds, or a duration such as"]),
        ({"critical": "yes"}, ["critical should be a valid boolean"]),
    ],
)
def test_wrong_resources_are_refused_with_all_that_is_wrong(ec, arguments, problems):
    ec.register_resource(Dummy, name="first")
    with pytest.raises(ResourceError) as raised:
        ec.register_resource(Dummy, **{"name": "second", **arguments})
    found = raised.value.problems
    assert len(found) == len(problems)
    assert all(one in text for text, one in zip(found, problems, strict=True))
    assert ec.resources == [1]


def test_unknown_types_have_the_nearest_name(ec):
    with pytest.raises(ComponentError, match=r"unknown resource 'Proces'; did you mean 'Process'"):
        ec.register_resource("Proces")
    with pytest.raises(ResourceError, match=r"derived from icarus\.control\.Resource"):
        ec.register_resource(int)


def test_attributes_are_held_to_their_declaration(ec):
    changes = []

    class Changing(Dummy):
        def changed(self, name, old, new):
            if new == 9:
                raise RuntimeError("too loud")
            changes.append((name, old, new))

    one = ec.register_resource(Changing, name="one", password="hunter2", grace="500ms")
    assert ec.get(one, "grace") == 0.5
    assert ec.get(one, "password") == "hunter2"
    shown = ec.get_attributes(one)
    assert shown == {
        "critical": True,
        "grace": 0.5,
        "level": 0.0,
        "size": 1,
        "kind": "a",
        "password": "***",
    }
    with pytest.raises(ResourceError, match="kind cannot be changed once the resource is regist"):
        ec.set(one, "kind", "b")
    with pytest.raises(ResourceError) as raised:
        ec.set(one, "password", 13371337)
    assert "13371337" not in str(raised.value)
    ec.set(one, "size", 2)
    ec.deploy()
    ec.wait_started(one)
    with pytest.raises(ResourceError, match="size can be changed only before the resource is st"):
        ec.set(one, "size", 3)
    ec.set(one, "level", 2)
    assert changes == [("level", 0.0, 2)]
    with pytest.raises(RuntimeError, match="too loud"):
        ec.set(one, "level", 9)
    with pytest.raises(ResourceError, match="level should be from 0 to 10 dB, found -1"):
        ec.set(one, "level", -1)
    assert ec.get(one, "level") == 2
    assert ec.get(one, "size") == 2


def test_attributes_are_those_of_the_instance(ec):
    one, other = (ec.register_resource(Dummy) for _ in range(2))
    ec.set(one, "level", 3)
    assert ec.get(other, "level") == 0


def test_a_declaration_says_what_there_is():
    with pytest.raises(ResourceError, match="mutable should be one of"):
        Attribute(name="x", type=int, help="", mutable="sometimes")
    attribute = Attribute(name="t", type=Duration, help="", required=True, least=1, unit="s")
    assert attribute.taken("2m") == 120
    with pytest.raises(ValueError, match="should be at least 1 s, found 0"):
        attribute.taken("500ms")


class Tool(Resource):
    """Has commands."""

    attributes = (Attribute(name="factor", type=int, required=True, help="times so much"),)

    @command
    def times(self, number: int, plus: float = 0.0) -> float:
        """Return a product."""
        return number * self.get("factor") + plus

    def hidden(self) -> None:
        """Be no command."""


def test_commands_are_called_with_parameters_that_were_checked(ec):
    with pytest.raises(ResourceError, match="factor is missing; times so much"):
        ec.register_resource(Tool)
    tool = ec.register_resource(Tool, name="tool", factor=3)
    assert ec.call(tool, "times", number=4, plus=0.5) == 12.5
    with pytest.raises(ResourceError, match="no command 'hidden'"):
        ec.call(tool, "hidden")
    with pytest.raises(ResourceError) as raised:
        ec.call(tool, "times", nmber=4, plus="x")
    assert raised.value.problems == [
        "tool.times has no parameter 'nmber'; did you mean 'number'?",
        "tool.times: plus should be a valid number, found 'x'",
        "tool.times needs the parameter 'number'",
    ]


def test_types_of_ones_own_are_registered_under_a_name(ec, monkeypatch):
    monkeypatch.delitem(RESOURCE, "Tool", raising=False)

    @register_resource("Tool")
    class Registered(Tool):
        """A tool that is registered."""

    class Derived(Registered):
        pass

    try:
        ec.register_resource("Tool", name="a", factor=1)
        ec.register_resource(Derived, name="b", factor=1)
        ec.register_resource(Dummy, name="c")
        assert [one.name for one in ec.get_resources_by_type("Tool")] == ["a", "b"]
    finally:
        del RESOURCE["Tool"]


def test_files_are_where_they_are_said_to_be(tmp_path):
    with ExperimentController("exp", root_dir=tmp_path) as ec:
        one = ec.register_resource(Dummy, name="one")
        assert ec.get_resource(one).folder == tmp_path / "exp" / ec.run_id / "one"
        with ExperimentController("exp", root_dir=tmp_path) as other:
            assert other.run_id != ec.run_id
    assert ExperimentController(root_dir=tmp_path).exp_id != ExperimentController().exp_id
    with pytest.raises(ResourceError, match="exp_id: should be a name that a folder can have"):
        ExperimentController("a/b")
    with pytest.raises(ResourceError, match="workers: should be a number of threads, found 0"):
        ExperimentController("a", workers=0)


def test_async_methods_cannot_wait_for_their_own_loop(ec):
    caught = []

    class Waits(Resource):
        async def do_start(self):
            assert ec.state(self) is ResourceState.READY
            with pytest.raises(TransitionError, match="would stop the event loop") as raised:
                ec.wait_finished(self)
            caught.append(raised)

    ec.register_resource(Waits)
    ec.deploy()
    assert ec.wait_started().popitem()[1].state == "STARTED"
    assert caught
