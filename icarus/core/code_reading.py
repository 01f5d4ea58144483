"""What code of users reads: names and what stands behind them, files, environment, and its text."""

from __future__ import annotations

import ast
import dis
import functools
import importlib.util
import inspect
import os
import re
import site
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
)
from typing import Any

from icarus.core.hashing import fingerprint_of_file

__all__ = [
    "attributes_read",
    "closed_over",
    "is_library",
    "names_in",
    "names_read",
    "place_of_module",
    "source_of_class",
    "source_of_code",
]


def names_in(code: CodeType) -> set[str]:
    """Return the names that code uses, that of functions defined in it included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_in(constant)
    return names


def closed_over(function: FunctionType) -> Iterator[Any]:
    """Yield the values of the variables of outer functions that a function uses."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is empty
            yield None


_NO_VALUES = (MemberDescriptorType, GetSetDescriptorType)


def attributes_read(definition: type) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a class that code may read, functions included."""
    for name, value in sorted(vars(definition).items()):
        of_python = name.startswith("__") or name == "_abc_impl" or isinstance(value, _NO_VALUES)
        if isinstance(value, FunctionType) or not of_python:
            yield name, value
    values = vars(definition).values()
    codes = [one.__code__ for one in values if isinstance(one, FunctionType)]
    names = set().union(*map(names_in, codes))
    yield from _files_among(_texts_among(values, *codes), names)


def names_read(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the global names that a function uses, with what stands behind them."""
    names = names_in(function.__code__)
    of_module = {
        name: function.__globals__[name]
        for name in sorted(_globals_in(function.__code__))
        if name in function.__globals__
    }
    for name, value in of_module.items():
        yield name, value
        if isinstance(value, ModuleType):
            yield from _read_of_module(name, value, names, {id(value)})
    for name in sorted(_imported(function.__code__)):
        if (module := sys.modules.get(name)) is not None:
            yield name, module
            yield from _read_of_module(name, module, names, {id(module)})
        else:
            yield f"import {name}", [fingerprint_of_file(file) for file in _files_of(name)]
    values = [*of_module.values()]
    texts = _texts_among(values, function.__code__)
    if names & {"environ", "getenv"}:
        for text in filter(re.compile(r"[A-Za-z_]\w*").fullmatch, texts):
            yield f"${text}", os.environ.get(text)
    values += function.__defaults__ or ()
    yield from _files_among(_texts_among(values, function.__code__), names)


_WRITERS = frozenset({"dump", "FileHandler", "save", "savefig", "savetxt", "savez", "unlink"}) | {
    *("to_csv", "to_parquet", "to_pickle", "write_bytes", "write_text")
}
"""Names of functions that write files. Where code has one, the files that it names may be what it
makes, which would be others each time."""
_WRITING = re.compile(r"[rbt]*[wax][+bt]*|r[bt]*[+][bt]*")
"""Modes of ``open`` in which files are written."""
_LONGEST_PATH = 4096


def _files_among(texts: Iterable[str], names: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield the files whose paths are among the texts of code that uses some names."""
    if names & _WRITERS or any(map(_WRITING.fullmatch, texts)):
        return
    for text in texts:
        likely = {".", "/"} & set(text) and len(text) < _LONGEST_PATH and text.isprintable()
        if likely and (file := fingerprint_of_file(text)) is not None:
            yield f"file {text}", file


def _texts_among(values: Iterable[Any], *codes: CodeType) -> list[str]:
    """Return the texts and paths among values, and those that code has itself."""
    paths = {os.fspath(value) for value in values if isinstance(value, str | Path)}
    return sorted(paths.union(*map(_texts, codes)))


def _read_of_module(
    prefix: str, module: ModuleType, names: set[str], seen: set[int]
) -> Iterator[tuple[str, Any]]:
    if is_library(module):
        return
    for name in sorted(names & set(vars(module))):
        value = vars(module)[name]
        yield f"{prefix}.{name}", value
        if isinstance(value, ModuleType) and id(value) not in seen:
            seen.add(id(value))
            yield from _read_of_module(f"{prefix}.{name}", value, names, seen)


_READS_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


@functools.lru_cache(maxsize=4096)
def _globals_in(code: CodeType) -> frozenset[str]:
    """Return the names that code looks up among those of its module: no attributes."""
    found = {one.argval for one in dis.get_instructions(code) if one.opname in _READS_GLOBAL}
    inner = [_globals_in(one) for one in code.co_consts if isinstance(one, CodeType)]
    return frozenset(found).union(*inner)


@functools.lru_cache(maxsize=4096)
def _imported(code: CodeType) -> frozenset[str]:
    """Return the names of modules that code imports itself when it runs."""
    found = {one.argval for one in dis.get_instructions(code) if one.opname == "IMPORT_NAME"}
    inner = [_imported(one) for one in code.co_consts if isinstance(one, CodeType)]
    return frozenset(found).union(*inner)


def _files_of(module: str) -> list[str]:
    """Return the files of users that a module which is not loaded yet consists of."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first) if first else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or _is_library_file(spec.origin):
        return []
    files = [spec.origin]
    for folder in spec.submodule_search_locations or ():
        below = Path(folder, *rest)
        files += [str(below.with_suffix(".py")), str(below / "__init__.py")] if rest else []
    return [file for file in files if not _is_library_file(file)]


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _texts(constant)


def source_of_class(definition: type) -> str:
    """Return the source of a class without comments and layout; nothing if there is none."""
    try:
        return _normal(inspect.getsource(definition))
    except (OSError, TypeError):
        # Made at run time: its functions are looked at anyway.
        return ""


@functools.lru_cache(maxsize=4096)
def source_of_code(code: CodeType) -> str:
    """Return what tells the code of a function from other code, comments and layout aside."""
    try:
        source = _normal(inspect.getsource(code))
    except (OSError, TypeError):
        source = ""
    if source and code.co_name != "<lambda>":
        return source
    # Lambdas come with the rest of their line, on which there may be others.
    return f"{source} {_described(code)}"


def _described(code: CodeType) -> str:
    constants = [
        _described(one) if isinstance(one, CodeType) else _constant(one) for one in code.co_consts
    ]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _normal(text: str) -> str:
    """Return a source without comments and layout."""
    text = textwrap.dedent(text)
    try:
        return ast.unparse(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        # Such as a lambda, which comes with the rest of its line.
        return text


def place_of_module(module: str) -> str:
    """Return the name of a module; a settings module is known by what is in it, not its name."""
    return "" if module.startswith("icarus_settings_") or module == "__main__" else module


@functools.cache
def _library_folders() -> tuple[str, ...]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)


def is_library(definition: Any) -> bool:
    """Whether something is part of Icarus, of Python, or of an installed package."""
    name = definition.__name__ if isinstance(definition, ModuleType) else None
    name = name or getattr(definition, "__module__", None) or "builtins"
    if name == "icarus" or name.startswith("icarus.") or name in sys.builtin_module_names:
        return True
    return _is_library_file(getattr(sys.modules.get(name), "__file__", None))


@functools.lru_cache(maxsize=4096)
def _is_library_file(file: str | None) -> bool:
    return file is not None and os.path.realpath(file).startswith(_library_folders())
