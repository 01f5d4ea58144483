#!/usr/bin/env python3
"""Draw the picture of README.md anew: docs/_static/readme.svg.

    python -m scripts.readme_picture

Runs config/quickstart.py, a minute on two cores, and draws its hit ratios.
The manual draws its own pictures whenever it is built; this one is stored, as a page of a
repository cannot run anything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PICTURE = PROJECT / "docs" / "_static" / "readme.svg"
SETTINGS = PROJECT / "config" / "quickstart.py"
METRIC = "CACHE_HIT_RATIO.MEAN"


def main() -> None:
    """Run the campaign in a folder that is removed afterwards, and keep one of its pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _icarus("run", str(SETTINGS), "-r", "quickstart.pickle", "--quiet", folder=folder)
        _icarus(
            *("plot", "quickstart.pickle", "--metric", METRIC, "--format", "svg", "-o", "drawn"),
            folder=folder,
        )
        (drawn,) = (folder / "drawn").glob("*.svg")
        PICTURE.write_text(_smaller(drawn.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PICTURE.relative_to(PROJECT)}: {PICTURE.stat().st_size:,} bytes")


def _icarus(*words: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "icarus", *words], cwd=folder, check=True)


def _smaller(svg: str) -> str:
    """Return a drawing without the spaces that only people need."""
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    main()
