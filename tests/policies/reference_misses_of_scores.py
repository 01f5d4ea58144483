"""Misses of other simulators on real traces, for policies by score, look-ahead and learning.

The figures are those of libCacheSim 0.3.5, of Caffeine's simulator (LIRS and W_TINYLFU with
contents of size 1), and of a reference of our own for LIRS with sizes and for MIN. A request
of a cached content with another size is a hit that keeps the stored size; bytes missed count the
size in the request.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["EXACT", "RANDOM", "ReferenceMean", "ReferenceMisses"]

MIB = 2**20


class ReferenceMisses(NamedTuple):
    """What a policy is to miss, exactly."""

    policy: str
    parameters: dict[str, Any]
    trace: str
    unit: str
    """"contents" or "bytes"."""
    capacity: int
    misses: int
    missed_bytes: int | None
    """None where it is not known."""


class ReferenceMean(NamedTuple):
    """What a policy that draws is to miss on average, within 3 `deviation` + 0.5 % of `mean`."""

    policy: str
    parameters: dict[str, Any]
    trace: str
    unit: str
    capacity: int
    mean: float
    deviation: float
    """Standard deviation of the misses of ten seeds."""

    @property
    def tolerance(self) -> float:
        """Return what the mean of ten seeds may be off by."""
        return 3 * self.deviation + 0.005 * self.mean


COLUMNS = (
    ("cloudphysics", "bytes", 128 * MIB),
    ("cloudphysics", "bytes", 512 * MIB),
    ("cloudphysics", "bytes", 896 * MIB),
    ("cloudphysics", "contents", 1000),
    ("cloudphysics", "contents", 10000),
    ("cdn", "bytes", 4 * MIB),
    ("cdn", "bytes", 16 * MIB),
    ("cdn", "bytes", 64 * MIB),
    ("cdn", "contents", 500),
    ("cdn", "contents", 2000),
    ("cdn", "contents", 10000),
    ("web12", "contents", 100),
    ("web12", "contents", 1000),
    ("web12", "contents", 5000),
    ("scarab", "contents", 5000),
    ("scarab", "contents", 50000),
)

EXACT_SKETCH = {"sketch": "exact"}
NO = None

ROWS: tuple[tuple[str, dict[str, Any], tuple[int | None, ...]], ...] = (
    ("LIRS", {}, (86770, 71079, 59579, 94476, 72949, 49011, 43363, 39548, 50151, 44410, 39477,
                  65221, 31969, 18102, 678634, 386277)),
    ("GDSF", {}, (89070, 70490, 61027, 94179, 84752, 43548, 39897, 37425, 48772, 44500, 39427,
                  58159, 29523, 17640, 685279, 374955)),
    ("W_TINYLFU", EXACT_SKETCH, (NO, NO, NO, 93743, 82634, NO, NO, NO, 49559, 45093, 39700,
                                 66147, 31196, 18543, 667612, 416352)),
    ("W_TINYLFU", {**EXACT_SKETCH, "adaptive": True},
     (NO, NO, NO, 94293, 82634, NO, NO, NO, 47848, 45067, 39700,
      61194, 31518, 19164, 661366, 430493)),
    ("BELADY", {}, (79256, 61594, 50873, 87025, 61843, 42187, 37118, 36815, 42450, 38069, 36815,
                    43020, 21274, 13756, 501529, 266156)),
    ("MIN", {}, (79201, 61585, 50867, 87019, 61842, 40980, 36827, 36815, 42444, 38069, 36815,
                 42967, 21269, 13756, 501513, 266156)),
    ("LRU", {"admission": {"name": "SECOND_HIT"}},
     (94816, 85744, 77058, 96373, 87137, 49193, 44972, 43772, 50345, 46024, 43772,
      61434, 34370, 21991, 731929, 430656)),
)  # fmt: skip

MISSED_BYTES = {
    ("GDSF", "cloudphysics", 512 * MIB): 3436855296,
    ("GDSF", "cdn", 16 * MIB): 326715535,
}

EXACT = tuple(
    ReferenceMisses(
        policy, parameters, *column, misses, MISSED_BYTES.get((policy, column[0], column[2]))
    )
    for policy, parameters, row in ROWS
    for column, misses in zip(COLUMNS, row, strict=True)
    if misses is not None
)
"""Policies that draw nothing."""

MEAN_COLUMNS = (
    ("cloudphysics", "bytes", 512 * MIB),
    ("cdn", "bytes", 16 * MIB),
    ("cdn", "contents", 2000),
    ("web12", "contents", 1000),
)

MEAN_ROWS: tuple[tuple[str, dict[str, Any], tuple[tuple[float, float] | None, ...]], ...] = (
    ("HYPERBOLIC", {}, ((81231, 12), (44652, 8), (45026, 6), (30891, 15))),
    ("LHD", {}, ((77298, 68), (41525, 64), (45554, 20), (32887, 43))),
    ("LECAR", {}, ((80967, 305), (43987, 160), (45731, 112), (31900, 63))),
    ("CACHEUS", {}, ((74226, 1997), (43453, 91), (45714, 71), (33307, 101))),
    ("LRU_PROB", {"p": 0.5}, ((82719, 21), (45748, 20), (46322, 18), (34666, 19))),
    ("BELADY_SIZE", {}, ((56524, 1), (36834, 3), NO, NO)),
    ("LRU", {"admission": {"name": "PROBABILITY", "p": 0.5}},
     ((83475, 94), (47901, 69), (48297, 53), (37412, 152))),
    ("LRU", {"admission": {"name": "ADAPTSIZE"}}, ((77033, 77), (44879, 61), NO, NO)),
    ("LRU", {"admission": {"name": "SIZE_PROBABILITY", "c": 1e-5}},
     ((79836, 107), (44876, 35), NO, NO)),
)  # fmt: skip

RANDOM = tuple(
    ReferenceMean(policy, parameters, *column, *figures)
    for policy, parameters, row in MEAN_ROWS
    for column, figures in zip(MEAN_COLUMNS, row, strict=True)
    if figures is not None
)
"""Policies that draw; CACHEUS is to be within 3 % only, as libCacheSim's does not adapt."""
