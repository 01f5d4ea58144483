"""Settings modules: Python files, executed once, whose upper-case names are the settings.

Overrides from the command line are in force while the module runs: a top-level assignment to
an overridden name yields, so that a queue built from ``ALPHA`` is built from the override.
"""

from __future__ import annotations

import ast
import copy
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

from icarus.errors import IcarusError, SettingsError, nearest, nearest_file, suggestion
from icarus.registry import Registry
from icarus.util import Settings, literal

__all__ = [
    "DEFAULTS",
    "GENERAL_SETTINGS",
    "GeneralSetting",
    "SettingsSource",
    "execute_settings",
    "fill_defaults",
    "load_settings",
    "names_in",
    "parse_overrides",
]

logger = logging.getLogger("settings")


@dataclass(frozen=True)
class GeneralSetting:
    """A setting that the framework itself reads."""

    annotation: Any
    """Its type, with constraints."""
    default: Any
    meaning: str


_LONGEST = 10 * 365 * 24 * 3600.0
"""Seconds that a time limit may last, which keeps infinity and its like away from timers."""
_LONGEST_MODULE = 64 * 2**20
"""Bytes of a settings module; a device gives bytes for ever."""
_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]

GENERAL_SETTINGS: dict[str, GeneralSetting] = {
    "EXPERIMENT_QUEUE": GeneralSetting(Any, None, "the experiments: an iterable of trees"),
    "DATA_COLLECTORS": GeneralSetting(
        Any, _COLLECTORS, "what is measured: collector names, or a mapping of name to options"
    ),
    "N_REPLICATIONS": GeneralSetting(
        Annotated[int, Ge(1)], 1, "how often each experiment is run, each time on other requests"
    ),
    "REPLICATIONS": GeneralSetting(
        Any, None, "in place of N_REPLICATIONS: a number, or how precise results are to be"
    ),
    "SEED": GeneralSetting(Annotated[int, Ge(0)], 1, "what all random streams are derived from"),
    "PARALLEL_EXECUTION": GeneralSetting(bool, False, "use a pool of processes"),
    "N_PROCESSES": GeneralSetting(
        Annotated[int, Ge(1)] | None, None, "processes of the pool; by default one per core"
    ),
    "START_METHOD": GeneralSetting(
        Literal["fork", "forkserver", "spawn"] | None,
        None,
        "how processes of the pool are started; by default as Python does on this system",
    ),
    "ENGINE": GeneralSetting(
        Literal["auto", "python", "compiled"],
        "auto",
        "what runs simulations: the compiled engine where all parts have kernels, or one of both",
    ),
    "JOB_TIMEOUT": GeneralSetting(
        Annotated[float, Gt(0), Le(_LONGEST)] | None, None, "seconds that a job may run for"
    ),
    "STALL_TIMEOUT": GeneralSetting(
        Annotated[float, Gt(0), Le(_LONGEST)] | None,
        None,
        "seconds that a job may go without processing requests",
    ),
    "MEMORY_LIMIT": GeneralSetting(
        Any, None, "memory that a process of the pool may use: bytes, or a text such as '4 GB'"
    ),
    "MAX_RETRIES": GeneralSetting(
        Annotated[int, Ge(0)], 0, "how often a job that raised or lost its worker is started again"
    ),
    "MAX_FAILURES": GeneralSetting(
        Annotated[int, Ge(1)] | None, None, "failed jobs after which no more are started"
    ),
    "VETO": GeneralSetting(
        Any, None, "called with each experiment; a reason or True excludes it from the campaign"
    ),
    "HOOKS": GeneralSetting(Any, None, "functions to call as the campaign goes on"),
    "RESULTS_FORMAT": GeneralSetting(str, "PICKLE", "name of the results writer"),
    "LOG_LEVEL": GeneralSetting(
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], "INFO", "least level logged"
    ),
}
"""The settings that the framework reads; a settings module may have any others beside them."""

DEFAULTS: dict[str, Any] = {
    name: setting.default
    for name, setting in GENERAL_SETTINGS.items()
    if name != "EXPERIMENT_QUEUE"
}


@dataclass(frozen=True)
class SettingsSource:
    """A settings module as it was when it was read, and what was overridden in it."""

    path: str
    text: str
    overrides: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
    ) -> SettingsSource:
        """Read the module at `path`.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        SettingsError
            If it is no text.
        """
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

    @property
    def module_name(self) -> str:
        """The name that the module's own definitions are known by, in every process."""
        return "icarus_settings_" + re.sub(r"\W", "_", Path(self.path).stem)


class _Namespace(MutableMapping[str, Any]):
    """The module's namespace while it runs: assignments to overridden names yield."""

    def __init__(self, target: dict[str, Any], overrides: Mapping[str, Any]) -> None:
        self._target = target
        self._overrides = overrides

    def __getitem__(self, name: str) -> Any:
        return self._target[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._overrides:
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
        The module's text, path and overrides.
    given : mapping, optional
        Names that are already there when the module starts.

    Returns
    -------
    dict
        From name to value; all names that equal their own upper-casing.

    Raises
    ------
    SettingsError
        If the module cannot be compiled, or raises.

    Notes
    -----
    The namespace itself stays as the module left it, so that components defined in it find
    their imports and helpers when they run.
    """
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
    namespace.update(copy.deepcopy(source.overrides))
    try:
        exec(code, namespace, _Namespace(namespace, source.overrides))
    except (Exception, SystemExit) as error:
        raise SettingsError(_problems_of(source, error)) from error
    return {name: value for name, value in namespace.items() if name == name.upper()}


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


def _check_override_names(source: SettingsSource, code: CodeType) -> None:
    """Refuse overrides that look like misspellings of a name the module uses."""
    known = {name for name in names_in(code) if name == name.upper()} | set(GENERAL_SETTINGS)
    problems = []
    for name in source.overrides:
        near = nearest(name, known)
        # What a star import brings is not known before it runs.
        if name not in known and near is not None and "import *" not in source.text:
            problems.append(
                f"-c {name}: {source.path} has no setting {name!r}; did you mean {near!r}?"
            )
        elif name not in known:
            logger.warning("%s makes no use of the setting %s given by -c", source.path, name)
    if problems:
        raise SettingsError(problems)


def names_in(code: CodeType) -> set[str]:
    """Return the names that code uses, that of functions defined in it included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_in(constant)
    return names


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
        The value is a Python literal, or else stands for itself as a string; nothing is
        evaluated.

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
        elif not name.isidentifier() or name != name.upper():
            upper = name.upper()
            hint = f"; did you mean {upper!r}?" if upper.isidentifier() else ""
            problems.append(f"-c {assignment}: a setting has an upper-case name{hint}")
        else:
            overrides[name] = literal(text.strip())
    if problems:
        raise SettingsError(problems)
    return overrides


def load_settings(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings of the module at `path`, its defaults not yet filled in.

    Raises
    ------
    SettingsError
        If there is no such file, or it cannot be executed.
    """
    settings = Settings()
    try:
        settings.read_from(os.fspath(path), overrides=overrides)
    except FileNotFoundError:
        raise SettingsError([f"{os.fspath(path)}: no such file{nearest_file(path)}"]) from None
    except OSError as error:
        raise SettingsError([f"{os.fspath(path)}: {error.strerror}"]) from error
    return settings


def fill_defaults(settings: Settings) -> None:
    """Give every general setting that is missing its default, and say so in the log."""
    replicated = "REPLICATIONS" in settings and settings["REPLICATIONS"] is not None
    for name, default in DEFAULTS.items():
        if name not in settings and not (name == "N_REPLICATIONS" and replicated):
            settings[name] = copy.deepcopy(default)
            logger.debug("%s is not set; it is %r", name, default)
    # A settings module may import the registries, some of which are called much like a setting.
    near_misses = [
        name
        for name in settings.names()
        if name not in GENERAL_SETTINGS and not isinstance(settings[name], Registry)
    ]
    for name in near_misses:
        hint = suggestion(name, DEFAULTS)
        close = nearest(name, DEFAULTS)
        if close is not None and _differ_by_little(name, close):
            logger.warning("%s is not a setting that Icarus reads; %s", name, hint)


def _differ_by_little(a: str, b: str) -> bool:
    """Whether two names can only be a slip apart, such as a plural or swapped letters."""
    return sorted(a.strip("_S")) == sorted(b.strip("_S"))
