"""How large all caches are together, as settings give it to the placement of caches.

A capacity counts contents, all of them alike, or bytes. It is given in one of three ways: as a
share of the catalogue, for all caches or for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

from icarus.core.byte_sizes import bytes_of, has_unit
from icarus.core.values import check_value, conform, shown
from icarus.types import NonNegative

__all__ = [
    "CAPACITY_KEYS",
    "CAPACITY_SIZES",
    "Capacity",
    "CapacityUnit",
    "capacity_of",
    "capacity_problems",
    "unit_of",
]

CapacityUnit = Literal["contents", "bytes"]

CAPACITY_SIZES = ("network_cache", "cache_budget", "node_cache")
"""The ways in which it is given, one at a time."""
CAPACITY_KEYS = (*CAPACITY_SIZES, "capacity_unit")
"""What settings give in the section of a cache placement that the placement itself does not get."""


class Capacity(NamedTuple):
    """How large caches are to be; one of the sizes is given."""

    unit: CapacityUnit
    share: float | None = None
    """Of the catalogue, that all caches have together."""
    total: float | None = None
    """Of all caches together."""
    each: float = 0
    """Of each cache, or of all of them on average."""

    def of_share(self, whole: float | None) -> float | int | None:
        """Return the size of all caches together; None if that of the catalogue is not known.

        Parameters
        ----------
        whole : float or None
            Contents of the catalogue, or their bytes.
        """
        if whole is None or self.share is None:
            return None
        # Budgets in contents are rounded where they are divided.
        return whole * self.share if self.unit == "contents" else round(whole * self.share)


def capacity_of(section: Mapping[str, Any]) -> Capacity:
    """Return the capacity that a section without problems gives."""
    unit = unit_of(section)
    if section.get("network_cache") is not None:
        return Capacity(unit, share=section["network_cache"])
    name = next(name for name in CAPACITY_SIZES if section.get(name) is not None)
    size = _size(section[name], unit)
    return Capacity(unit, total=size) if name == "cache_budget" else Capacity(unit, each=size)


def capacity_problems(
    section: Mapping[str, Any],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return what is wrong with the capacity in a section, and what is odd, by place."""
    given = [name for name in CAPACITY_SIZES if section.get(name) is not None]
    if not given:
        text = (
            "missing; it gives the total size of all caches as a fraction of the catalogue, unless "
            "cache_budget gives it outright or node_cache the size of each"
        )
        return [("network_cache", text)], []
    problems: list[tuple[str, str]] = []
    if len(given) > 1:
        problems.append((given[1], f"give either {' or '.join(given)}, not both"))
    unit = section.get("capacity_unit")
    problems += [("capacity_unit", text) for text in check_value(CapacityUnit | None, unit)]
    if problems:
        return problems, []
    name, value = given[0], section[given[0]]
    if name == "network_cache":
        return [(name, text) for text in _share_problems(value)], _notes(name, value)
    if has_unit(value) and unit == "contents":
        text = f"{value!r} is a size in bytes, but capacity_unit says contents"
        return [(name, text)], []
    try:
        return [], _notes(name, _size(value, unit_of(section)))
    except ValueError as error:
        return [(name, str(error))], []


def unit_of(section: Mapping[str, Any]) -> CapacityUnit:
    """Return what the capacity that a section without problems gives counts."""
    told = section.get("capacity_unit")
    if told is not None:
        return cast(CapacityUnit, told)
    return "bytes" if any(has_unit(section.get(name)) for name in CAPACITY_SIZES) else "contents"


def _size(value: Any, unit: CapacityUnit) -> float:
    """Return a size in contents or bytes; ValueError if it is none."""
    if unit == "bytes":
        return bytes_of(value)
    size, problems = conform(NonNegative, value)
    if problems:
        raise ValueError(
            f'should be a number of contents, or a text such as "10 GB" or "256 MiB", '
            f"found {shown(value)}"
        )
    return cast(float, size)


def _share_problems(value: Any) -> list[str]:
    if has_unit(value):
        return [
            f"a share of the catalogue, from 0 to 1; for {value} in all write "
            f"cache_budget: {value!r}"
        ]
    problems = check_value(NonNegative, value)
    if not problems and value > 1:
        problems = [
            f"a share of the catalogue, from 0 to 1; for {value:g} contents in all write "
            f"cache_budget: {value:g}"
        ]
    return problems


def _notes(name: str, size: Any) -> list[tuple[str, str]]:
    return [(name, "0; there will be no caches")] if size == 0 else []
