"""Programs that are measured: what it takes to compress, by each method, with each effort."""

import random
import subprocess
import sys

from icarus.orchestration import Product, Task, register_job_kind

RESOURCE_METRICS = {"interval": "20ms"}
N_REPLICATIONS = 3
EXPERIMENT_QUEUE = [
    {"program": {"method": method, "effort": effort}}
    for method in ("gzip", "bz2")
    for effort in (1, 9)
]

COMPRESS = """
import sys
from importlib import import_module
from pathlib import Path

method, effort, source, target = sys.argv[1:]
data = import_module(method).compress(Path(source).read_bytes(), int(effort))
Path(target).write_bytes(data)
"""


class Program(Task):
    unit = "steps"
    phases = ("make", "compress")

    def run(self, context):
        own = self.params["program"]
        source, target = context.folder / "words.txt", context.folder / "compressed"
        context.enter("make")
        rng = random.Random(self.replication)
        source.write_text(" ".join(str(rng.randrange(500)) for _ in range(100_000)))
        context.enter("compress")
        files = [str(source), str(target)]
        command = [sys.executable, "-S", "-c", COMPRESS, own["method"], str(own["effort"]), *files]
        subprocess.run(command, check=True)
        size = target.stat().st_size
        source.unlink()
        return Product({"PROGRAM": {"BYTES": size}}, amount=2)


register_job_kind("program", Program)
