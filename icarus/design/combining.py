"""What makes designs: products, zips, unions, concatenations and covering designs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from icarus.core.values import nesting_problem, shown
from icarus.design.axes import Lhs
from icarus.design.axis_values import plain
from icarus.design.concatenation import Concatenation, without_repeated
from icarus.design.designs import Design, Part
from icarus.design.factors import Factor, Zip, columns_of, path_of
from icarus.design.naming import Names
from icarus.design.overriding import overridden
from icarus.design.points import MISSING, Path, dotted, is_part, leaves_of, value_at, write
from icarus.design.products import Nested, Product
from icarus.design.rules import Rule, rule_of
from icarus.errors import DesignError
from icarus.util import Tree

__all__ = ["Rules", "concat", "cover", "product", "union", "zip"]

Rules = Mapping[str, "str | Callable[..., Any]"]


def product(
    base: Mapping[Any, Any],
    *factors: Mapping[str, Any] | Zip | Lhs | Design,
    where: Rules | None = None,
    derive: Rules | None = None,
    seed: int = 1,
) -> Design:
    """Return the design in which every value of every axis meets every other.

    Parameters
    ----------
    base : mapping
        What experiments have in common: a tree of sections. It is copied.
    *factors : mapping, zip, lhs or Design
        Mappings from paths, such as ``workload.alpha``, to axes; axes that go together; and
        designs, each of whose points meets every other. The first axis changes slowest. What
        a design has in common goes before `base`, and what is an axis anywhere before both.
    where : mapping of str to str or callable, optional
        Constraints by name: what is to hold. Points for which it does not are excluded.
    derive : mapping of str to str or callable, optional
        Parameters that follow from others, by path, in the order in which they are computed.
    seed : int, optional
        What sampled axes draw from.

    Returns
    -------
    Design

    Raises
    ------
    DesignError
        With all problems, each with its place.

    Notes
    -----
    Expressions and functions know parameters by the last parts of their paths, or by parts that
    are joined with ``_``, such as ``workload_alpha``, where several have the same last part;
    ``_i`` is the number of the point, from 1. A function takes parameters by these names, or one
    called ``experiment``, which is the whole tree. What it gives is kept and taken
    for all points that have the same values of the axes that its parameters depend on.

    Sections that are values of axes replace those of `base`; axes inside of them, and derived
    parameters, are written after that, whatever the order in which they are given.

    Examples
    --------
    >>> base = {"workload": {"name": "STATIONARY", "n_contents": 100}}
    >>> design = product(
    ...     base,
    ...     {"strategy.name": ["LCE", "LCD"], "workload.alpha": [0.6, 0.8]},
    ...     derive={"workload.n_warmup": "10 * n_contents"},
    ... )
    >>> len(design)
    4
    >>> design[1]["workload"].dict()
    {'name': 'STATIONARY', 'n_contents': 100, 'alpha': 0.8, 'n_warmup': 1000}
    """
    return _product(base, factors, where, derive, seed)


def _product(
    base: Mapping[Any, Any],
    factors: Sequence[Any],
    where: Rules | None,
    derive: Rules | None,
    seed: int,
) -> Product:
    problems: list[str] = []
    if type(seed) is not int or seed < 0:
        problems.append(f"seed: should be a whole number from 0 up, found {shown(seed)}")
        seed = 1
    base, factors, derive = overridden(base, factors, derive)
    parts = _Parts(base, factors, seed, problems)
    parts.check()
    names = Names(parts.leaves(derive) if where or derive else ())
    derives = _rules("derive", derive, names, parts, problems)
    wheres = _rules("where", where, names, parts, problems)
    if problems:
        raise DesignError(problems)
    return Product(parts.base, parts.factors, [*parts.derives, *derives], [*parts.wheres, *wheres])


class _Parts:
    """What a product is made of."""

    def __init__(
        self, base: Mapping[Any, Any], given: Sequence[Any], seed: int, problems: list[str]
    ) -> None:
        self.problems = problems
        self.factors: list[Factor] = []
        self.derives: list[Rule] = []
        self.wheres: list[Rule] = []
        self.writers: dict[Path, Factor] = {}
        self._leaves: set[Path] = set()
        """Where factors write values that are no sections."""
        self.base = Tree()
        if not isinstance(base, Mapping):
            problems.append(f"base: should be a tree of sections, found {shown(base)}")
        elif (nested := nesting_problem(base)) is not None:
            problems.append(f"base.{nested[0]}: {nested[1]}")
        else:
            self.base = plain(base)
        for factor in given:
            if isinstance(factor, Design):
                self._take(factor)
            else:
                self.factors += columns_of(factor, seed, problems)

    def _take(self, design: Design) -> None:
        """Take a design in as a factor; a product as its factors, which tells more of it."""
        for path, value in leaves_of(design.base):
            write(self.base, path, value)
        opaque = not isinstance(design, Product) or any(
            rule.numbered or rule.whole for rule in design.rules
        )
        if opaque or not isinstance(design, Product):
            self.factors.append(Nested(design))
            return
        self.factors += design.factors
        self.derives += [rule for rule in design.rules if rule.path is not None]
        self.wheres += [rule for rule in design.rules if rule.path is None]

    def check(self) -> None:
        """Find paths that are in each other's way, and names that are taken."""
        for factor in self.factors:
            for path in factor.writes:
                if path in self.writers:
                    self.problems.append(f"axes.{dotted(path)}: it is given twice")
                self.writers[path] = factor
        if any(len(path) > 1 for path in self.writers):
            columns = [factor for factor in self.factors if not isinstance(factor, Nested)]
            self._leaves = {path for factor in columns for path in factor.leaves()}
        for path in self.writers:
            self._check_way(path, f"axes.{dotted(path)}")
        for factor in self.factors:
            if isinstance(factor, Nested):
                self._check_reads(factor)
        for rule in self.derives:
            self.check_derived(rule.path or ())
        for name, n in Counter(self.constraint_names()).items():
            if n > 1:
                self.problems.append(f"where.{name}: {n} designs that are factors have it")

    def constraint_names(self) -> list[str]:
        """Return the names of the constraints of designs that are factors."""
        nested = [factor for factor in self.factors if isinstance(factor, Nested)]
        inner = [one.name for factor in nested for one in factor.design.constraints]
        return inner + [rule.name for rule in self.wheres]

    def _check_reads(self, factor: Nested) -> None:
        """Find axes that would change what a design rests on that knows nothing of them."""
        for other in self.writers:
            if other not in factor.writes and any(
                is_part(path, other) for path in factor.design.reads
            ):
                self.problems.append(
                    f"axes.{dotted(other)}: a design that is a factor reads it in its own "
                    "constraints or derived parameters"
                )

    def _check_way(self, path: Path, place: str) -> None:
        """Find a value that is where a path needs a section."""
        replaced = False
        for length in range(1, len(path)):
            where = path[:length]
            value = value_at(self.base, where)
            # The sections of an axis replace what is in base.
            replaced = replaced or where in self.writers
            if where in self._leaves:
                self.problems.append(
                    f"{place}: {dotted(where)} is an axis whose values are no sections"
                )
            elif not replaced and value is not MISSING and not isinstance(value, Tree):
                self.problems.append(
                    f"{place}: {dotted(where)} is {shown(value)} in base, and no section"
                )

    def check_derived(self, path: Path) -> None:
        """Find axes that a derived parameter would overwrite."""
        place = f"derive.{dotted(path)}"
        self._check_way(path, place)
        for other in self.writers:
            if other == path:
                self.problems.append(f"{place}: it is an axis, which cannot be derived")
            elif is_part(other, path):
                self.problems.append(f"{place}: the axis {dotted(other)} is inside of it")

    def leaves(self, derive: Any) -> list[Path]:
        """Return the paths of all parameters that points may have."""
        paths = [path for path, value in leaves_of(self.base) if not isinstance(value, Tree)]
        paths += [path for factor in self.factors for path in factor.leaves()]
        paths += [rule.path for rule in self.derives if rule.path]
        for name in derive if isinstance(derive, Mapping) else ():
            try:
                paths.append(path_of(name))
            except ValueError:
                continue
        return paths


def _rules(
    kind: str, given: Rules | None, names: Names, parts: _Parts, problems: list[str]
) -> list[Rule]:
    """Return the rules that are given by name, and find what is wrong with them."""
    if given is None:
        return []
    if not isinstance(given, Mapping):
        problems.append(f"{kind}: should be a mapping to expressions, found {shown(given)}")
        return []
    rules = []
    taken = parts.constraint_names()
    for key, rule in given.items():
        name, path = str(key), None
        place = f"{kind}.{name}"
        if kind == "where" and name in taken:
            problems.append(f"{place}: a design that is a factor has a constraint of this name")
        try:
            if kind == "derive":
                path = path_of(key)
                name = dotted(path)
                parts.check_derived(path)
            rules.append(rule_of(place, name, rule, path, names))
        except ValueError as error:
            problems += [f"{place}: {line}" for line in str(error).split("\n")]
    return rules


def zip(axes: Mapping[str, Any]) -> Zip:  # noqa: A001
    """Return axes that go together: their first values, their second values, and so on.

    Parameters
    ----------
    axes : mapping
        From paths to axes with as many values each.

    Returns
    -------
    Zip
        A factor of `product`.
    """
    return Zip(axes)


def concat(*designs: Design) -> Design:
    """Return the points of all designs, one design after the other.

    Equal points stay as they are. The queue runs equal experiments once, and says so.

    Parameters
    ----------
    *designs : Design
        At least one.

    Raises
    ------
    DesignError
        If one is no design.
    """
    return Concatenation(_designs("concat", designs))


def union(*designs: Design) -> Design:
    """Return the different points of all designs, one design after the other.

    Of points with equal trees the first one that is admitted stays, or the first of all if none
    is. Points are numbered anew.

    Parameters
    ----------
    *designs : Design
        At least one, with a million points together at most: they are compared with each other.

    Raises
    ------
    DesignError
        If one is no design, or there are too many points.
    """
    whole = Concatenation(_designs("union", designs))
    return Part(whole, without_repeated(whole), renumbered=True)


def _designs(kind: str, given: Sequence[Any]) -> list[Design]:
    problems = [
        f"{kind}[{number}]: should be a design, found {shown(one)}"
        for number, one in enumerate(given)
        if not isinstance(one, Design)
    ]
    if not given:
        problems = [f"{kind}: should be given at least one design"]
    if problems:
        raise DesignError(problems)
    return list(given)


def cover(
    base: Mapping[Any, Any],
    *factors: Mapping[str, Any] | Zip | Lhs | Design,
    strength: int = 2,
    where: Rules | None = None,
    derive: Rules | None = None,
    seed: int = 1,
) -> Design:
    """Return few points of a product in which all values of any two axes meet.

    Parameters
    ----------
    base, *factors, where, derive, seed
        As for `product`. All points satisfy the constraints.
    strength : int, optional
        How many axes: all combinations of the values of any `strength` axes that some point can
        have occur in at least one point.

    Returns
    -------
    Design
        In the order of the product, with numbers of its own; ``_i`` is that of the product. Axes
        in a zip or lhs count as one.

    Raises
    ------
    DesignError
        With all problems, each with its place; also if it cannot be found out in time which
        combinations the constraints admit.

    References
    ----------
    The points are those of covertable, with some added where constraints make it take too long.
    D. M. Cohen, S. R. Dalal, M. L. Fredman, G. C. Patton, "The AETG system: an approach to testing
    based on combinatorial design", IEEE Transactions on Software Engineering 23(7), 1997, doi
    10.1109/32.605761.
    """
    # Which imports covertable.
    from icarus.design.covering import covering_rows

    whole = _product(base, factors, where, derive, seed)
    rows = covering_rows(whole, strength, seed)
    return Part(whole, sorted(rows), renumbered=True)
