"""What pyproject.toml cannot say: config/ is part of the package that is installed.

Everything else is there.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

EXAMPLES = Path("config")
INSTALLED = Path("icarus") / "examples"
"""Where `icarus init` looks for them, if there is no config/ beside the package."""


def examples() -> list[Path]:
    """Return the settings modules and whatever else is there to start from."""
    return sorted(
        path for path in EXAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


class BuildWithExamples(build_py):
    """Puts a copy of config/ into wheels; an editable installation reads the folder itself."""

    def run(self) -> None:
        """Build the package, examples included."""
        super().run()
        if self.editable_mode:
            return
        for source in examples():
            target = self._target(source)
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return what is installed."""
        ours = [] if self.editable_mode else [str(self._target(source)) for source in examples()]
        return [*super().get_outputs(include_bytecode), *ours]

    def get_source_files(self) -> list[str]:
        """Return what a source distribution has to hold."""
        return [*super().get_source_files(), *map(str, examples())]

    def _target(self, source: Path) -> Path:
        return Path(self.build_lib) / INSTALLED / source.relative_to(EXAMPLES)


setup(cmdclass={"build_py": BuildWithExamples})
