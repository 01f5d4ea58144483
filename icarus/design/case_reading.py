"""Case files: found in a folder, read, and held against what they may say. Nothing is executed."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.core.suffixes import CASE_FILES
from icarus.design.axes import choice
from icarus.design.axis_kinds import Axis
from icarus.design.case_models import CaseFile
from icarus.design.placeholders import GIVEN
from icarus.design.sweep_axes import axis_of
from icarus.design.sweep_models import AxisTable, checked
from icarus.design.sweep_reading import parsed, read_text
from icarus.errors import SettingsError

__all__ = ["SETTINGS_FILE", "SHARED", "Case", "find_cases", "pointer", "read_case"]

SETTINGS_FILE = "cases.toml"
"""What a folder of cases has for its general settings."""
SHARED = "shared"
"""The folder, beside a case file, of what all runs read."""


@dataclass
class Case:
    """A case, as it was read from its file."""

    file: str
    """The path, as problems show it."""
    folder: str
    """The folder that it is in."""
    content: dict[str, Any]
    model: CaseFile
    axes: dict[str, Axis] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    """Digests of the files in ``shared``, by their paths there."""


def find_cases(root: str | os.PathLike[str]) -> tuple[list[Case], list[str]]:
    """Return the cases in a folder and those below, in the order of their paths.

    Parameters
    ----------
    root : path

    Returns
    -------
    cases : list of Case
        Those that are sound.
    problems : list of str
        What is wrong with the others, each with file and place.
    """
    cases: list[Case] = []
    problems: list[str] = []
    files: list[Path] = []
    for folder, below, names in os.walk(root):
        found = [Path(folder, name) for name in CASE_FILES if name in names]
        if len(found) == 2:
            problems.append(f"{found[0]}: there is {CASE_FILES[1]} beside it; one of them says all")
        # What a case has in its folder is its own.
        below[:] = [] if found else sorted(name for name in below if not name.startswith("."))
        files += found[:1]
    ids: dict[str, str] = {}
    for file in files:
        case, wrong = _read(file)
        problems += wrong
        if case is None:
            continue
        if case.model.id in ids:
            other = ids[case.model.id]
            problems.append(f"{file}: /id: {other} has the id {case.model.id!r}, too")
            continue
        ids[case.model.id] = str(file)
        cases.append(case)
    if not files:
        named = " or ".join(CASE_FILES)
        problems.append(f"{os.fspath(root)}: no {named} in this folder, nor in those below")
    return cases, problems


def _read(file: Path) -> tuple[Case | None, list[str]]:
    try:
        return read_case(str(file), parsed(file, read_text(file)))
    except SettingsError as error:
        return None, list(error.problems)
    except OSError as error:
        return None, [f"{file}: {error.strerror or error}"]


def read_case(
    file: str, content: dict[str, Any], shared: dict[str, str] | None = None
) -> tuple[Case | None, list[str]]:
    """Return a case, or None and what is wrong with it.

    Parameters
    ----------
    file : str
        What problems name; the case is in the same folder.
    content : dict
        What it says.
    shared : dict, optional
        Digests of its shared files; by default they are read.
    """
    model, found = checked(CaseFile, content, "")
    axes: dict[str, Axis] = {}
    if model is not None:
        axes, wrong = _axes_of(model)
        found += wrong + _problems_of(model)
    if found:
        return None, [f"{file}: {pointer(place)}: {text}" for place, text in found]
    folder = os.path.dirname(file) or "."  # noqa: PTH120 - as it was given
    known = _shared_files(Path(folder, SHARED)) if shared is None else shared
    return Case(file, folder, content, model, axes, known), []


def pointer(place: str) -> str:
    """Return a place such as ``steps[2].parameters`` as a JSON pointer."""
    return "/" + re.sub(r"\[(\d+)\]", r".\1", place).strip(".").replace(".", "/")


def _axes_of(model: CaseFile) -> tuple[dict[str, Axis], list[tuple[str, str]]]:
    axes: dict[str, Axis] = {}
    found: list[tuple[str, str]] = []
    for name, value in model.axes.items():
        place = f"axes.{name}"
        if not name.isidentifier() or name in (*GIVEN, "name"):
            found.append((place, f"{name!r} cannot be the name of a parameter"))
            continue
        given, problems = axis_of(value, place)
        if given is not None:
            axes[name] = given.axis() if isinstance(given, AxisTable) else choice(given)
            problems = [(place, text) for text in axes[name].problems()]
        found += problems
    return axes, found


def _problems_of(model: CaseFile) -> list[tuple[str, str]]:
    found = []
    seen: dict[str, int] = {}
    for number, step in enumerate(model.steps):
        place = f"steps[{number}]"
        if step.id in seen:
            found.append((f"{place}.id", f"step {seen[step.id]} has the id {step.id!r}, too"))
        seen.setdefault(step.id, number)
        for i, output in enumerate(step.outputs):
            parts = Path(output.path).parts
            if not parts or ".." in parts or Path(output.path).is_absolute():
                text = f"should be a path within the data folder, found {output.path!r}"
                found.append((f"{place}.outputs[{i}].path", text))
    return found


def _shared_files(folder: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                name = path.relative_to(folder).as_posix()
                digests[name] = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return digests
