"""What a graph file holds is used exactly, or told in one line; hostile files do no harm."""

from __future__ import annotations

import gzip
import logging
import os
import socket

import pytest
from bounded import run_bounded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icarus.errors import TopologyError
from icarus.registry import TOPOLOGY_FACTORY
from icarus.scenarios.topology import IcnTopology, topology_graph, topology_tiscali
from icarus.scenarios.topology.maps import LARGEST_FILE

GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{}</graphml>'


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def link(topology, u, v):
    return topology.edges[u, v]["delay"], topology.edges[u, v]["weight"]


class TestEdgeLists:
    @pytest.mark.parametrize(
        ("line", "delay", "weight"),
        [
            ("a b 2.5", 2.5, 1.0),
            ("a,b,2,5", 2, 5),
            ("a, b, 2, 5", 2, 5),
            ("a ,b,\t2", 2, 1.0),
            ("a,b,,5", 2, 5),
            ("a,b,3,", 3, 1.0),
            ("a b 3 # between #1 and #2", 3, 1.0),
            ("a  b\t3\r", 3, 1.0),
        ],
    )
    def test_lines_that_say_what_they_mean(self, line, delay, weight, write):
        topology = topology_graph(write("net.txt", f"{line}\nb c\n"))
        assert link(topology, "a", "b") == (delay, weight)

    @pytest.mark.parametrize(
        "line", ["a b 2,5", "a, b 2", "a b,2", "a, b, 2,5", "a b 1 2,5", "a,b 2,5"]
    )
    def test_separators_of_two_kinds_are_no_guess(self, line, write):
        with pytest.raises(TopologyError, match=r"net.txt:2: .* the decimal sign is a point"):
            topology_graph(write("net.txt", f"b c\n{line}\n"))

    @pytest.mark.parametrize("line", ["a b#1", "a#1 b", "a b 2# note"])
    def test_a_comment_begins_after_a_blank(self, line, write):
        with pytest.raises(TopologyError, match=r"net.txt:1: '#' begins a comment"):
            topology_graph(write("net.txt", f"{line}\nb c\n"))

    @pytest.mark.parametrize("line", [",b", "a,", ",", "a,,3"])
    def test_nodes_have_names(self, line, write):
        with pytest.raises(TopologyError, match=r"net.txt:1: a line is 'node node"):
            topology_graph(write("net.txt", f"{line}\nb c\n"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1,2,5\n2,3,6\n", "net.csv:1: the first line must name the columns, found the number '1'"),
        ("a,b\nb,c\na,c\n", "net.csv:1: the first line must name the columns, found the node 'a'"),
        ("u,v,delay,delay\na,b,1,2\n", "net.csv:1: two columns are called 'delay'"),
        ("u;v;delay\na;b;2,5\n", "net.csv:1: there must be two headings at least, separated by"),
        ("u,v\na,\n", "net.csv:2: there must be two nodes"),
        ("u,v\na,b,2,5\n", "net.csv:2: .*found 4 values and 2 headings"),
        ('u,v\na,"b\nb,c\n', "net.csv: cannot be read as csv: unexpected end of data"),
    ],
)
def test_tables_that_would_be_misread(text, problem, write):
    with pytest.raises(TopologyError, match=problem):
        topology_graph(write("net.csv", text))


class TestNotes:
    def notes(self, caplog, path, **given):
        with caplog.at_level(logging.WARNING):
            topology = topology_graph(path, **given)
        for record in caplog.records:
            assert "\n" not in record.getMessage()
        return topology, [record.getMessage().removeprefix(str(path)) for record in caplog.records]

    def test_parallel_links_of_gml_are_dropped_as_documented(self, caplog, write):
        path = write(
            "net.gml",
            "graph [\n node [ id 1 ]\n node [ id 2 ]\n edge [ source 1 target 2 delay 3 ]\n"
            " edge [ source 2 target 1 delay 4 ]\n edge [ source 2 target 2 ]\n]\n",
        )
        topology, notes = self.notes(caplog, path)
        assert link(topology, 1, 2) == (3, 1.0)
        assert notes == [
            ": all but the first link between two nodes are left out: line 5 (2 and 1, as line 4)",
            ": links of nodes to themselves are left out: line 6 (2)",
        ]

    def test_parallel_links_and_loops_of_an_edge_list(self, caplog, write):
        _, notes = self.notes(caplog, write("net.txt", "1 2 3\n2 1 4\n2 3 1\n3 3 1\n8 9 1\n"))
        assert notes[0].endswith("are left out: line 2 ('2' and '1', as line 1)")
        assert notes[1].endswith("to themselves are left out: line 4 ('3')")
        assert notes[2].endswith("its largest connected part: 8, 9")
        assert len(notes) == 3

    def test_many_of_a_kind_are_one_line(self, caplog, write):
        _, notes = self.notes(caplog, write("net.txt", "1 2\n" * 1000))
        assert len(notes) == 1
        assert notes[0].endswith("as line 1) and 996 more")

    def test_defaults_of_graphml_are_used(self, caplog, write):
        keys = (
            '<key id="d" for="edge" attr.name="delay" attr.type="double"><default>7</default>'
            '</key><key id="r" for="node" attr.name="role" attr.type="string">'
            "<default>router</default></key>"
        )
        nodes = "".join(
            f'<node id="{name}"><data key="r">{role}</data></node>'
            for name, role in (("a", "receiver"), ("c", "source"))
        )
        edges = (
            '<edge source="a" target="b"/><edge source="b" target="c"><data key="d">1</data></edge>'
        )
        graph = f'<graph edgedefault="undirected">{nodes}<node id="b"/>{edges}</graph>'
        topology, notes = self.notes(caplog, write("net.graphml", GRAPHML.format(keys + graph)))
        assert link(topology, "a", "b") == (7, 1.0)
        assert link(topology, "b", "c") == (1, 1000.0)
        assert topology.graph["icr_candidates"] == {"b"}
        assert not notes

    def test_the_two_directions_of_a_link_differ(self, caplog, write):
        text = """<key id="d" for="edge" attr.name="delay" attr.type="double"/>
        <graph edgedefault="directed"><node id="a"/><node id="b"/>
        <edge source="b" target="a"><data key="d">5</data></edge>
        <edge source="a" target="b"><data key="d">6</data></edge></graph>"""
        topology, notes = self.notes(caplog, write("net.graphml", GRAPHML.format(text)))
        assert link(topology, "a", "b") == (5, 1.0)
        assert notes == [
            ": all but the first link between two nodes are left out: line 4 ('a' and 'b', as "
            "line 3)"
        ]
        caplog.clear()
        equal = text.replace(">6<", ">5<")
        assert self.notes(caplog, write("equal.graphml", GRAPHML.format(equal)))[1] == []

    def test_further_and_inner_graphs(self, caplog, write):
        first = """<graph edgedefault="undirected"><node id="a"/>
        <node id="b"><graph edgedefault="undirected">
        <node id="inner"/></graph></node><edge source="a" target="b"/></graph>"""
        second = '<graph edgedefault="undirected"><node id="x"/><node id="y"/></graph>'
        topology, notes = self.notes(caplog, write("n.graphml", GRAPHML.format(first + second)))
        assert topology.graph["icr_candidates"] == {"a", "b"}
        assert notes == [": line 3: 3 nodes of a further or inner graph left out"]

    def test_links_without_a_delay_among_others(self, caplog, write):
        _, notes = self.notes(caplog, write("net.csv", "u,v,delay\na,b,3\nb,c,\nc,d,\n"))
        assert notes == [":3: 2 of 3 links have no delay and get the default"]

    def test_numbers_that_nobody_uses(self, caplog, write):
        path = write("net.csv", "u,v,latency,owner\na,b,3,x\nb,c,4,y\n")
        _, notes = self.notes(caplog, path)
        assert len(notes) == 1
        assert notes[0].endswith("delay_attribute and weight_attribute may name one of: latency")
        caplog.clear()
        assert self.notes(caplog, path, delay_attribute="latency")[1] == []

    def test_rocketfuel_delays_of_two_directions(self, caplog, tmp_path):
        path = tmp_path / "latencies.intra"
        path.write_text("x,1 y,2 3\ny,2 x,1 4\ny,2 y,2 1\n")
        with caplog.at_level(logging.WARNING):
            topology = TOPOLOGY_FACTORY["ROCKET_FUEL"](asn=1, path=path, source_ratio=1)
        assert not topology.has_edge(1, 1)
        assert "links of routers to themselves are left out: 1" in caplog.text
        assert "1 links have another delay in each direction" in caplog.text


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("n.graphml", "<node/>", ":1: a node needs the attribute 'id'"),
        ("n.graphml", '<node id="a"/>\n<node id="a"/>', ":2: a second node 'a'"),
        ("n.graphml", '<node id="a"/>\n<edge source="a"/>', ":2: a link needs the attribute 'tar"),
        ("n.graphml", '<node id="a"/>\n<edge source="a" target="b"/>', ":2: .*'b', which is not"),
        ("n.graphml", '<node id="a"/><hyperedge/>', ":1: a hyperedge"),
        ("n.gml", "graph [ node [ id 1 ] node [ id 1 ] ]", "node id 1 is duplicated"),
        ("n.gml", "graph [ node [ id 1 ] edge [ source 1 target 2 ] ]", "undefined target 2"),
        ("n.gml", "graph [ node 5 ]", "cannot be read as gml"),
    ],
)
def test_graphs_that_are_none(name, text, problem, write):
    if name.endswith("graphml"):
        text = GRAPHML.format(f'<graph edgedefault="undirected">{text}</graph>')
    with pytest.raises(TopologyError, match=problem) as caught:
        topology_graph(write(name, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["true", "1e999", "9" * 5000, "0x10", "2,5"])
def test_delays_that_are_no_numbers(value, write):
    with pytest.raises(TopologyError, match=r"net.csv:2: delay must be a number") as caught:
        topology_graph(write("net.csv", f'u,v,delay\na,b,"{value}"\n'))
    assert len(str(caught.value)) < 500


class TestNoFiles:
    def refused(self, path, problem, **given):
        for name, more in (("GRAPH", {"format": "edgelist"}), ("TISCALI", {}), ("GARR", {})):
            with pytest.raises(TopologyError, match=problem):
                TOPOLOGY_FACTORY[name](path=path, **more)
            found = TOPOLOGY_FACTORY.checks[name]({"path": str(path), **more})
            assert len(found) == 1

    def test_a_folder(self, tmp_path):
        self.refused(tmp_path, "a map must be a regular file, found a folder")

    def test_a_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        self.refused(tmp_path / "pipe", "a map must be a regular file, found a device or pipe")

    def test_a_socket(self, tmp_path):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "socket"))
            self.refused(tmp_path / "socket", "found a device or pipe")

    def test_an_endless_device(self):
        self.refused("/dev/zero", "a map must be a regular file, found a device or pipe")

    def test_a_file_that_is_too_large(self, tmp_path):
        with (tmp_path / "large").open("wb") as file:
            file.truncate(LARGEST_FILE + 1)
        self.refused(tmp_path / "large", "must not be larger than 64 MiB")

    def test_a_packed_file(self, tmp_path):
        (tmp_path / "net.graphml").write_bytes(gzip.compress(bytes(10**8), 1))
        self.refused(tmp_path / "net.graphml", "it is packed by gzip; maps are read unpacked")

    @pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
    def test_a_name_that_cannot_be(self, name):
        self.refused(name, "no map file|cannot be read: File name too long")

    def test_a_link_to_itself(self, tmp_path):
        (tmp_path / "loop").symlink_to("loop")
        self.refused(tmp_path / "loop", "cannot be read: Too many levels")


ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 20))
HOSTILE = {
    "laughs.graphml": f'<!DOCTYPE g [<!ENTITY e0 "ha">{ENTITIES}]><graphml>&e19;</graphml>',
    "outside.graphml": '<!DOCTYPE g [<!ENTITY e SYSTEM "file:///dev/zero">]><graphml>&e;</graphml>',
    "deep.graphml": "<a>" * 500_000,
    "name.graphml": GRAPHML.format(f'<graph><node id="{"x" * 10_000_000}"/></graph>'),
    "comment.graphml": GRAPHML.format(f"<!--{'x' * 20_000_000}-->"),
    "deep.gml": "graph [ a [ " * 500_000,
    "name.gml": f'graph [ node [ id "{"x" * 10_000_000}" ] ]',
    "digits.gml": f"graph [ node [ id {'9' * 10_000_000} ] ]",
    "name.txt": f"{'x' * 10_000_000} b\n",
    "digits.txt": f"1 2 {'9' * 10_000_000}\n",
    "line.txt": "1 " * 10_000_000,
    "wide.csv": "a," * 10_000_000,
    "quote.csv": 'a,b\n"' + "x\n" * 5_000_000,
    "map.cch": "1 @A " * 5_000_000,
    "links.cch": "".join(f"{i} @A (1) -> <1> =a r0\n" for i in range(1_100_000)),
    "latencies.intra": f"a b {'9' * 10_000_000}\n",
}
RUN = """
import sys
from icarus.registry import TOPOLOGY_FACTORY, load_components
load_components()
for path in sys.argv[1:]:
    name = {"cch": "TISCALI", "intra": "ROCKET_FUEL"}.get(path.rpartition(".")[2], "GRAPH")
    more = {"asn": 1} if name == "ROCKET_FUEL" else {}
    (found,) = TOPOLOGY_FACTORY.checks[name]({"path": path, **more})
    print(found)
"""


def test_hostile_files_take_bounded_memory_and_time(write):
    paths = [write(name, text) for name, text in HOSTILE.items()]
    ran = run_bounded("-c", RUN, *paths, memory=2 * 2**30, seconds=250)
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout.splitlines()
    for path, line in zip(paths, said, strict=True):
        assert line.startswith(f"{path}:")
        assert len(line) < 600


def test_the_command_line_says_it_in_one_line(write, tmp_path):
    path = write("laughs.graphml", HOSTILE["laughs.graphml"])
    settings = tmp_path / "study.py"
    settings.write_text(
        "EXPERIMENT_QUEUE = [{'topology': {'name': 'GRAPH', 'path': "
        f"{str(path)!r}"
        "}, 'workload': {'name': 'STATIONARY', 'n_contents': 10, 'alpha': 1},"
        "'content_placement': {'name': 'UNIFORM'}, 'cache_policy': {'name': 'LRU'},"
        "'strategy': {'name': 'LCE'},"
        "'cache_placement': {'name': 'UNIFORM', 'network_cache': 0.1}}]\n"
    )
    ran = run_bounded("-m", "icarus", "validate", settings, memory=2 * 2**30, seconds=120)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert f"{path}:1: it declares an XML entity, 'e0'; maps need none" in ran.stderr


PIECES = {
    "graphml": [
        *('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">', "</graphml>", "</graph>"),
        *('<graph edgedefault="undirected">', '<graph edgedefault="directed">', "<graph>"),
        *('<node id="1"/>', '<node id="2">', "</node>", '<node id="٣"/>', '<node id=""/>'),
        *('<edge source="1" target="2"/>', '<edge id="e" source="2" target="2">', "</edge>"),
        *('<data key="d">', "</data>", "-1", "nan", "2,5", '<data key="r">source</data>'),
        '<key id="d" for="edge" attr.name="delay" attr.type="int"><default>4</default></key>',
        '<key id="r" for="node" attr.name="role" attr.type="string"/>',
        *("<!--", "-->", "<![CDATA[", "]]>", "<?x?>", "&amp;", "&#0;", "<port/>", "\0", "é"),
    ],
    "gml": [
        *("graph [", "]", "node [ id 1 ]", "node [ id 2 label \"b\" ]", 'node [ id "a" ]'),
        *("edge [ source 1 target 2 ]", "edge [", "source 2 target 1", "delay 3", "delay NAN"),
        *("multigraph 1", "multigraph 0", "directed 1", "id", '"', "#", "-", "1", ".", "+INF"),
        *("key 1", "node 5", "edge 5", "graph 5", "é", "&#0;", "u_of_edge 1", 'role "source"'),
    ],
    "txt": ["1", "2", "3", "a", "-1", "2.5", "nan", "1e999", ",", ",,", "#", "\0", "é", "\f"],
    "csv": ["u", "v", "delay", "1", "2", "a", "-1", "nan", ",", ",", "\n", '"', "'", "\0"],
    "cch": ["1", "2", "@A", "(1)", "->", "<2>", "<1>", "{-3}", "-3", "=a", "r0", "bb", "#", "٣"],
    "intra": ["a,1", "b,2", "c", "London1", "1", "0", "-1", "٣", "²", "#", "9" * 400, "\n", " "],
}  # fmt: skip


@pytest.mark.fuzz
@pytest.mark.parametrize("suffix", PIECES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_is_a_sound_topology_or_one_line_of_error(suffix, data, tmp_path):
    piece = st.sampled_from([*PIECES[suffix], "\n", "", "\udc80", '"', "'"])
    between = data.draw(st.sampled_from(["", " ", "\n"]))
    text = between.join(data.draw(st.lists(piece, max_size=25)))
    if suffix == "graphml" and data.draw(st.booleans()):
        text = GRAPHML.format(f'<graph edgedefault="undirected">{text}</graph>')
    if suffix == "gml" and data.draw(st.booleans()):
        text = f"graph [ {text} ]"
    path = tmp_path / f"net.{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        if suffix == "cch":
            topology = topology_tiscali(path=path)
        elif suffix == "intra":
            topology = TOPOLOGY_FACTORY["ROCKET_FUEL"](asn=1, path=path, source_ratio=1)
        else:
            topology = topology_graph(path)
    except TopologyError as error:
        said = str(error)
    else:
        assert_sound(topology)
        return
    assert said.startswith(str(path))
    assert "\n" not in said


def assert_sound(topology):
    assert type(topology) is IcnTopology
    assert topology.receivers()
    assert topology.sources()
    assert topology.graph["icr_candidates"] <= set(topology)
    for u, v, data in topology.edges(data=True):
        assert u != v
        assert 0 <= data["delay"] < float("inf")
        assert 0 <= data["weight"] < float("inf")
        assert data["type"] in ("internal", "external")
        assert "_line" not in data
