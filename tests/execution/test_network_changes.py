"""Links and nodes that come and go: the model is always that of the present topology."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import fnss
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.execution import NetworkController, NetworkModel, NetworkView

LRU = {"name": "LRU"}


def square():
    """Receiver 0, routers 1, 2, 3 and source 4: two ways from 0 to 4, over 1-2 and over 3."""
    topology = fnss.Topology()
    stacks = {
        0: ("receiver", {}),
        1: ("router", {"cache_size": 2}),
        2: ("router", {"cache_size": 3}),
        3: ("router", {}),
        4: ("source", {"contents": {"x", "y"}}),
    }
    for node, stack in stacks.items():
        topology.add_node(node, stack=stack)
    topology.add_edge(0, 1, type="internal", delay=2, weight=1)
    topology.add_edge(1, 2, type="internal", delay=3, weight=1)
    topology.add_edge(2, 4, type="external", delay=34, weight=1)
    topology.add_edge(0, 3, type="internal", delay=5, weight=2)
    topology.add_edge(3, 4, type="external", delay=40, weight=2)
    return topology


@pytest.fixture
def model():
    return NetworkModel(square(), LRU)


@pytest.fixture
def controller(model):
    return NetworkController(model)


@pytest.fixture
def view(model):
    return NetworkView(model)


def link(*ends):
    return frozenset(ends)


def facts(model):
    """All that a model says about the network at present, in a form that can be compared."""
    topology = model.topology
    return {
        "nodes": list(topology.nodes(data=True)),
        "links": {link(u, v): data for u, v, data in topology.edges(data=True)},
        "paths": {u: dict(row.items()) for u, row in model.shortest_path.items()},
        "content_source": dict(model.content_source),
        "source_node": list(model.source_node.items()),
        "link_type": dict(model.link_type),
        "link_delay": dict(model.link_delay),
        "caches": [(v, type(cache), cache.maxlen) for v, cache in model.cache.items()],
        "local_caches": list(model.local_cache),
    }


# --- links


def test_a_removed_link_is_gone_and_paths_avoid_it(model, controller, view):
    assert view.shortest_path(0, 4) == [0, 1, 2, 4]
    controller.remove_link(1, 2)
    assert not model.topology.has_edge(1, 2)
    assert view.shortest_path(0, 4) == [0, 3, 4]
    assert view.shortest_path(4, 0) == [4, 3, 0]
    assert model.removed_links == {(1, 2): {"type": "internal", "delay": 3, "weight": 1}}
    for lookup in (view.link_type, view.link_delay):
        for ends in ((1, 2), (2, 1)):
            with pytest.raises(KeyError, match="link"):
                lookup(*ends)


@pytest.mark.parametrize("back", [(1, 2), (2, 1)])
def test_a_link_is_restored_from_either_end(model, controller, back):
    before = facts(model)
    controller.remove_link(1, 2)
    controller.restore_link(*back)
    assert facts(model) == before
    assert model.removed_links == {}


def test_links_that_do_not_exist_or_were_not_removed_are_errors(controller):
    with pytest.raises(KeyError, match="remove"):
        controller.remove_link(0, 4)
    with pytest.raises(KeyError, match="removed"):
        controller.restore_link(0, 1)
    controller.remove_link(0, 1)
    with pytest.raises(KeyError):
        controller.remove_link(1, 0)


def test_a_rewired_link_keeps_its_attributes(model, controller, view):
    controller.rewire_link(1, 2, 1, 4)
    assert not model.topology.has_edge(1, 2)
    assert model.topology.edges[1, 4] == {"type": "internal", "delay": 3, "weight": 1}
    assert view.link_delay(4, 1) == 3
    assert view.link_type(1, 4) == "internal"
    assert (1, 2) not in model.link_delay
    assert (2, 1) not in model.link_type
    assert view.shortest_path(0, 4) == [0, 1, 4]
    controller.rewire_link(4, 1, 2, 1)
    assert facts(model) == facts(NetworkModel(square(), LRU))


def test_rewiring_a_link_onto_itself_changes_nothing(model, controller):
    before = facts(model)
    controller.rewire_link(1, 2, 2, 1)
    assert facts(model) == before


@pytest.mark.parametrize(
    ("move", "error"),
    [
        ((0, 4, 1, 4), KeyError),  # no such link
        ((1, 2, 1, 9), KeyError),  # no such node: it must not be made
        ((1, 2, 1, 1), ValueError),
        ((1, 2, 0, 3), ValueError),  # there is one already
    ],
)
def test_impossible_rewirings_change_nothing(model, controller, move, error):
    before = facts(model)
    with pytest.raises(error):
        controller.rewire_link(*move)
    assert facts(model) == before


def test_a_link_is_not_rewired_onto_one_that_may_come_back(controller):
    controller.remove_link(0, 1)
    with pytest.raises(ValueError, match="already"):
        controller.rewire_link(0, 3, 1, 0)


def test_links_without_type_or_delay_come_and_go_too():
    topology = square()
    for attribute in ("type", "delay", "weight"):
        del topology.edges[1, 2][attribute]
    model = NetworkModel(topology, LRU)
    before = facts(model)
    controller = NetworkController(model)
    controller.remove_link(2, 1)
    controller.restore_link(1, 2)
    controller.rewire_link(1, 2, 1, 3)
    controller.rewire_link(1, 3, 1, 2)
    assert facts(model) == before


# --- paths


def test_paths_stay_until_they_are_to_be_recomputed(controller, view):
    controller.remove_link(1, 2, recompute_paths=False)
    assert view.shortest_path(0, 4) == [0, 1, 2, 4]
    controller.remove_link(0, 1, recompute_paths=True)
    assert view.shortest_path(0, 4) == [0, 3, 4]


def test_supplied_paths_are_replaced_when_paths_are_recomputed():
    paths = {0: {4: [0, 3, 4]}}
    model = NetworkModel(square(), LRU, shortest_path=paths)
    controller = NetworkController(model)
    controller.remove_link(0, 3, recompute_paths=False)
    assert model.shortest_path[0][4] == [0, 3, 4]
    controller.restore_link(0, 3)
    assert model.shortest_path[0][4] == [0, 1, 2, 4]
    assert paths == {0: {4: [0, 3, 4]}}


def test_nodes_that_are_cut_off_have_no_path(controller, view):
    controller.remove_link(0, 1)
    controller.remove_link(0, 3)
    with pytest.raises(KeyError, match="no path"):
        view.shortest_path(0, 4)


# --- nodes


def test_a_removed_node_takes_its_links_and_its_cache_along(model, controller, view):
    cache = model.cache[2]
    cache.put("x")
    controller.remove_node(2)
    assert list(model.topology) == [0, 1, 3, 4]
    assert view.shortest_path(0, 4) == [0, 3, 4]
    assert view.cache_nodes() == [1]
    assert not view.has_cache(2)
    assert view.cache_lookup(2, "x") is None
    assert view.content_locations("x") == {4}
    assert model.removed_caches == {2: cache}
    assert model.disconnected_neighbors == {2: {1, 4}}
    assert set(model.removed_links) == {(2, 1), (2, 4)}
    assert model.removed_nodes == {2: {"stack": ("router", {"cache_size": 3})}}
    assert (4, 2) not in model.link_type


def test_a_restored_node_has_its_cache_with_what_was_in_it(model, controller, view):
    cache = model.cache[1]
    cache.put("x")
    before = facts(model)
    controller.remove_node(1)
    controller.restore_node(1)
    assert model.cache[1] is cache
    assert view.cache_dump(1) == ["x"]
    assert list(model.topology) == [0, 1, 2, 3, 4]
    assert view.cache_nodes() == [1, 2]
    assert facts(model) == before
    for table in (
        model.removed_nodes,
        model.removed_links,
        model.removed_caches,
        model.disconnected_neighbors,
    ):
        assert table == {}


def test_local_caches_leave_and_return_as_well(model, controller, view):
    controller.reserve_local_cache(0.5)
    local = model.local_cache[2]
    local.put("x")
    controller.remove_node(2)
    assert not view.local_cache_lookup(2, "x")
    assert model.removed_local_caches == {2: local}
    controller.restore_node(2)
    assert view.local_cache_lookup(2, "x")
    assert model.removed_local_caches == {}


def test_nodes_that_do_not_exist_or_were_not_removed_are_errors(controller):
    with pytest.raises(KeyError, match="9"):
        controller.remove_node(9)
    with pytest.raises(KeyError, match="1"):
        controller.restore_node(1)


def test_a_link_removed_before_its_node_stays_removed(model, controller):
    controller.remove_link(1, 2)
    controller.remove_node(2)
    controller.restore_node(2)
    assert not model.topology.has_edge(1, 2)
    assert model.topology.has_edge(2, 4)
    controller.restore_link(2, 1)
    assert facts(model) == facts(NetworkModel(square(), LRU))


def test_a_link_may_be_repaired_while_its_node_is_down(model, controller):
    controller.remove_link(1, 2)
    controller.remove_node(2)
    controller.restore_link(1, 2)
    assert 2 not in model.topology
    controller.restore_node(2)
    assert facts(model) == facts(NetworkModel(square(), LRU))


def test_a_link_may_be_cut_while_its_node_is_down(model, controller):
    controller.remove_node(2)
    controller.remove_link(1, 2)
    controller.restore_node(2)
    assert not model.topology.has_edge(1, 2)
    assert model.topology.has_edge(2, 4)


def test_a_link_that_went_with_a_node_comes_back_with_it_only(controller):
    controller.remove_node(2)
    with pytest.raises(KeyError, match="node 2"):
        controller.restore_link(1, 2)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_neighbours_removed_together_return_in_any_order(model, controller, order):
    controller.remove_node(1)
    controller.remove_node(2)
    first, second = order
    controller.restore_node(first)
    assert second not in model.topology
    assert not any("stack" not in data for _, data in model.topology.nodes(data=True))
    controller.restore_node(second)
    assert facts(model) == facts(NetworkModel(square(), LRU))


# --- sources


def test_contents_leave_and_return_with_their_source(model, controller, view):
    controller.remove_node(4)
    assert view.content_source("x") is None
    assert model.source_node == {}
    assert model.removed_sources == {4: {"x", "y"}}
    assert view.content_locations("x") == set()
    controller.start_session(0, 0, "x", True)
    assert not controller.get_content(4)
    controller.end_session()
    controller.restore_node(4)
    assert view.content_source("x") == 4
    assert model.source_node == {4: {"x", "y"}}
    assert model.removed_sources == {}


@pytest.mark.parametrize("removed", [2, 4])
def test_a_content_of_two_sources_is_the_others_while_one_is_away(removed):
    topology = square()
    fnss.add_stack(topology, 2, "source", {"contents": ["x", "z"]})
    model = NetworkModel(topology, LRU)
    controller = NetworkController(model)
    owners = {"x": 4, "y": 4, "z": 2}
    assert model.content_source == owners
    controller.remove_node(removed)
    left = {2: {"x": 4, "y": 4}, 4: {"x": 2, "z": 2}}
    assert model.content_source == left[removed]
    controller.restore_node(removed)
    assert model.content_source == owners


def test_a_source_without_contents_may_leave_and_return():
    topology = square()
    fnss.add_stack(topology, 4, "source", {})
    controller = NetworkController(NetworkModel(topology, LRU))
    controller.remove_node(4)
    controller.restore_node(4)
    assert list(controller.model.source_node) == [4]


def test_tables_that_somebody_holds_stay_the_models(model, controller):
    """A strategy may keep a reference to a table."""
    held = {name: value for name, value in vars(model).items() if isinstance(value, dict)}
    del held["shortest_path"]
    topology = model.topology
    controller.remove_node(4)
    controller.restore_node(4)
    controller.reserve_local_cache(0.5)
    assert all(getattr(model, name) is table for name, table in held.items())
    assert model.topology is topology


# --- any sequence of changes


@dataclass
class Reference:
    """What is removed, kept independently of the model: nodes, links, and where links are."""

    nodes: list
    links: list  # of (u, v, attributes)
    down_nodes: set = field(default_factory=set)
    down_links: set = field(default_factory=set)

    def present(self, u, v):
        return link(u, v) not in self.down_links and not {u, v} & self.down_nodes

    def topology(self):
        topology = fnss.Topology()
        topology.add_nodes_from(
            (node, data) for node, data in self.nodes if node not in self.down_nodes
        )
        topology.add_edges_from(edge for edge in self.links if self.present(edge[0], edge[1]))
        return topology

    def linked(self, u, v):
        return any(link(u, v) == link(a, b) for a, b, _ in self.links)


@st.composite
def networks(draw):
    """Small networks with many ties between paths, and contents with more than one source."""
    n = draw(st.integers(3, 7))
    contents = st.sets(st.sampled_from("abc"))
    nodes = []
    for node in range(n):
        role = draw(st.sampled_from(["router", "router", "source", "receiver"]))
        properties = {
            "router": lambda: draw(st.sampled_from([{}, {"cache_size": 1}, {"cache_size": 4}])),
            "source": lambda: {"contents": draw(contents)},
            "receiver": dict,
        }[role]()
        nodes.append((f"n{n - node}", {"stack": (role, properties), "cluster": node % 2}))
    names = [name for name, _ in nodes]
    pairs = [(u, v) for i, u in enumerate(names) for v in names[:i]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1))
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["internal", "external"]),
            "delay": st.sampled_from([2, 34]),
            "weight": st.sampled_from([1, 2]),
        },
    )
    return Reference(nodes, [(u, v, draw(attributes)) for u, v in chosen])


@st.composite
def changes(draw, reference):
    """One possible change, made to the reference; returns the method and its arguments."""
    names = [name for name, _ in reference.nodes]
    flip = draw(st.booleans())

    def either_way(u, v):
        return (v, u) if flip else (u, v)

    up = [name for name in names if name not in reference.down_nodes]
    all_links = [(u, v) for u, v, _ in reference.links]
    rewirings = [
        (i, a, b)
        for i, (u, v, _) in enumerate(reference.links)
        if reference.present(u, v)
        for a in up
        for b in up
        if a < b and not reference.linked(a, b)
    ]
    options = {
        "remove_node": up,
        "restore_node": sorted(reference.down_nodes),
        "remove_link": [ends for ends in all_links if link(*ends) not in reference.down_links],
        "restore_link": [ends for ends in all_links if link(*ends) in reference.down_links],
        "rewire_link": rewirings,
    }
    kind = draw(st.sampled_from([kind for kind, choices in options.items() if choices]))
    choice = draw(st.sampled_from(options[kind]))
    if kind == "remove_node":
        reference.down_nodes.add(choice)
        return kind, (choice,)
    if kind == "restore_node":
        reference.down_nodes.remove(choice)
        return kind, (choice,)
    if kind == "rewire_link":
        i, a, b = choice
        u, v, attributes = reference.links[i]
        if link(u, v) != link(a, b):
            # It comes last, as any link that is new at its ends.
            del reference.links[i]
            reference.links.append((a, b, attributes))
        return kind, (u, v, *either_way(a, b))
    if kind == "remove_link":
        reference.down_links.add(link(*choice))
    else:
        reference.down_links.remove(link(*choice))
    return kind, either_way(*choice)


def fill(model):
    for node, cache in (*model.cache.items(), *model.local_cache.items()):
        cache.put(f"copy at {node}")


def assert_as_built_afresh(model, reference, caches):
    fresh = facts(NetworkModel(reference.topology(), LRU))
    for kept in (model, copy.deepcopy(model)):
        assert facts(kept) == fresh
    assert all(model.cache[node] is caches[node] for node in model.cache)
    assert all(cache.dump() == [f"copy at {node}"] for node, cache in model.cache.items())
    away = {link(u, v) for u, v, _ in reference.links if not reference.present(u, v)}
    assert {link(*ends) for ends in model.removed_links} == away
    assert set(model.removed_nodes) == reference.down_nodes == set(model.disconnected_neighbors)


@settings(deadline=None)
@given(data=st.data(), reference=networks())
def test_after_any_changes_the_model_is_as_if_built_afresh(data, reference):
    model = NetworkModel(reference.topology(), LRU)
    fill(model)
    caches = dict(model.cache)
    controller = NetworkController(model)
    for _ in range(data.draw(st.integers(1, 12), label="number of changes")):
        kind, arguments = data.draw(changes(reference), label="change")
        getattr(controller, kind)(*arguments)
        assert_as_built_afresh(model, reference, caches)


@settings(deadline=None)
@given(data=st.data(), reference=networks())
def test_undoing_all_changes_in_any_order_gives_the_network_as_it_was(data, reference):
    before = facts(NetworkModel(reference.topology(), LRU))
    controller = NetworkController(NetworkModel(reference.topology(), LRU))
    names = [name for name, _ in reference.nodes]
    ends = [(u, v) for u, v, _ in reference.links]
    nodes = data.draw(st.lists(st.sampled_from(names), unique=True), label="nodes")
    links = data.draw(st.lists(st.sampled_from(ends), unique=True), label="links")
    removals = [("remove_link", pair) for pair in links] + [("remove_node", (v,)) for v in nodes]
    undoings = [("restore_link", pair) for pair in links] + [("restore_node", (v,)) for v in nodes]
    for steps in (removals, undoings):
        for kind, arguments in data.draw(st.permutations(steps)):
            getattr(controller, kind)(*arguments, recompute_paths=False)
    controller.remove_node(names[0])
    controller.restore_node(names[0], recompute_paths=True)
    assert facts(controller.model) == before
