"""Running a campaign from a script, under the names that Icarus 0.8 has it by."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from icarus.core.terminal import echo
from icarus.orchestration import Orchestrator
from icarus.orchestration.campaign import run_campaign
from icarus.orchestration.delivery import write_results
from icarus.orchestration.destination import absolute, check_destination
from icarus.orchestration.executors import JobInterrupted
from icarus.orchestration.progress import LogProgress
from icarus.planning.loading import load_settings, parse_overrides
from icarus.planning.opening import open_simulation
from icarus.planning.settings import fill_defaults
from icarus.util import Settings, config_logging

__all__ = ["handler", "open_simulation", "run"]


def run(
    config_file: str | os.PathLike[str],
    output: str | os.PathLike[str],
    config_override: Mapping[str, str] | None,
) -> None:
    """Run the campaign of a settings module and write its results.

    Parameters
    ----------
    config_file : str or path-like
        The settings module.
    output : str or path-like
        The results file; one that is there is replaced.
    config_override : mapping of str to str, or None
        Overrides, as ``-c`` takes them.

    Raises
    ------
    SettingsError
        If anything is wrong with the settings.
    SystemExit
        If there is no ``EXPERIMENT_QUEUE``, or a signal stopped the campaign: 128 plus its number.
    """
    destination = absolute(Path(output))
    overrides = parse_overrides(f"{name}={text}" for name, text in (config_override or {}).items())
    settings = load_settings(config_file, overrides)
    _validate_settings(settings)
    config_logging(settings["LOG_LEVEL"])
    check_destination(destination, True, settings["RESULTS_FORMAT"])
    orchestrator = Orchestrator(settings)
    orchestrator.subscribe(LogProgress())
    run_campaign(orchestrator, lambda done: write_results(done, destination))
    if orchestrator.stopped_by is not None:
        raise SystemExit(128 + orchestrator.stopped_by)


def handler(
    settings: Settings,
    orch: Orchestrator,
    output: str | os.PathLike[str],
    signum: int | None = None,
    frame: FrameType | None = None,
) -> None:
    """Write what results there are, stop the orchestrator and exit with 128 plus the signal.

    A signal handler for scripts that install their own; ``run`` needs none.
    """
    with suppress(JobInterrupted):
        orch.stop(signum)
    orch.collect()
    write_results(orch, Path(output))
    sys.exit(128 + (signum or 0))


def _validate_settings(settings: Settings, freeze: bool = True) -> None:
    """Fill in defaults, then freeze the settings unless told not to."""
    if "EXPERIMENT_QUEUE" not in settings:
        echo("EXPERIMENT_QUEUE: missing; there is nothing to run", err=True)
        raise SystemExit(-1)
    fill_defaults(settings)
    if freeze:
        settings.freeze()
