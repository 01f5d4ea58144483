"""How the results of one task differ from those of another."""

from __future__ import annotations

from icarus.results.encoding import dumps
from icarus.util import Tree

__all__ = ["first_difference"]


def first_difference(before: Tree, now: Tree) -> str | None:
    """Return in a line where results first differ from those of before; None if they do not."""
    # As they would be kept, so that what is kept as text is compared as text.
    if dumps(before) == dumps(now):
        return None
    old, new = before.paths(), now.paths()
    for path in [*old, *new]:
        if path not in old or path not in new:
            where = "now" if path not in old else "in the record"
            return f"{'.'.join(map(str, path))} is there {where} only"
        if dumps(old[path]) != dumps(new[path]):
            return f"{'.'.join(map(str, path))} was {old[path]!r} and is {new[path]!r} now"
    return "the order of its entries is another"
