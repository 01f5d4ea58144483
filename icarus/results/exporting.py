"""Tables of results as files for other programs, which read back equal.

CSV and JSON have numbers with all their digits, and nothing where a value is missing; what is no
text there is told by ``dtypes`` of the table. Parquet keeps types. LaTeX has the tabular alone, for
``\\input`` under ``booktabs``.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from icarus.core.partial import replaced
from icarus.errors import PlotError, ResultsError, suggestion
from icarus.plaintext import one_line

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "export", "format_of", "missing_extra"]

_MOST_ROWS_OF_A_SHEET = 2**20 - 1
_LONGEST_CELL = 32_767


def _csv(frame: pd.DataFrame, file: IO[bytes]) -> None:
    # Numbers of other programs, and those of Python, have 17 digits at most, and so have these.
    frame.to_csv(file, index=False, lineterminator="\n")


def _json(frame: pd.DataFrame, file: IO[bytes]) -> None:
    columns = [_plain(frame[name]) for name in frame.columns]
    names = list(frame.columns)
    file.write(b"[")
    for number, row in enumerate(zip(*columns, strict=True)):
        text = json.dumps(dict(zip(names, row, strict=True)))
        file.write((",\n" if number else "\n").encode() + text.encode())
    file.write(b"\n]\n")


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return values as JSON has them, which knows no number that is none."""
    missing = column.isna()
    return [
        None if none or (isinstance(one, float) and not math.isfinite(one)) else one
        for one, none in zip(column.tolist(), missing.tolist(), strict=True)
    ]


def _parquet(frame: pd.DataFrame, file: IO[bytes]) -> None:
    _require("pyarrow", "Parquet")
    frame.to_parquet(file, index=False, engine="pyarrow")


def _xlsx(frame: pd.DataFrame, file: IO[bytes]) -> None:
    _require("openpyxl", "a workbook of Excel")
    if len(frame) > _MOST_ROWS_OF_A_SHEET:
        raise ResultsError(
            f"a sheet of Excel has {_MOST_ROWS_OF_A_SHEET:,} rows at most, the table "
            f"{len(frame):,}; choose with --where and --metric, or write Parquet"
        )
    import pandas as pd

    texts = [name for name in frame.columns if not _has_numbers(frame[name])]
    # Sheets hold no control characters.
    shown = frame.assign(**{name: frame[name].map(_cell, na_action="ignore") for name in texts})
    with pd.ExcelWriter(cast(BinaryIO, file), engine="openpyxl") as writer:
        shown.to_excel(writer, index=False, sheet_name="results", freeze_panes=(1, 0))
        for row in writer.sheets["results"].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    # A text that begins with "=" is no formula.
                    cell.data_type = "s"
                elif isinstance(cell.value, float) and float(f"{cell.value:.16g}") != cell.value:
                    # openpyxl writes 16 digits of numbers, and all of a text.
                    cell.value, cell.data_type = repr(float(cell.value)), "n"


def _cell(text: str) -> str:
    return one_line(text, _LONGEST_CELL) if not text.isprintable() else text


def _has_numbers(column: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column) or is_bool_dtype(column)


def _latex(frame: pd.DataFrame, file: IO[bytes]) -> None:
    # That of pandas needs jinja2, which this extra does without.
    numeric = [_has_numbers(frame[name]) for name in frame.columns]
    alignment = "".join("r" if one else "l" for one in numeric)
    head = " & ".join(_in_latex(name) for name in frame.columns)
    lines = [f"\\begin{{tabular}}{{{alignment}}}", "\\toprule", f"{head} \\\\", "\\midrule"]
    columns = [
        ["" if value is None else _in_latex(value) for value in _plain(frame[name])]
        for name in frame.columns
    ]
    lines += [" & ".join(row) + " \\\\" for row in zip(*columns, strict=True)]
    lines += ["\\bottomrule", "\\end{tabular}", ""]
    file.write("\n".join(lines).encode())


_LATEX = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
        "±": "$\\pm$",
        "α": "$\\alpha$",
        "β": "$\\beta$",
    }
)


def _in_latex(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    return one_line(value).translate(_LATEX)


FORMATS: dict[str, Callable[[pd.DataFrame, IO[bytes]], None]] = {
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
    ".xlsx": _xlsx,
    ".tex": _latex,
}
"""How a table is written, by the end of the name of a file."""


def format_of(path: Path, asked: str | None = None) -> str:
    """Return the format of a file, which is a key of ``FORMATS``.

    Parameters
    ----------
    path : Path
    asked : str, optional
        The format, whatever the name says.

    Raises
    ------
    PlotError
        If the name says none.
    """
    found = asked or path.suffix.lower()
    if found not in FORMATS:
        what = f"unknown format {found!r}" if found else "its name says no format"
        raise PlotError(f"{path}: {what}; {suggestion(found, FORMATS)}")
    return found


def export(frame: pd.DataFrame, path: Path, asked: str | None = None) -> None:
    """Write a table, replacing the file in one step.

    Parameters
    ----------
    frame : pandas.DataFrame
    path : Path
    asked : str, optional
        As for `format_of`.

    Raises
    ------
    PlotError
        If the name says no format.
    ResultsError
        If something is missing that the format needs, or the file cannot be written.
    """
    write = FORMATS[format_of(path, asked)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as file:
            write(frame, file)
    except OSError as error:
        raise ResultsError(f"{path}: cannot write: {error.strerror or error}") from error


def _require(module: str, what: str) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        raise missing_extra(f"{what} needs {module}", "export") from None


def missing_extra(what: str, extra: str) -> ResultsError:
    """Return the error that says what to install for something that not all need."""
    return ResultsError(f"{what}: pip install 'icarus-sim[{extra}]'")
