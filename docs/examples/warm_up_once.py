from icarus import open_simulation
from icarus import stages as s

EXPERIMENT = {
    "topology": {"name": "TREE", "k": 2, "h": 4},
    "workload": {
        "name": "STATIONARY",
        "n_contents": 10_000,
        "alpha": 0.9,
        "n_warmup": 20_000,
        "n_measured": 60_000,
        "rate": 100.0,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.5},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
    "strategy": {"name": "LCE"},
}

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True


def begin(ctx):
    return open_simulation(EXPERIMENT, ctx.seed, ctx.replication)


def warm(run, ctx):
    run.advance(requests=20_000)


def change(run, event, ctx):
    if event != "nothing":
        run.apply({"event": event} if event == "flush" else {"event": "node_down", "node": 1})


def measure(run, seconds, ctx):
    run.advance(until=run.time + seconds)
    ctx.report("REQUESTS", run.requests)
    return run.results()


def needless(options):
    return "nothing happens" if options == {"change": "nothing", "measure": 200} else None


EXPERIMENT_QUEUE = s.walks(
    s.stage(warm),
    s.stage(change, options=["nothing", "flush", "a cache fails"]),
    s.stage(measure, options=[20, 200]),
    start=begin,
    where=needless,
)
