"""What a campaign will be, in lines and as data: for ``icarus plan``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from icarus.core.kinds import COMPONENT_SECTIONS, KINDS, conformed_section, settable_parameters
from icarus.design import Design
from icarus.errors import SettingsError
from icarus.plaintext import one_line
from icarus.planning.plan import Plan, check_general_settings, make_plan
from icarus.planning.queue import MOST_EXPERIMENTS, check_sections
from icarus.planning.settings import GENERAL_SETTINGS, fill_defaults
from icarus.planning.walk_tree import tree_lines
from icarus.util import Settings, Tree

__all__ = ["Outline", "PlannedPoint", "outline_of", "planned_point"]

_LONGEST = 500
"""Characters of a value that are printed."""


@dataclass(frozen=True)
class Outline:
    """A campaign, checked, or as much of it as is checked of one too large to be run at once."""

    plan: Plan | None
    """None if there are too many experiments for one campaign."""
    design: Design | None
    """What the queue is, if it is a design."""
    settings: dict[str, Any]
    """The general settings in force."""
    warnings: list[str]

    def lines(self) -> list[str]:
        """Return it in lines of text."""
        lines = [] if self.design is None else self.design.describe()
        if self.plan is None:
            return [*lines, *_refusal()]
        return [*lines, *self.plan.describe(self.design)]

    def resolved(self) -> list[str]:
        """Return the settings that are in force, a line each."""
        return [
            f"{name} = {one_line(repr(value), _LONGEST)}" for name, value in self.settings.items()
        ]

    def tree(self) -> list[str]:
        """Return the stages of its walks in lines of text.

        Raises
        ------
        SettingsError
            If there are no walks.
        """
        counts = [] if self.plan is None else self.plan.stage_counts
        if not counts:
            raise SettingsError(["--tree: there are no walks in this campaign, so no stages"])
        return tree_lines(counts)

    def facts(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        facts: dict[str, Any] = {"settings": self.settings, "warnings": self.warnings}
        if self.design is not None:
            facts["design"] = _facts_of(self.design)
        if self.plan is not None:
            plan = self.plan
            most = plan.most_replications
            facts |= {
                "experiments": len(plan.experiments),
                "vetoed": dict(Counter(plan.vetoes.values())),
                "replications": {"least": plan.n_replications, "most": most},
                "jobs": {"least": plan.n_jobs, "most": len(plan.experiments) * most},
                "processes": plan.n_processes,
                "seed": plan.seed,
                "collectors": plan.collectors,
                "stages": [
                    {"walks": walks, "stages": [one._asdict() for one in stages]}
                    for walks, stages in plan.stage_counts
                ],
                "varies": {
                    ".".join(map(str, path)): values for path, values in plan.varying().items()
                },
            }
        return facts


@dataclass(frozen=True)
class PlannedPoint:
    """One experiment of a queue, checked."""

    index: int
    size: int
    """How many experiments the queue has."""
    experiment: Tree
    excluded: str | None
    """Why it will not be run."""
    id: str
    """What its results are recognised by: what the ids of its jobs begin with."""
    warnings: list[str]

    def lines(self, resolved: bool) -> list[str]:
        """Return it in lines of text, with the defaults of components if `resolved`."""
        lines = [f"experiment:    {self.index:,} of {self.size:,}, counted from 0"]
        lines.append(f"id:            {self.id}")
        if self.excluded is not None:
            lines.append(f"excluded:      {self.excluded}")
        return [*lines, *_lines_of(self.experiment, resolved)]

    def facts(self, resolved: bool) -> dict[str, Any]:
        """Return it as data for JSON."""
        tree = _complete(self.experiment) if resolved else self.experiment
        return {
            "index": self.index,
            "of": self.size,
            "id": self.id,
            "excluded": self.excluded,
            "experiment": tree.dict(str_keys=True),
            "warnings": self.warnings,
        }


def outline_of(settings: Settings) -> Outline:
    """Check settings and return what campaign they are.

    Raises
    ------
    SettingsError
        With all problems, if there are any.
    """
    fill_defaults(settings)
    queue = _queue_of(settings)
    design = queue if isinstance(queue, Design) else None
    if design is not None and design.size > MOST_EXPERIMENTS:
        check_general_settings(settings, check_sections(design))
        return Outline(None, design, _general(settings), list(settings.warnings))
    plan = make_plan(settings)
    return Outline(plan, design, _general(settings), plan.warnings)


def planned_point(settings: Settings, index: int) -> PlannedPoint:
    """Check one experiment of a queue, by its place from 0.

    Raises
    ------
    SettingsError
        If there is none, or something is wrong with it or with the general settings.
    """
    fill_defaults(settings)
    entries = _queue_of(settings)
    if isinstance(entries, (str, Mapping)) or not isinstance(entries, Iterable):
        make_plan(settings)  # which says what is wrong with it
    if not isinstance(entries, Design):
        entries = list(entries)
    size = entries.size if isinstance(entries, Design) else len(entries)
    if not -size <= index < size:
        raise SettingsError([f"--point {index}: there are {size:,} experiments, counted from 0"])
    settings["EXPERIMENT_QUEUE"] = [entries[index]]
    index %= size
    try:
        plan = make_plan(settings)
    except SettingsError as error:
        where = f"EXPERIMENT_QUEUE[{index}]"
        problems = [one.replace("EXPERIMENT_QUEUE[0]", where, 1) for one in error.problems]
        raise SettingsError(problems) from None
    (experiment,), (identity,), (key,) = plan.experiments, plan.ids, plan.keys
    excluded = plan.vetoes.get(identity)
    return PlannedPoint(index, size, experiment, excluded, key[:16], plan.warnings)


def _queue_of(settings: Settings) -> Any:
    return settings["EXPERIMENT_QUEUE"] if "EXPERIMENT_QUEUE" in settings else None  # noqa: SIM401


def _refusal() -> list[str]:
    return [
        f"more than the {MOST_EXPERIMENTS:,} experiments that one campaign may have: run a part "
        "with --sample N, --points A:B or --shard K/N",
    ]


def _general(settings: Settings) -> dict[str, Any]:
    return {
        name: settings[name]
        for name in GENERAL_SETTINGS
        if name in settings and name != "EXPERIMENT_QUEUE"
    }


def _facts_of(design: Design) -> dict[str, Any]:
    counts = design.counts()
    return {
        "points": counts.points,
        "admitted": counts.admitted,
        "exact": counts.exact,
        "excluded": {name: one._asdict() for name, one in counts.excluded.items()},
        "axes": [axis._asdict() for axis in design.axes],
        "derived": {one.path: one.text for one in design.derived},
    }


def _lines_of(experiment: Tree, resolved: bool) -> Iterator[str]:
    """Yield the parameters of an experiment by section."""
    for path, value in _complete(experiment) if resolved else experiment:
        yield f"  {'.'.join(map(str, path))} = {one_line(repr(value), _LONGEST)}"


def _complete(experiment: Mapping[str, Any]) -> Tree:
    """Return an experiment with the defaults of what components take and it does not give."""
    complete = Tree(experiment)
    for section in COMPONENT_SECTIONS:
        given = experiment.get(section)
        if not isinstance(given, Mapping):
            continue
        component = KINDS[section].registry.get(str(given.get("name")))
        if component is None:
            # Of a point that is excluded, perhaps as there is no such thing.
            continue
        defaults = {
            name: parameter.default
            for name, parameter in settable_parameters(section, component).items()
            if not parameter.required
        }
        complete[section] = {
            **conformed_section(section, given),
            **{name: value for name, value in defaults.items() if name not in given},
        }
    return complete
