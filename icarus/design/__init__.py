"""Designs: which experiments a campaign consists of, said in a few lines.

``product`` combines axes, ``zip`` and ``lhs`` make axes that go together, ``union``, ``concat`` and
``cover`` make designs of other ones. A design is a lazy sequence of points, which are trees.

>>> from icarus import design as d
>>> design = d.product({"workload": {"alpha": 0.8}}, {"strategy.name": ["LCE", "LCD"]})
>>> [point["strategy"]["name"] for point in design]
['LCE', 'LCD']
"""

from icarus.design.axes import (
    AXIS_TYPES,
    Axis,
    Lhs,
    choice,
    lhs,
    linspace,
    logspace,
    loguniform,
    normal,
    range,  # noqa: A004
    uniform,
)
from icarus.design.combining import concat, cover, product, union, zip  # noqa: A004
from icarus.design.counting import Counts, Excluded
from icarus.design.designs import Design, Occurrence, SectionValue
from icarus.design.expressions import Expression, ExpressionError
from icarus.design.factors import AxisInfo, Zip
from icarus.design.points import Point
from icarus.design.rules import Constraint, Derived
from icarus.errors import DesignError

__all__ = [
    "AXIS_TYPES",
    "Axis",
    "AxisInfo",
    "Constraint",
    "Counts",
    "Derived",
    "Design",
    "DesignError",
    "Excluded",
    "Expression",
    "ExpressionError",
    "Lhs",
    "Occurrence",
    "Point",
    "SectionValue",
    "Zip",
    "choice",
    "concat",
    "cover",
    "lhs",
    "linspace",
    "logspace",
    "loguniform",
    "normal",
    "product",
    "range",
    "uniform",
    "union",
    "zip",
]
