import sys

N_REPLICATIONS = 3
PARALLEL_EXECUTION = True

EXPERIMENT = {
    "topology": {"name": "TREE", "k": 2, "h": 3},
    "workload": {
        "name": "STATIONARY",
        "n_contents": 1000,
        "alpha": 0.9,
        "n_warmup": 2000,
        "n_measured": 8000,
        "rate": 100.0,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.3},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
    "strategy": {"name": "LCE"},
}

# Stands for the program of an origin, which says so once it listens, and ends when it is told to.
ORIGIN = "print('listening', flush=True); import signal; signal.pause()"


def failover(ec, params):
    origin = ec.register_resource(
        "Process", name="origin", command=[sys.executable, "-c", ORIGIN], ready="listening"
    )
    network = ec.register_resource(
        "Simulation", name="network", experiment=EXPERIMENT, pace=params["pace"]
    )
    ec.register_condition(network, "START", origin, "STARTED", "50ms")
    ec.set_with_conditions("rate", params["rate"], network, network, "STARTED", "100ms")
    ec.register_condition(origin, "STOP", network, "FINISHED")
    ec.deploy()
    reports = ec.wait_finished([origin, network], timeout="5m")
    assert reports.ok, reports
    return ec.call(network, "results")


EXPERIMENT_QUEUE = [
    {"scenario": {"build": failover, "rate": rate, "pace": 400.0}} for rate in (1.0, 2.0)
]
