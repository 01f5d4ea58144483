"""The benchmark runs and gives figures; how fast is for people to judge."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("strategy", ["LCE", "NRR", "PARTITION"])
def test_figures_of_a_strategy(project, strategy):
    script = project / "scripts" / "benchmark.py"
    options = ["--only", strategy, "--requests", "9000", "--repeat", "1"]
    done = subprocess.run(
        [sys.executable, str(script), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["strategy"] == strategy
    assert figures["requests_per_second"] > 1000
    assert 0 < figures["hit_ratio"] < 1
    assert 0 < figures["ratio_to_peer"] < 1
    # What a campaign of 300,000 contents may take in each process.
    assert figures["peak_mb"] < 400
