"""The notebook of the manual: kept without outputs, and every cell runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook.ipynb"


def cells() -> list[dict[str, Any]]:
    return [dict(one) for one in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]


def test_it_is_kept_without_what_running_it_gives() -> None:
    code = [one for one in cells() if one["cell_type"] == "code"]
    assert len(code) >= 10
    assert all(not one["outputs"] and one["execution_count"] is None for one in code)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # of what kernels are made of
def test_every_cell_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=250, resources=resources).execute()
    shown = [
        output["data"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert sum("image/png" in data for data in shown) == 2
    assert any("<table" in data.get("text/html", "") for data in shown)
