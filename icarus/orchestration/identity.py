"""What the result of a job depends on beside its parameters: files, and code of users.

Icarus' own code has ``RESULTS_VERSION`` for that; it is raised when results change.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import os
import site
import sys
import sysconfig
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from icarus.core.kinds import SECTION_REGISTRIES
from icarus.hashing import digest
from icarus.settings import names_in

__all__ = ["RESULTS_VERSION", "Fingerprints", "fingerprint_of_file", "source_digest"]

RESULTS_VERSION = 2
"""Of what simulations give for the same parameters and seed. Raise it whenever that changes, so
that no campaign mixes results of before and after."""

_READ_WHOLE = 2**28
"""Bytes up to which a file is known by its content alone."""
_SAMPLE = 2**20


class Fingerprints:
    """Finds what the results of experiments depend on, each part of it once.

    One object serves one campaign: files and code are supposed not to change meanwhile.
    """

    def __init__(self) -> None:
        self._files: dict[str, str | None] = {}
        self._components: dict[tuple[str, str], str | None] = {}

    def of(self, sections: Mapping[str, Any]) -> list[str]:
        """Return the fingerprints of files and code that an experiment, or collectors, name.

        Parameters
        ----------
        sections : mapping
            From the name of a section to its parameters, the component under ``name``.
        """
        found: list[str] = []
        for kind, section in sections.items():
            if isinstance(section, Mapping):
                self._add(found, self._component(kind, section.get("name")))
                for key, value in section.items():
                    if key != "name":
                        self._of_value(value, found)
        return found

    def of_collectors(self, collectors: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Return the same for data collectors: their options by name."""
        found: list[str] = []
        for name, options in collectors.items():
            found += self.of({"collector": {**options, "name": name}})
        return found

    def _of_value(self, value: Any, found: list[str]) -> None:
        if isinstance(value, str | Path):
            self._add(found, self._file(os.fspath(value)))
        elif isinstance(value, Mapping):
            for item in value.values():
                self._of_value(item, found)
        elif isinstance(value, list | tuple | set):
            for item in value:
                self._of_value(item, found)
        elif hasattr(value, "__qualname__"):
            self._add(found, source_digest(value))

    @staticmethod
    def _add(found: list[str], fingerprint: str | None) -> None:
        if fingerprint is not None:
            found.append(fingerprint)

    def _file(self, name: str) -> str | None:
        if name not in self._files:
            self._files[name] = fingerprint_of_file(name)
        return self._files[name]

    def _component(self, kind: str, name: Any) -> str | None:
        if kind not in SECTION_REGISTRIES or not isinstance(name, str):
            return None
        key = kind, name
        if key not in self._components:
            component = SECTION_REGISTRIES[kind].get(name)
            self._components[key] = None if component is None else source_digest(component)
        return self._components[key]


def fingerprint_of_file(name: str) -> str | None:
    """Return what tells the content of a file from another; None if there is no such file.

    A file of up to 256 MiB is known by its content, wherever it came from and whenever it was
    written. Of a larger one the size, the time of its last change and the first mebibyte count.
    """
    try:
        path = Path(name)
        if not path.is_file():
            return None
        hashed = hashlib.blake2b(digest_size=16)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size > _READ_WHOLE:
                hashed.update(f"{status.st_size} {status.st_mtime_ns}".encode())
                hashed.update(file.read(_SAMPLE))
            else:
                while part := file.read(_SAMPLE):
                    hashed.update(part)
    except (OSError, ValueError):
        # Nothing to be read, or no name of a file at all.
        return None
    return f"file {hashed.hexdigest()}"


def source_digest(definition: Any) -> str | None:
    """Return a digest of the code of a user's class or function; None for code of Icarus.

    What it uses of the user's own code counts too: base classes, functions, constants and
    modules that it names. Comments and layout do not. Installed packages count by nothing but
    the names that refer to them.
    """
    if _is_library(definition):
        return None
    seen: dict[int, Any] = {}
    parts = sorted(set(_sources(definition, seen)))
    return f"code {digest(parts)}" if parts else None


def _sources(definition: Any, seen: dict[int, Any]) -> Iterator[str]:
    """Yield the sources of a definition and of all that it names in code of users."""
    if id(definition) in seen:
        return
    seen[id(definition)] = definition
    if isinstance(definition, functools.partial):
        yield repr((definition.args, sorted(definition.keywords.items())))
        yield from _sources(definition.func, seen)
        return
    definition = inspect.unwrap(definition) if callable(definition) else definition
    if not isinstance(definition, type | FunctionType):
        definition = type(definition)
    if _is_library(definition):
        return
    yield f"{definition.__qualname__}: {_source(definition)}"
    functions = [definition]
    if isinstance(definition, type):
        for base in definition.__mro__[1:]:
            yield from _sources(base, seen)
        functions = [_function(member) for member in vars(definition).values()]
    for function in functions:
        if isinstance(function, FunctionType):
            yield from _named_in(function, seen)


def _function(member: Any) -> Any:
    member = getattr(member, "__func__", getattr(member, "fget", member))
    return inspect.unwrap(member) if callable(member) else member


def _named_in(function: FunctionType, seen: dict[int, Any]) -> Iterator[str]:
    """Yield what stands behind the global names and defaults that a function uses."""
    for name in sorted(names_in(function.__code__)):
        if name in function.__globals__:
            yield from _of_global(name, function.__globals__[name], seen)
    for cell in function.__closure__ or ():
        try:
            yield from _of_global("a closure", cell.cell_contents, seen)
        except ValueError:  # it is empty
            continue


def _of_global(name: str, value: Any, seen: dict[int, Any]) -> Iterator[str]:
    if isinstance(value, ModuleType):
        if id(value) not in seen and not _is_library(value):
            seen[id(value)] = value
            yield f"module {value.__name__}: {fingerprint_of_file(value.__file__ or '')}"
    elif isinstance(value, type | FunctionType):
        yield from _sources(value, seen)
    elif value is None or isinstance(value, bool | int | float | str | bytes | tuple | frozenset):
        # Other objects may change while jobs run, so that they say nothing that lasts.
        yield f"{name} = {digest(value)}"


def _source(definition: Any) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(definition))
    except (OSError, TypeError):
        return ""
    try:
        return ast.unparse(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        # Such as a lambda, which comes with the rest of its line.
        return text


@functools.cache
def _library_folders() -> tuple[str, ...]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)


def _is_library(definition: Any) -> bool:
    """Whether something is part of Icarus, of Python, or of an installed package."""
    name = definition.__name__ if isinstance(definition, ModuleType) else None
    name = name or getattr(definition, "__module__", None) or "builtins"
    if name == "icarus" or name.startswith("icarus.") or name in sys.builtin_module_names:
        return True
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and os.path.realpath(file).startswith(_library_folders())
