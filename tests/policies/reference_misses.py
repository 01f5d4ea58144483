"""Misses of policies on real traces, as other simulators count them: what ours are held against.

The figures are those of libCacheSim 0.3.5; of the simulator of Caffeine (ccef955) for
``variant="paper"``, ``integer_step`` and, counted in contents, W_TINYLFU and LIRS; and of
independent implementations of the published rules for LFUDA, K_LRU, MIN and LIRS in bytes. There a
content keeps the size of the request that stored it, room is made before it is stored, and every
miss is stored, unless the policy has it otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.traces import TraceReader

__all__ = [
    "DRAWN",
    "MIB",
    "REFERENCES",
    "SIZE_CHANGES",
    "TRACES",
    "DrawnReference",
    "Reference",
    "SizeChangeReference",
    "read_trace",
]

MIB = 2**20

Requests = list[tuple[Any, int]]

TRACES: dict[str, tuple[str, dict[str, int]]] = {
    "cloudphysics": ("cloudPhysicsIO.oracleGeneral.bin", {}),
    "cdn": (
        "cdn_request.trace.xz",
        {"time_column": 0, "content_column": 1, "size_column": 2},
    ),
    "web12": ("web12.txt.xz", {}),
    "scarab": ("scarab_recs.txt.xz", {}),
}
"""From the name of a trace to its file in ``../shared/data/traces`` and how that is to be read."""


@functools.cache
def read_trace(folder: Path, trace: str) -> Requests:
    """Return the requests of a trace: content and size in bytes, 1 where the trace has none."""
    file, columns = TRACES[trace]
    requests: Requests = []
    for block in TraceReader(folder / file, **columns).blocks():
        sizes = [1] * len(block.ids) if block.size is None else block.size.tolist()
        requests += zip(block.ids, sizes, strict=True)
    return requests


@dataclass(frozen=True)
class Reference:
    """How many requests of a trace one policy misses in one cache that starts empty."""

    policy: str
    """Its registry name."""
    parameters: dict[str, Any]
    """What differs from its defaults."""
    trace: str
    unit: str
    """What capacity counts: "bytes", or "contents" of which each has size 1."""
    capacity: int
    misses: int
    missed_bytes: int | None = field(default=None)
    """Bytes of the requests that missed; None where the reference has no figure."""

    def __str__(self) -> str:
        parameters = "".join(f" {name}={value}" for name, value in self.parameters.items())
        size = f"{self.capacity // MIB} MiB" if self.unit == "bytes" else str(self.capacity)
        return f"{self.policy}{parameters}, {self.trace}, {size}"


@dataclass(frozen=True)
class DrawnReference(Reference):
    """The same for a policy that draws: `misses` is the mean of ten seeds."""

    deviation: int = 0
    """The standard deviation of the ten."""

    @property
    def tolerance(self) -> float:
        """How far from it a mean of seeds may be: three deviations and half a per cent."""
        return 3 * self.deviation + 0.005 * self.misses


@dataclass(frozen=True)
class SizeChangeReference:
    """What LRU misses of the trace cdn, some of whose contents come back with another size."""

    size_change: str
    """ "keep": the stored size stays; "update": it becomes that of the request; "new": content and
    size together are the identity."""
    capacity: int
    misses: int
    missed_bytes: int | None


COLUMNS = (
    ("cloudphysics", "bytes", (128, 512, 896)),
    ("cloudphysics", "contents", (1000, 10_000)),
    ("cdn", "bytes", (4, 16, 64)),
    ("cdn", "contents", (500, 2000, 10_000)),
    ("web12", "contents", (100, 1000, 5000)),
    ("scarab", "contents", (5000, 50_000)),
)
"""Trace, unit and capacities, in MiB where the unit is bytes, of the columns below."""

# fmt: off
MISSES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("FIFO", {},
     "93403 84025 72182 | 95520 79210 | 50173 46462 41786 | 50769 47087 41469 "
     "| 62600 37455 21071 | 775232 427432"),
    ("LRU", {},
     "93374 81722 71972 | 94823 79438 | 49416 45413 40383 | 50081 45941 40083 "
     "| 60976 33725 18454 | 732210 384163"),
    ("MRU", {},
     "100738 85544 71070 | 108363 90583 | 59720 57755 51689 | 62612 59779 49646 "
     "| 89396 83497 62276 | 1204871 965286"),
    ("CLOCK", {},
     "93313 81328 71927 | 94727 84750 | 49239 45113 40037 | 49844 45639 39700 "
     "| 60531 33043 18084 | 722637 381416"),
    ("CLOCK", {"bits": 2},
     "93195 81156 70239 | 94567 85279 | 48907 44518 39724 | 49532 45127 39455 "
     "| 59862 31559 17744 | 710572 378057"),
    ("SIEVE", {},
     "91699 76707 64445 | 93975 81059 | 48011 42552 39358 | 48643 43629 39136 "
     "| 61320 30370 17632 | 673620 393101"),
    ("S3_FIFO", {},
     "90117 72191 60799 | 94005 75564 | 46728 42785 39422 | 47793 43228 39359 "
     "| 60938 29636 17636 | 650575 378826"),
    ("S3_FIFO", {"variant": "paper"},
     "89309 76791 70455 | 94017 76212 | - | 47791 43256 39537 "
     "| 60941 29567 17603 | 651068 376523"),
    ("QD_LP_FIFO", {},
     "88746 71638 66125 | 93919 76053 | 46902 42293 39088 | 48229 42965 38896 "
     "| 60776 29862 17293 | 658005 372702"),
    ("CLOCK2Q_PLUS", {},
     "90600 72430 60864 | 93743 74972 | 47108 43125 39659 | 48316 43190 39411 "
     "| 61345 30279 17659 | 650705 374072"),
    ("TWO_Q", {},
     "91729 77039 72113 | 94117 78831 | 47541 43997 40611 | 48486 43961 40498 "
     "| 60195 30561 19003 | 657020 385843"),
    ("ARC", {},
     "90252 74297 64439 | 94027 79413 | 48307 43063 39216 | 48435 43355 38980 "
     "| 60195 31132 17315 | 670780 376676"),
    ("ARC", {"integer_step": True},
     "- | 94027 80766 | - | 48391 43338 38980 "
     "| 59888 31130 17312 | 670658 376064"),
    ("S4LRU", {},
     "90757 80361 59413 | 94084 82234 | 47596 43067 39471 | 48362 43976 39320 "
     "| 59980 30401 17788 | 679463 386990"),
    ("LFU", {},
     "91699 76707 64445 | 95562 81059 | 48143 43455 39358 | 52137 46233 39136 "
     "| 78665 43147 18505 | 800862 486589"),
    ("LFUDA", {},
     "92847 80516 68831 | 94176 84752 | 48131 43884 39652 | 48804 44501 39427 "
     "| 58229 29528 17641 | 685074 374948"),
    ("LRU_K", {},
     "91699 76707 64445 | 95452 81059 | 49522 43602 39358 | 52478 46241 39136 "
     "| 72887 40596 18500 | 801538 486768"),
    ("LIRS", {},
     "86770 71079 59579 | 94476 72949 | 49011 43363 39548 | 50151 44410 39477 "
     "| 65221 31969 18102 | 678634 386277"),
    ("GDSF", {},
     "89070 70490 61027 | 94179 84752 | 43548 39897 37425 | 48772 44500 39427 "
     "| 58159 29523 17640 | 685279 374955"),
    ("W_TINYLFU", {"sketch": "exact"},
     "- | 93743 82634 | - | 49559 45093 39700 "
     "| 66147 31196 18543 | 667612 416352"),
    ("W_TINYLFU", {"sketch": "exact", "adaptive": True},
     "- | 94293 82634 | - | 47848 45067 39700 "
     "| 61194 31518 19164 | 661366 430493"),
    ("K_LRU", {},
     "94252 83725 77075 | 96227 82426 | 51329 46494 44532 | 51846 46947 44490 "
     "| 69155 36092 22707 | 716518 451452"),
    ("LRU", {"admission": {"name": "SECOND_HIT"}},
     "94816 85744 77058 | 96373 87137 | 49193 44972 43772 | 50345 46024 43772 "
     "| 61434 34370 21991 | 731929 430656"),
    ("BELADY", {},
     "79256 61594 50873 | 87025 61843 | 42187 37118 36815 | 42450 38069 36815 "
     "| 43020 21274 13756 | 501529 266156"),
    ("MIN", {},
     "79201 61585 50867 | 87019 61842 | 40980 36827 36815 | 42444 38069 36815 "
     "| 42967 21269 13756 | 501513 266156"),
)
# fmt: on

FURTHER_CAPACITIES = (128, 256, 384, 512, 640, 768, 896, 1024)

FURTHER_MISSES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("LRU", {}, "93374 89783 83572 81722 72494 72104 71972 71704"),
    ("FIFO", {}, "93403 89386 84387 84025 72498 72228 72182 72140"),
    ("S4LRU", {"segments": 5}, "89624 86725 82781 80203 75388 65645 59035 56063"),
    ("ARC", {}, "90252 85861 78168 74297 67381 65685 64439 64772"),
    ("BELADY", {}, "79256 70724 65481 61594 59645 57599 50873 48974"),
)
"""The same of cloudphysics in bytes, at each of those MiB."""

MISSED_BYTES = {
    ("SIEVE", "cloudphysics", 512): 3455379968,
    ("S3_FIFO", "cloudphysics", 512): 3061737984,
    ("ARC", "cloudphysics", 512): 3296890368,
    ("GDSF", "cloudphysics", 512): 3436855296,
    ("TWO_Q", "cloudphysics", 512): 3305772032,
    ("LRU", "cdn", 4): 344510978,
    ("LRU", "cdn", 16): 322654360,
    ("LRU", "cdn", 64): 296876370,
    ("SIEVE", "cdn", 16): 309563258,
    ("S3_FIFO", "cdn", 16): 310135068,
    ("ARC", "cdn", 16): 313718190,
    ("GDSF", "cdn", 16): 326715535,
    ("TWO_Q", "cdn", 16): 315200271,
}
"""Missed bytes, by policy without parameters, trace and capacity in MiB."""

SIZE_CHANGES = tuple(
    SizeChangeReference(size_change, mib * MIB, misses, missed_bytes)
    for size_change, mib, misses, missed_bytes in (
        ("keep", 4, 49416, 344510978),
        ("keep", 16, 45413, 322654360),
        ("keep", 64, 40383, 296876370),
        ("update", 4, 49416, 344471301),
        ("update", 16, 45423, 322764508),
        ("update", 64, 40383, 296868352),
        ("new", 4, 52240, None),
        ("new", 16, 48598, None),
        ("new", 64, 43988, None),
    )
)
"""Of LRU in bytes: "update" is what the simulator of Caffeine does, "new" what webcachesim does."""

DRAWN_COLUMNS = (
    ("cloudphysics", "bytes", 512),
    ("cdn", "bytes", 16),
    ("cdn", "contents", 2000),
    ("web12", "contents", 1000),
)

# fmt: off
DRAWN_MISSES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("RAND", {},
     "80235 87   | 46637 75  | 47302 32  | 38646 199"),
    ("HYPERBOLIC", {},
     "81231 12   | 44652 8   | 45026 6   | 30891 15"),
    ("LHD", {},
     "77298 68   | 41525 64  | 45554 20  | 32887 43"),
    ("LECAR", {},
     "80967 305  | 43987 160 | 45731 112 | 31900 63"),
    ("CACHEUS", {},
     "74226 1997 | 43453 91  | 45714 71  | 33307 101"),
    ("LRU_PROB", {},
     "82719 21   | 45748 20  | 46322 18  | 34666 19"),
    ("BELADY_SIZE", {},
     "56524 1    | 36834 3   | -         | -"),
    ("LRU", {"admission": {"name": "PROBABILITY", "p": 0.5}},
     "83475 94   | 47901 69  | 48297 53  | 37412 152"),
    ("LRU", {"admission": {"name": "ADAPTSIZE"}},
     "77033 77   | 44879 61  | -         | -"),
    ("LRU", {"admission": {"name": "SIZE_PROBABILITY", "c": 1e-05}},
     "79836 107  | 44876 35  | -         | -"),
)
# fmt: on
"""Mean and standard deviation of ten seeds in each of those columns."""


def _units(unit: str, capacity: int) -> int:
    return capacity * MIB if unit == "bytes" else capacity


def _reference(
    policy: str, parameters: dict[str, Any], trace: str, unit: str, capacity: int, misses: int
) -> Reference:
    missed_bytes = None
    if unit == "bytes" and not parameters:
        missed_bytes = MISSED_BYTES.get((policy, trace, capacity))
    units = _units(unit, capacity)
    return Reference(policy, parameters, trace, unit, units, misses, missed_bytes)


def _references() -> Iterator[Reference]:
    for policy, parameters, row in MISSES:
        for (trace, unit, capacities), cells in zip(COLUMNS, row.split("|"), strict=True):
            if cells.strip() == "-":
                continue
            for capacity, cell in zip(capacities, cells.split(), strict=True):
                yield _reference(policy, parameters, trace, unit, capacity, int(cell))
    given = {(policy, str(parameters)) for policy, parameters, _ in MISSES}
    for policy, parameters, row in FURTHER_MISSES:
        for capacity, cell in zip(FURTHER_CAPACITIES, row.split(), strict=True):
            if (policy, str(parameters)) in given and capacity in COLUMNS[0][2]:
                continue
            yield _reference(policy, parameters, "cloudphysics", "bytes", capacity, int(cell))


def _drawn() -> Iterator[DrawnReference]:
    for policy, parameters, row in DRAWN_MISSES:
        for (trace, unit, capacity), cell in zip(DRAWN_COLUMNS, row.split("|"), strict=True):
            if cell.strip() == "-":
                continue
            mean, deviation = (int(figure) for figure in cell.split())
            units = _units(unit, capacity)
            yield DrawnReference(policy, parameters, trace, unit, units, mean, deviation=deviation)


REFERENCES = tuple(_references())
"""Of policies that draw nothing: to be met to the request."""

DRAWN = tuple(_drawn())
"""Of policies that draw: to be met within the tolerance."""
