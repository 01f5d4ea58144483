"""What all commands share: how they are guarded, and arguments that several have."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icarus.cli.completing import complete_results
from icarus.core.terminal import OutputLostError, confirm, echo, echo_json, finish, open_streams
from icarus.errors import IcarusError
from icarus.plaintext import cut
from icarus.release import version

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from icarus.core.console import PlainConsole

__all__ = ["CONTEXT_SETTINGS", "PATH", "command", "confirm", "echo", "echo_json", "main", "warn"]
__all__ += ["override_option", "results_argument", "settings_argument", "strict_option"]
__all__ += ["table_console", "where_option"]

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"]}

_USAGE_ERROR = 2
_INTERRUPTED = 130
_LONGEST_PROBLEM = 10_000
"""Characters of a problem that are printed; two paths of the longest kind fit."""

_OF_THE_SYSTEM = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
}
"""Errors that say what the machine has not got, whatever was asked of it."""


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
        except (IcarusError, OSError, RecursionError) as error:
            problems = _problems(error)
            if not problems:
                raise
            if debug:
                echo(traceback.format_exc().rstrip(), err=True)
            for problem in problems:
                _complain(problem)
            sys.exit(_USAGE_ERROR)
        except KeyboardInterrupt:
            # A campaign that runs heeds signals itself; this is before and after it.
            echo("icarus: interrupted", err=True)
            sys.exit(_INTERRUPTED)

    return guarded


def table_console() -> PlainConsole:
    """Return where tables are printed."""
    from icarus.core.console import PlainConsole

    console = PlainConsole()
    # A file or a pipe has no width to fit into.
    return console if console.is_terminal else PlainConsole(width=10_000)


def warn(text: str) -> None:
    """Print something that does not keep a command from going on, and is to be known."""
    echo(f"icarus: warning: {text}", err=True)


def _problems(error: BaseException) -> Sequence[str]:
    """Return what a user is to mend, by line; nothing where it is for us to mend."""
    if isinstance(error, OutputLostError):
        return []
    if isinstance(error, IcarusError):
        return error.problems
    if isinstance(error, RecursionError):
        return ["too deeply nested, or it contains itself; --debug shows where"]
    if not isinstance(error, OSError):
        return []
    reason = error.strerror or str(error)
    if error.errno == errno.EMFILE:
        reason += "; allow this process more of them (ulimit -n)"
    if isinstance(error.filename, (str, bytes, os.PathLike)):
        path = os.fsdecode(error.filename)
        # Our own files are there.
        return [] if Path(path).is_relative_to(_PACKAGE) else [f"{path}: {reason}"]
    return [reason] if error.errno in _OF_THE_SYSTEM else []


_PACKAGE = Path(__file__).resolve().parents[1]


def _complain(problem: str) -> None:
    # One line, also where a file is called by two.
    echo(f"icarus: {cut(problem, _LONGEST_PROBLEM)}".replace("\n", "\\n"), err=True)


class _Main(click.Group):
    """The command line as a whole: how it ends, whatever becomes of its output."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process with its exit code."""
        run = functools.partial(
            super().main, args, prog_name, complete_var, standalone_mode=False, **extra
        )
        if not standalone_mode:
            return run()
        open_streams()
        try:
            code = _exit_code(run)
        except OutputLostError as error:
            code = error.exit_code()
        except OSError as error:
            # Commands tell of theirs; this is of click itself, which prints help.
            if error.errno not in _OF_THE_SYSTEM:
                raise
            code = OutputLostError(error.errno, error.strerror).exit_code()
        sys.exit(finish(code))


def _exit_code(run: Callable[[], Any]) -> int:
    """Run a command and return how it ended."""
    try:
        ended = run()
    except SystemExit as error:
        ended = error.code
    except click.ClickException as error:
        asked = getattr(error, "ctx", None)
        more = f"; see {asked.command_path} --help" if asked is not None else ""
        _complain(f"{error.format_message().rstrip('.')}{more}")
        return error.exit_code
    except click.Abort as error:
        return _INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else 1
    if isinstance(ended, str):
        echo(ended, err=True)
        return 1
    return ended if isinstance(ended, int) else 0


class _PathType(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A path that can be one: not empty, not too long, and leading somewhere."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or fail with what is wrong with its text."""
        if not str(value):
            self.fail("it is empty where a file or folder should be named", param, ctx)
        try:
            Path(value).stat()
        except ValueError:
            self.fail(f"{value!r}: no path has a null character", param, ctx)
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
                self.fail(f"{value}: {error.strerror}", param, ctx)
        return Path(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Leave it to the shell, which completes names of files."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


PATH = _PathType()


@click.group(context_settings=CONTEXT_SETTINGS, cls=_Main)
@click.version_option(version, "--version", prog_name="icarus")
def main() -> None:
    """Simulate networks of caches, and run whole campaigns of simulations.

    \b
    icarus plan config/quickstart.py            check a campaign, and see what it will be
    icarus run config/quickstart.py             run it
    icarus status                               how far it is, from another terminal
    icarus plot results/quickstart.pickle       draw its results
    """


settings_argument = click.argument("settings", metavar="SETTINGS", type=PATH)
override_option = click.option(
    "-c",
    "--config-override",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set KEY to VALUE, a Python literal or else a string, in place of what SETTINGS "
    "assigns to it. Takes effect before the queue is built. KEY may also be the path of what a "
    "design varies or starts from, as in workload.alpha=[0.8]. May be given several times.",
)
strict_option = click.option(
    "--strict", is_flag=True, help="Make errors of warnings about the settings, as STRICT does."
)

results_argument = click.argument(
    "path", metavar="RESULTS", type=PATH, shell_complete=complete_results
)
where_option = click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only experiments with this value; several values of one parameter are alternatives.",
)
