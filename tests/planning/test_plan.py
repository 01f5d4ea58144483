from __future__ import annotations

import copy
import os
import time
from collections import deque
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Ge

from icarus import design as d
from icarus.core.values import check_value
from icarus.errors import SettingsError
from icarus.planning.loading import load_settings
from icarus.planning.plan import make_plan
from icarus.registry import CACHE_PLACEMENT, CACHE_POLICY, STRATEGY
from icarus.types import Fraction, NonNegative, NonNegativeInt, Positive, PositiveInt, Seed
from icarus.util import Settings, Tree

ABSENT = object()


@pytest.fixture
def experiment():
    return Tree(
        topology={"name": "PATH", "n": 5},
        workload={
            "name": "STATIONARY",
            "n_contents": 100,
            "alpha": 0.8,
            "n_warmup": 10,
            "n_measured": 10,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.1},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU"},
    )


def settings_of(queue=ABSENT, **others):
    settings = Settings()
    if queue is not ABSENT:
        settings.EXPERIMENT_QUEUE = queue
    for name, value in others.items():
        settings[name] = value
    return settings


def plan_of(*experiments, **others):
    return make_plan(settings_of(list(experiments), **others))


def problems_of(*experiments, **others):
    with pytest.raises(SettingsError) as info:
        plan_of(*experiments, **others)
    for problem in info.value.problems:
        assert "\n" not in problem
    return info.value.problems


class TestPlan:
    def test_a_sound_campaign(self, experiment):
        other = copy.deepcopy(experiment)
        other["workload"]["alpha"] = 0.9
        plan = plan_of(experiment, other, N_REPLICATIONS=3, SEED=7)
        assert plan.experiments == [experiment, other]
        assert (plan.n_replications, plan.n_jobs, plan.seed) == (3, 6, 7)
        assert plan.n_processes == 1
        assert list(plan.collectors) == ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]
        assert plan.warnings == []

    @pytest.mark.parametrize("kind", [list, tuple, deque, iter])
    def test_the_queue_may_be_any_iterable(self, experiment, kind):
        assert make_plan(settings_of(kind([experiment]))).n_jobs == 1

    @pytest.mark.parametrize("kind", [Tree, lambda tree: tree.dict(), MappingProxyType])
    def test_experiments_may_be_any_mapping(self, experiment, kind):
        (planned,) = plan_of(kind(experiment)).experiments
        assert type(planned) is Tree
        assert planned == experiment

    def test_planning_changes_and_consumes_nothing(self, experiment):
        queue = deque([experiment.dict(), experiment])
        before = copy.deepcopy(queue)
        settings = settings_of(queue)
        make_plan(settings)
        make_plan(settings)
        assert settings.EXPERIMENT_QUEUE is queue
        assert queue == before

    def test_processes(self, experiment):
        cores = len(os.sched_getaffinity(0))
        assert plan_of(experiment).n_processes == 1
        assert plan_of(experiment, N_PROCESSES=4).n_processes == 4
        assert plan_of(experiment, PARALLEL_EXECUTION=False, N_PROCESSES=4).n_processes == 1
        assert plan_of(experiment, PARALLEL_EXECUTION=True).n_processes == cores
        assert plan_of(experiment, PARALLEL_EXECUTION=True, N_PROCESSES=4).n_processes == 4

    def test_collectors_may_have_options(self, experiment):
        options = {"LATENCY": {"cdf": True}, "LINK_LOAD": None, "PATH_STRETCH": {}}
        plan = plan_of(experiment, DATA_COLLECTORS=options)
        assert plan.collectors == {"LATENCY": {"cdf": True}, "LINK_LOAD": {}, "PATH_STRETCH": {}}

    def test_what_varies_is_found(self, experiment):
        queue = []
        for name in ("LCE", "LCD"):
            for alpha in (0.6, 0.8):
                queue.append(copy.deepcopy(experiment))
                queue[-1]["strategy"]["name"] = name
                queue[-1]["workload"]["alpha"] = alpha
                queue[-1]["desc"] = f"{name} {alpha}"
        plan = plan_of(*queue)
        assert plan.varying() == {
            ("workload", "alpha"): [0.6, 0.8],
            ("strategy", "name"): ["LCE", "LCD"],
        }
        text = "\n".join(plan.describe())
        assert "experiments:   4" in text
        assert "workload.alpha  0.6, 0.8" in text
        assert "strategy.name   LCE, LCD" in text

    def test_a_parameter_that_only_some_experiments_have_varies(self, experiment):
        experiment["strategy"] = {"name": "RAND_BERNOULLI"}
        other = copy.deepcopy(experiment)
        other["strategy"]["p"] = 0.5
        assert plan_of(experiment, other).varying() == {("strategy", "p"): [0.5]}

    def test_nothing_varies_in_a_single_experiment(self, experiment):
        assert plan_of(experiment).describe()[-1].split() == ["varies:", "nothing"]

    def test_long_lists_of_values_are_cut(self, experiment):
        queue = []
        for i in range(30):
            queue.append(copy.deepcopy(experiment))
            queue[-1]["workload"]["alpha"] = i / 10
        assert "and 18 more" in plan_of(*queue).describe()[-1]


class TestGeneralSettings:
    @pytest.mark.parametrize(
        ("name", "value", "part"),
        [
            ("N_REPLICATIONS", 0, "greater than or equal to 1, found 0"),
            ("N_REPLICATIONS", -1, "found -1"),
            ("N_REPLICATIONS", "3", "valid integer, found '3'"),
            ("N_REPLICATIONS", 2.5, "found 2.5"),
            ("N_REPLICATIONS", True, "found True"),
            ("N_REPLICATIONS", None, "found None"),
            ("SEED", -1, "found -1"),
            ("SEED", 1.5, "found 1.5"),
            ("PARALLEL_EXECUTION", "no", "valid boolean, found 'no'"),
            ("N_PROCESSES", 0, "found 0"),
            ("N_PROCESSES", "all", "found 'all'"),
            ("START_METHOD", "forks", "'fork'"),
            ("LOG_LEVEL", "LOUD", "'WARNING'"),
            ("LOG_LEVEL", 10, "found 10"),
            ("RESULTS_FORMAT", "PICKEL", "did you mean 'PICKLE'?"),
            ("RESULTS_FORMAT", 5, "valid string, found 5"),
            ("DATA_COLLECTORS", "LATENCY", "list of names or a mapping"),
            ("DATA_COLLECTORS", 5, "found 5"),
            ("DATA_COLLECTORS", None, "found None"),
            ("DATA_COLLECTORS", ["LATENCYY"], "did you mean 'LATENCY'?"),
            ("DATA_COLLECTORS", [None], "unknown data collector"),
            ("DATA_COLLECTORS", {"LATENCY": 5}, "should be a mapping, found 5"),
            ("DATA_COLLECTORS", {"LATENCY": {"cfd": True}}, "did you mean 'cdf'?"),
            ("DATA_COLLECTORS", {"LATENCY": {"cdf": "yes"}}, "found 'yes'"),
            ("EXPERIMENT_QUEUE", [], "empty"),
            ("EXPERIMENT_QUEUE", deque(), "empty"),
            ("EXPERIMENT_QUEUE", 5, "found 5"),
            ("EXPERIMENT_QUEUE", None, "found None"),
            ("EXPERIMENT_QUEUE", "queue", "found 'queue'"),
            ("EXPERIMENT_QUEUE", {"topology": {}}, "list or deque"),
        ],
    )
    def test_impossible_values_are_refused(self, experiment, name, value, part):
        settings = settings_of([experiment])
        settings[name] = value
        with pytest.raises(SettingsError) as info:
            make_plan(settings)
        (problem,) = info.value.problems
        assert problem.startswith(name)
        assert part in problem

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("LOG_LEVEL", "debug"),
            ("N_PROCESSES", None),
            ("SEED", 0),
            ("SEED", np.int64(5)),
            ("START_METHOD", "spawn"),
            ("DATA_COLLECTORS", []),
            ("DATA_COLLECTORS", ("LATENCY",)),
            ("DATA_COLLECTORS", Tree(LATENCY={"cdf": True})),
            ("CACHING_GRANULARITY", "OBJECT"),
        ],
    )
    def test_possible_values_are_not(self, experiment, name, value):
        plan_of(experiment, **{name: value})

    def test_a_missing_queue(self):
        with pytest.raises(SettingsError, match="EXPERIMENT_QUEUE: missing"):
            make_plan(settings_of())

    def test_entries_that_are_no_experiments(self, experiment):
        assert problems_of(5, experiment, None, 5) == [
            "EXPERIMENT_QUEUE[0]: should be a Tree or a dict, found 5 (and 1 more experiment)",
            "EXPERIMENT_QUEUE[2]: should be a Tree or a dict, found None",
        ]


class TestExperiments:
    @pytest.mark.parametrize(
        ("path", "value", "place", "part"),
        [
            ("strategy.name", "LCEE", "strategy.name", "unknown strategy 'LCEE'; did you mean"),
            ("strategy.name", "lce", "strategy.name", "did you mean 'LCE'?"),
            ("strategy.name", None, "strategy.name", "unknown strategy None"),
            ("strategy.name", ["LCE"], "strategy.name", "unknown strategy ['LCE']"),
            ("strategy.name", ABSENT, "strategy", "missing"),
            ("strategy", ABSENT, "strategy", "missing; every experiment needs it"),
            ("strategy", None, "strategy", "missing"),
            ("strategy", "LCE", "strategy", "name and parameters, found 'LCE'"),
            ("strategy", {"p": 0.5}, "strategy.name", "missing"),
            ("topology.name", "GEANTT", "topology.name", "did you mean 'GEANT'?"),
            ("topology.n", "5", "topology.n", "valid integer, found '5'"),
            ("topology.delya", 5, "topology.delya", "PATH has no parameter 'delya'"),
            ("topology.n", ABSENT, "topology.n", "missing; PATH needs it"),
            ("workload.alpha", -1, "workload.alpha", "greater than or equal to 0, found -1"),
            ("workload.alpha", -0.001, "workload.alpha", "found -0.001"),
            ("workload.alpha", "0.8", "workload.alpha", "valid number, found '0.8'"),
            ("workload.alpha", True, "workload.alpha", "found True"),
            ("workload.alpha", None, "workload.alpha", "found None"),
            ("workload.alpha", float("nan"), "workload.alpha", "found nan"),
            ("workload.alpha", [0.8], "workload.alpha", "found [0.8]"),
            ("workload.alpha", ABSENT, "workload.alpha", "missing; STATIONARY needs it"),
            ("workload.alhpa", 0.8, "workload.alhpa", "did you mean 'alpha'?"),
            ("workload.n_contents", 0, "workload.n_contents", "found 0"),
            ("workload.n_contents", 100.5, "workload.n_contents", "valid integer"),
            ("workload.seed", "x", "workload.seed", "found 'x'"),
            ("cache_placement.network_cache", -0.1, "cache_placement.network_cache", "equal to 0"),
            ("cache_placement.cache_budget", 10, "cache_placement.cache_budget", "not both"),
            ("cache_placement.cache_budgt", 10, "cache_placement.cache_budgt", "'cache_budget'"),
            ("cache_placement.node_cache", 10, "cache_placement.node_cache", "not both"),
            ("cache_placement.network_cache", 100, "cache_placement.network_cache", "from 0 to 1"),
            ("cache_placement.capacity_unit", "kB", "cache_placement.capacity_unit", "'bytes'"),
            ("cache_placement.network_cache", "1%", "cache_placement.network_cache", "number"),
            ("cache_placement.network_cache", ABSENT, "cache_placement.network_cache", "missing"),
            ("cache_policy.nme", 3, "cache_policy.nme", "LRU has no parameter 'nme'"),
            ("cache_policy.maxlen", 3, "cache_policy.maxlen", "no parameter 'maxlen'"),
            ("content_placement.name", "UNIFROM", "content_placement.name", "'UNIFORM'"),
            ("netconf.shortest_paths", {}, "netconf.shortest_paths", "shortest_path"),
        ],
    )
    def test_mistakes_are_found(self, experiment, path, value, place, part):
        *sections, last = path.split(".")
        branch = experiment
        for section in sections:
            branch = branch[section]
        if value is ABSENT:
            del branch[last]
        else:
            branch[last] = value
        (problem,) = problems_of(experiment)
        assert problem.startswith(f"EXPERIMENT_QUEUE[0].{place}: ")
        assert part in problem

    def test_source_ratio_of_a_rocketfuel_map(self, experiment):
        experiment["topology"] = {"name": "ROCKET_FUEL", "asn": 1221, "source_ratio": 2}
        (problem,) = problems_of(experiment)
        assert problem == (
            "EXPERIMENT_QUEUE[0].topology.source_ratio: should be less than or equal to 1, found 2"
        )

    @pytest.mark.parametrize(
        "section",
        [
            "topology",
            "workload",
            "content_placement",
            "strategy",
            "cache_policy",
            "cache_placement",
        ],
    )
    def test_a_misspelt_section_is_recognised(self, experiment, section):
        misspelt = section[:-2] + section[:-3:-1]
        experiment[misspelt] = experiment.pop(section)
        assert problems_of(experiment) == [
            f"EXPERIMENT_QUEUE[0].{misspelt}: did you mean {section!r}?"
        ]

    def test_a_missing_required_section_is_one_problem_each(self):
        found = problems_of({"desc": "nothing else"})
        sections = ("topology", "workload", "content_placement", "strategy", "cache_policy")
        assert [problem.split(":")[0] for problem in found] == [
            f"EXPERIMENT_QUEUE[0].{section}" for section in sections
        ]

    @pytest.mark.parametrize("absent", [ABSENT, None, {}])
    def test_an_experiment_needs_no_cache_placement(self, experiment, absent):
        del experiment["cache_placement"]
        if absent is not ABSENT:
            experiment["cache_placement"] = absent
        assert plan_of(experiment).n_jobs == 1

    def test_further_keys_are_allowed(self, experiment):
        experiment["desc"] = "text"
        experiment["my_note"] = {"a": 1}
        experiment["netconf"] = {}
        assert plan_of(experiment).experiments == [experiment]

    def test_numpy_numbers_count_as_numbers(self, experiment):
        experiment["workload"]["n_contents"] = np.int64(100)
        experiment["workload"]["alpha"] = np.float32(0.5)
        experiment["cache_placement"]["network_cache"] = np.float64(0.5)
        assert plan_of(experiment).n_jobs == 1

    def test_whole_numbers_will_do_for_real_ones(self, experiment):
        experiment["workload"]["alpha"] = 1
        experiment["cache_placement"]["network_cache"] = 1
        assert plan_of(experiment).n_jobs == 1

    def test_parameters_that_built_in_components_do_not_know_are_one_warning(self, experiment):
        other = copy.deepcopy(experiment)
        experiment["strategy"] = {"name": "LCE", "p": 0.5}
        experiment["workload"]["run_kind"] = "a"
        other["strategy"] = {"name": "EDGE", "p": 0.5}
        other["topology"]["zzz"] = 5
        assert plan_of(experiment, other).warnings == [
            "EXPERIMENT_QUEUE: parameters that their components do not know are kept with the "
            "results and are otherwise ignored: workload.run_kind (of STATIONARY), strategy.p (of "
            "LCE, EDGE), topology.zzz (of PATH)"
        ]

    def test_they_are_an_error_where_something_that_is_needed_is_missing(self, experiment):
        experiment["strategy"] = {"name": "RAND_CHOICE"}
        experiment["cache_placement"] = {"name": "RANDOM", "network_cache": 0.1, "how_many": 3}
        assert len(problems_of(experiment)) == 2
        assert "RANDOM has no parameter 'how_many'" in problems_of(experiment)[0]
        assert "n_cache_nodes: missing; RANDOM needs it" in problems_of(experiment)[1]

    def test_options_of_collectors_are_no_tags(self, experiment):
        found = problems_of(experiment, DATA_COLLECTORS={"LATENCY": {"zzz": 1}})
        assert "LATENCY has no parameter 'zzz'" in found[0]

    @pytest.mark.parametrize(
        ("key", "section"),
        [("stratgy", "strategy"), ("Workload", "workload"), ("net_conf", "netconf")],
    )
    def test_a_section_that_is_nearly_called_like_one_is_pointed_out(
        self, experiment, key, section
    ):
        experiment[key] = {"name": "LCD"}
        assert plan_of(experiment).warnings == [
            f"EXPERIMENT_QUEUE[0].{key}: no section that is read; did you mean {section!r}?"
        ]

    @pytest.mark.parametrize("key", ["network_cache", "cache_budget", "node_cache"])
    def test_caches_of_no_size_are_pointed_out(self, experiment, key):
        del experiment["cache_placement"]["network_cache"]
        experiment["cache_placement"][key] = 0
        (warning,) = plan_of(experiment).warnings
        place = f"EXPERIMENT_QUEUE[0].cache_placement.{key}: "
        assert warning == f"{place}0; there will be no caches"

    def test_a_number_of_contents_is_no_share_of_them(self, experiment):
        experiment["cache_placement"]["network_cache"] = 100
        assert problems_of(experiment) == [
            "EXPERIMENT_QUEUE[0].cache_placement.network_cache: a share of the catalogue, from 0 "
            "to 1; for 100 contents in all write cache_budget: 100"
        ]

    def test_strict_settings_make_errors_of_warnings(self, experiment):
        experiment["strategy"]["colour"] = "red"
        experiment["stratgy"] = "red"
        assert len(plan_of(experiment).warnings) == 2
        found = problems_of(experiment, STRICT=True, ENGINE="ndnSIM", N_REPLICATION=3)
        assert len(found) == 4
        assert all(problem.endswith("(an error, as STRICT is set)") for problem in found)

    def test_whole_numbers_may_be_written_as_real_ones(self, experiment):
        experiment["topology"]["n"] = 4.0
        experiment["workload"]["n_measured"] = 2.5 * 10**2
        experiment["workload"]["n_warmup"] = np.float32(10)
        plan = plan_of(experiment, N_REPLICATIONS=2.0, PARALLEL_EXECUTION=0)
        assert (plan.n_replications, plan.n_processes) == (2, 1)
        assert type(plan.n_replications) is int

    def test_the_same_number_of_replications_may_be_given_twice(self, experiment):
        assert plan_of(experiment, N_REPLICATIONS=3, REPLICATIONS=3.0).n_replications == 3
        assert "one of them" in problems_of(experiment, N_REPLICATIONS=3, REPLICATIONS=4)[0]

    def test_a_close_misspelling_is_refused_even_where_others_know_the_name(self, experiment):
        class Strategy:
            def __init__(self, view, controller, q=0.5):
                pass

        STRATEGY["WITH_Q"] = Strategy
        experiment["strategy"] = {"name": "RAND_BERNOULLI", "P": 0.5}
        assert "did you mean 'p'?" in problems_of(experiment)[0]

    def test_all_problems_are_told_at_once(self, experiment):
        experiment["strategy"]["name"] = "LCEE"
        experiment["workload"]["alpha"] = -1
        other = Tree(copy.deepcopy(experiment).dict())
        del other["cache_policy"]
        found = problems_of(experiment, other, N_REPLICATIONS=0, DATA_COLLECTORS=["X"])
        assert len(found) == 5
        text = "\n".join(found)
        for part in (
            "N_REPLICATIONS",
            "DATA_COLLECTORS",
            "EXPERIMENT_QUEUE[0].strategy.name",
            "EXPERIMENT_QUEUE[0].workload.alpha",
            "EXPERIMENT_QUEUE[1].cache_policy",
        ):
            assert part in text

    def test_one_mistake_in_many_experiments_is_one_line(self, experiment):
        experiment["strategy"]["name"] = "LCEE"
        (problem,) = problems_of(*[experiment] * 40)
        assert problem.endswith("(and 39 more experiments)")

    def test_mistakes_in_a_design_are_told_with_their_axis(self, experiment):
        experiment["workload"]["n_warmup"] = -5
        together = {"workload.alpha": [0.8, -1], "cache_policy": [{"name": "LRU"}, {"name": "LUR"}]}
        design = d.product(experiment, d.zip(together), {"strategy.name": ["LCE", "LDC", "EDGE"]})
        with pytest.raises(SettingsError) as info:
            make_plan(settings_of(design))
        zipped = "(axis workload.alpha, cache_policy, and 2 more experiments)"
        assert {problem.partition("].")[2] for problem in info.value.problems} == {
            f"cache_policy.name: unknown cache policy 'LUR'; did you mean 'LRU'? {zipped}",
            f"workload.alpha: should be greater than or equal to 0, found -1 {zipped}",
            "strategy.name: unknown strategy 'LDC'; did you mean 'LCD'? "
            "(axis strategy.name, and 1 more experiment)",
            "workload.n_warmup: should be greater than or equal to 0, found -5 "
            "(and 5 more experiments)",
        }

    def test_problems_have_the_settings_file_in_front(self, tmp_path):
        path = tmp_path / "campaign.py"
        path.write_text("EXPERIMENT_QUEUE = []\nN_REPLICATIONS = 0\n")
        with pytest.raises(SettingsError) as info:
            make_plan(load_settings(path))
        assert len(info.value.problems) == 2
        assert all(problem.startswith(f"{path}: ") for problem in info.value.problems)

    def test_three_mistakes_among_ten_thousand_experiments_are_found_soon(self, experiment):
        queue = deque()
        for i in range(10_000):
            queue.append(copy.deepcopy(experiment))
            queue[-1]["workload"]["alpha"] = 0.5 + i / 20_000
            queue[-1]["desc"] = f"experiment {i}"
        queue[17]["strategy"]["name"] = "LCEE"
        queue[5000]["workload"]["alpha"] = -1
        queue[9999]["cache_policy"]["nme"] = 3
        began = time.process_time()
        found = problems_of(*queue)
        assert time.process_time() - began < 20
        assert [problem.split(":")[0] for problem in found] == [
            "EXPERIMENT_QUEUE[17].strategy.name",
            "EXPERIMENT_QUEUE[5000].workload.alpha",
            "EXPERIMENT_QUEUE[9999].cache_policy.nme",
        ]


class TestUsersComponents:
    def test_those_that_take_any_keyword_get_whatever_settings_give(self, experiment):
        class Strategy:
            def __init__(self, view, controller, **kwargs):
                pass

        STRATEGY["MINE"] = Strategy
        experiment["strategy"] = {"name": "MINE", "whatever": object()}
        assert plan_of(experiment).warnings == []

    def test_those_that_do_not_are_checked(self, experiment):
        class Strategy:
            def __init__(self, view, controller, share, mode: Literal["a", "b"] = "a"):
                pass

        STRATEGY["MINE"] = Strategy
        experiment["strategy"] = {"name": "MINE", "mod": "a"}
        first, second = problems_of(experiment)
        assert "did you mean 'mode'?" in first
        assert second.endswith("strategy.share: missing; MINE needs it")

    def test_what_is_not_annotated_is_not_checked(self, experiment):
        class Policy:
            def __init__(self, maxlen, depth=None, width: no_such_type = 3):  # noqa: F821
                pass

        CACHE_POLICY["MINE"] = Policy
        experiment["cache_policy"] = {"name": "MINE", "depth": object(), "width": "x"}
        assert plan_of(experiment).n_jobs == 1

    def test_a_placement_gets_its_budget_from_the_framework(self, experiment):
        def placement(topology, cache_budget, share=0.5):
            pass

        CACHE_PLACEMENT["MINE"] = placement
        experiment["cache_placement"] = {"name": "MINE", "network_cache": 0.1, "share": 1}
        assert plan_of(experiment).n_jobs == 1

    def test_further_checks_are_asked_with_the_parameters(self, experiment):
        seen = []

        class Policy:
            def __init__(self, maxlen, depth=1):
                pass

        def check(section):
            seen.append(dict(section))
            return ["depth and shallowness differ"]

        CACHE_POLICY.add("MINE", Policy, check=check)
        experiment["cache_policy"] = {"name": "MINE", "depth": 2}
        (problem,) = problems_of(experiment, experiment)
        assert problem == (
            "EXPERIMENT_QUEUE[0].cache_policy.name: MINE: depth and shallowness differ "
            "(and 1 more experiment)"
        )
        assert seen == [{"depth": 2}]
        assert experiment["cache_policy"] == {"name": "MINE", "depth": 2}


class TestCheckValue:
    @pytest.mark.parametrize(
        ("annotation", "good", "bad"),
        [
            (int, [0, -5, np.int8(3), 1.0, 2.5e5], [0.5, "1", True, None]),
            (float, [0, 0.5, float("inf"), np.float32(1)], ["0", None, True, [1.0]]),
            (bool, [True, np.bool_(False), 0, 1.0], [2, 0.5, "yes", None]),
            (str, ["", "x", np.str_("x")], [5, None, b"x"]),
            (NonNegative, [0, 0.0, 5], [-1e-9, float("nan"), "0"]),
            (Positive, [1e-9, 5], [0, 0.0, -1]),
            (NonNegativeInt, [0, 5], [-1, 0.5]),
            (PositiveInt, [1], [0, -1]),
            (Fraction, [0, 0.5, 1], [-0.1, 1.1, 2, float("nan"), "1"]),
            (Literal["a", "b"], ["a"], ["c", 5, None]),
            (int | None, [None, 5], ["x", 0.5]),
            (list[int], [[], [1, 2.0]], [[1, "x"], (1, 2), 5, "12"]),
            (dict[str, float], [{}, {"a": 1.5}, Tree(a=1)], [{"a": "x"}, [1], 5]),
            (Seed, [None, 5, np.random.SeedSequence(1), np.random.default_rng(1)], ["x", 0.5]),
            (Annotated[int, Ge(3)], [3], [2]),
            (Any, [None, object()], []),
        ],
    )
    def test_judges(self, annotation, good, bad):
        for value in good:
            assert check_value(annotation, value) == [], value
        for value in bad:
            (problem,) = check_value(annotation, value)
            assert problem.endswith(f", found {value!r}")
            assert problem.startswith(("should be ", "item "))

    @pytest.mark.parametrize("annotation", [object(), "no type", [int], {1: 2}, np.ndarray])
    def test_annotations_that_say_nothing_check_nothing_or_the_class(self, annotation):
        value = np.arange(3) if annotation is np.ndarray else 5
        assert check_value(annotation, value) == []


class TestNesting:
    """Experiments that contain themselves are named, each once, and nothing dies of them."""

    @pytest.mark.parametrize("kind", [Tree, dict])
    def test_an_experiment_that_contains_itself(self, kind):
        looped = kind({"workload": kind({"name": "STATIONARY"})})
        looped["workload"]["all"] = [1, looped]
        with pytest.raises(SettingsError) as info:
            make_plan(campaign([looped]))
        assert info.value.problems == ["EXPERIMENT_QUEUE[0].workload.all.1: it contains itself"]

    def test_options_of_collectors_and_general_settings(self):
        loop: list = []
        loop.append(loop)
        settings = campaign([])
        settings["DATA_COLLECTORS"] = {"LATENCY": {"cdf": loop}}
        settings["N_PROCESSES"] = loop
        with pytest.raises(SettingsError) as info:
            make_plan(settings)
        assert "DATA_COLLECTORS.LATENCY.cdf.0: it contains itself" in info.value.problems
        assert "N_PROCESSES: it contains itself" in info.value.problems

    def test_nesting_without_end_in_reach(self):
        deep: dict = {}
        for _ in range(2_000):
            deep = {"a": deep}
        with pytest.raises(SettingsError, match="nested more than 100 deep"):
            make_plan(campaign([deep]))


def campaign(queue):
    settings = Settings()
    settings["EXPERIMENT_QUEUE"] = queue
    return settings
