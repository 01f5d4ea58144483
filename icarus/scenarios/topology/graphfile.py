"""Topologies from files of the user's own: GraphML, GML, edge lists and CSV tables of links."""

from __future__ import annotations

import csv
import logging
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias
from xml.etree.ElementTree import ParseError

import fnss
import networkx as nx

from icarus.errors import TopologyError, suggestion
from icarus.registry import register_topology_factory
from icarus.scenarios.topology.base import (
    EXTERNAL_LINK_DELAY,
    IcnTopology,
    existing_file,
    largest_connected_component_subgraph,
    problems_when_built,
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
    try:
        found = _READERS[format_](file)
    except ParseError as error:
        raise TopologyError(f"{file}:{error.position[0]}: not valid XML: {error}") from error
    except TopologyError:
        raise
    except (nx.NetworkXException, csv.Error, ValueError, KeyError, TypeError) as error:
        raise TopologyError(f"{file}: cannot be read as {format_}: {error}") from error
    numbered = all(_is_number(node) for node in found)
    name = int if numbered else lambda node: node
    network = fnss.Topology()
    network.add_nodes_from((name(node), data) for node, data in found.nodes(data=True))
    for u, v, data in found.edges(data=True):
        if u != v and not network.has_edge(name(u), name(v)):
            network.add_edges_from([(name(u), name(v), data)])
    if network.number_of_edges() == 0:
        raise TopologyError(f"{file}: there is no link in it")
    part = largest_connected_component_subgraph(network)
    if len(part) < len(network):
        logger.warning(
            "%s: %d of %d nodes are left out, as they are not in its largest connected part",
            file,
            len(network) - len(part),
            len(network),
        )
    return part


def _is_number(node: Any) -> bool:
    return str(node).isdecimal() and str(int(node)) == str(node)


def _read_gml(file: Path) -> nx.Graph[Any]:
    # Labels may be missing or ambiguous; ids never are.
    return nx.read_gml(file, label="id")


def _read_edgelist(file: Path) -> nx.Graph[Any]:
    graph: nx.Graph[Any] = nx.Graph()
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), start=1):
        fields = line.partition("#")[0].replace(",", " ").split()
        if not fields:
            continue
        if not 2 <= len(fields) <= 4:
            raise TopologyError(
                f"{file}:{number}: a line is 'node node [delay [weight]]', found {line[:80]!r}"
            )
        _add_link(graph, number, fields[:2], zip(("delay", "weight"), fields[2:], strict=False))
    return graph


def _read_csv(file: Path) -> nx.Graph[Any]:
    graph: nx.Graph[Any] = nx.Graph()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        headings = [heading.strip() for heading in next(rows, [])]
        for row in rows:
            if not row:
                continue
            if len(headings) < 2 or len(row) != len(headings):
                raise TopologyError(
                    f"{file}:{rows.line_num}: there must be as many values as headings, two "
                    f"at least; found {len(row)} values and {len(headings)} headings"
                )
            values = [value.strip() for value in row]
            _add_link(graph, rows.line_num, values[:2], zip(headings[2:], values[2:], strict=True))
    return graph


def _add_link(
    graph: nx.Graph[Any], line: int, ends: list[str], attributes: Iterable[tuple[str, str]]
) -> None:
    u, v = ends
    if not graph.has_edge(u, v):
        present = {name: value for name, value in attributes if value}
        graph.add_edges_from([(u, v, {**present, _LINE: line})])


_LINE = "_line"
"""Link attribute with the line of the file, for errors; dropped when numbers are taken."""

_READERS: dict[str, Callable[[Path], nx.Graph[Any]]] = {
    "graphml": nx.read_graphml,
    "gml": _read_gml,
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
        if attribute != wanted and not any(attribute in link for _, _, link in links):
            named = {str(name) for _, _, link in links for name in link} - {_LINE}
            raise TopologyError(
                f"{file}: no link has an attribute {attribute!r}; {suggestion(attribute, named)}"
            )
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


def _number(place: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise TopologyError(f"{place} must be a number, 0 or more, found {value!r}")
    return number
