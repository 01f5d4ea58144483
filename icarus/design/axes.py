"""Axes: what values a parameter takes.

Bounds and steps are taken for the decimals that they are written as, so that steps of 0.1 give 0.3
and not 0.30000000000000004, on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from icarus.design.axis_kinds import Axis, Choice, Lhs, Range, Sampled, Spaced
from icarus.design.axis_values import plain

__all__ = [
    "AXIS_TYPES",
    "Axis",
    "Lhs",
    "choice",
    "lhs",
    "linspace",
    "logspace",
    "loguniform",
    "normal",
    "range",
    "uniform",
]


def choice(values: Sequence[Any], *, repeats: bool = False) -> Axis:
    """Return the axis of the values that are listed; a plain list means the same.

    Parameters
    ----------
    values : sequence
        Numbers, texts, booleans, lists, or dicts, which stand for whole sections.
    repeats : bool, optional
        Whether some may be equal, as those of lists in a zip may.
    """
    return Choice(values, repeats)


def range(start: float, stop: float, step: float = 1) -> Axis:  # noqa: A001
    """Return the axis of `start` and what follows it in steps, up to and including `stop`.

    Parameters
    ----------
    start, stop : number
        `stop` is a value if steps lead to it, and otherwise none is beyond it.
    step : number, optional
        May be negative. If it and `start` are integers, so are the values.

    Examples
    --------
    >>> list(range(0, 5, 2).values("", 1))
    [0, 2, 4]
    >>> list(range(0, 0.3, 0.1).values("", 1))
    [0.0, 0.1, 0.2, 0.3]
    """
    return Range(plain(start), plain(stop), plain(step))


def linspace(lo: float, hi: float, n: int, *, round: float | None = None) -> Axis:  # noqa: A002
    """Return the axis of `n` values with equal distances, the first being `lo`, the last `hi`.

    Parameters
    ----------
    lo, hi : number
    n : int
    round : number, optional
        Values are the nearest multiples of it from `lo` to `hi`, each once, and integers if it is.

    Examples
    --------
    >>> list(linspace(0.6, 1.2, 4).values("", 1))
    [0.6, 0.8, 1.0, 1.2]
    """
    return Spaced("linspace", plain(lo), plain(hi), plain(n), plain(round))


def logspace(lo: float, hi: float, n: int, *, round: float | None = None) -> Axis:  # noqa: A002
    """Return the axis of `n` values with equal ratios, the first being `lo`, the last `hi`.

    Parameters
    ----------
    lo, hi : number
        The values themselves, not their logarithms; above 0.
    n : int
    round : number, optional
        As for `linspace`.

    Examples
    --------
    >>> list(logspace(1, 1000, 4, round=1).values("", 1))
    [1, 10, 100, 1000]
    """
    return Spaced("logspace", plain(lo), plain(hi), plain(n), plain(round))


def uniform(lo: float, hi: float, n: int, *, round: float | None = None) -> Axis:  # noqa: A002
    """Return the axis of `n` different values drawn uniformly.

    Parameters
    ----------
    lo, hi : number
    n : int
        The first values are the same for any number.
    round : number, optional
        Values are multiples of it, all from `lo` to `hi` with equal chances, and integers if it is.
    """
    lo, hi, n = plain(lo), plain(hi), plain(n)
    return Sampled("uniform", lo, hi, n, lo, hi, plain(round))


def loguniform(lo: float, hi: float, n: int, *, round: float | None = None) -> Axis:  # noqa: A002
    """Return the axis of `n` different values whose logarithms are drawn uniformly.

    Parameters
    ----------
    lo, hi : number
        Above 0.
    n : int
        The first values are the same for any number.
    round : number, optional
        Values are the nearest multiples of it from `lo` to `hi`, and integers if it is.
    """
    lo, hi, n = plain(lo), plain(hi), plain(n)
    return Sampled("loguniform", lo, hi, n, lo, hi, plain(round))


def normal(
    mean: float,
    sd: float,
    n: int,
    *,
    lo: float | None = None,
    hi: float | None = None,
    round: float | None = None,  # noqa: A002
) -> Axis:
    """Return the axis of `n` different values drawn from a normal distribution.

    Parameters
    ----------
    mean, sd : number
        `sd` is the standard deviation.
    n : int
        The first values are the same for any number.
    lo, hi : number, optional
        Values beyond are drawn again.
    round : number, optional
        Values are the nearest multiples of it, and integers if it is.
    """
    return Sampled("normal", plain(mean), plain(sd), plain(n), plain(lo), plain(hi), plain(round))


def lhs(
    bounds: Mapping[str, tuple[float, float]],
    n: int,
    *,
    round: float | Mapping[str, float] | None = None,  # noqa: A002
    log: bool | str | Iterable[str] = False,
) -> Lhs:
    """Return several axes at once, of which `n` points are spread evenly: a Latin hypercube.

    Of `n` slices of each axis every one has exactly one of the points.

    Parameters
    ----------
    bounds : mapping of str to (number, number)
        From paths to the least and the greatest value.
    n : int
    round : number or mapping, optional
        Of all axes or by path: values are the nearest multiples of it, and integers if it is.
    log : bool, str or iterable of str, optional
        Axes whose logarithms are spread evenly.

    References
    ----------
    M. D. McKay, R. J. Beckman, W. J. Conover, "A comparison of three methods for selecting values
    of input variables in the analysis of output from a computer code", Technometrics 21(2), 1979,
    doi 10.2307/1268522. Points are those of ``scipy.stats.qmc.LatinHypercube``.
    """
    return Lhs(bounds, plain(n), round, log)


AXIS_TYPES: dict[str, Callable[..., Axis]] = {
    "choice": choice,
    "range": range,
    "linspace": linspace,
    "logspace": logspace,
    "uniform": uniform,
    "normal": normal,
    "loguniform": loguniform,
}
"""What makes the axis of one parameter, by name; `lhs` makes several."""
