"""Tasks and products as a journal keeps them.

Whoever looks at a journal need not have the settings module that made a kind of jobs known: what is
kept of a task says enough of it for everything but running it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from icarus.errors import JournalError
from icarus.orchestration.kinds import JobContext, Product, Task
from icarus.registry import JOB_KIND
from icarus.results.encoding import decode
from icarus.util import Tree

__all__ = ["KeptProduct", "KeptTask"]


@dataclass(frozen=True)
class KeptTask(Task):
    """A task that was run."""

    kind: str = ""  # type: ignore[misc]
    unit: str = "steps"  # type: ignore[misc]
    kept: Mapping[str, Any] = field(default_factory=dict)
    """Its own facts."""
    campaign: Mapping[str, Any] = field(default_factory=dict)
    """Those of the campaign that ran it."""

    def facts(self) -> dict[str, Any]:
        """Return the facts that were kept."""
        return dict(self.kept)

    def revived(self, params: Tree) -> Task:
        """Return the task itself, which can be run, with its parameters.

        Raises
        ------
        ComponentError
            If its kind is not known in this process.
        """
        kind: type[Task] = JOB_KIND.resolve(self.kind)
        return kind.restored(params, self.seed, self.replication, self.kept, self.campaign)

    def run(self, context: JobContext) -> Product:
        """Run the task itself, if its kind is known."""
        return self.revived(self.params).perform(context)


class KeptProduct(Product):
    """A product from a journal. The tree of its results is made when it is first asked for.

    A campaign that goes on needs those of earlier runs at its end only.
    """

    def __init__(
        self,
        kept: tuple[Any, memoryview],
        amount: int,
        facts: Mapping[str, Any],
        files: Mapping[str, Any],
    ) -> None:
        self.__dict__.update(amount=amount, facts=facts, files=files, _kept=kept)

    def __getattr__(self, name: str) -> Any:
        # Reached for what is not there yet.
        if name != "results":
            raise AttributeError(name)
        try:
            results = decode(*self.__dict__.pop("_kept"))
        except MemoryError:
            raise
        except Exception as error:
            raise JournalError("a result in the journal makes no sense") from error
        if not isinstance(results, Tree):
            raise JournalError("a result in the journal makes no sense: it is no tree")
        self.__dict__["results"] = results
        return results

    def __reduce__(self) -> tuple[Any, ...]:
        return Product, (self.results, self.amount, self.facts, self.files)
