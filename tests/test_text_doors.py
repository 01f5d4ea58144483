"""Text leaves the package by three doors only: the terminal, the log and figures have one each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "icarus"

DOORS = {
    "print": "core/terminal.py",
    "click.echo": "core/terminal.py",
    "click.secho": "core/terminal.py",
    "click.confirm": "core/terminal.py",
    "click.prompt": "core/terminal.py",
    "traceback.print_exc": "core/terminal.py",
    "traceback.print_exception": "core/terminal.py",
    "sys.stdout.write": "core/terminal.py",
    "sys.stderr.write": "core/terminal.py",
    "Console": "core/console.py",
    "rich.print": "core/console.py",
    "logging.Formatter": "logformat.py",
    "logging.basicConfig": "util.py",
    "logging.StreamHandler": "cli/logs.py util.py",
    "logging.FileHandler": "logformat.py",
    "figure.savefig": "results/style.py",
}
"""Calls that text could get out by, and the modules that may make them."""

DRAWING = {
    "set_title", "set_xlabel", "set_ylabel", "suptitle", "supxlabel", "supylabel", "annotate",
}  # fmt: skip
"""Methods of matplotlib that take a text; each is given one that went through the door."""
DRAWN = {"drawn", "drawn_lines", "stated_text", "sheet.xlabel", "sheet.ylabel"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def calls_in(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_printed_elsewhere(path):
    here = path.relative_to(PACKAGE).as_posix()
    for call in calls_in(path):
        name = ast.unparse(call.func)
        allowed = DOORS.get(name, DOORS.get(f"figure.{name.split('.')[-1]}", here))
        assert here in allowed.split(), f"line {call.lineno} calls {name}"


def test_what_figures_show_went_through_their_door():
    for path in (PACKAGE / "results").glob("*.py"):
        for call in calls_in(path):
            if isinstance(call.func, ast.Attribute) and call.func.attr in DRAWING:
                given = call.args[0]
                source = ast.unparse(given.func if isinstance(given, ast.Call) else given)
                assert source in DRAWN, f"{path.name}:{call.lineno} draws {ast.unparse(given)}"
