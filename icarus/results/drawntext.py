"""Text for figures: the one door through which names and values of any origin are drawn.

What comes out of here is drawn as it is written: no formula begins in it, every character has a
glyph in the fonts that are in force, and it is not longer than there is room for.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.mathtext import MathTextParser

from icarus.plaintext import one_line, plain_for_figures

__all__ = ["drawn", "drawn_apart", "drawn_lines", "shortened", "stated_text"]

_GENERIC = ("serif", "sans-serif", "cursive", "fantasy", "monospace")
_LONGEST = 2_000
"""Characters of a text that are looked at at all."""


def drawn(text: object, most: int = 60) -> str:
    """Return text in one line of at most `most` characters, ready to be drawn."""
    return plain_for_figures(shortened(_legible(text), most))


def drawn_lines(text: object, width: int, most: int) -> str:
    """Return text in at most `most` lines of about `width` characters, ready to be drawn.

    ``name = value`` is broken only where a line has no room for it.
    """
    joined = _legible(text).replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    lines = textwrap.wrap(shortened(joined, width * most), width, break_on_hyphens=False)
    return plain_for_figures("\n".join(lines[:most]).replace("\N{NO-BREAK SPACE}", " "))


def drawn_apart(texts: Iterable[object], width: int, most: int = 1) -> list[str]:
    """Return texts as ``drawn_lines`` does, each with a number that would look like another."""
    seen: dict[str, int] = {}
    labels = []
    for text in texts:
        label = drawn_lines(text, width, most)
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return labels


def stated_text(text: object) -> str:
    r"""Return a text that the description of a plot states: formulas in it are drawn as such.

    What only looks like one, as in ``from $5 to $\x``, is drawn as it is written.
    """
    return "\n".join(map(_stated_line, str(text)[:_LONGEST].split("\n")))


def _stated_line(line: str) -> str:
    if line.count("$") > 1:
        try:
            MathTextParser("path").parse(line)
        except ValueError:
            pass
        else:
            return line
    return plain_for_figures(_legible(line))


def shortened(text: str, most: int) -> str:
    """Return text with its middle left out where it is longer than `most` characters.

    Examples
    --------
    >>> shortened("a rather long name", 9)
    'a rat…ame'
    """
    if len(text) <= most:
        return text
    tail = (most - 1) * 2 // 5
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def _legible(text: object) -> str:
    """Return text in one line, characters that the fonts in force lack as their code points."""
    line = one_line(str(text)[:_LONGEST])
    if line.isascii():
        return line
    glyphs = _glyphs(tuple(_families()))
    return "".join(char if ord(char) in glyphs else _code(char) for char in line)


def _code(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")


def _families() -> Iterable[str]:
    parameters: Any = mpl.rcParams
    for family in parameters["font.family"]:
        yield from parameters[f"font.{family}"] if family in _GENERIC else [family]


@functools.cache
def _glyphs(families: tuple[str, ...]) -> frozenset[int]:
    """Return the code points that can be drawn with the fonts of these names that are there."""
    found: set[int] = set()
    for family in families:
        try:
            path = font_manager.fontManager.findfont(family, fallback_to_default=False)
        except ValueError:
            continue
        found.update(font_manager.get_font(path).get_charmap())
    if not found:
        found.update(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())
    return frozenset(found)
