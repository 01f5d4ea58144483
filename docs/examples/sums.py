"""Simulations, and jobs of a kind of their own: sums."""

from icarus.orchestration import Product, Task, register_job_kind
from icarus.util import Tree

N_REPLICATIONS = 2
DATA_COLLECTORS = ["CACHE_HIT_RATIO"]


class Sum(Task):
    """Adds the first numbers, and some noise, in two steps."""

    unit = "terms"
    phases = ("add", "write")

    def run(self, context):
        n, noise = self.params["sum"]["n"], self.params["sum"]["noise"]
        context.enter("add")
        total = 0
        for number in range(n):
            total += number
            context.report(number + 1)
        context.enter("write")
        (context.folder / "total.txt").write_text(f"{total}\n")
        noisy = total + self.rng().normal(scale=noise)
        return Product({"SUM": {"TOTAL": total, "NOISY": noisy}}, n)


def check(experiment):
    n = experiment["sum"].get("n")
    if not isinstance(n, int) or n < 0:
        return [("sum.n", f"should be a number of terms, found {n!r}")]
    return []


register_job_kind("sum", Sum, check)

simulation = Tree(
    topology={"name": "PATH", "n": 4},
    workload={
        "name": "STATIONARY",
        "n_contents": 20,
        "alpha": 0.8,
        "n_warmup": 10,
        "n_measured": 50,
    },
    content_placement={"name": "UNIFORM"},
    cache_placement={"name": "UNIFORM", "network_cache": 0.2},
    strategy={"name": "LCE"},
    cache_policy={"name": "LRU"},
)
EXPERIMENT_QUEUE = [simulation, *({"sum": {"n": n, "noise": 0.1}} for n in (10, 100, 1000))]
