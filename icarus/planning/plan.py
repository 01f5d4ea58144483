"""What a campaign will do, checked in full before any of it is done.

Every experiment of the queue is held against the registered components and their signatures;
all problems are found in one go, each with the place in the settings where it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from icarus.core.capacities import unit_of
from icarus.core.kinds import DETAILS, conformed, conformed_section
from icarus.core.machine import available_cores
from icarus.core.values import nesting_problem
from icarus.design import Design
from icarus.errors import SettingsError, suggestion
from icarus.execution.compiled.engine_choice import (
    EngineName,
    choose_engine,
    pair_requests,
    pairs_of,
)
from icarus.metering.setting import ResourceMetrics
from icarus.plaintext import hanging, one_line, some_of
from icarus.planning.barriers import Barrier, barrier_keys, barrier_problems, described
from icarus.planning.identity import identities_of
from icarus.planning.job_kinds import SIMULATION, WALK, kind_of, kinds_of
from icarus.planning.limits import Limits, checkpoint_problems, memory_problems
from icarus.planning.prefixes import Prefix, prefixes_of
from icarus.planning.queue import Queue, lines_of, read_queue
from icarus.planning.replications import (
    Replications,
    given_twice,
    replication_problems,
    replications_of,
)
from icarus.planning.settings import DEFAULTS, GENERAL_SETTINGS, check_setting, fill_defaults
from icarus.planning.user_functions import hook_problems, vetoed
from icarus.planning.validation import SectionChecker
from icarus.planning.walk_prefixes import prefixes_of_walks
from icarus.planning.walk_tree import StageCount, stage_counts
from icarus.registry import RESULTS_WRITER
from icarus.results.labels import section_text
from icarus.util import Settings, Tree

__all__ = ["Plan", "check_general_settings", "make_plan"]

_MOST_VALUES = 12
"""Values of a varying parameter that a description lists."""
_LONGEST_VALUE = 160
"""Characters of one of them."""
_MOST_REPEATED = 5
"""Experiments that are in a queue again and are named."""


_MOST_SHARED = 5
"""Prefixes that a description lists."""


@dataclass(frozen=True)
class Plan:
    """A campaign that passed all checks."""

    experiments: list[Tree]
    """The experiments, in the order of the queue, each of them once."""
    collectors: dict[str, dict[str, Any]]
    """Parameters of the collectors by name."""
    n_replications: int
    """Of each experiment; the least number where it depends on results."""
    seed: int
    n_processes: int
    """1 runs everything in this process."""
    start_method: str | None
    engine: EngineName
    """What runs experiments that do not say so themselves."""
    warnings: list[str]
    """What looks odd but does not stop the campaign."""
    limits: Limits = field(default_factory=Limits)
    """What jobs and the campaign may take."""
    vetoes: dict[str, str] = field(default_factory=dict)
    """Experiments that ``VETO`` or their design excludes, by identity, with the reasons."""
    replications: Replications | None = None
    """When an experiment was replicated often enough, where that depends on results."""
    ids: list[str] = field(default_factory=list)
    """What identifies each experiment."""
    keys: list[str] = field(default_factory=list)
    """By what the results of each experiment are recognised; no two are the same."""
    unknown: list[str] = field(default_factory=list)
    """What users' components read and cannot be part of that, as it cannot be known."""
    runs: dict[str, int] = field(default_factory=dict)
    """Numbers of replications, by identity, of experiments that have their own."""
    share_prefixes: bool = True
    """Whether what experiments have in common before their timelines differ is run once."""

    @property
    def n_jobs(self) -> int:
        """Number of jobs: experiments times replications; further ones may follow."""
        return sum(map(self.replications_of, self.ids))

    def replications_of(self, identity: str) -> int:
        """Return how many replications of an experiment there are at first."""
        return self.runs.get(identity, self.n_replications)

    @property
    def most_replications(self) -> int:
        """Of each experiment, where their number depends on results; else as many as always."""
        return self.n_replications if self.replications is None else self.replications.most

    def most_of(self, identity: str) -> int:
        """Return how many replications of an experiment there may be in all."""
        if self.replications is not None:
            return self.replications.most
        return self.replications_of(identity)

    @cached_property
    def kinds(self) -> list[str]:
        """Which kind of job each experiment is."""
        return kinds_of(self.experiments)

    @cached_property
    def simulations(self) -> list[Tree]:
        """The experiments that are simulations, in the order of the queue."""
        each = zip(self.experiments, self.kinds, strict=True)
        return [one for one, kind in each if kind == SIMULATION]

    @cached_property
    def prefixes(self) -> list[Prefix]:
        """What is run once for several experiments, as only what comes later differs.

        Where walks wait for barriers, what they have done until then is in any case.
        """
        share = self.share_prefixes
        found = prefixes_of_walks(self.experiments, self._places(WALK), self.seed, share=share)
        simulations = self._places(SIMULATION) if share else []
        if any(self.experiments[place].get("timeline") for place in simulations):
            found += prefixes_of(self.experiments, simulations, self.collectors, self.seed)
        return found

    @cached_property
    def barriers(self) -> dict[int, list[tuple[Barrier, str]]]:
        """The barriers on the way of each walk that has any, with what they are recognised by."""
        return barrier_keys(self.experiments, self._places(WALK), self.seed)

    @cached_property
    def stage_counts(self) -> list[tuple[int, list[StageCount]]]:
        """How often each stage of walks is done; see ``planning.walk_tree.stage_counts``."""
        return stage_counts(self.experiments, self._places(WALK), share=self.share_prefixes)

    def _places(self, wanted: str) -> list[int]:
        """Return the places of the experiments of a kind that are not excluded."""
        each = enumerate(zip(self.kinds, self.ids, strict=True))
        return [i for i, (kind, key) in each if kind == wanted and key not in self.vetoes]

    @cached_property
    def pair_requests(self) -> list[float]:
        """How many requests all simulations together have for the code of each experiment's.

        0 for experiments that are none.
        """
        pairs = [pair for pair in self.pairs if pair]
        together = iter(pair_requests(self.simulations, pairs, self.n_replications))
        return [next(together) if pair else 0.0 for pair in self.pairs]

    @cached_property
    def pairs(self) -> list[str]:
        """What tells strategy and policy of each simulation from others; empty for other kinds."""
        pairs = iter(pairs_of(self.simulations))
        return [next(pairs) if kind == SIMULATION else "" for kind in self.kinds]

    def varying(self) -> dict[tuple[str, ...], list[Any]]:
        """Return the parameters that differ between experiments of one kind, with their values."""
        values: dict[tuple[str, ...], dict[str, Any]] = {}
        counts: Counter[tuple[str, ...]] = Counter()
        of_kind = Counter(self.kinds)
        kinds: dict[tuple[str, ...], set[str]] = {}
        uses: Counter[tuple[str, Any, int]] = Counter()
        sections: dict[tuple[str, Any, int], Any] = {}
        for experiment, kind in zip(self.experiments, self.kinds, strict=True):
            for key, section in experiment.items():
                uses[kind, key, id(section)] += 1
                sections[kind, key, id(section)] = section
        for place, section in sections.items():
            for path, value in Tree({place[1]: section}):
                values.setdefault(path, {})[repr(value)] = value
                counts[path] += uses[place]
                kinds.setdefault(path, set()).add(place[0])

        def varies(path: tuple[str, ...]) -> bool:
            if len(values[path]) > 1:
                return True
            # A parameter that only one of the components compared has comes with its name.
            name = (path[0], "name")
            comparable = sum(of_kind[kind] for kind in kinds[path])
            return counts[path] < comparable and len(values.get(name, ())) < 2

        return {
            path: list(seen.values())
            for path, seen in values.items()
            if path[0] not in DETAILS and varies(path)
        }

    def describe(self, design: Design | None = None) -> list[str]:
        """Return the campaign in a few lines of text, beyond those that its design has already."""
        numbers = sorted(set(map(self.replications_of, self.ids)))
        replications = " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
        jobs = f"{self.n_jobs:,}"
        if self.replications is not None:
            replications = self.replications.describe()
            jobs += f" to {len(self.experiments) * self.most_replications:,}"
        if self.vetoes:
            jobs += f", {sum(map(self.replications_of, self.vetoes)):,} of them vetoed"
        lines = [
            f"experiments:   {len(self.experiments):,}",
            f"replications:  {replications}",
            f"jobs:          {jobs}",
            f"processes:     {self.n_processes}",
            f"seed:          {self.seed}",
            f"collectors:    {', '.join(self.collectors) or 'none'}",
            *_capacity_lines(self.experiments),
            *_shared_lines(self.prefixes),
        ]
        if times := described(self.barriers):
            each = " in each replication" if self.most_replications > 1 else ""
            lines.append(f"barriers:      {times}{each}, alone")
        kinds = Counter(self.kinds)
        if set(kinds) - {SIMULATION}:
            named = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
            lines.insert(1, f"kinds:         {named}")
        told = {} if design is None else {one.name: one for one in design.constraints}
        reasons = Counter(reason for reason in self.vetoes.values() if reason not in told)
        if reasons:
            lines.append(f"vetoed:        {reasons.total():,} experiments")
            lines += [f"  {reason}: {n:,}" for reason, n in reasons.items()]
        return [*lines, *self._describe_varying()] if design is None else lines

    def _describe_varying(self) -> list[str]:
        varying = self.varying()
        lines = ["varies:" if varying else "varies:        nothing"]
        names = {path: ".".join(map(str, path)) for path in varying}
        width = max(map(len, names.values()), default=0)
        for path, values in varying.items():
            texts = (one_line(section_text(value), _LONGEST_VALUE) for value in values)
            lines += hanging(f"  {names[path]:<{width}}  ", some_of(texts, _MOST_VALUES))
        return lines


def _capacity_lines(experiments: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what sizes of caches count, unless all are shares of a number of contents."""
    sections = [one.get("cache_placement") for one in experiments]
    placements = [one for one in sections if isinstance(one, Mapping) and len(one)]
    units = Counter(unit_of(placement) for placement in placements)
    if not placements or all(
        unit_of(one) == "contents" and one.get("network_cache") is not None for one in placements
    ):
        return []
    if len(units) == 1:
        return [f"cache sizes:   in {next(iter(units))}"]
    told = ", ".join(f"in {unit} in {n:,} experiments" for unit, n in sorted(units.items()))
    return [f"cache sizes:   {told}"]


def _shared_lines(prefixes: Sequence[Prefix]) -> list[str]:
    alike = Counter(str(prefix) for prefix in prefixes if len(prefix.experiments) > 1)
    lines = [
        f"shared:        {text}" + (f" ({number:,} times)" if number > 1 else "")
        for text, number in alike.items()
    ]
    left = len(lines) - _MOST_SHARED
    more = [f"               and {left:,} more such beginnings"] if left > 0 else []
    return [*lines[:_MOST_SHARED], *more]


def make_plan(settings: Settings) -> Plan:
    """Check settings in full and return the campaign they describe.

    Parameters
    ----------
    settings : Settings
        Defaults are filled in where the settings are not frozen yet.

    Raises
    ------
    SettingsError
        With all problems, if there are any.
    """
    if not settings.frozen:
        fill_defaults(settings)
    missing = [name for name in DEFAULTS if name not in settings]
    # The one of the two that stands for the other has none.
    if "REPLICATIONS" not in missing and settings["REPLICATIONS"] is not None:
        missing = [name for name in missing if name != "N_REPLICATIONS"]
    if missing:
        raise SettingsError([f"{name}: missing, and the settings are frozen" for name in missing])
    problems = _check_general(settings)
    collectors = _collectors(settings, problems)
    queue = Queue()
    warnings = list(settings.warnings)
    if "EXPERIMENT_QUEUE" not in settings:
        problems.append(
            "EXPERIMENT_QUEUE: missing; a settings module must build a queue of experiments"
        )
    else:
        queue = read_queue(settings["EXPERIMENT_QUEUE"], problems, warnings)
    only_simulations = set(kinds_of(queue.experiments)) <= {SIMULATION}
    problems += replication_problems(
        settings["REPLICATIONS"],
        collectors if only_simulations else None,
        ResourceMetrics.wanted(settings["RESOURCE_METRICS"]),
    )
    if not problems:
        problems = _lacking_kernels(queue, collectors, settings["ENGINE"])
        problems += _unequal_barriers(queue)
    experiments, vetoes = queue.experiments, queue.excluded
    if not problems:
        vetoes = vetoes | vetoed(settings["VETO"], experiments, vetoes, problems)
    limits = Limits.of(settings) if not problems else Limits()
    parallel = settings["PARALLEL_EXECUTION"]
    if limits.memory is not None and not parallel:
        warnings.append("MEMORY_LIMIT: ignored without PARALLEL_EXECUTION")
    _refuse(settings, problems, warnings)
    identities = identities_of(experiments, collectors, settings["SEED"])
    first = _first_places(identities.keys, vetoes)
    reasons = {identities.experiments[i]: vetoes[i] for i in first.values() if i in vetoes}
    repeated = _repeated(identities.keys, first)
    _refuse(settings, [], repeated)
    warnings += repeated
    processes = settings["N_PROCESSES"] or available_cores()
    n_replications, replications = replications_of(settings)
    return Plan(
        experiments=[experiments[i] for i in first.values()],
        collectors=collectors,
        n_replications=n_replications,
        seed=settings["SEED"],
        n_processes=processes if parallel else 1,
        start_method=settings["START_METHOD"],
        engine=settings["ENGINE"],
        warnings=warnings,
        limits=limits,
        vetoes=reasons,
        replications=replications,
        ids=[identities.experiments[i] for i in first.values()],
        runs=_own_runs(queue, identities.experiments, settings),
        keys=list(first),
        unknown=identities.unknown,
        share_prefixes=settings["SHARE_PREFIXES"],
    )


def _own_runs(queue: Queue, ids: Sequence[str], settings: Settings) -> dict[str, int]:
    """Return numbers of replications by identity, unless they depend on results."""
    if settings["REPLICATIONS"] is not None:
        return {}
    return {ids[place]: runs for place, runs in queue.runs.items()}


def check_general_settings(settings: Settings, others: Iterable[str]) -> None:
    """Raise an error with all problems of the settings other than the queue, and the `others`."""
    problems = _check_general(settings)
    _collectors(settings, problems)
    # What a queue that is not looked at measures is not known.
    metered = ResourceMetrics.wanted(settings["RESOURCE_METRICS"])
    problems += replication_problems(settings["REPLICATIONS"], None, metered)
    _refuse(settings, [*problems, *others], list(settings.warnings))


def _refuse(settings: Settings, problems: list[str], warnings: list[str]) -> None:
    """Raise an error if there are problems, or warnings and ``STRICT`` is set."""
    if settings["STRICT"]:
        problems = problems + [f"{warning} (an error, as STRICT is set)" for warning in warnings]
    if problems:
        where = f"{settings.source.path}: " if settings.source is not None else ""
        raise SettingsError([where + problem for problem in problems])


def _first_places(keys: Iterable[str], vetoes: Container[int]) -> dict[str, int]:
    """Return where each key stands first, in order; if it can, where it is not excluded."""
    places: dict[str, int] = {}
    for number, key in enumerate(keys):
        if places.setdefault(key, number) in vetoes and number not in vetoes:
            places[key] = number
    return places


def _repeated(keys: list[str], first: Mapping[str, int]) -> list[str]:
    """Say which entries of the queue are experiments that are in it already."""
    again = [(i, first[key]) for i, key in enumerate(keys) if first[key] != i]
    if not again:
        return []
    named = some_of((f"[{i}] is [{before}]" for i, before in again), _MOST_REPEATED)
    what = "1 experiment is" if len(again) == 1 else f"{len(again)} experiments are"
    return [
        f"EXPERIMENT_QUEUE: {what} in it already and run once only, as it would give the same "
        f"results again: {named}; N_REPLICATIONS repeats experiments with other requests"
    ]


def _check_general(settings: Settings) -> list[str]:
    problems = []
    for name in GENERAL_SETTINGS:
        if name in settings:
            problems += [f"{name}: {text}" for text in check_setting(name, settings[name])]
    problems += [f"MEMORY_LIMIT: {text}" for text in memory_problems(settings["MEMORY_LIMIT"])]
    every = settings["CHECKPOINT_EVERY"]
    problems += [f"CHECKPOINT_EVERY: {text}" for text in checkpoint_problems(every)]
    told = ResourceMetrics.problems(settings["RESOURCE_METRICS"])
    problems += [f"RESOURCE_METRICS{text}" for text in told]
    problems += given_twice(settings)
    problems += hook_problems(settings["HOOKS"])
    writer = settings["RESULTS_FORMAT"]
    if isinstance(writer, str) and writer not in RESULTS_WRITER:
        problems.append(
            f"RESULTS_FORMAT: unknown results writer {writer!r}; "
            f"{suggestion(writer, RESULTS_WRITER)}"
        )
    return problems


def _collectors(settings: Settings, problems: list[str]) -> dict[str, dict[str, Any]]:
    given = settings["DATA_COLLECTORS"]
    if isinstance(given, str) or not isinstance(given, Iterable):
        problems.append(
            "DATA_COLLECTORS: should be a list of names or a mapping of name to options, "
            f"found {given!r}"
        )
        return {}
    if nested := nesting_problem(given):
        problems.append(f"DATA_COLLECTORS.{nested[0]}: {nested[1]}")
        return {}
    options_of = given if isinstance(given, Mapping) else {str(name): None for name in given}
    collectors: dict[str, dict[str, Any]] = {}
    for name, options in options_of.items():
        if options is not None and not isinstance(options, Mapping):
            problems.append(
                f"DATA_COLLECTORS[{name!r}]: options should be a mapping, found {options!r}"
            )
            options = None
        collectors[name] = dict((options or {}).items())
    checker = SectionChecker()
    for name, options in collectors.items():
        section = {**options, "name": name}
        found = checker.check("collector", section)
        collectors[name] = {
            key: value
            for key, value in conformed_section("collector", section).items()
            if key != "name"
        }
        problems += [
            f"DATA_COLLECTORS{'' if key == 'name' else f'[{name!r}].{key}'}: {message}"
            for key, message in found.problems
        ]
    return collectors


def _unequal_barriers(queue: Queue) -> list[str]:
    """Return where walks of the queue do not wait for one another at the same barriers."""
    kinds = enumerate(kinds_of(queue.experiments))
    walks = [i for i, kind in kinds if kind == WALK and i not in queue.excluded]
    found = barrier_problems(queue.experiments, walks)
    return [f"EXPERIMENT_QUEUE[{place}].barriers: {text}" for place, text in found]


def _lacking_kernels(
    queue: Queue, collectors: dict[str, dict[str, Any]], engine: EngineName
) -> list[str]:
    """Return where the compiled engine is asked for that cannot run an experiment."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, experiment in enumerate(queue.experiments):
        asked_for = experiment.get("engine") or engine
        if asked_for != "compiled" or number in queue.excluded or kind_of(experiment) != SIMULATION:
            continue
        choice = choose_engine(conformed(experiment), collectors, asked_for)
        if choice.engine != asked_for:
            message = f"it is to run on the compiled engine, but {choice.reason}"
            found.setdefault(("", message), []).append(number)
    return lines_of(found)
