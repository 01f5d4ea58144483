from __future__ import annotations

import pytest

from icarus.control import ExperimentController


@pytest.fixture
def ec(tmp_path):
    """A controller whose files are in the test's folder."""
    with ExperimentController("test", root_dir=tmp_path) as controller:
        yield controller
