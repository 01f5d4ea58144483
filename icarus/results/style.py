"""How figures look: colours, markers, dashes and hatches, figure sizes, and how they are saved.

Colours are those of Okabe and Ito [1]_, told apart by the colour-blind; markers, dashes and
hatches tell the same series apart in black and white. Figures are made without pyplot, so
that nothing here keeps a figure alive or depends on a display.

.. [1] M. Okabe, K. Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from icarus.errors import PlotError

__all__ = ["COLOURS", "DASHES", "HATCHES", "MARKERS", "SeriesStyle", "local_style", "save"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours but yellow, which is too light for a line on white."""

MARKERS = ("o", "s", "^", "D", "X", "v", "P", "<", "*", ">", "h")
"""As many as a prime other than the number of colours, so that 77 series differ in the pair."""

_SIZES = {"^": 7, "v": 7, "<": 7, ">": 7, "X": 7.5, "P": 7.5, "*": 9.5, "D": 5.6, "h": 7}
"""Sizes that make markers look equally large, in points; 6 for the others."""

DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.2, 1.6)),
    (0, (6, 2, 1.2, 2)),
    (0, (3, 1.5, 1.2, 1.5, 1.2, 1.5)),
    (0, (9, 3)),
)
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "ooo", "+++", "|||", "OO", "**")

_RC: Any = {
    "text.usetex": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.labelsize": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.25",
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": "0.88",
    "grid.linewidth": 0.7,
    "xtick.color": "0.25",
    "ytick.color": "0.25",
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "legend.frameon": False,
    "hatch.linewidth": 0.7,
    "pdf.fonttype": 42,  # publishers refuse the Type 3 fonts of the default
    "ps.fonttype": 42,
    "svg.hashsalt": "icarus",
}


class SeriesStyle(NamedTuple):
    """What tells one series from the others."""

    colour: str
    marker: str
    dash: Any
    hatch: str
    hollow: bool

    @classmethod
    def number(cls, index: int) -> SeriesStyle:
        """Return the style of the `index`-th series, counted from 0."""
        return cls(
            COLOURS[index % len(COLOURS)],
            MARKERS[index % len(MARKERS)],
            DASHES[index % len(DASHES)],
            HATCHES[index % len(HATCHES)],
            index // len(COLOURS) % 2 == 1,
        )

    def line(self) -> dict[str, Any]:
        """Return the keyword arguments of a line."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": self.dash,
            "linewidth": 1.6,
            "markersize": _SIZES.get(self.marker, 6),
            "markerfacecolor": "white" if self.hollow else self.colour,
            "markeredgecolor": self.colour if self.hollow else "white",
            "markeredgewidth": 1.2 if self.hollow else 0.7,
        }

    def bar(self) -> dict[str, Any]:
        """Return the keyword arguments of bars."""
        # Edges, hatches and intervals are black and would vanish on black.
        colour = "#8A8A8A" if self.colour == "#000000" else self.colour
        return {
            "facecolor": colour,
            "edgecolor": "black",
            "linewidth": 0.6,
            "hatch": self.hatch,
        }


@contextmanager
def local_style() -> Iterator[None]:
    """Have the style of the automatic figures in force within a block, and nowhere else."""
    with mpl.rc_context(_RC):
        yield


def save(figure: Figure, path: Path, *, dpi: int = 150, **options: Any) -> None:
    """Save `figure` in the format of the suffix of `path`, with the same bytes every time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : pathlib.Path
        Its folder is made where it is missing.
    dpi : int, optional
        Dots per inch of formats made of pixels.
    **options
        Passed to ``Figure.savefig``.

    Raises
    ------
    PlotError
        If the file cannot be written; no part of it is left then.
    """
    dated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    metadata = dated.get(path.suffix.lower())
    with mpl.rc_context({"svg.hashsalt": "icarus", "pdf.fonttype": 42}):
        drawn = BytesIO()
        kind = path.suffix.lstrip(".") or mpl.rcParams["savefig.format"]
        figure.savefig(drawn, format=kind, dpi=dpi, metadata=metadata, **options)
    _write(path if path.suffix else path.with_name(f"{path.name}.{kind}"), drawn.getbuffer())


def _write(path: Path, picture: memoryview) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "is no folder" if isinstance(error, FileExistsError) else error.strerror
        raise PlotError(
            f"{path.parent}: pictures cannot be put there: {reason}; name a folder with -o DIR"
        ) from error
    opened = False
    try:
        with path.open("wb") as file:
            opened = True
            file.write(picture)
    except OSError as error:
        if opened and path.is_file():
            path.unlink(missing_ok=True)
        raise PlotError(f"{path}: cannot write: {error.strerror}") from error
