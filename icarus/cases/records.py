"""What is written down of the machine that a case ran on."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path

import psutil

from icarus.orchestration.provenance import versions_used

__all__ = ["write_environment"]


def write_environment(path: Path, seed: int, replication: int) -> None:
    """Write down, as JSON, where a run takes place and with what.

    Parameters
    ----------
    path : Path
    seed : int
        ``SEED`` of the campaign.
    replication : int
        Counted from 0.
    """
    told = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "host": platform.node(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "swap_bytes": psutil.swap_memory().total,
        "command": sys.argv,
        "versions": versions_used(),
        "seed": seed,
        "run": replication + 1,
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
