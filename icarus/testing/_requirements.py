"""What the laws need that a simulation does not."""

from __future__ import annotations

from importlib import import_module

__all__ = ["check_requirements"]


def check_requirements() -> None:
    """Refuse to go on without pytest and Hypothesis, and say how to get them.

    Raises
    ------
    ImportError
        If one is missing.
    """
    for name in ("pytest", "hypothesis"):
        try:
            import_module(name)
        except ImportError:
            raise ImportError(
                f"icarus.testing needs {name}: pip install 'icarus-sim[testing]'"
            ) from None
