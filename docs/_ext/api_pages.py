"""Pages of the API reference: one for each public package, with all that it exports."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

from icarus.registry import Registry

PACKAGES = (
    "icarus",
    "icarus.util",
    "icarus.planning.settings",
    "icarus.planning.loading",
    "icarus.registry",
    "icarus.types",
    "icarus.errors",
    "icarus.design",
    "icarus.stages",
    "icarus.core.random_streams",
    "icarus.core.hashing",
    "icarus.scenarios",
    "icarus.models",
    "icarus.execution",
    "icarus.execution.running",
    "icarus.execution.timeline.changing_network",
    "icarus.policies",
    "icarus.strategies",
    "icarus.control",
    "icarus.orchestration",
    "icarus.metering",
    "icarus.results",
    "icarus.tools",
    "icarus.tools.mrc",
    "icarus.testing",
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write_pages)
    return {"parallel_read_safe": True}


def _write_pages(app: Sphinx) -> None:
    for package in PACKAGES:
        text = "\n".join(_page(package)) + "\n"
        target = Path(app.srcdir, "api", f"{package}.rst")
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def _page(package: str) -> Iterator[str]:
    module = importlib.import_module(package)
    yield from (package, "=" * len(package), "", f".. automodule:: {package}", "")
    yield from (f".. currentmodule:: {package}", "")
    for name in sorted(set(module.__all__), key=str.casefold):
        if not _is_described_before(package, name):
            yield from _entry(package, name, getattr(module, name))


def _is_described_before(package: str, name: str) -> bool:
    """Return whether the page of a package that comes before has the same under this name."""
    value = getattr(importlib.import_module(package), name)
    before = map(importlib.import_module, PACKAGES[: PACKAGES.index(package)])
    return any(name in one.__all__ and getattr(one, name) is value for one in before)


def _entry(package: str, name: str, value: Any) -> Iterator[str]:
    if inspect.ismodule(value) or name.startswith("_"):
        return
    # Kernels are documented as the functions that they are made of.
    function = getattr(value, "py_func", value)
    if inspect.isclass(value):
        yield from (f".. autoclass:: {name}", "   :members:", "")
    elif inspect.isfunction(function) and function.__doc__:
        yield from (f".. autofunction:: {name}", "")
    elif inspect.isfunction(value):
        yield from (f".. py:decorator:: {name}{_plain_signature(value)}", "")
        yield from ("   Enter a component; see :py:func:`icarus.registry.register_decorator`.", "")
    else:
        yield from (f".. py:data:: {name}", "")
        yield from (f"   {line}".rstrip() for line in _meaning(package, name, value))
        yield ""


def _plain_signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return a signature without annotations."""
    empty = inspect.Signature.empty
    given = inspect.signature(function)
    parameters = [one.replace(annotation=empty) for one in given.parameters.values()]
    return given.replace(parameters=parameters, return_annotation=empty)


def _meaning(package: str, name: str, value: Any) -> list[str]:
    """Return the text below the definition of a constant, wherever that is, or its value."""
    if isinstance(value, Registry):
        return [f"The registry of {value.plural.replace('-', ' ')}."]
    for module in [one for one in sys.modules if f"{one}.".startswith(f"{package}.")]:
        documented = ModuleAnalyzer.for_module(module).find_attr_docs()
        if ("", name) in documented:
            return documented["", name]
    return [f"``{value!r}``"]
