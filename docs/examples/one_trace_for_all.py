"""Request traces that are made once each, and served by caches of several policies and sizes."""

from pathlib import Path

import numpy as np

from icarus import stages as s
from icarus.models import cache as models

N_REPLICATIONS = 2
FOLDER = Path("traces")
CACHES = [(policy, size) for policy in ("LruCache", "FifoCache") for size in (20, 50, 100)]


def prepare(alpha, ctx):
    weights = np.arange(1, 1001) ** -alpha
    contents = ctx.rng.choice(1000, size=20_000, p=weights / weights.sum())
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{alpha}-{ctx.replication}.npy"
    np.save(path, contents)
    return str(path)


def serve(state, cache, ctx):
    policy, size = cache
    one = getattr(models, policy)(size)
    hits = 0
    for content in np.load(ctx.messages["prepare"]).tolist():
        hits += one.get(content)
        one.put(content)
    return {"CACHE_HIT_RATIO": {"MEAN": hits / 20_000}}


EXPERIMENT_QUEUE = s.walks(
    s.barrier(prepare, [0.6, 1.0]),
    s.stage(serve, CACHES),
)
