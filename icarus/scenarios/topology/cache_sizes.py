"""Sizes of caches that a map file gives to its nodes: contents, or bytes where they have a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from icarus.core.byte_sizes import bytes_of, has_unit
from icarus.core.values import shown
from icarus.errors import TopologyError
from icarus.scenarios.topology.icn_topology import IcnTopology

__all__ = ["take_cache_sizes"]


def take_cache_sizes(file: Path, topology: IcnTopology, attribute: str) -> None:
    """Give routers the caches whose sizes are in an attribute of nodes.

    Parameters
    ----------
    file : Path
        The map, for errors.
    topology : IcnTopology
        Nodes have stacks. Those of routers with the attribute get the property ``cache_size``, and
        the graph the attribute ``capacity_unit`` if sizes are in bytes.
    attribute : str
        Its name. A size of 0 is no cache.

    Raises
    ------
    TopologyError
        If a size is none, the node is no router, or some sizes have units and others have not.
    """
    given = {node: data[attribute] for node, data in topology.nodes(data=True) if attribute in data}
    # GML has no types: a whole number may be a text there.
    with_unit = [node for node, value in given.items() if has_unit(value)]
    if 0 < len(with_unit) < len(given):
        other = next(node for node in given if node not in with_unit)
        raise TopologyError(
            f"{file}: node {other!r}: {attribute} {shown(given[other])} has no unit, as that of "
            f"node {with_unit[0]!r} has, {shown(given[with_unit[0]])}; either all are in bytes or "
            f"all count contents"
        )
    for node, value in given.items():
        size = _size(f"{file}: node {node!r}: {attribute}", value)
        role, properties = topology.nodes[node]["stack"]
        if role != "router":
            raise TopologyError(f"{file}: node {node!r} has a {attribute}, but is a {role}")
        if size:
            properties["cache_size"] = size
    if with_unit:
        topology.graph["capacity_unit"] = "bytes"


def _size(place: str, value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    try:
        return bytes_of(number)
    except ValueError:
        raise TopologyError(
            f'{place} should be a whole number of contents, or a text such as "10 GB" or '
            f'"256 MiB", found {shown(value)}'
        ) from None
