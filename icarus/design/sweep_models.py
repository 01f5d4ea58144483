"""What a sweep file may say, as models: what files are checked against, and their JSON schema.

In a file, tables are nested as its author likes: ``workload.alpha`` below ``axes`` may be a key
with dots, a table in a table or a quoted key. ``SweepFile`` has axes and expressions by path, to
which ``sweepfile`` brings them first. Types are checked here; what numbers make sense, axes know
themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, MaxLen, MinLen
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from icarus.core.values import phrase, shown
from icarus.design.axes import AXIS_TYPES, Axis, Lhs, lhs
from icarus.errors import suggestion

__all__ = [
    "AXIS_TABLES",
    "AxisTable",
    "Choice",
    "Count",
    "CoverTable",
    "LhsOptions",
    "LhsTable",
    "Linspace",
    "Logspace",
    "Loguniform",
    "Normal",
    "Range",
    "SweepFile",
    "Table",
    "Two",
    "Uniform",
    "checked",
    "joined",
]


def _as_given(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    check(value)
    return value


Number = Annotated[float, WrapValidator(_as_given)]
"""An integer stays one: 1 and 1.0 are two values of a parameter."""
Count = Annotated[int, Ge(1)]
Two = Annotated[list[Number], MinLen(2), MaxLen(2)]


class Table(BaseModel):
    """A table with the keys that it may have, and no others."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class AxisTable(Table):
    """Values of a parameter, as a table with the kind of axis as a key."""

    kind: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = cls.__name__.lower()

    def axis(self) -> Axis:
        """Return the axis that the table describes."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        main = given.pop(self.kind)
        return AXIS_TYPES[self.kind](*([main] if self.kind == "choice" else main), **given)


class Choice(AxisTable):
    """The values that are listed, as a list itself means: ``{ choice = ["LCE", "LCD"] }``."""

    choice: Annotated[list[Any], MinLen(1)]


class Range(AxisTable):
    """Numbers from the first up to the last in steps: ``{ range = [0, 10], step = 2 }``."""

    range: Two
    step: Number = 1


class _Several(AxisTable):
    n: Count
    """How many values."""
    round: Number | None = None
    """What values are to be multiples of."""


class Linspace(_Several):
    """Numbers with equal distances, both ends included: ``{ linspace = [0, 1], n = 5 }``."""

    linspace: Two


class Logspace(_Several):
    """Numbers with equal ratios, both ends included: ``{ logspace = [0.01, 1], n = 3 }``."""

    logspace: Two


class Uniform(_Several):
    """Numbers drawn uniformly from an interval: ``{ uniform = [0, 1], n = 5 }``."""

    uniform: Two


class Loguniform(_Several):
    """Numbers whose logarithms are drawn uniformly: ``{ loguniform = [0.01, 1], n = 5 }``."""

    loguniform: Two


class Normal(_Several):
    """Numbers drawn by mean and standard deviation: ``{ normal = [0.8, 0.1], n = 5 }``."""

    normal: Two
    lo: Number | None = None
    """What values are not to be below."""
    hi: Number | None = None
    """What values are not to be above."""


_TABLES = (Choice, Range, Linspace, Logspace, Uniform, Loguniform, Normal)

AXIS_TABLES: dict[str, type[AxisTable]] = {table.kind: table for table in _TABLES}
"""By the key that says what kind of axis a table is."""


class LhsOptions(Table):
    """Parameters drawn together, so that each of them is evenly covered: a Latin hypercube."""

    n: Count
    """How many points."""
    round: Number | dict[str, Any] | None = None
    """What values are to be multiples of: of all, or by parameter."""
    log: bool | str | list[str] = False
    """Parameters whose logarithms are to be evenly covered: all, or some."""


class LhsTable(LhsOptions):
    """The same with the ends of each parameter, by path, which in files stand beside these."""

    bounds: dict[str, Two]

    def axes(self) -> Lhs:
        """Return the axes that the table describes."""
        bounds = {path: (lo, hi) for path, (lo, hi) in self.bounds.items()}
        return lhs(bounds, self.n, round=self.round, log=self.log)


class CoverTable(Table):
    """In place of all combinations: so few that any values of `strength` axes occur together."""

    strength: Annotated[int, Ge(1)] = 2


class SweepFile(Table):
    """A sweep: experiments, as the points of a design."""

    editor_schema: Annotated[str, Field(alias="$schema")] = ""
    """The schema that editors check against; Icarus does not read it."""
    title: str = ""
    description: str = ""
    extends: list[str] = []
    """Sweep files that this one goes on from, relative to its folder; of several the later wins."""
    settings: dict[str, Any] = {}
    """General settings, such as N_REPLICATIONS."""
    base: dict[str, Any] = {}
    """What all experiments have in common, by section."""
    axes: dict[str, Any] = {}
    """What varies, in all combinations: lists of values, or tables with a kind of axis."""
    zip: list[dict[str, Any]] = []
    """Axes of equal length whose values go together, first with first."""
    lhs: list[dict[str, Any]] = []
    """Axes that are drawn together."""
    derive: dict[str, str] = {}
    """Parameters that are computed from others: expressions, by parameter."""
    where: dict[str, str] = {}
    """What experiments have to fulfil: expressions, by the name that stands as the reason."""
    cover: dict[str, Any] | None = None
    """In place of all combinations, so few that values occur together."""
    seed: Annotated[int, Ge(0)] | None = None
    """What axes are drawn from."""


def checked(model: type[Table], value: Any, place: str) -> tuple[Any, list[tuple[str, str]]]:
    """Return a table as its model, or None and what is wrong with it, each with its place.

    Parameters
    ----------
    model : type
    value : object
        As it was read.
    place : str
        Where it stands in the file.
    """
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        found: dict[tuple[str, str], list[str]] = {}
        for one in error.errors(include_url=False, include_context=False):
            key, text = _problem(model, value, place, one)
            found.setdefault(key, []).append(text)
    return None, [
        (where, " or ".join(dict.fromkeys(texts)) + ending)
        for (where, ending), texts in found.items()
    ]


def _problem(model: type[Table], value: Any, place: str, error: Any) -> tuple[tuple[str, str], str]:
    """Return where an error of pydantic stands, what the line on it ends with, and its text."""
    *above, last = error["loc"]
    if error["type"] == "missing":
        return (place, ""), f"{last!r} is missing"
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        return (place, ""), f"unknown key {last!r}; {suggestion(last, known)}"
    for part in (*above, last):
        # Members of unions are among the parts, too.
        if isinstance(value, Mapping) and part in value:
            value, place = value[part], joined(place, str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value, place = value[part], f"{place}[{part}]"
    text = phrase({**error, "loc": ()}).replace(" after validation", "")
    return (place, f", found {shown(value)}"), text


def joined(place: str, part: str) -> str:
    """Return the place of a key in a table."""
    return f"{place}.{part}" if place else part
