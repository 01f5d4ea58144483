"""What all commands share: how they are guarded, and arguments that several have."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from icarus.errors import IcarusError, SettingsError
from icarus.release import version

__all__ = ["CONTEXT_SETTINGS", "command", "main", "override_option", "results_argument"]
__all__ += ["settings_argument", "strict_option"]

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"]}

_USAGE_ERROR = 2
_INTERRUPTED = 130


def command(
    function: Callable[..., Any], debug_help: str = "Show tracebacks of errors."
) -> Callable[..., Any]:
    """Give a command ``--debug``, and turn errors that are the user's to mend into lines."""
    wants_debug = "debug" in inspect.signature(function).parameters

    @click.option("--debug", is_flag=True, help=debug_help)
    @functools.wraps(function)
    def guarded(*args: Any, debug: bool, **kwargs: Any) -> Any:
        if wants_debug:
            kwargs["debug"] = debug
        try:
            return function(*args, **kwargs)
        except IcarusError as error:
            if debug:
                traceback.print_exc()
            lines = str(error).splitlines()
            problems = error.problems if isinstance(error, SettingsError) else lines
            for problem in problems:
                click.echo(f"icarus: {problem}", err=True)
            sys.exit(_USAGE_ERROR)
        except KeyboardInterrupt:
            # A campaign that runs heeds signals itself; this is before and after it.
            click.echo("icarus: interrupted", err=True)
            sys.exit(_INTERRUPTED)
        except BrokenPipeError:
            # Whoever read our output, such as `head`, has enough.
            sys.stderr.close()
            sys.exit(1)

    return guarded


@click.group(context_settings=CONTEXT_SETTINGS)
@click.version_option(version, "--version", prog_name="icarus")
def main() -> None:
    """Simulate networks of caches, and run whole campaigns of simulations.

    \b
    icarus run config/quickstart.py             run a campaign
    icarus status                               how far it is, from another terminal
    icarus plot results/quickstart.pickle       draw its results
    """


settings_argument = click.argument("settings", metavar="SETTINGS", type=click.Path(path_type=Path))
override_option = click.option(
    "-c",
    "--config-override",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set KEY to VALUE, a Python literal or else a string, in place of what SETTINGS "
    "assigns to it. Takes effect before the queue is built. May be given several times.",
)
strict_option = click.option(
    "--strict", is_flag=True, help="Make errors of warnings about the settings, as STRICT does."
)

results_argument = click.argument("path", metavar="RESULTS", type=click.Path(path_type=Path))
