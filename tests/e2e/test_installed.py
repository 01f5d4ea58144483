"""What is installed: a wheel has all that the package needs beside its modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

CODE = """
import icarus.scenarios.topology as topology
from icarus.registry import TOPOLOGY_FACTORY
print(topology.__file__)
print([len(TOPOLOGY_FACTORY[name]()) for name in ("GEANT", "WIDE", "GARR_2")])
"""


@pytest.fixture(scope="module")
def site(project, tmp_path_factory):
    """A folder with what a wheel of the project holds, and nothing else of it."""
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(project / "icarus", folder / "source" / "icarus")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(project / name, folder / "source" / name)
    build = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", build, str(folder)]
    built = subprocess.run(
        command, cwd=folder / "source", capture_output=True, text=True, timeout=250, check=False
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_file_that_is_no_module_is_named_as_data(project):
    patterns = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    named = patterns["tool"]["setuptools"]["package-data"]["icarus"]
    package = project / "icarus"
    data = {file for pattern in named for file in package.glob(pattern)}
    others = {
        file
        for file in package.rglob("*")
        if file.is_file() and file.suffix != ".py" and "__pycache__" not in file.parts
    }
    assert others == data
    assert len(data) >= 4


def test_maps_are_part_of_it(site):
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("ICARUS_DATA", None)
    command = [sys.executable, "-c", CODE]
    ran = subprocess.run(
        command, cwd=site.parent, env=environment, capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    where, sizes = ran.stdout.splitlines()
    assert where.startswith(str(site))
    assert sizes == "[53, 30, 88]"
