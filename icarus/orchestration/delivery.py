"""Delivering the results of a campaign: to the file that they are for, or where there is room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from icarus.errors import ResultsError
from icarus.orchestration.orchestrator import Orchestrator
from icarus.registry import RESULTS_WRITER
from icarus.results.readwrite import ResultSet, read_contents

__all__ = ["require_no_fewer", "write_results", "writer_of"]


def write_results(orchestrator: Orchestrator, destination: Path) -> None:
    """Write the results of a campaign with the writer that its settings name.

    Raises
    ------
    ResultsError
        If `destination` cannot be written to; the results are then in a temporary folder, which
        the message names.
    """
    writer = writer_of(orchestrator)
    try:
        require_no_fewer(orchestrator, destination)
        writer(orchestrator.results, destination)
    except (ResultsError, OSError) as error:
        refuge = _written_elsewhere(writer, orchestrator.results, destination.name)
        if refuge is None:
            tried = ", ".join(map(str, _refuges()))
            raise ResultsError(f"{error}; nor could they be written to {tried}") from error
        raise ResultsError(f"{error}; the results are in {refuge} instead") from error


def require_no_fewer(orchestrator: Orchestrator, file: Path) -> None:
    """See to it that a campaign that an error has ended costs no results of earlier runs.

    Raises
    ------
    ResultsError
        If fewer results are at hand than the file has.
    """
    if not orchestrator.broken or not file.is_file():
        return
    number = len(orchestrator.results)
    try:
        there = read_contents(file).expected
    except ResultsError:
        # Somebody may know how to mend it.
        there = None
    if there is None or there > number:
        held = "what it has" if there is None else f"{there} results"
        raise ResultsError(f"{file}: left as it was, with {held}; {number} are at hand now")


def _written_elsewhere(writer: Callable[..., None], results: ResultSet, name: str) -> Path | None:
    """Write results to the first place that takes them; return it, or None if there is none."""
    for folder in _refuges():
        try:
            made = Path(tempfile.mkdtemp(prefix="icarus-", dir=folder))
        except OSError:
            continue
        try:
            writer(results, made / name)
        except (ResultsError, OSError):
            shutil.rmtree(made, ignore_errors=True)
        else:
            return made / name
    return None


def _refuges() -> list[Path]:
    """Return folders to write to where there is no room elsewhere; the last is memory."""
    places: list[Callable[[], str | Path]] = [tempfile.gettempdir, Path.home, Path.cwd]
    places += [lambda: "/var/tmp", lambda: "/dev/shm"]
    folders = []
    for place in places:
        # There is no temporary folder where none of the usual ones has room, and no home for some.
        with suppress(OSError, RuntimeError):
            folders.append(Path(place()))
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def writer_of(orchestrator: Orchestrator) -> Callable[..., None]:
    writer: Callable[..., None] = RESULTS_WRITER.resolve(orchestrator.settings["RESULTS_FORMAT"])
    return writer
