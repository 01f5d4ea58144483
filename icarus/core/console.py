"""Rich consoles for text of any origin: nothing in it is markup, and all of it is plain."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from icarus.core.terminal import fitting, writing
from icarus.plaintext import plain

__all__ = ["PlainConsole"]


class PlainConsole(Console):
    """A console whose strings are no markup, on which all text is plain and fits the encoding.

    Parameters
    ----------
    stderr : bool, optional
        Write to standard error.
    width : int, optional
        Columns; by default those of the terminal.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a string plain before it is measured."""
        return super().render_str(self._made_plain(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Make plain what comes from elsewhere than strings, too."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(self._made_plain(text), style)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and raise ``OutputLostError`` where nothing can be written."""
        with writing(self.file):
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        """Let the command line decide how it ends."""
        if (error := sys.exception()) is not None:
            raise error

    def _made_plain(self, text: str) -> str:
        return fitting(plain(text), self.encoding)
