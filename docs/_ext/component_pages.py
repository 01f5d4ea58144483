"""Pages on components, written from the registries whenever the manual is built.

What settings may give is what `icarus list` prints; what it means is the component's docstring.
So a page says what the code does, or the build fails.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from numpydoc.docscrape import NumpyDocString, Parameter
from sphinx.application import Sphinx

from icarus.cli import listing
from icarus.core.kinds import KINDS
from icarus.registry import CACHE_POLICY, REGISTRIES, RESOURCE, Registry

TITLES = {
    kind.registry.plural: kind.registry.plural.replace("-", " ").capitalize()
    for kind in KINDS.values()
} | {RESOURCE.plural: "Resources"}
"""Pages by the plural of their kind; docs/components/intro has the text that opens each."""

_SECTIONS = ("Notes", "References", "Examples")

_UNDESCRIBED = {
    "seed": "Where its random choices come from.",
    "network_cache": "Times the number of contents, or their bytes, it is the cache budget.",
    "cache_budget": "The cache budget itself, in its place.",
    "node_cache": "What a cache has on average, in their place.",
    "capacity_unit": "What sizes are counted in.",
}
"""What docstrings leave to the framework; any other parameter must be described."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write_pages)
    return {"parallel_read_safe": True}


def _write_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir, "components")
    for registry in REGISTRIES:
        if registry.plural in TITLES:
            text = "\n".join(_page(registry)) + "\n"
            target = folder / f"{registry.plural}.rst"
            # A page that has not changed is not read again.
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                target.write_text(text, encoding="utf-8")


def _page(registry: Registry) -> Iterator[str]:
    title = TITLES[registry.plural]
    yield from (title, "=" * len(title), "")
    yield from (f".. include:: intro/{registry.plural}.md", "   :parser: myst_parser.sphinx_", "")
    for name, component in sorted(registry.items()):
        if str(component.__module__).startswith("icarus."):
            yield from _entry(registry, name, component)


def _entry(registry: Registry, name: str, component: Any) -> Iterator[str]:
    doc = NumpyDocString(inspect.getdoc(component) or "")
    yield from (f".. _{registry.plural}-{name}:", "", name, "-" * len(name), "")
    yield from (*doc["Summary"], "", *doc["Extended Summary"], "")
    if registry is RESOURCE:
        yield from _of_resource(component)
    else:
        yield from _parameters(registry, name, component, doc)
    if registry.plural == "topologies":
        network = [line for returned in doc["Returns"] for line in returned.desc]
        yield from (".. rubric:: The network", "", *network, "")
    for section in _SECTIONS:
        if doc[section]:
            yield from (f".. rubric:: {section}", "", *doc[section], "")
    yield from (f"In Python: {_python_name(component)}.", "")


def _of_resource(component: Any) -> Iterator[str]:
    """Yield attributes, traces and commands of a type of resources, as `icarus list` has them."""
    lines = listing.component(RESOURCE.plural, component.name)
    for number, line in enumerate(lines):
        if line and set(line) == {"-"}:
            title = lines[number - 1]
            yield from ("", f".. rubric:: {title}", "")
            for entry in takewhile(bool, lines[number + 1 :]):
                if title == "Commands":
                    call, _, text = entry.partition("): ")
                    yield from (f"``{call})``", f"    {text}")
                else:
                    name, _, text = entry.partition(" : ")
                    yield from (f"``{name}``", f"    {text}")
    yield ""


def _parameters(
    registry: Registry, name: str, component: Any, doc: NumpyDocString
) -> Iterator[str]:
    """Yield what settings may give, with the descriptions that the docstring has."""
    described = {one.strip(): entry for entry in doc["Parameters"] for one in entry.name.split(",")}
    if registry is CACHE_POLICY and "maxlen" not in inspect.signature(component).parameters:
        yield from ("It is built from caches, in Python; settings cannot name it.", "")
        return
    lines = listing.component(registry.plural, name)
    # Behind an empty line is what goes with any component of the kind; the intro describes it.
    settable = takewhile(bool, lines[lines.index("In settings") + 2 :])
    yield from (".. rubric:: In settings", "")
    for text, group in groupby(settable, key=lambda line: _description(line, described)):
        terms = [_term(line) for line in group]
        # Parameters that the docstring describes together stay together.
        yield " and ".join(terms)
        yield from (f"    {one}".rstrip() for one in text)
    yield ""


def _description(line: str, described: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Return the description of the parameter that a line of `icarus list` is about."""
    name, colon, _ = line.partition(" : ")
    if not colon:
        return ()  # a sentence, such as that there are no parameters
    return tuple(described[name].desc) if name in described else (_UNDESCRIBED[name],)


def _term(line: str) -> str:
    name, colon, rest = line.partition(" : ")
    return f"``{name}`` : {_literal_types(rest)}" if colon else line


def _literal_types(rest: str) -> str:
    kind, _, default = rest.partition(", default ")
    if default:
        return f"``{kind}``, default ``{default}``" if "derived" not in default else rest
    kind, comma, required = rest.partition(", required")
    return f"``{kind}``{comma}{required}"


def _python_name(component: Any) -> str:
    """Return a link to a component in the API reference, or its full name if it is not there."""
    role = "class" if inspect.isclass(component) else "func"
    for package in ("icarus.models", "icarus.scenarios", "icarus.execution", "icarus.control"):
        if component.__qualname__ in importlib.import_module(package).__all__:
            return f":py:{role}:`{package}.{component.__qualname__}`"
    return f"``{component.__module__}.{component.__qualname__}``"
