"""Simulated figures against theory and published ones, on as many requests as that takes.

The comparisons are those of `make verify`, one test of each check.
"""

from __future__ import annotations

import pytest

from scripts.verify.checks import Effort
from scripts.verify.running import CHECKS, run_simulations

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("name", CHECKS)
def test_simulations_agree(name):
    check = CHECKS[name]
    results = run_simulations([check], Effort.USUAL, processes=2)
    rows = check.rows(results[name], Effort.USUAL)
    assert rows
    apart = [
        f"{row.what}: {row.measured:.5g} instead of {row.expected:.5g} ± {row.tolerance:.2g}"
        for row in rows
        if not row.ok
    ]
    assert not apart
