"""``icarus plan``, also called ``icarus validate``: what a campaign will be and may cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from icarus.cli.common import (
    command,
    echo,
    echo_json,
    main,
    override_option,
    settings_argument,
    strict_option,
    warn,
)

__all__ = ["plan", "print_outline", "selection_options"]


def selection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose a part of a queue."""
    for option in (
        click.option(
            "--shard",
            metavar="K/N",
            help="Take the K-th of N parts that together are the queue, each for another machine; "
            "icarus results merge puts their results together.",
        ),
        click.option(
            "--points",
            metavar="A:B",
            help="Take the experiments from A up to B without B, counted from 0.",
        ),
        click.option(
            "--sample",
            metavar="N",
            type=int,
            help="Take N experiments drawn at random, the same ones each time.",
        ),
    ):
        function = option(function)
    return function


@click.command()
@settings_argument
@override_option
@selection_options
@click.option("--point", metavar="I", type=int, help="Print experiment I, counted from 0.")
@click.option(
    "--resolved",
    is_flag=True,
    help="Print all settings in force; with --point all parameters, with their defaults.",
)
@click.option(
    "--pilot",
    is_flag=True,
    help="Run a thousandth of the requests of some experiments, to estimate time and memory.",
)
@click.option(
    "--tree",
    "as_tree",
    is_flag=True,
    help="Print the stages of walks, and how often each is done in a replication.",
)
@click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")
@strict_option
@command
def plan(
    settings: Path,
    overrides: tuple[str, ...],
    sample: int | None,
    points: str | None,
    shard: str | None,
    point: int | None,
    resolved: bool,
    pilot: bool,
    as_tree: bool,
    as_json: bool,
    strict: bool,
) -> None:
    """Check SETTINGS in full and print what they are a campaign of, running nothing.

    \b
    icarus plan sweep.toml                 axes, constraints, experiments, jobs
    icarus plan sweep.toml --point 17      one experiment
    icarus plan sweep.toml --pilot         how long it will take, and how much memory
    icarus plan walks.py --tree            the stages of walks

    All problems are listed at once, each with its place; the exit code is then 2. Another name
    of the command is icarus validate.
    """
    from icarus.cli.run_commands import load
    from icarus.planning.selection import Selection

    if point is not None and pilot:
        raise click.UsageError("--point and --pilot cannot be used together")
    loaded = load(settings, overrides, strict, Selection(sample, points, shard))
    if point is not None:
        _print_point(loaded, point, resolved, as_json)
    elif pilot:
        _print_pilot(loaded, as_json)
    else:
        print_outline(settings, loaded, resolved, as_json, as_tree)


main.add_command(plan, "plan")
main.add_command(plan, "validate")


def print_outline(
    path: Path, settings: Any, resolved: bool, as_json: bool, as_tree: bool = False
) -> None:
    """Print what campaign settings are."""
    from icarus.planning.outline import outline_of

    outline = outline_of(settings)
    if as_json:
        _echo_json({"file": str(path), **outline.facts()})
        return
    for warning in outline.warnings:
        warn(warning)
    echo(f"settings:      {path}")
    echo("\n".join(outline.tree() if as_tree else outline.lines()))
    if resolved:
        echo("in force:\n  " + "\n  ".join(outline.resolved()))


def _print_point(settings: Any, index: int, resolved: bool, as_json: bool) -> None:
    from icarus.planning.outline import planned_point

    point = planned_point(settings, index)
    if as_json:
        _echo_json(point.facts(resolved))
        return
    for warning in point.warnings:
        warn(warning)
    echo("\n".join(point.lines(resolved)))


def _print_pilot(settings: Any, as_json: bool) -> None:
    from icarus.orchestration.pilot import run_pilot

    estimate = run_pilot(settings)
    if as_json:
        _echo_json(estimate.facts())
    else:
        echo("\n".join(estimate.lines()))
    sys.exit(0 if estimate.ok else 1)


def _echo_json(facts: Any) -> None:
    echo_json(json.dumps(facts, indent=4, default=_as_text))


def _as_text(value: Any) -> Any:
    """Return what JSON has in the place of a value that it has not."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return getattr(value, "__qualname__", None) or str(value)
