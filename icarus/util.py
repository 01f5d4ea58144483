"""Tree, Settings and the small helpers that components share.

Nothing here imports another part of the package but its errors and what is in ``core``, so that
any of them can use it.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from icarus.errors import suggestion
from icarus.htmltext import html_table
from icarus.logformat import LOG_DATE_FORMAT as LOG_DATE_FORMAT
from icarus.logformat import LOG_FORMAT as LOG_FORMAT
from icarus.logformat import PlainFormatter

if TYPE_CHECKING:
    import fnss

__all__ = [
    "AnyValue",
    "SequenceNumber",
    "Settings",
    "Tree",
    "apportionment",
    "config_logging",
    "inheritdoc",
    "iround",
    "multicast_tree",
    "overlay_betweenness_centrality",
    "path_links",
    "step_cdf",
    "timestr",
]

_MOST_ROWS = 60
"""Leaves of a tree that notebooks show."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Tree(defaultdict[Any, Any]):
    """A dict of dicts that grows its branches when they are first named.

    Parameters
    ----------
    data : Tree, mapping or iterable of pairs, optional
        The initial content. Nested dicts become Trees; the sub-trees of a Tree are shared
        with it, not copied.
    **attr
        Further top-level entries.

    Raises
    ------
    TypeError
        If `data` cannot be made a dict.

    Notes
    -----
    Iterating yields ``(path, leaf)`` pairs, `path` being the tuple of keys that leads to the
    leaf; ``keys()``, ``values()``, ``items()``, ``len`` and ``in`` are those of a dict.

    Examples
    --------
    >>> tree = Tree()
    >>> tree["workload"]["alpha"] = 0.8
    >>> list(tree)
    [(('workload', 'alpha'), 0.8)]
    >>> tree.getval(["workload", "beta"]) is None
    True
    """

    def __init__(self, data: Any = None, **attr: Any) -> None:
        super().__init__(Tree)
        if data is not None:
            try:
                pairs = data.items() if isinstance(data, dict) else builtins.dict(data).items()
            except ValueError as error:
                raise TypeError(f"a Tree cannot be made from {data!r}: {error}") from None
            if type(self).__setitem__ is Tree.__setitem__ and not any(
                isinstance(value, builtins.dict) for _, value in pairs
            ):
                # Figures of hundreds of links, in a tenth of the time.
                super().update(pairs)
            else:
                for key, value in pairs:
                    self[key] = value
        for key, value in attr.items():
            self[key] = value

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, builtins.dict) and not isinstance(value, Tree):
            value = Tree(value)
        super().__setitem__(key, value)

    def __iter__(self) -> Iterator[tuple[tuple[Any, ...], Any]]:
        for key, value in self.items():
            if isinstance(value, Tree):
                for path, leaf in value:
                    yield (key, *path), leaf
            else:
                yield (key,), value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (), None, None, iter(self.items())

    def __str__(self) -> str:
        return f"Tree({self.dict()!r})"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the tree as a table of HTML, a row per leaf, which notebooks show."""
        leaves = itertools.islice(self, _MOST_ROWS + 1)
        rows = [(".".join(map(str, path)), leaf) for path, leaf in leaves]
        more = [("and more", "")] if len(rows) > _MOST_ROWS else []
        return html_table([*rows[:_MOST_ROWS], *more], ["name", "value"])

    def __copy__(self) -> Tree:
        return Tree(self)

    copy = __copy__

    @property
    def empty(self) -> bool:
        """Whether the tree has no entries at all."""
        return len(self) == 0

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of `key`, entering `default` first where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def __or__(self, other: Any) -> Tree:
        both = Tree(self)
        both.update(other)
        return both

    def __ror__(self, other: Any) -> Tree:
        return Tree(other) | self

    def __ior__(self, other: Any) -> Tree:
        self.update(other)
        return self

    def update(self, e: Any) -> None:  # type: ignore[override]
        """Replace whole top-level branches by those of `e`, a mapping or pairs."""
        for key, value in Tree(e).items():
            self[key] = value

    def paths(self) -> builtins.dict[tuple[Any, ...], Any]:
        """Return a dict from the path of each leaf to the leaf."""
        return {path: leaf for path, leaf in self}  # noqa: C416 - dict(self) is another dict

    def getval(self, path: Iterable[Any]) -> Any:
        """Return what stands at `path`, or None for nothing or an empty tree; creates nothing."""
        value: Any = self
        for key in path:
            if not isinstance(value, Tree) or key not in value:
                return None
            value = value[key]
        return None if isinstance(value, Tree) and value.empty else value

    def setval(self, path: Sequence[Any], val: Any) -> None:
        """Set what stands at `path`, creating branches and replacing leaves on the way."""
        branch = self
        for key in path[:-1]:
            if not isinstance(branch.get(key), Tree):
                branch[key] = Tree()
            branch = branch[key]
        branch[path[-1]] = val

    def dict(self, str_keys: bool = False) -> builtins.dict[Any, Any]:
        """Return the tree as nested plain dicts, with all keys made strings if `str_keys`."""
        return {
            (str(key) if str_keys else key): (
                value.dict(str_keys) if isinstance(value, Tree) else value
            )
            for key, value in self.items()
        }

    def match(self, condition: Any) -> bool:
        """Whether every leaf of `condition` equals what stands at the same path here."""
        return all(_equal(wanted, self.getval(path)) for path, wanted in Tree(condition))


def _equal(a: Any, b: Any) -> bool:
    """Whether two values are equal; AnyValue wins on either side, arrays compare as wholes."""
    if isinstance(a, AnyValue) or isinstance(b, AnyValue):
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b)


class _MissingSettingError(ValueError, AttributeError):
    """No such setting; both types, so that ``hasattr`` and ``deepcopy`` work too."""

    __str__ = Exception.__str__


class Settings:
    """The settings of a campaign, by item or by attribute.

    Examples
    --------
    >>> settings = Settings()
    >>> settings.N_REPLICATIONS = 3
    >>> settings["N_REPLICATIONS"]
    3
    """

    def __init__(self) -> None:
        self.__dict__["_values"] = {}
        self.__dict__["_frozen"] = False
        self.__dict__["_source"] = None
        self.__dict__["_warnings"] = []

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise _MissingSettingError(
                f"no setting {name!r}; {suggestion(name, self._values)}"
            ) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self._refuse_if_frozen()
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        self._refuse_if_frozen()
        del self._values[name]

    def __getattr__(self, name: str) -> Any:
        # Reached for real attributes only before they exist, as while unpickling.
        if name in ("_values", "_frozen", "_source", "_warnings"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Settings:
        other = Settings()
        other.__dict__.update(self.__dict__)
        other.__dict__["_values"] = builtins.dict(self._values)
        other.__dict__["_warnings"] = list(self.warnings)
        return other

    def _refuse_if_frozen(self) -> None:
        if self._frozen:
            raise ValueError("the settings are frozen: they cannot change once a campaign runs")

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return bool(self.__dict__["_frozen"])

    @property
    def source(self) -> Any:
        """The settings module read last, an ``icarus.planning.loading.SettingsSource``, or None."""
        return self.__dict__["_source"]

    @property
    def warnings(self) -> list[str]:
        """What looks odd about the settings, without being wrong, a line each."""
        found: list[str] = self.__dict__["_warnings"]
        return found

    def freeze(self) -> None:
        """Refuse all further changes."""
        self.__dict__["_frozen"] = True

    def get(self, n: str) -> Any:
        """Return the setting called `n`; ValueError where there is none."""
        return self[n]

    def set(self, n: str, v: Any) -> None:
        """Set the setting called `n` to `v`; ValueError if frozen."""
        self[n] = v

    def names(self) -> list[str]:
        """Return the names of all settings."""
        return list(self._values)

    def read_from(
        self, path: str, freeze: bool = False, *, overrides: Mapping[str, Any] | None = None
    ) -> None:
        """Execute the settings module at `path` and keep its upper-case names.

        Parameters
        ----------
        path : str
            A Python file. Settings already present are visible to it as globals. Of a sweep
            file, in TOML or JSON, the settings are kept and nothing is executed.
        freeze : bool, optional
            Refuse changes from then on.
        overrides : mapping, optional
            Values that replace what the module assigns to these names, while it runs; and axes
            and values that replace those of its designs, by path.

        Raises
        ------
        ValueError
            If the settings are frozen.
        FileNotFoundError
            If there is no such file.
        SettingsError
            If the module cannot be executed, or the sweep file is wrong.
        """
        from icarus.planning.loading import SettingsSource, execute_settings, unused_overrides

        self._refuse_if_frozen()
        source = SettingsSource.read(path, overrides)
        self._values.update(execute_settings(source, given=self._values))
        self.warnings.extend(unused_overrides(source))
        self.__dict__["_source"] = source
        if freeze:
            self.freeze()


class AnyValue:
    """A value that equals everything; stands in results for "this does not matter"."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "AnyValue()"


class SequenceNumber:
    """Consecutive integers, the first being `initval`."""

    def __init__(self, initval: int = 1) -> None:
        self._next = initval

    def assign(self) -> int:
        """Return the next number."""
        self._next += 1
        return self._next - 1

    def current(self) -> int:
        """Return the number assigned last, or ``initval - 1`` before any was."""
        return self._next - 1


def config_logging(log_level: str = "INFO") -> None:
    """Send log records of `log_level` (case-insensitive name) and above to standard error."""
    level = getattr(logging, log_level.upper())
    terminal = logging.StreamHandler()
    terminal.setFormatter(PlainFormatter())
    logging.basicConfig(level=level, handlers=[terminal])
    logging.getLogger().setLevel(level)


def inheritdoc(cls: type) -> Callable[[_Function], _Function]:
    """Return a decorator that takes the docstring of the same-named member of `cls`."""

    def decorate(function: _Function) -> _Function:
        function.__doc__ = getattr(cls, function.__name__).__doc__
        return function

    return decorate


def timestr(sec: float, with_seconds: bool = True) -> str:
    """Return a duration in seconds as text, such as ``1h 0m 4s``.

    Seconds are rounded first; units that are zero at either end are left out.

    Examples
    --------
    >>> timestr(90), timestr(3604), timestr(21, with_seconds=False)
    ('1m 30s', '1h 0m 4s', '0m')
    """
    minutes, seconds = divmod(max(round(sec), 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    if with_seconds:
        parts.append((seconds, "s"))
    last_unit = parts[-1][1]
    while parts and parts[0][0] == 0:
        parts.pop(0)
    while parts and parts[-1][0] == 0:
        parts.pop()
    return " ".join(f"{number}{unit}" for number, unit in parts) or f"0{last_unit}"


def iround(x: float) -> int:
    """Return the integer nearest to `x`, halves to the even one."""
    return round(float(x))


def step_cdf(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the points that draw a distribution function as a staircase.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Values and their cumulative probabilities.

    Returns
    -------
    (ndarray, ndarray), shape (2 n,) each

    Raises
    ------
    ValueError
        If `x` and `y` differ in length.
    """
    if len(x) != len(y):
        raise ValueError(f"x and y differ in length: {len(x)} and {len(y)}")
    tops = np.repeat(np.asarray(y, dtype=float), 2)
    return np.repeat(np.asarray(x, dtype=float), 2), np.concatenate(([0.0], tops[:-1]))[: len(tops)]


def overlay_betweenness_centrality(
    topology: fnss.Topology,
    origins: Iterable[Any] | None = None,
    destinations: Iterable[Any] | None = None,
    normalized: bool = True,
    endpoints: bool = False,
) -> dict[Any, float]:
    """Count the shortest paths between two sets of nodes that cross each node.

    Parameters
    ----------
    topology : fnss.Topology
        The network; paths are shortest in hops.
    origins, destinations : iterable of nodes, optional
        By default the nodes with a receiver and with a source stack.
    normalized : bool, optional
        Divide by the number of pairs.
    endpoints : bool, optional
        Count the two ends of a path as crossed.

    Returns
    -------
    defaultdict
        From node to count.
    """
    import networkx as nx

    stacks = topology.stacks() if origins is None or destinations is None else {}

    def with_stack(name: str) -> list[Any]:
        return [node for node, stack in stacks.items() if stack[0] == name]

    froms = with_stack("receiver") if origins is None else list(origins)
    tos = with_stack("source") if destinations is None else list(destinations)
    crossed: dict[Any, float] = defaultdict(float)
    share = 1 / (len(froms) * len(tos)) if normalized and froms and tos else 1.0
    for origin in froms:
        paths = nx.single_source_shortest_path(topology, origin)
        for destination in tos:
            if destination == origin or destination not in paths:
                continue
            path = paths[destination]
            for node in path if endpoints else path[1:-1]:
                crossed[node] += share
    return crossed


def literal(text: str) -> Any:
    """Return the Python literal that `text` is, or else `text` itself; nothing is evaluated."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text


def path_links(path: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return the links ``(u, v)`` that a path of nodes takes, in order."""
    return list(itertools.pairwise(path))


def multicast_tree(
    shortest_paths: Mapping[Any, Mapping[Any, Sequence[Any]]],
    source: Any,
    destinations: Iterable[Any],
) -> set[tuple[Any, Any]]:
    """Return the directed links on the shortest paths from `source` to all `destinations`."""
    return {
        link
        for destination in destinations
        if destination != source
        for link in path_links(shortest_paths[source][destination])
    }


def apportionment(n: int, fracs: Sequence[float]) -> list[int]:
    """Divide `n` units by `fracs` with the largest-remainder rule, ties to the lower index.

    Parameters
    ----------
    n : int
        How many units there are.
    fracs : sequence of float
        Shares that sum to 1.

    Returns
    -------
    list of int
        Whole shares that sum to `n`.

    Raises
    ------
    ValueError
        If `fracs` is empty.

    Examples
    --------
    >>> apportionment(99, [0.2, 0.7, 0.1])
    [20, 69, 10]
    """
    if len(fracs) == 0:
        raise ValueError("there must be at least one share")
    # Rounding before the floor keeps 0.7 * 10 = 6.999... from losing a whole unit.
    exact = [round(n * frac, 9) for frac in fracs]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: shares[i] - exact[i])
    for i in by_remainder[: n - sum(shares)]:
        shares[i] += 1
    return shares
