"""What a case file may say, as models: what files are checked against, and their JSON schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, Field

from icarus.core.durations import seconds_of
from icarus.design.sweep_models import Count, Table

__all__ = ["CASE_SCHEMA", "CaseFile", "CaseOutput", "CaseResource", "CaseStep"]

CASE_SCHEMA = "icarus-case/1"


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value):
        raise ValueError("should be a name of letters, digits, '-', '_' and '.'")
    return value


def _duration(value: Any) -> Any:
    seconds_of(value)
    return value


Name = Annotated[str, AfterValidator(_name)]
"""Folders are called by it."""
Duration = Annotated[str | int | float, AfterValidator(_duration)]
"""Such as "90s" or "1h30m", or seconds."""


class CaseOutput(Table):
    """A file that a step is to leave: it is kept with the results."""

    path: str
    """Relative to where the step works, its data folder; with * and ? for several."""
    required: bool = True
    """Whether the step failed if there is none."""
    metrics: bool = False
    """Whether it is a JSON object whose numbers are among the results of the step."""


class CaseStep(Table):
    """One step: a command of a resource."""

    id: Name
    resource: str
    """A type of resources, of which there is one for this step; or the name of one of the case."""
    command: str
    """``run``, which starts the resource and waits for its end; or one that it declares."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Attributes of the resource and parameters of the command. ``{name}`` stands for values."""
    timeout: Duration | None = None
    may_fail: bool = False
    """Whether the run goes on if the step fails."""
    outputs: list[CaseOutput] = Field(default_factory=list)
    name: str = ""
    description: str = ""


class CaseResource(Table):
    """A resource that is there from before the first step until after the last."""

    type: str
    attributes: dict[str, Any] = Field(default_factory=dict)


class CaseFile(Table):
    """A case: steps on resources, done one after another, measured, and repeated."""

    editor_schema: Annotated[str, Field(alias="$schema")] = ""
    """The schema that editors check against; Icarus does not read it."""
    version: Annotated[Literal["icarus-case/1"], Field(alias="schema")]
    id: Name
    name: str = ""
    description: str = ""
    requires: list[str] = Field(default_factory=list)
    """Programs that it needs; where one is missing, its runs are CANCELLED."""
    runs: Count = 1
    """How many times it is done; N_REPLICATIONS, where that is given, says so for all cases."""
    cooldown: Duration = 0
    """How long to wait after each run but the last."""
    axes: dict[str, Any] = Field(default_factory=dict)
    """Parameters that vary, in all combinations, as in sweep files."""
    derive: dict[str, str] = Field(default_factory=dict)
    """Parameters that are computed from others."""
    where: dict[str, str] = Field(default_factory=dict)
    """What parameters have to fulfil: expressions, by the name that stands as the reason."""
    resources: dict[Name, CaseResource] = Field(default_factory=dict)
    steps: Annotated[list[CaseStep], MinLen(1)]
