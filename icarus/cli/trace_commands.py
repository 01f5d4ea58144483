"""``icarus trace``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from icarus.cli.common import CONTEXT_SETTINGS, PATH, command, echo, main
from icarus.errors import IcarusError, SettingsError

__all__ = ["trace", "trace_command"]


@main.group(context_settings=CONTEXT_SETTINGS)
def trace() -> None:
    """Look at request traces and convert them."""


_TRACE_OPTIONS = (
    click.option("--format", metavar="FORMAT", help="What TRACE is.  [default: found out]"),
    click.option("--content-column", metavar="COLUMN", help="Column of ids: name, or number."),
    click.option("--time-column", metavar="COLUMN", help="Column of times."),
    click.option("--size-column", metavar="COLUMN", help="Column of sizes, in bytes."),
    click.option("--time-unit", metavar="UNIT", help="s, ms, us or ns.  [default: s]"),
    click.option("--operation-column", metavar="COLUMN", help="Column of operations."),
    click.option(
        "--operations",
        metavar="GET,...",
        help="Which of them are requests; others are left out.  [default: GET,GETS,GET_LEASE]",
    ),
    click.option(
        "--count-column", metavar="COLUMN", help="Column of how often a request was made."
    ),
    click.option("--delimiter", help="What separates columns."),
    click.option("--header/--no-header", default=None, help="Whether the first line names them."),
)


def trace_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a trace is to be read."""

    @functools.wraps(function)
    def read(*args: Any, **options: Any) -> None:
        from icarus.cli.trace_reports import column

        for name, value in options.items():
            if name.endswith("_column") and value:
                options[name] = column(value)
        if options["operations"] is not None:
            options["operations"] = tuple(options["operations"].split(","))
        try:
            function(*args, **options)
        except ValueError as error:
            if isinstance(error, IcarusError):
                raise
            # Options that contradict each other.
            raise SettingsError([str(error)]) from error

    decorated = command(read)
    for option in reversed(_TRACE_OPTIONS):
        decorated = option(decorated)
    return decorated


@trace.command("info")
@click.argument("source", metavar="TRACE", type=PATH)
@trace_command
def trace_info(source: Path, **options: Any) -> None:
    """Print statistics of TRACE and the Zipf exponent that fits it."""
    from icarus.cli.trace_reports import info_lines

    echo("\n".join(info_lines(source, **options)))


@trace.command("convert")
@click.argument("source", type=PATH)
@click.argument("destination", type=PATH)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@click.option("--client-column", metavar="COLUMN", help="Column of who requests.")
@trace_command
def trace_convert(source: Path, destination: Path, **options: Any) -> None:
    """Write the trace SOURCE to DESTINATION in a compact form that simulations stream from."""
    from icarus.cli.trace_reports import convert_lines

    echo("\n".join(convert_lines(source, destination, **options)))
