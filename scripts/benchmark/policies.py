"""Every policy on one cache that replays a trace, beside libcachesim on the same trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from icarus.util import Tree
from scripts.benchmark import peer
from scripts.benchmark.experiments import run, warm_up
from scripts.benchmark.measuring import (
    MeasurementError,
    Row,
    apart,
    attempted,
    interleaved,
    peak_mb,
    ratio,
    timed,
)
from scripts.benchmark.subject import Column, Options, Subject
from scripts.benchmark.trace import itrace_of, write_traces

__all__ = ["POLICIES", "SUBJECT", "measure_policy"]

_CASES = ((1_000_000, 0.8), (1_000_000, 1.0), (10_000, 1.0))
"""Contents of a trace, and the exponent of their popularity."""
_PYTHON_REQUESTS = 100_000
_QUICK = ("LRU", "FIFO", "MIN", "SIEVE")


class Pair(NamedTuple):
    """A policy here and its like in libcachesim."""

    theirs: str | None
    """None if it has none."""
    within: float
    """How far the miss ratios may differ: 0 where the definitions agree."""
    parameters: dict[str, Any]


# How definitions differ is written in tests/policies/test_against_libcachesim.py. Ties between
# contents that were requested equally often are broken in other ways by the two LFU.
POLICIES = {
    "LRU": Pair("LRU", 0.0, {}),
    "FIFO": Pair("FIFO", 0.0, {}),
    "SLRU": Pair("SLRU", 0.01, {"segments": 4}),
    "IN_CACHE_LFU": Pair("LFU", 0.01, {}),
    "MIN": Pair("Belady", 0.005, {}),
    "RAND": Pair("Random", 0.01, {}),
    "PERFECT_LFU": Pair(None, 0.0, {}),
    "CLIMB": Pair(None, 0.0, {}),
    "CLOCK": Pair("Clock", 0.0, {}),
    "SIEVE": Pair("Sieve", 0.0, {}),
    "S3_FIFO": Pair("S3FIFO", 0.0, {}),
    "CLOCK2Q_PLUS": Pair("Clock2QPlus", 0.0, {}),
    "TWO_Q": Pair("TwoQ", 0.0, {}),
    "ARC": Pair("ARC", 0.0, {}),
    "LFU": Pair("LFU", 0.0, {}),
    "LRU_K": Pair("LRUK", 0.05, {}),
    "GDSF": Pair("GDSF", 0.0, {}),
    "BELADY": Pair("Belady", 0.0, {}),
    "LIRS": Pair("LIRS", 0.05, {}),
    "W_TINYLFU": Pair("WTinyLFU", 0.05, {}),
    "LRU_PROB": Pair("LRUProb", 0.01, {}),
    "HYPERBOLIC": Pair("Hyperbolic", 0.02, {}),
    "LHD": Pair("LHD", 0.1, {}),
    "LECAR": Pair("LeCaR", 0.02, {}),
    "CACHEUS": Pair("Cacheus", 0.05, {}),
}


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each policy and size of catalogue."""
    requests = options.requests(10_000_000)
    for n_contents, alpha in _CASES[-1:] if options.quick else _CASES:
        path = str(options.folder / f"policies-{n_contents}-{alpha:g}.oracleGeneral.bin")
        written = apart(
            write_traces, path=path, requests=requests, n_contents=n_contents, alpha=alpha
        )
        for policy in _QUICK if options.quick else POLICIES:
            yield attempted(
                measure_policy,
                policy=policy,
                path=path,
                n_contents=n_contents,
                alpha=alpha,
                n_requested=written["n_contents"],
                requests=requests,
                repeat=options.repeat,
            )


def measure_policy(
    policy: str,
    path: str,
    n_contents: int,
    alpha: float,
    n_requested: int,
    requests: int,
    repeat: int,
) -> Row:
    """Return the figures of one policy.

    Parameters
    ----------
    policy : str
        A key of ``POLICIES``.
    path : str
        The trace in the format oracleGeneral, beside the converted one.
    n_contents, n_requested : int
        Contents in the catalogue of the trace, and those that it requests.
    alpha : float
        The exponent of their popularity.
    requests : int
        Requests in the trace.
    repeat : int
        Runs.

    Raises
    ------
    MeasurementError
        If engines give different results, or miss ratios differ from the peer's more than
        they may.
    """
    pair = POLICIES[policy]
    capacity = n_contents // 10
    parameters = dict(pair.parameters)
    if policy in ("MIN", "BELADY"):
        parameters["trace"] = str(itrace_of(path))
    experiment = _one_cache(path, policy, parameters, capacity / n_requested)
    warm_up(experiment)
    hits = _hits(run(experiment, collectors=("CACHE_HIT_RATIO",)), requests)
    peak = peak_mb()

    def replay_here() -> Any:
        return run(experiment, collectors=("CACHE_HIT_RATIO",))

    calls: list[Callable[[], Any]] = [replay_here]
    row: Row = {
        "policy": policy,
        "contents": n_contents,
        "alpha": alpha,
        "capacity": capacity,
        "requests": requests,
        "miss_ratio": 1 - hits / requests,
        "peak_mb": peak,
        "their_policy": pair.theirs or "none",
        **_beside_python(experiment, requests),
    }
    if pair.theirs and peer.installed():
        replay = peer.replay(pair.theirs, capacity, path)
        calls.append(replay)
        row.update(_compared(policy, hits, replay(), requests))
    ours, *theirs = interleaved(repeat, *calls)
    row["compiled"] = ours.rates(requests)
    row["to_python"] = row["compiled"]["per_second"] / row["python_per_second"]
    if theirs:
        row["peer"], row["to_peer"] = theirs[0].rates(requests), ratio(ours, theirs[0])
    elif pair.theirs:
        row["peer"] = row["to_peer"] = row["equal"] = peer.NOT_INSTALLED
    return row


def _compared(policy: str, hits: int, their_hit_ratio: float, requests: int) -> Row:
    """Hold the hits against the peer's."""
    pair = POLICIES[policy]
    their_hits = round(their_hit_ratio * requests)
    differ = abs(hits - their_hits) / requests
    if differ > pair.within:
        raise MeasurementError(
            f"{policy} has {hits} hits, libcachesim's {pair.theirs} {their_hits}; "
            f"they may differ by {pair.within:.1%} of {requests} requests"
        )
    return {
        "their_miss_ratio": 1 - their_hits / requests,
        "equal": "equal" if hits == their_hits else f"{(their_hits - hits) / requests:+.5f}",
    }


def _beside_python(experiment: Tree, requests: int) -> Row:
    """Run the start of the trace on both engines, hold results against each other."""
    number = min(requests, _PYTHON_REQUESTS)
    short = Tree(experiment)
    short["workload"] = {**dict(short["workload"].items()), "n_measured": number}
    collectors = ("CACHE_HIT_RATIO",)
    spent, reference = timed(lambda: run(short, "python", collectors=collectors))
    if _hits(reference, number) != _hits(run(short, collectors=collectors), number):
        raise MeasurementError(f"the engines differ: {experiment['cache_policy']['name']}")
    return {"python_per_second": number / spent.cpu, "engines_agree": True}


def _one_cache(path: str, policy: str, parameters: dict[str, Any], network_cache: float) -> Tree:
    return Tree(
        topology={"name": "PATH", "n": 3},
        workload={"name": "TRACE_DRIVEN", "reqs_file": str(itrace_of(path)), "n_warmup": 0},
        cache_placement={"name": "UNIFORM", "network_cache": network_cache},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": policy, **parameters},
    )


def _hits(done: Any, requests: int) -> int:
    hit_ratio: float = done.results.getval(["CACHE_HIT_RATIO", "MEAN"])
    return round(hit_ratio * requests)


SUBJECT = Subject(
    name="policies",
    title=(
        "Every policy: one cache of a tenth of the catalogue on a trace of Zipf requests; "
        "peer: libcachesim on the same trace"
    ),
    columns=(
        Column("policy", "policy"),
        Column("peer", "their_policy"),
        Column("contents", "contents", ","),
        Column("alpha", "alpha", "g"),
        Column("requests/s", "compiled.per_second", ",.0f"),
        Column("from", "compiled.lowest", ",.0f"),
        Column("to", "compiled.highest", ",.0f"),
        Column("peer's", "peer.per_second", ",.0f"),
        Column("/ peer", "to_peer", ".2f"),
        Column("/ python", "to_python", ".0f"),
        Column("miss ratio", "miss_ratio", ".5f"),
        Column("peer's", "equal"),
        Column("MB", "peak_mb", ".0f"),
    ),
    measure=measure,
    y=("to_peer",),
    label="times as fast as libcachesim",
)
