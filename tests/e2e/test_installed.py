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
    for name in ("icarus", "config"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / name, folder / "source" / name, ignore=ignored)
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


def test_examples_are_part_of_it(site, project, tmp_path):
    """Those who installed a wheel have no config/ beside the package."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", "from icarus.cli import main; main()", "init"]
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    names = {
        path.relative_to(project)
        for path in (project / "config").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    copied = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert copied == names
    assert (site / "icarus" / "examples" / "quickstart.py").is_file()


@pytest.mark.exhaustive
def test_a_source_distribution_has_what_a_wheel_is_built_of(project, tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("icarus", "config"):
        shutil.copytree(project / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(project / name, source / name)
    build = "import setuptools.build_meta as b, sys; getattr(b, sys.argv[1])(sys.argv[2])"
    for what, where in (("build_sdist", source), ("build_wheel", tmp_path / "unpacked")):
        subprocess.run(
            [sys.executable, "-c", build, what, str(tmp_path)], cwd=where, check=True, timeout=250
        )
        if what == "build_sdist":
            (archive,) = tmp_path.glob("*.tar.gz")
            shutil.unpack_archive(archive, tmp_path, filter="data")
            next(tmp_path.glob("icarus_sim-*/")).rename(tmp_path / "unpacked")
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    examples = [path.relative_to(project / "config") for path in (project / "config").glob("*.py")]
    assert {f"icarus/examples/{name}" for name in examples} <= names
