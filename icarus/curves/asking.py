"""What is asked for in text: policies with parameters, sizes of caches, how much is sampled."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from icarus.core.byte_sizes import bytes_of
from icarus.core.kinds import conformed_section, settable_parameters
from icarus.core.section_checks import check_section
from icarus.curves.curve import Unit
from icarus.curves.replaying import PolicyAsked, reads_trace
from icarus.errors import ComponentError, SettingsError
from icarus.plaintext import one_line
from icarus.registry import CACHE_POLICY

__all__ = ["SampleAsked", "SizesAsked", "parse_policies", "parse_sample", "parse_sizes"]

_POLICY = re.compile(r"\s*([^()]*?)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NUMBER = r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_SIZE = re.compile(rf"{_NUMBER}\s*(%|[kKMGTP]i?B|B)?")
_MOST_SIZES = 10_000
_DECADES = 3
"""Orders of magnitude that sizes span where only their number is given: from 0.1 % on."""


def parse_policies(text: str) -> list[PolicyAsked]:
    """Return the policies that are named, as in ``LRU,SLRU(segments=4)``.

    Raises
    ------
    SettingsError
        With a line for each policy that is unknown, or a parameter that is wrong.
    """
    problems: list[str] = []
    asked = []
    for one in _split(text):
        try:
            asked.append(_policy(one))
        except SettingsError as error:
            problems += error.problems
    labels = [one.label for one in asked]
    problems += [
        f"policy {one_line(label)} is named twice"
        for label in dict.fromkeys(labels)
        if labels.count(label) > 1
    ]
    if problems:
        raise SettingsError(problems)
    return asked


def _split(text: str) -> list[str]:
    """Return what stands between commas that are in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _policy(text: str) -> PolicyAsked:
    matched = _POLICY.fullmatch(text)
    if matched is None or not matched[1]:
        raise SettingsError(
            [f"policy {text.strip()!r}: a policy is a name, as in LRU or SLRU(segments=4)"]
        )
    name, inside = matched[1], matched[2] or ""
    try:
        policy = CACHE_POLICY.resolve(name)
    except ComponentError as error:
        raise SettingsError([str(error)]) from None
    section = {"name": name, **_parameters(name, inside)}
    needs = reads_trace(policy) and "trace" not in section
    # What it is to be told of the trace is there once the trace is.
    report = check_section("cache_policy", {**section, **({"trace": []} if needs else {})})
    problems = [
        f"policy {found}" if place == "name" else f"policy {name}: {place}: {found}"
        for place, found in report.problems
    ]
    known = [*settable_parameters("cache_policy", policy), *CACHE_POLICY.common]
    problems += [
        f"policy {name}: it has no parameter {key!r}; it has {', '.join(known)}"
        for key, _ in report.unread
    ]
    if problems:
        raise SettingsError(problems)
    parameters = conformed_section("cache_policy", section)
    del parameters["name"]
    return PolicyAsked(name, parameters, " ".join(text.split()))


def _parameters(name: str, inside: str) -> dict[str, Any]:
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
        assert isinstance(call, ast.Call)
        if call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError
        return {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError, AssertionError):
        raise SettingsError(
            [
                f"policy {name}({inside}): parameters are given as NAME=VALUE, VALUE being a "
                "Python literal, as in SLRU(segments=4)"
            ]
        ) from None


@dataclass(frozen=True)
class SizesAsked:
    """Sizes of caches, some of which depend on the trace.

    Attributes
    ----------
    number : int or None
        How many sizes, spread evenly on a logarithmic scale up to the whole catalogue.
    given : sequence of (float, bool)
        Otherwise each size, and whether it is a share of the catalogue.
    """

    number: int | None
    given: Sequence[tuple[float, bool]] = ()

    def of(self, whole: int) -> np.ndarray:
        """Return the sizes, ascending, int64, (n_sizes,).

        Parameters
        ----------
        whole : int
            The contents of the catalogue, or their bytes.
        """
        if self.number is None:
            exact = [whole * value if share else value for value, share in self.given]
        else:
            exact = list(np.geomspace(max(whole / 10**_DECADES, 1), whole, self.number))
        return np.unique(np.maximum(np.rint(exact), 1).astype(np.int64))


def parse_sizes(text: str, unit: Unit = "contents") -> SizesAsked:
    """Return sizes as in ``100,1000,1%``, or how many there are to be, as in ``20``.

    Raises
    ------
    SettingsError
        With a line for each one that is none.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and parts[0].isdecimal():
        number = int(parts[0][:10])
        if not 1 <= number <= _MOST_SIZES:
            raise SettingsError(
                [f"sizes: a single number says how many, 1 to {_MOST_SIZES}, found {parts[0]}; "
                 f"the size itself is written {parts[0]},"]
            )  # fmt: skip
        return SizesAsked(number)
    if parts[-1] == "":
        parts.pop()
    problems: list[str] = []
    given = []
    for part in parts:
        try:
            given.append(_size(part, unit))
        except SettingsError as error:
            problems += error.problems
    if not parts:
        problems.append("sizes: none is given; 20 stands for so many, 100,1000,1% for these")
    if problems:
        raise SettingsError(problems)
    return SizesAsked(None, given)


def _size(text: str, unit: Unit) -> tuple[float, bool]:
    found = _SIZE.fullmatch(text)
    likely = "a number of contents, such as 100, or a share of them, such as 1%"
    if unit == "bytes":
        likely = "a number of bytes, such as 4096 or 16MiB, or a share of them, such as 1%"
    if found is None:
        raise SettingsError([f"sizes: {text!r} is no size; {likely}"])
    value, suffix = float(found[1]), found[2]
    if suffix == "%":
        if not 0 < value <= 100:
            raise SettingsError([f"sizes: {text!r}: a share is above 0 % and at most 100 %"])
        return value / 100, True
    if suffix and unit == "contents":
        raise SettingsError([f"sizes: {text!r} is a number of bytes, and --bytes is not given"])
    value *= bytes_of(f"1{suffix}") if suffix else 1
    if not (1 <= value < 2**62 and value == int(value)):
        raise SettingsError([f"sizes: {text!r} is no size; {likely}"])
    return value, False


@dataclass(frozen=True)
class SampleAsked:
    """How much of a trace is looked at: a share of its contents, or a number of them."""

    rate: float | None = None
    n_contents: int | None = None


def parse_sample(text: str) -> SampleAsked:
    """Return a sample as in ``0.01``, ``1%`` or ``8192``.

    Raises
    ------
    SettingsError
        If it is neither a rate nor a number of contents.
    """
    found = re.fullmatch(rf"\s*{_NUMBER}\s*(%)?\s*", text)
    if found is not None:
        value = float(found[1]) / (100 if found[2] else 1)
        if found[1].isdecimal() and not found[2] and 2 <= value < 2**31:
            return SampleAsked(n_contents=int(value))
        if 2**-24 <= value <= 1:
            return SampleAsked(rate=value)
    raise SettingsError(
        [f"sample: {text!r} is no share of the contents, such as 0.01 or 1%, and no number of "
         "them, such as 8192"]
    )  # fmt: skip
