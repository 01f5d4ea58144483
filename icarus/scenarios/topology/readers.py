"""Readers of graph files, which may be of any origin.

networkx reads GraphML and GML. What is here looks a file over before that, so that a hostile one
takes bounded memory and time, and finds the lines of links, of which networkx says nothing.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

import networkx as nx

from icarus.errors import TopologyError
from icarus.plaintext import one_line
from icarus.scenarios.topology.maps import LARGEST_GRAPH

__all__ = [
    "LONGEST_NAME",
    "GraphFile",
    "Link",
    "bounded",
    "check_graphml",
    "check_lines",
    "read_gml",
    "read_graphml",
]

LONGEST_NAME = 1000
"""Characters of the name of a node."""
DEEPEST = 100
"""Elements of XML, or lists of GML, within each other."""
_MOST_PARTS = 4_000_000
"""Elements of XML, or tokens of GML, in a file. Each takes some 300 bytes when it is read."""
_LONGEST_LINE = 100_000
"""Bytes of a line of a file that has one for each link or node."""
_LONGEST_TOKEN = 2**20
"""Characters of a comment or of the attributes of an element of XML."""

Link = tuple[Any, Any, int]
"""The names of two nodes, and the line of the file that links them."""


@dataclass
class GraphFile:
    """What a file holds."""

    graph: nx.Graph[Any]
    """Of any kind: directed or not, with parallel links or without."""
    links: list[Link] = field(default_factory=list)
    """In the order of the file."""
    notes: list[str] = field(default_factory=list)
    """What is not used, each with its line: one line of text each."""


@contextmanager
def bounded(file: Path, problem: str) -> Iterator[None]:
    """Make every error of reading a file one line about it.

    Parameters
    ----------
    file : Path
    problem : str
        What is to be said where what is wrong has no line.
    """
    try:
        yield
    except TopologyError:
        raise
    except (ParseError, expat.ExpatError) as error:
        line = getattr(error, "lineno", None) or error.position[0]  # type: ignore[union-attr]
        raise TopologyError(f"{file}:{line}: not valid XML: {one_line(str(error))}") from error
    except Exception as error:
        # The parsers of networkx and fnss raise whatever comes out of what they find.
        text = one_line(error, 300) or type(error).__name__
        raise TopologyError(f"{file}: {problem}: {text}") from error


def check_lines(file: Path, links: bytes = b"") -> None:
    """Look a file of lines over: none may be too long, nor there be too many.

    Parameters
    ----------
    file : Path
    links : bytes, optional
        The characters that stand before a link, where a line has several.
    """
    n_links = 0
    with file.open("rb") as lines:
        number = 0
        while line := lines.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise TopologyError(f"{file}:{number}: a line of more than {_LONGEST_LINE} bytes")
            for character in links:
                n_links += line.count(character)
            if number + n_links > LARGEST_GRAPH:
                raise TopologyError(f"{file}:{number}: more than {LARGEST_GRAPH} lines and links")


def read_graphml(file: Path) -> GraphFile:
    """Read a GraphML file; defaults of attributes are filled in."""
    found = check_graphml(file)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Bytes, whose encoding the file itself declares.
        graph = nx.parse_graphml(file.read_bytes())  # type: ignore[call-overload]
    found.notes += [one_line(str(warning.message)) for warning in caught]
    for default, items in (("node", graph.nodes(data=True)), ("edge", graph.edges(data=True))):
        for item in items:
            for name, value in graph.graph.get(f"{default}_default", {}).items():
                item[-1].setdefault(name, value)
    return GraphFile(graph, found.links, found.notes)


@dataclass
class _Found:
    links: list[Link] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_graphml(file: Path) -> _Found:
    """Look a GraphML file over without building anything of it.

    Raises
    ------
    TopologyError
        If it declares entities, is nested too deeply, holds too much, or has a node without a
        name, twice, or linked and not declared.
    xml.parsers.expat.ExpatError
        If it is not valid XML.
    """
    scan = _GraphmlScan(file)
    # In one piece: of pieces, expat reads a long token again and again.
    scan.parser.Parse(file.read_bytes(), True)
    return scan.finish()


class _GraphmlScan:
    """Takes note of nodes and links as expat meets them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found = _Found()
        self._nodes: set[str] = set()
        self._ids: set[tuple[Any, str]] = set()
        self._directed = False
        # The element that each open one stands for: graphs whose parts count, or not.
        self._open: list[tuple[str, bool]] = []
        self._n_parts = self._n_graphs = 0
        self._left_out: dict[str, list[int]] = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse_entity
        self.parser.CommentHandler = self._check_length
        self.parser.ProcessingInstructionHandler = lambda _, text: self._check_length(text)

    def _problem(self, text: str) -> TopologyError:
        return TopologyError(f"{self._file}:{self.parser.CurrentLineNumber}: {text}")

    def _refuse_entity(self, name: str, *rest: Any) -> None:
        raise self._problem(f"it declares an XML entity, {name[:40]!r}; maps need none")

    def _check_length(self, text: str) -> None:
        if len(text) > _LONGEST_TOKEN:
            raise self._problem(f"a part of {len(text)} characters, {_LONGEST_TOKEN} at most")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._n_parts += 1
        if self._n_parts > _MOST_PARTS:
            raise self._problem(f"more than {_MOST_PARTS} elements")
        if len(self._open) >= DEEPEST:
            raise self._problem(f"more than {DEEPEST} elements within each other")
        self._check_length("".join((*attributes, *attributes.values())))
        kind = name.rpartition(":")[2]
        counts = not self._open or self._open[-1][1]
        if kind == "graph":
            counts = self._graph_counts()
            self._directed = attributes.get("edgedefault") == "directed"
        elif kind in ("node", "edge") and self._open and self._open[-1][0] == "graph":
            if not counts:
                self._left_out.setdefault(kind, []).append(self.parser.CurrentLineNumber)
            elif kind == "node":
                self._node(attributes)
            else:
                self._edge(attributes)
            # Of a node, networkx reads only groups of yEd further.
            counts = counts and attributes.get("yfiles.foldertype") == "group"
        elif kind == "hyperedge":
            raise self._problem("a hyperedge; a link joins two nodes")
        self._open.append((kind, counts))

    def _end(self, name: str) -> None:
        self._open.pop()

    def _graph_counts(self) -> bool:
        if any(kind == "graph" for kind, _ in self._open):
            return self._open[-1][1]
        self._n_graphs += 1
        return self._n_graphs == 1

    def _node(self, attributes: dict[str, str]) -> None:
        name = self._name(attributes, "id", "a node")
        if name in self._nodes:
            raise self._problem(f"a second node {name!r}")
        self._nodes.add(name)
        self._check_size()

    def _edge(self, attributes: dict[str, str]) -> None:
        u, v = (self._name(attributes, end, "a link") for end in ("source", "target"))
        if (name := attributes.get("id")) is not None:
            # networkx would take the two for one.
            key = (u, v) if self._directed else frozenset((u, v)), name
            if key in self._ids:
                raise self._problem(f"a second link with the id {name!r} between the same nodes")
            self._ids.add(key)
        self._found.links.append((u, v, self.parser.CurrentLineNumber))
        self._check_size()

    def _name(self, attributes: dict[str, str], attribute: str, what: str) -> str:
        name = attributes.get(attribute)
        if name is None:
            raise self._problem(f"{what} needs the attribute {attribute!r}")
        if len(name) > LONGEST_NAME:
            raise self._problem(
                f"the name of a node has {len(name)} characters, {LONGEST_NAME} at most"
            )
        return name

    def _check_size(self) -> None:
        if len(self._nodes) + len(self._found.links) > LARGEST_GRAPH:
            raise self._problem(f"more than {LARGEST_GRAPH} nodes and links")

    def finish(self) -> _Found:
        for u, v, line in self._found.links:
            for name in (u, v):
                if name not in self._nodes:
                    raise TopologyError(
                        f"{self._file}:{line}: a link of the node {name!r}, which is not declared"
                    )
        for kind, lines in self._left_out.items():
            what = "node" if kind == "node" else "link"
            self._found.notes.append(
                f"line {lines[0]}: {len(lines)} {what}{'s' * (len(lines) > 1)} of a further or "
                f"inner graph left out"
            )
        return self._found


_GML_TOKEN = re.compile(r'"[^"]*"|\[|\]|#[^\n]*|[^\s\[\]"#]+')


def read_gml(file: Path) -> GraphFile:
    """Read a GML file; nodes are called by their ids, which are never ambiguous."""
    text = file.read_text(encoding="ascii")
    scan = _GmlScan(file)
    scan.read(text)
    if scan.start is not None and not scan.multigraph:
        # Parallel links are an error to networkx where the file does not announce them.
        text = f"{text[: scan.start]} multigraph 1 {text[scan.start :]}"
    return GraphFile(
        nx.parse_gml(text.removesuffix("\n").split("\n"), label="id"), scan.links, scan.notes()
    )


class _GmlScan:
    """Takes note of links, and of what must not be, word by word."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.links: list[Link] = []
        self.start: int | None = None
        """Where the graph's list begins."""
        self.multigraph = False
        self._line = 1
        self._lists: list[str] = []
        self._key = ""
        self._ends: dict[str, str] = {}
        self._began = self._n_nodes = 0
        self._inner: list[int] = []

    def _problem(self, text: str) -> TopologyError:
        return TopologyError(f"{self._file}:{self._line}: {text}")

    def read(self, text: str) -> None:
        position = 0
        for number, match in enumerate(_GML_TOKEN.finditer(text)):
            token = match[0]
            self._line += text.count("\n", position, match.start())
            position = match.start()
            if number > _MOST_PARTS:
                raise self._problem(f"more than {_MOST_PARTS} words and numbers")
            if token == "[":
                self._open(match.end())
            elif token == "]":
                self._close()
            elif not token.startswith("#"):
                self._word(token)

    def _open(self, end: int) -> None:
        lists = self._lists
        lists.append(self._key)
        if len(lists) > DEEPEST:
            raise self._problem(f"more than {DEEPEST} lists within each other")
        if lists == ["graph"]:
            self.start = end
        elif lists == ["graph", "edge"]:
            self._ends, self._began = {}, self._line
        elif self._key in ("node", "edge") and len(lists) > 2:
            self._inner.append(self._line)
        self._key = ""

    def _close(self) -> None:
        if self._lists == ["graph", "edge"] and len(self._ends) == 2:
            u, v = (_gml_name(self._ends[end]) for end in ("source", "target"))
            self.links.append((u, v, self._began))
        elif self._lists == ["graph", "node"]:
            self._n_nodes += 1
        if self._n_nodes + len(self.links) > LARGEST_GRAPH:
            raise self._problem(f"more than {LARGEST_GRAPH} nodes and links")
        del self._lists[-1:]
        self._key = ""

    def _word(self, token: str) -> None:
        key, self._key = self._key, "" if self._key else token
        if key in ("id", "source", "target"):
            if len(token) > LONGEST_NAME:
                raise self._problem(
                    f"the name of a node has {len(token)} characters, {LONGEST_NAME} at most"
                )
            if self._lists == ["graph", "edge"]:
                self._ends[key] = token
                self._ends.pop("id", None)
        elif key == "multigraph" and self._lists == ["graph"]:
            # A 0 beside the 1 that is added makes a list of both, which networkx takes for true.
            self.multigraph = token != "0"

    def notes(self) -> list[str]:
        """Return what networkx takes for mere attributes."""
        if not self._inner:
            return []
        return [f"line {self._inner[0]}: {len(self._inner)} inner nodes and links left out"]


def _gml_name(token: str) -> Any:
    try:
        return int(token)
    except ValueError:
        return token.strip('"')
