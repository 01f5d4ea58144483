"""``icarus cases``: folders of cases, and what their runs have left."""

from __future__ import annotations

import json
from pathlib import Path

import click

from icarus.cli.common import PATH, command, echo, echo_json, main

__all__: list[str] = []

_folder = click.argument("folder", metavar="FOLDER", type=PATH)
_results = click.option(
    "-r",
    "--results",
    "file",
    metavar="FILE",
    type=PATH,
    help="Where the results are.  [default: results/<name of FOLDER>.pickle]",
)


@main.group()
def cases() -> None:
    """List cases, print their statistics, remove their results. icarus run FOLDER runs them."""


@cases.command("list")
@_folder
@click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")
@command
def list_cases(folder: Path, as_json: bool) -> None:
    """List the cases in FOLDER and those below.

    All problems of all cases are listed at once, each with file and place; the exit code is
    then 2.
    """
    from icarus.cases.executor import Executor

    found = Executor(folder).list()
    if as_json:
        told = [
            {
                "file": case.file,
                "id": case.model.id,
                "name": case.model.name,
                "steps": [step.id for step in case.model.steps],
                "runs": case.model.runs,
            }
            for case in found
        ]
        echo_json(json.dumps(told, indent=4))
        return
    width = max(len(case.model.id) for case in found)
    for case in found:
        steps = len(case.model.steps)
        what = f"{steps} step{'s' if steps > 1 else ''}, {case.model.runs} run"
        plural = "s" if case.model.runs > 1 else ""
        echo(f"{case.model.id:<{width}}  {what}{plural}  {case.model.name}  ({case.file})")


@cases.command()
@_folder
@_results
@command
def stats(folder: Path, file: Path | None) -> None:
    """Write tables of what the cases in FOLDER cost, over all of their runs.

    \b
    stats.csv            statistics of each metric of each step
    summary.csv          each step in the run that took the median time for it
    representative.csv   the samples of that run

    They are in results/<name of FOLDER>/<id of the case>/, where icarus run writes them, too.
    """
    from icarus.cases.executor import Executor

    for path in Executor(folder, results=file).stats():
        echo(str(path))


@cases.command()
@_folder
@_results
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@command
def clean(folder: Path, file: Path | None, dry_run: bool) -> None:
    """Remove all results of the cases in FOLDER, and what their runs have left; never inputs."""
    from icarus.cases.executor import Executor

    found = Executor(folder, results=file).clean(dry_run)
    for path in found:
        echo(f"{'would remove' if dry_run else 'removed'} {path}")
    if not found:
        echo("there is nothing to remove")
