"""Settings modules, sweep files and cases: all become settings here; nobody else tells them apart.

A settings module is a Python file, executed once, whose upper-case names are the settings.
Overrides from the command line are in force while it runs: a top-level assignment to
an overridden name yields, so that a queue built from ``ALPHA`` is built from the override, and
designs take those of their axes and parameters. Of a sweep file nothing is executed.
"""

from __future__ import annotations

import ast
import copy
import logging
import os
import re
import sys
import traceback
from collections import deque
from collections.abc import Iterable, Mapping, MutableMapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from icarus.core.code_reading import names_in
from icarus.core.suffixes import folder_of_cases, is_sweep
from icarus.design.overriding import overriding
from icarus.design.sweep_reading import parsed, read_text
from icarus.design.sweepfile import Sweep, read_sweep
from icarus.errors import (
    IcarusError,
    SettingsError,
    nearest,
    nearest_file,
)
from icarus.planning.case_settings import CaseFolder, case_settings, is_text_of_cases
from icarus.planning.settings import GENERAL_SETTINGS
from icarus.planning.sweep_settings import sweep_settings
from icarus.util import Settings, literal

__all__ = [
    "SettingsSource",
    "execute_settings",
    "load_settings",
    "parse_overrides",
    "unused_overrides",
]

logger = logging.getLogger("settings")

_LONGEST_MODULE = 64 * 2**20
"""Bytes of a settings module; a device gives bytes for ever."""


@dataclass(frozen=True)
class SettingsSource:
    """What a campaign is run from, as it was read, and what was overridden in it."""

    path: str
    text: str
    overrides: dict[str, Any] = field(default_factory=dict)
    sweep: Sweep | None = field(default=None, compare=False, repr=False)
    """What a sweep file says, if it was read here, with the files that it extends."""
    cases: CaseFolder | None = field(default=None, compare=False, repr=False)
    """What a folder of cases says, if it was read here."""

    @property
    def is_module(self) -> bool:
        """Whether it is a settings module, which is executed."""
        return not (is_sweep(self.path) or is_text_of_cases(self.text))

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
    ) -> SettingsSource:
        """Read the module, sweep file or folder of cases at `path`.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        SettingsError
            If it is no text, or a sweep file that cannot be read at all.
        """
        if is_sweep(path):
            text = read_text(path)
            sweep = read_sweep(path, text)
            # By itself, whatever becomes of the files that it extends.
            text = text if len(sweep.files) == 1 or sweep.problems else sweep.text()
            return cls(os.fspath(path), text, dict(overrides or {}), sweep)
        if (root := folder_of_cases(path)) is not None and root.is_dir():
            folder = CaseFolder.read(root)
            return cls(os.fspath(path), folder.text(), dict(overrides or {}), cases=folder)
        with Path(path).open("rb") as file:
            raw = file.read(_LONGEST_MODULE + 1)
        if len(raw) > _LONGEST_MODULE:
            raise SettingsError(
                [f"{os.fspath(path)}: not a settings module: it has no end in reach"]
            )
        try:
            text = decode_source(raw)
        except (UnicodeDecodeError, SyntaxError):
            text = "\0"
        if "\0" in text:
            raise SettingsError([f"{os.fspath(path)}: not a Python file: it is not text"])
        return cls(os.fspath(path), text, dict(overrides or {}))

    def names_overridden(self) -> dict[str, Any]:
        """Return the overrides of settings."""
        return {name: value for name, value in self.overrides.items() if "." not in name}

    def paths_overridden(self) -> dict[str, Any]:
        """Return the overrides of what designs vary and of the parameters that they start from."""
        return {name: value for name, value in self.overrides.items() if "." in name}

    @property
    def module_name(self) -> str:
        """The name that the module's own definitions are known by, in every process."""
        return "icarus_settings_" + re.sub(r"\W", "_", Path(self.path).stem)


class _Namespace(MutableMapping[str, Any]):
    """The module's namespace while it runs: assignments to overridden names yield."""

    def __init__(self, target: dict[str, Any], source: SettingsSource) -> None:
        self._target = target
        self._source = source
        self._overrides = source.overrides
        self.problems: dict[str, str] = {}
        """What is wrong with overrides, by name, going by the types of what they replace."""

    def __getitem__(self, name: str) -> Any:
        return self._target[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._overrides and name not in self.problems:
            problem = _unlike(self._source.path, name, value, self._overrides[name])
            if problem is not None:
                # The module goes on with its own value, so that no other problem follows.
                self.problems[name] = problem
            else:
                # A fresh copy: what was assigned may be the override itself, changed in place.
                value = copy.deepcopy(self._overrides[name])
        self._target[name] = value

    def __delitem__(self, name: str) -> None:
        del self._target[name]

    def __iter__(self) -> Any:
        return iter(self._target)

    def __len__(self) -> int:
        return len(self._target)


def execute_settings(
    source: SettingsSource, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Execute a settings module and return its upper-case names.

    Parameters
    ----------
    source : SettingsSource
        The module's text, path and overrides; or those of a sweep file, whose settings are
        returned.
    given : mapping, optional
        Names that are already there when the module starts.

    Returns
    -------
    dict
        From name to value; all names that equal their own upper-casing.

    Raises
    ------
    SettingsError
        If the module cannot be compiled, or raises; or the sweep file has problems.

    Notes
    -----
    The namespace itself stays as the module left it, so that components defined in it find
    their imports and helpers when they run.
    """
    if is_text_of_cases(source.text):
        told = source.cases or CaseFolder.from_text(source.text)
        return case_settings(told, source.names_overridden(), source.paths_overridden())
    if is_sweep(source.path):
        sweep = source.sweep or read_sweep(source.path, source.text)
        names, paths = source.names_overridden(), source.paths_overridden()
        return sweep_settings(source.path, sweep, names, paths)
    code = _compile(source)
    _check_override_names(source, code)
    module = ModuleType(source.module_name)
    module.__file__ = source.path
    # Known by name, so that its classes can be pickled.
    sys.modules[source.module_name] = module
    for folder in (str(Path(source.path).resolve().parent), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.append(folder)
    namespace = module.__dict__
    namespace.update(given or {})
    namespace.update(copy.deepcopy(source.names_overridden()))
    guarded = _Namespace(namespace, source)
    with overriding(source.paths_overridden()) as designs:
        try:
            exec(code, namespace, guarded)
        except (Exception, SystemExit) as error:
            problems = [*guarded.problems.values(), *designs.wrong, *_problems_of(source, error)]
            raise SettingsError(problems) from error
    if problems := [*guarded.problems.values(), *designs.problems(source.path)]:
        raise SettingsError(problems)
    return {name: value for name, value in namespace.items() if name == name.upper()}


_KINDS_OF_VALUES: dict[str, tuple[type, ...]] = {
    "a number": (int, float, np.number, np.bool_),
    "a text": (str,),
    "a list": (Sequence, Set, Mapping, deque, np.ndarray),
}
"""What overrides are told apart by. A mapping may stand for a list: names with options."""


def _kind_of_value(value: Any) -> str | None:
    # A text is a sequence, too.
    kinds = (kind for kind, types in _KINDS_OF_VALUES.items() if isinstance(value, types))
    return next(kinds, None)


def _unlike(path: str, name: str, own: Any, given: Any) -> str | None:
    """Return what is wrong with an override, going by the value that the module itself assigns."""
    wanted, found = _kind_of_value(own), _kind_of_value(given)
    if name in GENERAL_SETTINGS or None in (wanted, found) or wanted == found:
        return None
    if wanted == "a number" and isinstance(own, bool | np.bool_):
        wanted = "True or False"
    text = given if isinstance(given, str) else repr(given)
    if wanted == "a list" and isinstance(given, str) and (reason := _why_no_literal(given)):
        hint = f"this is none: {reason}"
    elif wanted == "a list":
        hint = f'did you mean -c "{name}=[{given!r}]"?'
    elif wanted == "a text":
        hint = f"did you mean -c \"{name}='{text}'\"?"
    else:
        hint = f"found {found}"
    kind = f"a {type(own).__name__}" if wanted == "a list" else wanted
    return f"-c {name}={text}: {name} is {kind} in {path}; {hint}"


def _why_no_literal(text: str) -> str:
    """Return why a text that begins like a list, tuple, set or dict is none; or an empty text."""
    if text[:1] not in tuple("[({"):
        return ""
    try:
        ast.literal_eval(text)
    except SyntaxError as error:
        return error.msg
    except (ValueError, MemoryError, RecursionError, TypeError):
        return "it holds more than literals"
    return ""


class _Yielding(ast.NodeTransformer):
    """Has module-level assignments yield that do not go through the namespace given to exec."""

    def __init__(self, overrides: Mapping[str, Any]) -> None:
        self.overrides = overrides

    def visit(self, node: ast.AST) -> Any:
        # What is inside of these has a scope of its own.
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return node
        return super().visit(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.generic_visit(node)
        if node.target.id not in self.overrides:
            return node
        both = ast.Tuple([node.value, ast.Name(node.target.id, ast.Load())], ast.Load())
        return ast.copy_location(ast.Subscript(both, ast.Constant(1), ast.Load()), node)


def _compile(source: SettingsSource) -> CodeType:
    try:
        tree = ast.parse(source.text, source.path)
        tree = ast.fix_missing_locations(_Yielding(source.overrides).visit(tree))
        return compile(tree, source.path, "exec", dont_inherit=True)
    except SyntaxError as error:
        shown = f": {error.text.strip()}" if error.text else ""
        raise SettingsError(
            [f"{source.path}:{error.lineno}: not valid Python: {error.msg}{shown}"]
        ) from error
    except (MemoryError, RecursionError):
        # What the compiler says of nesting that is too deep for it.
        raise SettingsError([f"{source.path}: too deeply nested to be compiled"]) from None


def _unused(source: SettingsSource, code: CodeType) -> list[tuple[str, str | None]]:
    """Return overrides of names that the module does not use, with the name that may be meant."""
    known = {name for name in names_in(code) if name == name.upper()} | set(GENERAL_SETTINGS)
    # What a star import brings is not known before it runs.
    certain = "import *" not in source.text
    return [
        (name, nearest(name, known) if certain else None)
        for name in source.names_overridden()
        if name not in known
    ]


def _check_override_names(source: SettingsSource, code: CodeType) -> None:
    """Refuse overrides that look like misspellings of a name the module uses."""
    problems = [
        f"-c {name}: {source.path} has no setting {name!r}; did you mean {near!r}?"
        for name, near in _unused(source, code)
        if near is not None
    ]
    if problems:
        raise SettingsError(problems)


def unused_overrides(source: SettingsSource) -> list[str]:
    """Return a warning for each override that the module makes no use of."""
    if not source.is_module:
        return []
    return [
        f"-c {name}: {source.path} makes no use of this setting"
        for name, _ in _unused(source, _compile(source))
    ]


def _problems_of(source: SettingsSource, error: BaseException) -> list[str]:
    """Say where in the settings module an exception came from, and what it was."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == source.path
    ]
    place = f"{source.path}:{lines[-1]}" if lines else source.path
    if isinstance(error, SettingsError):
        return [f"{place}: {problem}" for problem in error.problems]
    if isinstance(error, IcarusError):
        return [f"{place}: {error}"]
    return [f"{place}: {type(error).__name__}: {' '.join(str(error).split())}"]


def parse_overrides(assignments: Iterable[str]) -> dict[str, Any]:
    """Return the overrides given as ``KEY=VALUE``.

    Parameters
    ----------
    assignments : iterable of str
        The key is the name of a setting, or the path of what a design varies or of a parameter
        that it starts from, with dots. The value is a Python literal, or else stands for itself
        as a string; nothing is evaluated. For paths, lists and tables may also be in TOML.

    Raises
    ------
    SettingsError
        If one is not of that form.
    """
    overrides: dict[str, Any] = {}
    problems = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals:
            problems.append(f"-c {assignment}: expected KEY=VALUE, found no '='")
        elif "." in name and all(map(str.strip, name.split("."))):
            overrides[name] = _axis_or_value(text.strip())
        elif not name.isidentifier() or name != name.upper():
            upper = name.upper()
            hint = f"; did you mean {upper!r}?" if upper.isidentifier() else ""
            problems.append(f"-c {assignment}: a setting has an upper-case name{hint}")
        else:
            overrides[name] = literal(text.strip())
    if problems:
        raise SettingsError(problems)
    return overrides


def _axis_or_value(text: str) -> Any:
    """Return what is given for a path: a literal, or else what it is in TOML, or else itself."""
    value = literal(text)
    if value == text and text.startswith(("[", "{")):
        # An axis as sweep files have it, { linspace = [0, 1], n = 5 }.
        with suppress(SettingsError):
            content = parsed("-c", f"value = {text}")
            return content["value"] if len(content) == 1 else text
    return value


def load_settings(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings of what is at `path`, defaults not yet filled in.

    Parameters
    ----------
    path : str or path-like
        A Python file, which is executed; or, by its name, a sweep file in TOML or JSON; or a
        folder of cases.
    overrides : mapping, optional
        What stands in place of what the file says: values by the names of settings, and axes or
        values by the paths of what a design varies and starts from.

    Raises
    ------
    SettingsError
        If there is no such file, it cannot be executed, or something is wrong with the design.
    """
    settings = Settings()
    try:
        settings.read_from(os.fspath(path), overrides=overrides)
    except FileNotFoundError:
        raise SettingsError([f"{os.fspath(path)}: no such file{nearest_file(path)}"]) from None
    except OSError as error:
        raise SettingsError([f"{os.fspath(path)}: {error.strerror}"]) from error
    return settings
