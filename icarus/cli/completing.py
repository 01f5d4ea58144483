"""What a shell completes: components, files of results, and the scripts that ask for it.

Shells start the command anew at each press of the key, so nothing is imported at the top.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["complete_kind", "complete_name", "complete_policies", "complete_results", "script"]

_VARIABLE = "_ICARUS_COMPLETE"
_RESULTS_SUFFIX = ".pickle"


def script(shell: str) -> str:
    """Return the script that makes a shell ask the command line what to complete.

    Parameters
    ----------
    shell : str
        ``bash``, ``zsh`` or ``fish``.
    """
    from click.shell_completion import get_completion_class

    from icarus.cli.common import main

    kind = get_completion_class(shell)
    assert kind is not None  # the command admits only those that click has
    made = kind(main, {}, "icarus", _VARIABLE)
    # source() also starts bash to see how old it is, which is of no concern to the script.
    return made.source_template % made.source_vars()


def complete_kind(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the kind of components after ``icarus list``."""
    from icarus.registry import REGISTRIES

    kinds = {registry.plural: f"{len(registry)} of them" for registry in REGISTRIES}
    return _items(kinds.items(), incomplete)


def complete_name(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a component of the kind that is there already."""
    from icarus.cli.listing import registry_of
    from icarus.core.signatures import summary
    from icarus.errors import ComponentError

    try:
        registry = registry_of(str(ctx.params.get("kind")))
    except ComponentError:
        return []
    return _items(((name, summary(entry)) for name, entry in registry.items()), incomplete)


def complete_policies(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the last of a list of policies, as in ``LRU,SIE``."""
    from icarus.core.signatures import summary
    from icarus.registry import CACHE_POLICY

    *before, last = incomplete.split(",")
    lead = "".join(f"{name}," for name in before)
    known = ((name, summary(entry)) for name, entry in CACHE_POLICY.items())
    return [
        _item(lead + name, text)
        for name, text in sorted(known)
        if _begins(name, last) and name not in before
    ]


def complete_results(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete files of results, first those where runs write by default; else any file."""
    typed = Path(incomplete)
    if not incomplete:
        found = [file for folder in (Path(), Path("results")) for file in _pickles(folder)]
    elif incomplete.endswith("/"):
        found = _pickles(typed)
    else:
        found = [file for file in _pickles(typed.parent) if file.name.startswith(typed.name)]
    return [_item(str(file)) for file in found] or [_item(incomplete, kind="file")]


def _pickles(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if one.suffix == _RESULTS_SUFFIX)
    except OSError:
        return []


def _items(known: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    return [_item(name, text) for name, text in sorted(known) if _begins(name, incomplete)]


def _begins(name: str, incomplete: str) -> bool:
    return name.casefold().startswith(incomplete.casefold())


def _item(value: str, text: str = "", kind: str = "plain") -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(value, kind, text or None)
