"""Topologies from files of the user's own: GraphML, GML, edge lists and CSV tables of links."""

from __future__ import annotations

import csv
import logging
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import fnss
import networkx as nx

from icarus.errors import TopologyError, suggestion
from icarus.plaintext import one_line, some_of
from icarus.registry import register_topology_factory
from icarus.scenarios.topology.cache_sizes import take_cache_sizes
from icarus.scenarios.topology.icn_topology import (
    EXTERNAL_LINK_DELAY,
    IcnTopology,
    largest_connected_component_subgraph,
    problems_when_built,
)
from icarus.scenarios.topology.maps import LARGEST_GRAPH, existing_file
from icarus.scenarios.topology.readers import (
    LONGEST_NAME,
    GraphFile,
    Link,
    bounded,
    check_lines,
    read_gml,
    read_graphml,
)
from icarus.scenarios.topology.roles import Caches, Receivers, Rules, Sources, place_roles
from icarus.types import Fraction, NonNegative, PositiveInt

__all__ = ["topology_graph"]

logger = logging.getLogger(__name__)

GraphFormat: TypeAlias = Literal["graphml", "gml", "edgelist", "csv"]

_FORMAT_OF_SUFFIX = {
    ".graphml": "graphml",
    ".gml": "gml",
    ".txt": "edgelist",
    ".edges": "edgelist",
    ".edgelist": "edgelist",
    ".csv": "csv",
}

_ROLES = ("receiver", "source", "router", "cache")
"""Values of a role attribute; a cache is a router where a cache may go."""


def _check_graph(given: dict[str, Any]) -> list[str]:
    return problems_when_built(topology_graph, given)


@register_topology_factory("GRAPH", check=_check_graph)
def topology_graph(
    path: str | Path,
    format: GraphFormat | None = None,  # noqa: A002 - settings know it by this name
    receivers: Receivers | None = None,
    sources: Sources | None = None,
    caches: Caches | None = None,
    source_ratio: Fraction = 0.1,
    n_sources: PositiveInt | None = None,
    ext_delay: NonNegative = EXTERNAL_LINK_DELAY,
    role_attribute: str = "role",
    delay_attribute: str = "delay",
    weight_attribute: str = "weight",
    cache_size_attribute: str = "cache_size",
    **kwargs: Any,
) -> IcnTopology:
    """Network from a GraphML, GML, edge-list or CSV file of the user's own.

    Parameters
    ----------
    path : str or Path
        The file.
    format : {"graphml", "gml", "edgelist", "csv"}, optional
        By default told from the suffix: .graphml, .gml, .csv, or .txt, .edges and .edgelist
        for edge lists. A line of an edge list is ``node node [delay [weight]]``, separated by
        blanks or commas; ``#`` begins a comment. A CSV file has a line of headings, nodes in
        the first two columns and link attributes in the others.
    receivers, sources, caches : str, int or list of nodes, optional
        Rules, or lists of nodes, as for `topology_topohub`. By default roles are what the
        nodes' attribute `role_attribute` says; where no node has it, receivers and sources
        are ``"attached"`` and caches ``"all"``.
    source_ratio, n_sources, ext_delay : optional
        How many sources are attached and the delay of their links in ms, as for
        `topology_topohub`.
    role_attribute : str, optional
        Name of a node attribute with the values receiver, source, router and cache, a cache
        being a router that is a candidate. Where there is no cache, all routers are
        candidates. Nodes without the attribute are routers.
    delay_attribute, weight_attribute : str, optional
        Names of the link attributes with delays, in ms, and routing weights. Links without
        them get 2 ms and 1.0, or those that touch a source `ext_delay` and 1000.0.
    cache_size_attribute : str, optional
        Name of a node attribute with sizes of caches, in contents or, with a unit such as
        "10 GiB", in bytes. A placement of caches replaces those of candidates.
    **kwargs
        Ignored.

    Returns
    -------
    IcnTopology
        The largest connected part of the network. Nodes are integers where all names in the
        file are; those of GML are the ids. Directions, self-loops and all but the first of
        parallel links are dropped.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TopologyError
        If the file cannot be read, or rules and file do not fit.
    ValueError
        If the format cannot be told or a parameter is outside its range.

    Examples
    --------
    An edge list ``net.txt`` with a receiver, two routers and a source, and delays in ms::

        TOPOLOGY = {"name": "GRAPH", "path": "net.txt", "receivers": [0], "sources": [3]}
    """
    file = existing_file(path)
    network = _read(file, _format(file, format))
    roles = _roles(file, network, role_attribute)
    rules = Rules(
        where=str(file),
        receivers=roles.get("receiver", "attached") if receivers is None else receivers,
        sources=roles.get("source", "attached") if sources is None else sources,
        caches=(roles.get("cache") or "all") if caches is None else caches,
        source_ratio=source_ratio,
        n_sources=n_sources,
        ext_delay=ext_delay,
    )
    _take_numbers(file, network, {"delay": delay_attribute, "weight": weight_attribute})
    topology = IcnTopology(network)
    place_roles(topology, rules)
    take_cache_sizes(file, topology, cache_size_attribute)
    return topology


def _format(file: Path, given: str | None) -> str:
    if given is None:
        if file.suffix.lower() not in _FORMAT_OF_SUFFIX:
            raise TopologyError(
                f"{file}: its suffix tells no format; name it by format=, one of "
                f"{', '.join(_READERS)}"
            )
        return _FORMAT_OF_SUFFIX[file.suffix.lower()]
    if given not in _READERS:
        raise ValueError(f"unknown format {given!r}; {suggestion(given, _READERS)}")
    return given


def _read(file: Path, format_: str) -> fnss.Topology:
    """Read a file as a simple undirected graph and return its largest connected part."""
    with bounded(file, f"cannot be read as {format_}"):
        found = _READERS[format_](file)
    graph = found.graph
    name = int if all(_is_number(node) for node in graph) else lambda node: node
    network = fnss.Topology()
    network.add_nodes_from((name(node), data) for node, data in graph.nodes(data=True))
    first, notes = _first_links(found)
    for u, v, data in graph.edges(data=True):
        if u == v or network.has_edge(name(u), name(v)):
            continue
        link = first.get(frozenset((u, v)))
        if link is not None:
            # The opposite direction may stand first in the file.
            data = _attributes(graph, link[0], link[1], data) | {_LINE: link[2]}
        network.add_edges_from([(name(u), name(v), data)])
    if network.number_of_edges() == 0:
        raise TopologyError(f"{file}: there is no link in it")
    part = largest_connected_component_subgraph(network)
    if len(part) < len(network):
        notes.append(
            f"{len(network) - len(part)} of {len(network)} nodes are left out, as they are not "
            f"in its largest connected part: {_few(node for node in network if node not in part)}"
        )
    for note in notes:
        logger.warning("%s: %s", file, note)
    return part


def _first_links(found: GraphFile) -> tuple[dict[frozenset[Any], Link], list[str]]:
    """Return the first link of each pair of nodes, and notes of what is left out."""
    graph, notes = found.graph, list(found.notes)
    first: dict[frozenset[Any], Link] = {}
    loops: list[str] = []
    parallel: list[str] = []
    for link in found.links:
        u, v, line = link
        if u == v:
            loops.append(f"line {line} ({u!r})")
            continue
        before = first.setdefault(frozenset((u, v)), link)
        if before is link:
            continue
        opposite = graph.is_directed() and (u, v) == (before[1], before[0])
        if not opposite or _attributes(graph, u, v) != _attributes(graph, v, u):
            parallel.append(f"line {line} ({u!r} and {v!r}, as line {before[2]})")
    if parallel:
        notes.append(f"all but the first link between two nodes are left out: {_few(parallel)}")
    if loops:
        notes.append(f"links of nodes to themselves are left out: {_few(loops)}")
    return first, notes


def _attributes(
    graph: nx.Graph[Any], u: Any, v: Any, default: dict[str, Any] | None = None
) -> dict[str, Any]:
    data = graph.get_edge_data(u, v)
    if data is None:
        return default or {}
    found = next(iter(data.values())) if graph.is_multigraph() else data
    # Ids tell links apart, and are no property that two of them could share.
    return {key: value for key, value in found.items() if key != "id"}


def _few(items: Iterable[Any]) -> str:
    return some_of((one_line(item, _LONGEST_ITEM) for item in items), _MOST_ITEMS)


def _is_number(node: Any) -> bool:
    return str(node).isdecimal() and str(int(node)) == str(node)


def _read_edgelist(file: Path) -> GraphFile:
    check_lines(file)
    found = GraphFile(nx.Graph())
    for number, line in enumerate(_lines(file), start=1):
        fields = _fields(f"{file}:{number}", line)
        if not fields:
            continue
        if not 2 <= len(fields) <= 4 or not all(fields[:2]):
            raise TopologyError(
                f"{file}:{number}: a line is 'node node [delay [weight]]', found {line[:80]!r}"
            )
        attributes = zip(("delay", "weight"), fields[2:], strict=False)
        _add_link(file, found, number, fields[:2], attributes)
    return found


def _lines(file: Path) -> list[str]:
    # Only what ends lines elsewhere: splitlines() splits names at a form feed, too.
    return file.read_text(encoding="utf-8-sig").split("\n")


_SEPARATOR = re.compile(r"\s*,\s*|\s+")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


def _fields(place: str, line: str) -> list[str]:
    """Return the fields of a line, which are separated in one way throughout."""
    text = _COMMENT.sub("", line).strip()
    if "#" in text:
        raise TopologyError(
            f"{place}: '#' begins a comment, and then stands after a blank; it cannot be part of "
            f"a name, found {line.strip()[:80]!r}"
        )
    separators = _SEPARATOR.findall(text)
    with_commas = sum("," in one for one in separators)
    blank = sum("," in one and one != "," for one in separators[:-1])
    if 0 < with_commas < len(separators) or (
        # Such as 'a, b, 2,5': a comma of another kind than those before it.
        len(separators) > 1 and separators[-1] == "," and blank == len(separators) - 1
    ):
        raise TopologyError(
            f"{place}: fields are separated by blanks or by commas, in one way throughout a line, "
            f"and the decimal sign is a point; found {text[:80]!r}"
        )
    return _SEPARATOR.split(text) if text else []


def _read_csv(file: Path) -> GraphFile:
    check_lines(file)
    found = GraphFile(nx.Graph())
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, strict=True)
        headings = [heading.strip() for heading in next(rows, [])]
        _check_headings(f"{file}:{rows.line_num}", headings)
        for row in rows:
            if not row:
                continue
            if len(row) != len(headings) or not all(end.strip() for end in row[:2]):
                raise TopologyError(
                    f"{file}:{rows.line_num}: there must be two nodes, and as many values as "
                    f"headings; found {len(row)} values and {len(headings)} headings in "
                    f"{','.join(row)[:80]!r}"
                )
            values = [value.strip() for value in row]
            attributes = zip(headings[2:], values[2:], strict=True)
            _add_link(file, found, rows.line_num, values[:2], attributes)
    for heading in headings[:2]:
        if heading in found.graph:
            raise TopologyError(
                f"{file}:1: the first line must name the columns, found the node {heading!r}"
            )
    return found


def _check_headings(place: str, headings: list[str]) -> None:
    if not headings:
        return
    if len(headings) < 2:
        raise TopologyError(
            f"{place}: there must be two headings at least, separated by commas, found "
            f"{headings[0][:80]!r}"
        )
    for heading in headings:
        if _as_number(heading) is not None:
            raise TopologyError(
                f"{place}: the first line must name the columns, found the number {heading!r}"
            )
    twice = [one for one in headings[2:] if headings[2:].count(one) > 1]
    if twice:
        raise TopologyError(f"{place}: two columns are called {twice[0][:80]!r}")


def _add_link(
    file: Path,
    found: GraphFile,
    line: int,
    ends: list[str],
    attributes: Iterable[tuple[str, str]],
) -> None:
    u, v = ends
    for name in ends:
        if len(name) > LONGEST_NAME:
            raise TopologyError(
                f"{file}:{line}: the name of a node has {len(name)} characters, "
                f"{LONGEST_NAME} at most"
            )
    found.links.append((u, v, line))
    if not found.graph.has_edge(u, v):
        present = {name: value for name, value in attributes if value}
        found.graph.add_edges_from([(u, v, present)])
    if len(found.links) + len(found.graph) > LARGEST_GRAPH:
        raise TopologyError(f"{file}:{line}: more than {LARGEST_GRAPH} nodes and links")


_LINE = "_line"
"""Link attribute with the line of the file, for errors; dropped when numbers are taken."""
_MOST_ITEMS = 3
"""Nodes or links that a note names."""
_LONGEST_ITEM = 200

_READERS: dict[str, Callable[[Path], GraphFile]] = {
    "graphml": read_graphml,
    "gml": read_gml,
    "edgelist": _read_edgelist,
    "csv": _read_csv,
}


def _roles(file: Path, network: fnss.Topology, attribute: str) -> dict[str, list[Any]]:
    """Return the nodes of each role, or nothing where no node has the attribute."""
    given = {node: data[attribute] for node, data in network.nodes(data=True) if attribute in data}
    if not given:
        if attribute != "role":
            raise TopologyError(f"{file}: no node has an attribute {attribute!r}")
        return {}
    for node, role in given.items():
        if role not in _ROLES:
            raise TopologyError(
                f"{file}: node {node!r}: unknown {attribute} {role!r}; {suggestion(role, _ROLES)}"
            )
    return {role: [node for node in given if given[node] == role] for role in _ROLES}


def _take_numbers(file: Path, network: fnss.Topology, attributes: dict[str, str]) -> None:
    """Set delay and weight of links from the attributes that hold them in the file."""
    links = list(network.edges(data=True))
    for wanted, attribute in attributes.items():
        lacking = [link.get(_LINE) for _, _, link in links if attribute not in link]
        if attribute != wanted and len(lacking) == len(links):
            named = {str(name) for _, _, link in links for name in link} - {_LINE}
            raise TopologyError(
                f"{file}: no link has an attribute {attribute!r}; {suggestion(attribute, named)}"
            )
        if 0 < len(lacking) < len(links):
            logger.warning(
                "%s:%s: %d of %d links have no %s and get the default",
                *(file, lacking[0], len(lacking), len(links), attribute),
            )
    _note_unused(file, links, attributes)
    for u, v, link in links:
        line = link.pop(_LINE, None)
        place = f"{file}: link {u!r} - {v!r}" if line is None else f"{file}:{line}"
        found = {
            wanted: _number(f"{place}: {attribute}", link[attribute])
            for wanted, attribute in attributes.items()
            if attribute in link
        }
        for wanted in attributes:
            link.pop(wanted, None)
        link.update(found)


def _note_unused(file: Path, links: list[Any], attributes: dict[str, str]) -> None:
    """Say which numbers of links might have been meant for delays or weights."""
    used = {attribute for _, _, link in links for attribute in attributes.values() & link.keys()}
    if used:
        return
    numbers = {
        str(name)
        for _, _, link in links
        for name, value in link.items()
        if name != _LINE and _as_number(value) is not None
    }
    if numbers:
        logger.warning(
            "%s: no link has a delay or a weight, and all get the default; delay_attribute and "
            "weight_attribute may name one of: %s",
            file,
            _few(sorted(numbers)),
        )


def _as_number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(place: str, value: Any) -> float:
    number = _as_number(value)
    if number is None or not 0 <= number < math.inf:
        raise TopologyError(
            f"{place} must be a number, 0 or more, found {one_line(repr(value), _LONGEST_ITEM)}"
        )
    return number
