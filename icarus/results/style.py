"""How figures look: colours, markers, dashes and hatches, figure sizes, and how they are saved.

What a user's ``matplotlibrc`` or a style sheet says goes before what is said here.

Colours are those of Okabe and Ito [1]_, told apart by the colour-blind; markers, dashes and
hatches tell the same series apart in black and white. Figures are made without pyplot, so
that nothing here keeps a figure alive or depends on a display.

.. [1] M. Okabe, K. Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from icarus.errors import PlotError, suggestion

__all__ = [
    "COLOURS",
    "DASHES",
    "HATCHES",
    "MARKERS",
    "STYLES",
    "Look",
    "SeriesStyle",
    "current_look",
    "font",
    "inches",
    "local_style",
    "save",
]

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
    "legend.frameon": False,
    "hatch.linewidth": 0.7,
    "pdf.fonttype": 42,  # publishers refuse the Type 3 fonts of the default
    "ps.fonttype": 42,
    "svg.hashsalt": "icarus",
}

_RELATIVE = {
    "axes.labelsize": 1.0,
    "axes.titlesize": 1.0,
    "xtick.labelsize": 0.9,
    "ytick.labelsize": 0.9,
    "legend.fontsize": 0.9,
    "legend.title_fontsize": 0.9,
}
"""Sizes of texts, as shares of that of the font."""


class Style(NamedTuple):
    """What a figure is for: its font in points, the strength of lines, and its usual width."""

    font: float
    strength: float
    width: float | None


STYLES = {
    "screen": Style(10.0, 1.0, None),
    "paper": Style(8.0, 0.75, 3.5),
    "talk": Style(16.0, 1.6, 10.0),
}
"""By name; ``screen`` is as wide as what it shows needs."""

_UNITS = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}
_NARROWEST, _WIDEST = 1.5, 60.0


@dataclass(frozen=True)
class Look:
    """What a user says of how figures look.

    Attributes
    ----------
    style : str
        One of ``STYLES``.
    width : float, optional
        Of the whole figure, in inches; by default that of the style.
    footnote : bool
        Whether what is common to all and the number of replications stand below.
    x_scale : str, optional
        ``linear``, ``log``, or ``even``, with equal gaps between the values.
    axes : Axes, optional
        Where to draw, instead of a figure of its own.
    """

    style: str = "screen"
    width: float | None = None
    footnote: bool = True
    x_scale: str | None = None
    axes: Any = None

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise PlotError(f"unknown style {self.style!r}; {suggestion(self.style, STYLES)}")
        if self.x_scale not in (None, "linear", "log", "even"):
            near = suggestion(str(self.x_scale), ("linear", "log", "even"))
            raise PlotError(f"unknown scale {self.x_scale!r}; {near}")

    @property
    def total(self) -> float | None:
        """Width of the whole figure in inches; None if it is as wide as what it shows needs."""
        return self.width or STYLES[self.style].width

    @property
    def strength(self) -> float:
        """By how much lines and markers are thicker than on the screen."""
        return STYLES[self.style].strength


_look: ContextVar[Look] = ContextVar("look", default=Look())  # noqa: B039 - it is frozen


def current_look() -> Look:
    """Return what is in force within a block of ``local_style``."""
    return _look.get()


def inches(text: str | float | None) -> float | None:
    """Return a length in inches of a text such as ``3.5in``, ``8.9cm`` or ``89 mm``.

    Raises
    ------
    PlotError
        If it is no length, or one that no figure can have.

    Examples
    --------
    >>> inches("2.54cm"), inches("3.5in"), inches(3.5)
    (1.0, 3.5, 3.5)
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(in|cm|mm|pt)?\s*", str(text))
    if found is None:
        raise PlotError(f"a width is written 3.5in, 8.9cm or 89mm, found {text!r}")
    length = float(found[1]) * _UNITS[found[2] or "in"]
    if not _NARROWEST <= length <= _WIDEST:
        raise PlotError(
            f"a figure is {_NARROWEST}in to {_WIDEST:.0f}in wide, found {text!r}, "
            f"which is {length:.3g}in"
        )
    return length


def font(share: float = 1.0) -> float:
    """Return a size of texts in points, as a share of that in force."""
    return share * float(mpl.rcParams["font.size"])


def _is_unset(key: str) -> bool:
    """Whether no style sheet or ``matplotlibrc`` says what a parameter is to be."""
    return bool(mpl.rcParams[key] == mpl.rcParamsDefault[key])


class SeriesStyle(NamedTuple):
    """What tells one series from the others."""

    colour: str
    marker: str
    dash: Any
    hatch: str
    hollow: bool

    @classmethod
    def number(cls, index: int) -> SeriesStyle:
        """Return the style of the `index`-th series, counted from 0.

        Colours are those of a style sheet that states some.
        """
        colours = COLOURS
        if not _is_unset("axes.prop_cycle"):
            colours = tuple(mpl.rcParams["axes.prop_cycle"].by_key().get("color", COLOURS))
        return cls(
            colours[index % len(colours)],
            MARKERS[index % len(MARKERS)],
            DASHES[index % len(DASHES)],
            HATCHES[index % len(HATCHES)],
            index // len(colours) % 2 == 1,
        )

    def line(self) -> dict[str, Any]:
        """Return the keyword arguments of a line."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": self.dash,
            "linewidth": 1.6 * current_look().strength,
            "markersize": _SIZES.get(self.marker, 6) * current_look().strength ** 0.8,
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
def local_style(look: Look | None = None) -> Iterator[None]:
    """Have the style of the automatic figures in force within a block, and nowhere else."""
    look = look or current_look()
    settings = {"font.size": STYLES[look.style].font} | {
        key: value * look.strength if key in ("axes.linewidth", "grid.linewidth") else value
        for key, value in _RC.items()
        if key != "font.size"
    }
    settings = {key: value for key, value in settings.items() if _is_unset(key)}
    # A style that was asked for by name says how large its font is.
    size = settings.setdefault("font.size", mpl.rcParams["font.size"])
    if look.style != "screen":
        size = settings["font.size"] = STYLES[look.style].font
    settings |= {key: share * size for key, share in _RELATIVE.items() if _is_unset(key)}
    token = _look.set(look)
    try:
        with mpl.rc_context(settings):
            yield
    finally:
        _look.reset(token)


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
