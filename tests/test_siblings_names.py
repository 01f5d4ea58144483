"""The page for those who come from other systems: each name on it leads to something."""

from __future__ import annotations

import dataclasses
import importlib
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

from icarus.cli import main
from icarus.planning.settings import GENERAL_SETTINGS
from icarus.planning.sweep_schema import sweep_schema

PAGE = Path(__file__).resolve().parents[1] / "docs" / "siblings.md"
SYSTEMS = ["KROWN", "dcos", "NEPI", "combtest"]
OF_HOOKS = {"campaign_start", "before_job", "after_job", "campaign_end"}
"""Keys of the setting HOOKS, beside which they are named."""
WORDS = {"match", "_i", "design[i]", "results", "workers", "grace", "wait"}
"""What Python and expressions have, and parameters and attributes that are named beside theirs."""


class Row(NamedTuple):
    numbers: str
    there: str
    here: str


def rows() -> list[Row]:
    found = [
        Row(*(cell.strip() for cell in line.strip().strip("|").split("|")))
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    return [row for row in found if row[0] != "no." and set(row[0]) != {"-"}]


def names(row: Row) -> list[str]:
    return re.findall(r"`([^`]+)`", row.here)


ROWS = rows()
NAMES = sorted({name for row in ROWS for name in names(row)})


def resolved(dotted: str) -> None:
    """Import the module that a name begins with, and go on by attributes; fields count too."""
    parts = dotted.split(".")
    for known in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:known]))
        except ModuleNotFoundError:
            continue
        for part in parts[known:]:
            fields = dataclasses.fields(found) if dataclasses.is_dataclass(found) else ()
            known = {field.name for field in fields} | set(getattr(found, "model_fields", ()))
            if not hasattr(found, part) and part in known:
                return
            found = getattr(found, part)
        return
    raise AssertionError(f"{dotted}: no such module")


def check_command(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert command is not main, f"{line}: no such command"
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0
    known = {option for parameter in command.params for option in parameter.opts}
    for word in words:
        if word.startswith("-"):
            assert word in known
            assert re.search(rf"^  (-., )?{word}\b", shown.output, re.MULTILINE), (
                "it is in the help"
            )
    if command is main.commands["list"]:
        assert CliRunner().invoke(command, words).exit_code == 0


def check(name: str) -> None:
    """Fail if there is no such thing."""
    if name.startswith("icarus "):
        check_command(name)
    elif name.startswith("["):
        assert name.strip("[]") in sweep_schema()["properties"]
    elif name.isupper():
        assert name in GENERAL_SETTINGS
    elif name not in OF_HOOKS | WORDS:
        assert name.startswith("icarus."), "neither a command, a setting, a section nor a full name"
        resolved(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_something(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    "name",
    [
        "icarus rnu",
        "icarus run --smaple N",
        "icarus list startegies",
        "icarus.design.rnage",
        "icarus.orchestration.Job.ident",
        "icarus.no_such.thing",
        "STALL_TIMEOUTS",
        "[axis]",
        "choice",
    ],
)
def test_one_that_does_not_is_found(name: str) -> None:
    with pytest.raises((AssertionError, AttributeError)):
        check(name)


def test_every_row_names_something_in_icarus() -> None:
    assert [row for row in ROWS if not set(names(row)) - OF_HOOKS - WORDS] == []


def numbered(row: Row) -> list[str]:
    """Return the numbers of what a row is about, such as "K1, K2" or "N29 to N33"."""
    first, _, last = row.numbers.partition(" to ")
    if last:
        return [f"{first[0]}{i}" for i in range(int(first[1:]), int(last[1:]) + 1)]
    return row.numbers.split(", ") if row.numbers else []


@pytest.mark.parametrize(("letter", "most"), [("K", 51), ("D", 26), ("N", 49)])
def test_all_that_three_of_them_have_is_there_once(letter: str, most: int) -> None:
    given = [one for row in ROWS for one in numbered(row) if one.startswith(letter)]
    assert sorted(given, key=lambda one: int(one[1:])) == [
        f"{letter}{i}" for i in range(1, most + 1)
    ]


def test_each_system_has_a_paragraph_and_a_table() -> None:
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(parts) == len(SYSTEMS)
    for part, system in zip(parts, SYSTEMS, strict=True):
        heading, paragraph, *tables = part.strip().split("\n\n")
        assert system in heading
        assert 100 < len(paragraph) < 700
        assert [table.startswith("| no. | there | in Icarus |") for table in tables] == [True]
