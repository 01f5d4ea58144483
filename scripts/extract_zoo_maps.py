"""Extract the facts of networks from files of the Internet Topology Zoo.

``python -m scripts.extract_zoo_maps FOLDER`` reads Geant2012.graphml, WideJpn.graphml and
Garr201201.graphml in FOLDER and writes what GEANT, WIDE and GARR take from them: which nodes there
are, in which order, where they stand and whether they belong to the network, and which of them are
linked, by how much capacity. A test compares the two wherever the files are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from icarus.scenarios.topology.maps import ZOO_MAPS
from icarus.scenarios.topology.zoofile import PACKAGED_MAPS, read_zoo_file

__all__ = ["facts_of", "main", "text_of"]

CREDIT = (
    "Facts from the Internet Topology Zoo, http://www.topology-zoo.org: S. Knight, H. X. Nguyen, "
    "N. Falkner, R. Bowden and M. Roughan, The Internet Topology Zoo, IEEE Journal on Selected "
    "Areas in Communications 29(9), 2011, doi 10.1109/JSAC.2011.111002. Extracted by "
    "scripts/extract_zoo_maps.py."
)


def facts_of(file: Path) -> dict[str, Any]:
    """Return the facts of a file of the Topology Zoo, as a packaged map has them."""
    network, internal = read_zoo_file(file)
    nodes = [
        [node, data.get("label"), data.get("longitude"), data.get("latitude"), internal[node]]
        for node, data in network.nodes(data=True)
    ]
    links = [
        [u, v, data.get("capacity"), data.get("bundle")] for u, v, data in network.edges(data=True)
    ]
    return {
        "credit": CREDIT,
        "map": file.stem,
        "columns": {
            "nodes": ["node", "label", "longitude", "latitude", "internal"],
            "links": ["node", "node", "capacity in bit/s", "several in parallel"],
        },
        "link_bundling": network.graph["link_bundling"],
        "nodes": nodes,
        "links": links,
    }


def text_of(facts: dict[str, Any]) -> str:
    """Return the text of a packaged map: JSON with a line for each node and link."""
    parts = []
    for key, value in facts.items():
        text = json.dumps(value, ensure_ascii=False)
        if key in ("nodes", "links"):
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in value)
            text = f"[\n{rows}\n]"
        parts.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write the packaged maps from the files in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with the GraphML files of the Topology Zoo")
    folder = parser.parse_args().folder
    for stem in sorted(set(ZOO_MAPS.values())):
        written = PACKAGED_MAPS / f"{stem}.json"
        written.write_text(text_of(facts_of(folder / f"{stem}.graphml")), encoding="utf-8")
        print(written)


if __name__ == "__main__":
    main()
