"""Sweep files as layers of plain data: TOML or JSON, and the files that they extend.

Nothing here knows what a sweep may say but for ``extends``. What cannot be read is a problem with
the file, the line and the column.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.core.suffixes import SWEEP_SUFFIXES, is_sweep
from icarus.core.values import nesting_problem, shown
from icarus.errors import SettingsError, nearest_file

__all__ = ["Layer", "parsed", "read_layers", "read_text"]

_LONGEST = 4 * 2**20
"""Bytes of a sweep file. Reading so many takes some five seconds."""
_MOST_PARTS = 100
"""Parts of a dotted key: with their square grows the time that tomllib takes, 20,000 take 7 s."""
_MOST_FILES = 100
"""Files that extend one another."""


@dataclass(frozen=True)
class Layer:
    """What one file says."""

    file: str
    """The path, as problems show it."""
    content: dict[str, Any]


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a sweep file.

    Raises
    ------
    OSError
        If it cannot be read.
    SettingsError
        If it is no text, or too long.
    """
    with Path(path).open("rb") as file:
        raw = file.read(_LONGEST + 1)
    if len(raw) > _LONGEST:
        raise SettingsError(
            [f"{os.fspath(path)}: longer than the {_LONGEST // 2**20} MiB that a sweep may have"]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            [f"{os.fspath(path)}:{line}: not UTF-8: found the byte {raw[error.start]:#04x}"]
        ) from None


def read_layers(path: str | os.PathLike[str], text: str) -> tuple[list[Layer], list[str]]:
    """Return what a sweep file and those that it extends say, and what could not be read.

    A file that is extended in several ways is one layer, where it first comes.

    Parameters
    ----------
    path : str or path-like
        The sweep file; what it extends is named relative to its folder.
    text : str
        Its text.

    Returns
    -------
    layers : list of Layer
        Each after those that it extends.
    problems : list of str
    """
    reading = _Reading()
    reading.read(Path(path), text, [])
    return reading.layers, reading.problems


@dataclass
class _Reading:
    """Files that are being read, each once."""

    layers: list[Layer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def read(self, path: Path, text: str, above: list[Path]) -> None:
        """Read a file that those `above` extend, after the files that it extends itself."""
        self.seen.add(os.path.realpath(path))
        try:
            content = parsed(path, text)
        except SettingsError as error:
            self.problems += error.problems
            return
        extends = content.get("extends", [])
        # What is no text is found where all keys are checked.
        for name in extends if isinstance(extends, list) else [extends]:
            if isinstance(name, str):
                self._extend(path, name, [*above, path])
        self.layers.append(Layer(str(path), content))

    def _extend(self, path: Path, name: str, chain: list[Path]) -> None:
        target = path.parent / name
        place = f"{path}: extends"
        if "\0" in name:
            self.problems.append(f"{place}: {name!r}: no path has a null character")
            return
        real = os.path.realpath(target)
        if real in map(os.path.realpath, chain):
            names = [str(one) for one in chain]
            around = names[[os.path.realpath(one) for one in chain].index(real) :]
            loop = " extends ".join([*around, str(target)])
            self.problems.append(f"{place}: it comes back to where it began: {loop}")
        elif real in self.seen:
            return
        elif len(self.seen) == _MOST_FILES:
            self.problems.append(f"{place}: more than {_MOST_FILES} files")
        elif not is_sweep(target):
            self.problems.append(
                f"{place}: {name!r} is no sweep file; its name should end in "
                f"{' or '.join(SWEEP_SUFFIXES)}"
            )
        else:
            try:
                text = read_text(target)
            except FileNotFoundError:
                self.problems.append(f"{place}: {target}: no such file{nearest_file(target)}")
            except OSError as error:
                self.problems.append(f"{place}: {target}: {error.strerror}")
            except SettingsError as error:
                self.problems += error.problems
            else:
                self.read(target, text, chain)


def parsed(path: str | os.PathLike[str], text: str) -> dict[str, Any]:
    """Return what a text in TOML or JSON says.

    Parameters
    ----------
    path : str or path-like
        What problems name; its suffix tells the language.
    text : str

    Raises
    ------
    SettingsError
        If it is neither, or no data to be worked with.
    """
    path = Path(path)
    # What is recorded of several files is JSON. No document in TOML begins with a brace.
    is_json = path.suffix.lower() == ".json" or text.lstrip().startswith("{")
    try:
        content = _json(path, text) if is_json else _toml(path, text)
    except RecursionError:
        raise SettingsError([f"{path}: too deeply nested"]) from None
    if not isinstance(content, dict):
        raise SettingsError([f"{path}: should be an object with sections, found {shown(content)}"])
    if nested := nesting_problem(content):
        raise SettingsError([f"{path}: {nested[0]}: {nested[1]}"])
    return content


def _toml(path: Path, text: str) -> Any:
    if any(part.count(".") >= _MOST_PARTS for part in re.split(r"[][,={}\n]", text)):
        raise SettingsError([f"{path}: a key has more than {_MOST_PARTS} parts"])
    try:
        return tomllib.loads(text)
    except ValueError as error:
        message, line, column = str(error), 0, 0
        if found := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL):
            message, line, column = found[1], int(found[2]), int(found[3])
        elif message.endswith(" (at end of document)"):
            message = f"{message.removesuffix(' (at end of document)')}, where it ends"
            ended = text.rstrip()
            line, column = ended.count("\n") + 1, len(ended) - ended.rfind("\n")
        raise SettingsError([_no_syntax(path, "TOML", message, line, column)]) from None


def _json(path: Path, text: str) -> Any:
    repeated: list[str] = []

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in pairs)
        repeated.extend(key for key, count in counts.items() if count > 1)
        return dict(pairs)

    try:
        content = json.loads(text, object_pairs_hook=table)
    except json.JSONDecodeError as error:
        problem = _no_syntax(path, "JSON", error.msg, error.lineno, error.colno)
        raise SettingsError([problem]) from None
    except ValueError as error:
        raise SettingsError([_no_syntax(path, "JSON", str(error), 0, 0)]) from None
    if repeated:
        raise SettingsError(
            [f"{path}: the key {key!r} stands twice in one object" for key in repeated]
        )
    return content


def _no_syntax(path: Path, language: str, message: str, line: int, column: int) -> str:
    place = f"{path}:{line}:{column}" if line else str(path)
    # What Python says of numbers with too many digits has advice for programmers behind it.
    message = message.split("; use sys.")[0]
    return f"{place}: not valid {language}: {message[:1].lower()}{message[1:]}"
