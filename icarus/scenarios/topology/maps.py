"""Files of maps: where they are looked for, and what keeps a broken one from doing harm.

`map_file` says which file a topology reads, and is the only place that does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from icarus.errors import TopologyError
from icarus.traces.compressed import LONGEST_MAGIC, compression_of

__all__ = [
    "LARGEST_FILE",
    "LARGEST_GRAPH",
    "ROCKETFUEL_ORIGIN",
    "ZOO_MAPS",
    "ZOO_ORIGIN",
    "MissingMapError",
    "existing_file",
    "map_file",
    "opened_by",
    "resources_dir",
]

ZOO_ORIGIN = "http://www.topology-zoo.org/dataset.html"
ROCKETFUEL_ORIGIN = "https://research.cs.washington.edu/networking/rocketfuel/"

ZOO_MAPS = {
    "GEANT": "Geant2012",
    "GEANT_2": "Geant2012",
    "WIDE": "WideJpn",
    "GARR": "Garr201201",
    "GARR_2": "Garr201201",
}
"""Maps of the Topology Zoo that topologies take, of which Icarus has the facts."""

_TISCALI_FILE = "3257.r0.cch"
_ROCKETFUEL_FILES = {"TISCALI": _TISCALI_FILE, "TISCALI_2": _TISCALI_FILE}

LARGEST_FILE = 64 * 2**20
"""Bytes of a map file that are read. The CAIDA graph of all autonomous systems takes 6 MB."""

LARGEST_GRAPH = 1_000_000
"""Nodes and links that a map may have together."""


class MissingMapError(TopologyError, FileNotFoundError):
    """A map file that is not where it is looked for."""


def resources_dir() -> str:
    """Return the folder of map files.

    Returns
    -------
    str
        What the environment variable ``ICARUS_DATA`` names at the time of the call, or
        ``resources/topologies`` below the working directory where it is not set.
    """
    named = os.environ.get("ICARUS_DATA")
    return named or str(Path.cwd() / "resources" / "topologies")


def map_file(
    name: str, path: str | os.PathLike[str] | None = None, asn: int | None = None
) -> Path | None:
    """Return the file that a topology reads under the parameters given.

    Parameters
    ----------
    name : str
        Name of the topology in the registry.
    path : str or Path, optional
        What the parameter ``path`` says: the file, or for ROCKET_FUEL a folder of maps. Where
        it says nothing, the folder of map files (`resources_dir`) and its folder
        ``topologies`` are looked through.
    asn : int, optional
        The autonomous system of ROCKET_FUEL.

    Returns
    -------
    Path or None
        None where it reads no file, or takes the map that is part of Icarus.

    Raises
    ------
    TopologyError
        If the file is needed and not there (`MissingMapError`), or cannot be read as a file.
    """
    if name == "ROCKET_FUEL":
        below = f"{asn}/latencies.intra"
        if path is None:
            return _needed(f"rocketfuel-latency/{below}", ROCKETFUEL_ORIGIN)
        return existing_file(Path(path) / below if Path(path).is_dir() else path, ROCKETFUEL_ORIGIN)
    if name in _ROCKETFUEL_FILES:
        if path is None:
            return _needed(_ROCKETFUEL_FILES[name], ROCKETFUEL_ORIGIN)
        return existing_file(path, ROCKETFUEL_ORIGIN)
    if name in ZOO_MAPS:
        if path is None:
            return _found(f"{ZOO_MAPS[name]}.graphml")
        return existing_file(path, ZOO_ORIGIN)
    return None if path is None else existing_file(path)


def opened_by(name: str) -> Callable[[dict[str, Any]], list[Path]]:
    """Return what a topology is registered with to have its results known by its map file."""

    def files(given: dict[str, Any]) -> list[Path]:
        file = map_file(name, given.get("path"), given.get("asn"))
        return [] if file is None else [file]

    return files


def _found(relative: str) -> Path | None:
    folder = Path(resources_dir())
    for path in (folder / relative, folder / "topologies" / relative):
        if path.exists():
            return existing_file(path)
    return None


def _needed(relative: str, origin: str) -> Path:
    found = _found(relative)
    if found is None:
        raise MissingMapError(
            f"no map file {Path(resources_dir()) / relative}; it is published at {origin}: name "
            f"it by path=, or set the environment variable ICARUS_DATA to the folder that holds "
            f"{relative}"
        )
    return found


def existing_file(path: str | os.PathLike[str], origin: str | None = None) -> Path:
    """Return `path` if it is a file that can be read in bounded time.

    Raises
    ------
    TopologyError
        If there is none (`MissingMapError`); the message says where it is published (`origin`).
        Also if it is a folder, device or pipe, is larger than `LARGEST_FILE`, or may not be read.
    """
    shown = os.fspath(path)
    try:
        about = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        # A ValueError is that of names with a zero in them.
        published = f"; the maps are published at {origin}" if origin else ""
        raise MissingMapError(f"no map file {shown}{published}") from None
    except OSError as error:
        raise TopologyError(f"{shown}: cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "a device or pipe"
        raise TopologyError(f"{shown}: a map must be a regular file, found {kind}")
    if about.st_size > LARGEST_FILE:
        raise TopologyError(
            f"{shown}: a map file must not be larger than {LARGEST_FILE // 2**20} MiB, found "
            f"{about.st_size / 2**20:.0f} MiB"
        )
    try:
        with Path(path).open("rb") as file:
            head = file.read(LONGEST_MAGIC)
    except OSError as error:
        raise TopologyError(f"{shown}: cannot be read: {error.strerror}") from error
    packed = "zip" if head.startswith(_ZIP) else _PACKERS.get(compression_of(head) or "")
    if packed:
        raise TopologyError(f"{shown}: it is packed by {packed}; maps are read unpacked")
    return Path(path)


_PACKERS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
"""What makes the files that `compression_of` knows."""
_ZIP = b"PK\x03\x04"
