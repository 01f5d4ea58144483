"""Commands that are run for the manual, in one folder, and only if something changed.

The folder has copies of config/, scripts/ and docs/examples. What a command printed and drew is
kept in docs/_build under a key made of the command, of the contents of the files that it names and
of the source code of Icarus: building the manual again runs nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["CommandError", "Workspace"]

_SOURCES = ("icarus", "config", "docs/examples", "scripts")
_COPIED = {"config": "config", "docs/examples": "examples", "scripts": "scripts"}
_LONGEST = 900
"""Seconds that a command may take."""


class CommandError(RuntimeError):
    """A command of the manual that did not end as the manual says."""


class Workspace:
    """Where commands of the manual run, and what came of those that ran.

    Parameters
    ----------
    docs : Path
        The folder of the manual.
    """

    def __init__(self, docs: Path) -> None:
        kept = docs / "_build" / "commands"
        self.folder = kept / "folder"
        self._records = kept / "records.json"
        source = _digest(_files(docs.parent))
        self._known: dict[str, Any] = _read(self._records)
        if self._known.get("source") != source or not self.folder.is_dir():
            self._known = {"source": source, "commands": {}}
            shutil.rmtree(self.folder, ignore_errors=True)
            for origin, name in _COPIED.items():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(docs.parent / origin, self.folder / name, ignore=ignored)
            # Pages also speak of examples as of files that a reader has just saved.
            shutil.copytree(self.folder / "examples", self.folder, dirs_exist_ok=True)

    def run(self, command: str, status: int = 0) -> str:
        """Run a command, unless it ran with the same files, and return what it printed.

        Parameters
        ----------
        command : str
            As the manual shows it, beginning with ``icarus`` or ``python``.
        status : int, optional
            The exit code that it must have.

        Raises
        ------
        CommandError
            If it ends otherwise.
        """
        words = shlex.split(command)
        key = _digest(self.folder / word for word in words if (self.folder / word).is_file())
        known = self._known["commands"].get(command)
        if known is not None and known["key"] == key:
            return str(known["output"])
        before = self._times()
        output = _output(command, words, status, self.folder)
        made = sorted(name for name, time in self._times().items() if before.get(name) != time)
        self._known["commands"][command] = {"key": key, "output": output, "made": made}
        self._records.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        return output

    def made(self, name: str) -> Path:
        """Return a file that a command has made.

        Raises
        ------
        CommandError
            If none has.
        """
        made = {one for known in self._known["commands"].values() for one in known["made"]}
        if name not in made or not (self.folder / name).is_file():
            pictures = sorted(one for one in made if one.endswith((".png", ".svg")))
            raise CommandError(f"no command made {name}; made were {', '.join(pictures)}")
        return self.folder / name

    def _times(self) -> dict[str, int]:
        return {
            path.relative_to(self.folder).as_posix(): path.stat().st_mtime_ns
            for path in self.folder.rglob("*")
            if path.is_file()
        }


def _output(command: str, words: list[str], status: int, folder: Path) -> str:
    """Return what a command printed, log messages left out."""
    start = [sys.executable, "-m", *words] if words[0] == "icarus" else [sys.executable, *words[1:]]
    done = subprocess.run(
        start,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode != status:
        raise CommandError(
            f"{command!r} exits with {done.returncode}, expected {status}:\n{done.stderr}"
        )
    return done.stdout or done.stderr


def _files(project: Path) -> Iterable[Path]:
    for name in _SOURCES:
        for path in sorted((project / name).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(records: Path) -> dict[str, Any]:
    try:
        known = json.loads(records.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
