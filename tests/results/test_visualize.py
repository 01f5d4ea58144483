"""Maps of networks: roles, loads, and where nodes are put."""

from __future__ import annotations

import math
import subprocess
import sys

import fnss
import matplotlib as mpl
import numpy as np
import pytest

from icarus.errors import PlotError
from icarus.results import ResultSet, draw_network_load, draw_stack_deployment, visualize
from icarus.results._layout import layout
from icarus.results.visualize import COLORMAP, stack_map
from icarus.scenarios import (
    topology_geant,
    topology_path,
    topology_rocketfuel_latency,
    topology_tree,
    uniform_cache_placement,
)


@pytest.fixture
def path():
    """Receiver 0, routers 1 and 2 with a cache each, source 3."""
    topology = topology_path(n=4)
    uniform_cache_placement(topology, cache_budget=2)
    return topology


def results(**loads):
    return {
        "CACHE_HIT_RATIO": {
            "MEAN": 0.5,
            "PER_NODE_CACHE_HIT_RATIO": {1: 0.5},
            "PER_NODE_SERVER_HIT_RATIO": {3: 0.5},
        },
        "LINK_LOAD": {
            "PER_LINK_INTERNAL": {(0, 1): 10.0, (1, 0): 100.0, (1, 2): 50.0},
            "PER_LINK_EXTERNAL": loads,
        },
    }


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved, instead of their files."""
    figures = []
    monkeypatch.setattr(visualize, "save", lambda figure, path, **options: figures.append(figure))
    return figures


def test_roles(path):
    assert stack_map(path) == {0: "receiver", 1: "cache", 2: "cache", 3: "source"}
    assert stack_map(topology_path(n=4)) == {0: "receiver", 1: "router", 2: "router", 3: "source"}
    path.node[1]["stack"][1]["cache_size"] = 0
    path.add_node("new")
    assert stack_map(path)[1] == "router"
    assert stack_map(path)["new"] == "router"
    assert set(COLORMAP) == {"source", "receiver", "router", "cache"}


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_files_are_written_and_the_same_every_time(path, tmp_path, suffix):
    files = [tmp_path / "sub" / f"{i}.{suffix}" for i in range(4)]
    for file in files[:2]:
        draw_stack_deployment(path, file.name, file.parent)
    for file in files[2:]:
        draw_network_load(path, results(), file.name, file.parent)
    stacks, loads = {f.read_bytes() for f in files[:2]}, {f.read_bytes() for f in files[2:]}
    assert (len(stacks), len(loads)) == (1, 1)
    assert stacks != loads


def test_colours_of_roles(path, drawn):
    draw_stack_deployment(path, "x.png", ".")
    (axes,) = drawn[0].axes
    colours = {mpl.colors.to_hex(part.get_facecolor()[0]) for part in axes.collections[1:]}
    assert colours == {COLORMAP[role].lower() for role in ("source", "receiver", "cache")}
    assert {text.get_text() for text in axes.texts} == {"0", "1", "2", "3"}
    legend = {text.get_text() for text in drawn[0].legends[0].get_texts()}
    assert legend == {"source", "receiver", "router, cache"}


def test_node_sizes_and_link_loads(path, drawn):
    draw_network_load(path, results(), "x.png", ".")
    axes = drawn[0].axes[0]
    links, *nodes = axes.collections
    # From 50 for a cache that served nothing to 320 for the one that served most; ends are small.
    assert [part.get_sizes().tolist() for part in nodes] == [[36], [16], [320, 50]]
    legend = {text.get_text() for text in drawn[0].legends[0].get_texts()}
    assert {"served 0", "served 50 %"} <= legend
    # Both directions of 0 - 1 together are the most, 110; 1 - 2 has 50, 2 - 3 nothing.
    assert links.get_linewidths() == pytest.approx([1, 1 + 3 * 50 / 110, 4])
    assert links.norm.vmax == 110
    lightness = links.get_colors()[:, :3] @ [0.3, 0.59, 0.11]
    assert lightness[0] > lightness[1] > lightness[2]


def test_result_of_a_result_set(path, tmp_path):
    found = ResultSet()
    found.add({"strategy": {"name": "LCE"}}, results())
    draw_network_load(path, found[0], "pair.png", tmp_path)
    draw_network_load(path, found[0][1], "tree.png", tmp_path)
    assert (tmp_path / "pair.png").read_bytes() == (tmp_path / "tree.png").read_bytes()


def test_a_node_that_served_from_its_cache_is_a_cache(drawn):
    draw_network_load(topology_path(n=4), results(), "x.png", ".")
    legend = drawn[0].legends[0].get_texts()
    assert {"router, cache", "router, no cache"} <= {text.get_text() for text in legend}


def test_results_that_do_not_fit(path, tmp_path):
    with pytest.raises(PlotError, match=r"LINK_LOAD.PER_LINK_INTERNAL; add LINK_LOAD to"):
        draw_network_load(path, {**results(), "LINK_LOAD": {}}, "x.png", tmp_path)
    with pytest.raises(PlotError, match="per_node=True"):
        draw_network_load(path, {"CACHE_HIT_RATIO": {"MEAN": 0.5}}, "x.png", tmp_path)
    with pytest.raises(PlotError, match="no node 3"):
        draw_network_load(topology_path(n=3), results(), "x.png", tmp_path)
    path.remove_edge(1, 2)
    with pytest.raises(PlotError, match="no link 1 - 2"):
        draw_network_load(path, results(), "x.png", tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_load_at_all(path, tmp_path):
    idle = results()
    idle["LINK_LOAD"] = {"PER_LINK_INTERNAL": {(0, 1): math.nan}, "PER_LINK_EXTERNAL": {}}
    draw_network_load(path, idle, "x.png", tmp_path)
    assert (tmp_path / "x.png").is_file()


def test_nodes_stand_where_their_coordinates_say():
    topology = fnss.Topology()
    places = {"west": (-10, 50), "east": (30, 50), "south": (10, 30)}
    for node, (longitude, latitude) in places.items():
        topology.add_node(node, longitude=longitude, latitude=latitude)
    topology.add_edge("west", "hung")
    positions = layout(topology)
    assert positions["west"][0] < positions["south"][0] < positions["east"][0]
    assert positions["south"][1] < positions["west"][1] == pytest.approx(positions["east"][1])
    # A node without coordinates stands by its neighbour.
    away = {n: np.hypot(*(positions["hung"] - positions[n])) for n in places}
    assert min(away, key=away.get) == "west"


@pytest.mark.parametrize(
    "factory", [topology_geant, lambda: topology_tree(k=3, h=3), lambda: topology_path(n=9)]
)
def test_no_two_nodes_stand_in_the_same_place(factory):
    topology = factory()
    points = np.array(list(layout(topology).values()))
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(distances, 1)
    assert distances.min() > 0.01
    assert len(points) == len(topology)


def test_odd_networks(tmp_path):
    two_parts = fnss.Topology([(0, 1), (2, 3)])
    loop = fnss.Topology([(0, 0)])
    same_place = fnss.Topology()
    same_place.add_nodes_from(range(5), longitude=1.0, latitude=2.0)
    for i, topology in enumerate([fnss.Topology(), two_parts, loop, same_place]):
        draw_stack_deployment(topology, f"{i}.png", tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    points = np.array(list(layout(same_place).values()))
    assert len(np.unique(points.round(3), axis=0)) == 5


def test_a_large_map(shared_data, monkeypatch, tmp_path):
    monkeypatch.setenv("ICARUS_DATA", str(shared_data))
    topology = topology_rocketfuel_latency(asn=1221)
    draw_stack_deployment(topology, "1221.png", tmp_path)
    assert (tmp_path / "1221.png").stat().st_size > 20_000


def test_pyplot_is_not_needed():
    code = (
        "import sys; from icarus.results import draw_stack_deployment; "
        "from icarus.scenarios import topology_ring; import tempfile; "
        "draw_stack_deployment(topology_ring(n=5), 'x.png', tempfile.mkdtemp()); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
