"""Miss-ratio curves as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from icarus.curves.computing import MissRatioCurves
from icarus.curves.curve import Curve

__all__ = ["COLUMNS", "csv_of", "json_of"]

COLUMNS = (
    "policy",
    "method",
    "rate",
    "unit",
    "size",
    "share",
    "miss_ratio",
    "half_width",
    "byte_miss_ratio",
    "byte_half_width",
    "misses",
    "missed_bytes",
)
"""Of CSV: a line for each policy and size, empty where something is unknown or does not apply."""

_BY_SIZE = COLUMNS[COLUMNS.index("miss_ratio") :]


def csv_of(found: MissRatioCurves) -> str:
    """Return a line for each policy and size, with the names of columns before them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for curve in found.curves:
        measured = [_values(curve, name) for name in _BY_SIZE]
        for i, size in enumerate(curve.sizes.tolist()):
            values = [None if column is None else column[i] for column in measured]
            of_curve = [curve.policy, curve.method, curve.rate, curve.unit]
            writer.writerow([*of_curve, size, size / max(found.whole, 1), *values])
    return text.getvalue().rstrip("\n")


def json_of(found: MissRatioCurves, indent: int = 4) -> str:
    """Return an object with what is known of the trace and a list of curves."""
    told = {
        "trace": found.path,
        "requests": found.n_requests,
        "contents": found.n_contents,
        "bytes_requested": found.n_bytes,
        "bytes_of_contents": found.catalogue_bytes,
        "curves": [
            {
                "policy": curve.policy,
                "method": curve.method,
                "rate": curve.rate,
                "unit": curve.unit,
                "size": curve.sizes.tolist(),
                **{name: _values(curve, name) for name in _BY_SIZE},
            }
            for curve in found.curves
        ],
    }
    return json.dumps(told, indent=indent)


def _values(curve: Curve, name: str) -> list[Any] | None:
    values = getattr(curve, name)
    return None if values is None else list(values.tolist())
