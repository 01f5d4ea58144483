"""Regressions: each of these failed once."""

from __future__ import annotations

import collections
import contextlib
import errno
import functools
import io
import os
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

import icarus.registry as registries
import icarus.util
from icarus.cli import listing
from icarus.core.hashing import digest, stable_hash
from icarus.errors import ComponentError, ResultsError, SettingsError
from icarus.planning.loading import load_settings
from icarus.planning.plan import make_plan
from icarus.planning.validation import SectionChecker
from icarus.registry import Registry
from icarus.results import (
    ResultSet,
    read_results_pickle,
    safepickle,
    write_results_pickle,
)
from icarus.results.encoding import dumps, loads
from icarus.results.tables import results_table
from icarus.util import Settings, Tree, timestr

ROOT = str(pathlib.Path(icarus.util.__file__).parents[1])


def python(code, *args, path=(), env=(), flags=()):
    return subprocess.run(
        [sys.executable, *flags, "-c", code, *map(str, args)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, *map(str, path)]), **dict(env)},
        capture_output=True,
        text=True,
        timeout=60,
    )


class Calls:
    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return self.args


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


def plan(*es, **o):
    s = Settings()
    s.EXPERIMENT_QUEUE = list(es)
    for k, v in o.items():
        s[k] = v
    return make_plan(s)


def round_trip(v):
    return loads(dumps({"x": [v]}))["x"][0]


# --- safepickle -------------------------------------------------------------------------


def test_raw_pointers_from_a_pickle_are_no_objects():
    code = """
import io, pickle, numpy as np
from icarus.errors import ResultsError
from icarus.results import safepickle
class C:
    def __reduce__(self): return np.ndarray, ((1,), np.dtype(object), b"A" * 8)
try: print(safepickle.load(io.BytesIO(pickle.dumps(C(), 4))))
except ResultsError: pass
"""
    assert python(code).returncode == 0  # -11: segmentation fault


def test_one_damaged_byte_does_not_crash_the_reader():
    code = """
import io, resource, numpy as np
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from icarus.errors import ResultsError
from icarus.results import ResultSet, safepickle
from old_pickles import dump
r = ResultSet(); r.add({}, {"CDF": np.array([1., 2.]), "x": np.float64(1)})
f = io.BytesIO(); dump(r, f); raw = f.getvalue()
for i in range(len(raw)):
    for v in range(i % 5, 256, 5):
        try: safepickle.load(io.BytesIO(raw[:i] + bytes([v]) + raw[i + 1:]))
        except ResultsError: pass
"""
    assert python(code, path=[pathlib.Path(__file__).parent]).returncode == 0


def test_a_pickle_cannot_change_classes():
    raw = b"\x80\x04cicarus.util\nTree\nN}X\x05\x00\x00\x00matchcbuiltins\nbool\ns\x86b0N."
    before = Tree.__dict__["match"]
    try:
        with pytest.raises(ResultsError):
            safepickle.load(io.BytesIO(raw))
        assert Tree.__dict__["match"] is before
    finally:
        Tree.match = before


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_old_protocols_with_arrays(protocol):
    value = Tree(x=np.array([1.0]), y=np.float64(2))
    again = safepickle.load(io.BytesIO(pickle.dumps(value, protocol)))
    assert again["x"].tolist() == [1.0]


class Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [
        collections.defaultdict(lambda: 0, a=1),
        np.ma.array([1, 2], mask=[0, 1]),
        np.arange(3).view(Sub),
        np.rec.array([(1, 2.0)], names="a,b"),
        np.rec.array([(1, 2.0)], names="a,b")[0],
        np.array(["a"], dtype=np.dtypes.StringDType()),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_written_can_be_read(value):
    round_trip(value)


@pytest.mark.parametrize("value", [(x for x in []), str.upper, int.real, object().__str__])
def test_things_without_a_module_are_stored_as_text(value):
    assert type(round_trip(value)) is str


def test_subclasses_of_result_sets_are_result_sets(tmp_path):
    class Mine(ResultSet):
        pass

    r = Mine()
    r.add({"a": 1}, {"b": 2})
    write_results_pickle(r, tmp_path / "x")
    assert len(read_results_pickle(tmp_path / "x")) == 1


class BadRepr:
    def __repr__(self):
        raise RuntimeError("no repr")


def deep():
    return functools.reduce(lambda a, _: [a], range(100_000), [])


@pytest.mark.parametrize("value", [BadRepr(), deep()], ids=["repr", "deep"])
def test_whatever_cannot_be_written_is_a_results_error_and_leaves_no_partial_file(tmp_path, value):
    r = ResultSet()
    r.add({}, {"v": [value]})
    with contextlib.suppress(ResultsError):
        write_results_pickle(r, tmp_path / "x")
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_a_result_set_without_results_is_damaged():
    raw = b"cicarus.results.resultset\nResultSet\n)R}S'_metadata'\nNsb."
    with pytest.raises(ResultsError):
        safepickle.load(io.BytesIO(raw))


# --- readwrite --------------------------------------------------------------------------


def test_a_folder_that_cannot_be_synced_is_no_failed_write(tmp_path, monkeypatch):
    really, calls = os.fsync, []

    def second_fails(fd):
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(errno.EINVAL, "Invalid argument")
        really(fd)

    monkeypatch.setattr(os, "fsync", second_fails)
    write_results_pickle(ResultSet(), tmp_path / "x")


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError):
        write_results_pickle(ResultSet(), tmp_path / "file" / "x.pickle")


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    """As root, `icarus.run(config, "/dev/null", None)` replaces the device by a file."""
    os.mkfifo(tmp_path / "fifo")
    with contextlib.suppress(ResultsError):
        write_results_pickle(ResultSet(), tmp_path / "fifo")
    assert (tmp_path / "fifo").is_fifo()


# --- resultset, tables ------------------------------------------------------------------


def test_prettyprint_of_a_collector_that_gives_a_number():
    r = ResultSet()
    r.add({"a": 1}, {"COUNT": 5})
    assert "5" in r.prettyprint()


def test_a_sum_has_attributes_of_its_own():
    a = ResultSet({"k": 1})
    (a + ResultSet({"k": 1})).attr["z"] = 1
    assert a.attr == {"k": 1}


def table_of(*params):
    r = ResultSet()
    for i, p in enumerate(params):
        r.add(p, {"L": {"MEAN": float(i)}})
    return results_table(r)


def test_values_are_shown_as_they_are():
    from rich.console import Console

    console = Console(file=io.StringIO(), width=200)
    console.print(table_of({"w": {"trace": "/d/[old]/x"}}, {"w": {"trace": "/d/[/new]/x"}}))
    assert "/d/[old]/x" in console.file.getvalue()


def test_experiments_whose_values_look_alike_are_not_averaged():
    assert table_of({"w": {"alpha": 0.1234567}}, {"w": {"alpha": 0.12345678}}).row_count == 2


# --- util, hashing ----------------------------------------------------------------------


def test_operators_of_dicts():
    assert Tree(a=1) | {"b": {"c": 2}} == {"a": 1, "b": {"c": 2}}
    assert {"a": 1} | Tree(b=2) == {"a": 1, "b": 2}
    t = Tree(a=1)
    t |= {"b": {"c": 2}}
    assert type(t["b"]) is Tree


def test_tuples_of_arrays_match():
    assert Tree(a=(np.arange(3),)).match({"a": (np.arange(3),)})


def test_settings_that_begin_with_two_underscores():
    s = Settings()
    s["__X"] = 1
    assert getattr(s, "__X") == 1


def test_a_negative_duration():
    assert timestr(-5) == "0s"


def test_stable_hashes_of_sets_are_stable():
    code = "from icarus.core.hashing import stable_hash; print(stable_hash(frozenset('abc')))"
    assert len({python(code, env={"PYTHONHASHSEED": str(i)}).stdout for i in range(3)}) == 1


def test_equal_names_have_equal_hashes():
    assert stable_hash((np.int64(1), "a")) == stable_hash((1, "a"))
    assert stable_hash(np.float64(1.5)) == stable_hash(1.5)
    assert stable_hash(1.0) == stable_hash(1)


def test_names_from_a_file_system_can_be_hashed():
    name = os.fsdecode(b"caf\xe9")
    stable_hash(name)
    digest({"reqs_file": name})


# --- registry ---------------------------------------------------------------------------


def test_two_partials_are_two_definitions():
    r = Registry("gadget", "gadgets")
    r.add("X", functools.partial(int))
    with pytest.raises(ComponentError):
        r.add("X", functools.partial(str))


@pytest.mark.parametrize(
    "change",
    [
        "registries.STRATEGY.update({'LCE': M})",
        "registries.STRATEGY |= {'LCE': M}",
        "registries.STRATEGY.setdefault('LCE', M)",
        "del registries.STRATEGY['LCE']",
        "registries.STRATEGY.pop('LCE')",
        "assert 'LCD' in registries.STRATEGY.copy()",
        "assert registries.STRATEGY != {}",
    ],
)
def test_every_way_to_use_a_dict_works_on_a_registry_in_a_new_process(change):
    head = ["import icarus.registry as registries", "class M: pass"]
    lines = [*head, change, "assert 'LCD' in registries.STRATEGY"]
    p = python("\n".join(lines))
    assert p.returncode == 0, p.stderr[-300:]


def test_threads_see_filled_registries():
    code = """
import threading
import icarus.registry as registries
seen = []
threads = [
    threading.Thread(target=lambda: seen.append("LCE" in registries.STRATEGY)) for _ in range(4)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert seen == [True] * 4
"""
    done = python(code)
    assert done.returncode == 0, done.stderr[-300:]


def test_a_plugin_that_exits_takes_no_other_down(tmp_path):
    info = tmp_path / "a-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: a\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[icarus.plugins]\na = plugin_that_exits\n")
    (tmp_path / "plugin_that_exits.py").write_text("import sys; sys.exit('no licence')\n")
    p = python(
        "import icarus.registry as registries; assert len(registries.STRATEGY) > 1", path=[tmp_path]
    )
    assert p.returncode == 0, p.stderr[-300:]


# --- settings ---------------------------------------------------------------------------


def load(tmp_path, text, raw=None, **overrides):
    path = tmp_path / "s.py"
    path.write_bytes(text.encode() if raw is None else raw)
    return load_settings(path, overrides)


@pytest.mark.parametrize(
    "text",
    [
        "[ALPHA := i for i in (1, 2)]",
        "sum((ALPHA := i) for i in (1, 2))",
        "global ALPHA\nALPHA = 1",
    ],
)
def test_overrides_win(tmp_path, text):
    assert load(tmp_path, text, ALPHA=99).ALPHA == 99


def test_a_file_may_declare_its_encoding(tmp_path):
    raw = "# -*- coding: latin-1 -*-\nNAME = 'é'\n".encode("latin-1")
    assert load(tmp_path, "", raw).NAME == "é"


def test_problems_are_single_lines(tmp_path):
    with pytest.raises(SettingsError) as info:
        load(tmp_path, "raise ValueError('a\\nb')")
    assert "\n" not in info.value.problems[0]


def test_a_module_too_deep_to_compile(tmp_path):
    with pytest.raises(SettingsError):
        load(tmp_path, "X = " + "-" * 200_000 + "1")


def test_an_override_of_a_name_from_a_star_import(tmp_path):
    (tmp_path / "base_of_44.py").write_text("ALPHA = 1\n")
    assert (
        load(
            tmp_path, "from base_of_44 import *\nALPHAS = [ALPHA_ for ALPHA_ in (1, 2)]", ALPHA=5
        ).ALPHA
        == 5
    )


# --- plan, validation, listing ----------------------------------------------------------


def test_parameters_with_keys_that_are_no_strings_can_be_described():
    a, b = experiment(), experiment()
    a["content_placement"] = {"name": "WEIGHTED", "source_weights": {4: 1}}
    b["content_placement"] = {"name": "WEIGHTED", "source_weights": {4: 2}}
    plan(a, b).describe()


def test_frozen_settings_without_defaults():
    s = Settings()
    s.EXPERIMENT_QUEUE = [experiment()]
    s.freeze()
    with contextlib.suppress(SettingsError):
        make_plan(s)


@pytest.mark.parametrize("netconf", ["x", [1], 5])
def test_netconf_that_is_no_mapping(netconf):
    e = experiment()
    e["netconf"] = netconf
    with pytest.raises(SettingsError):
        plan(e)


@pytest.mark.parametrize(
    ("registry", "section", "component"),
    [
        ("STRATEGY", "strategy", "lambda *args, share=0.5: None"),
        ("CACHE_POLICY", "cache_policy", "lambda maxlen, /, share=0.5: None"),
        ("CACHE_PLACEMENT", "cache_placement", "lambda topology, share, cache_budget: None"),
        ("CONTENT_PLACEMENT", "content_placement", "lambda *args, share=0.5: None"),
    ],
)
def test_components_may_take_what_the_framework_gives_in_other_ways(registry, section, component):
    getattr(registries, registry)["MINE"] = eval(component)
    e = experiment()
    e[section]["name"] = "MINE"
    e[section]["share"] = 0.2
    plan(e)


def test_a_component_without_a_signature():
    registries.CACHE_POLICY["MINE"] = dict
    e = experiment()
    e["cache_policy"]["name"] = "MINE"
    plan(e)


def test_infinite_caches():
    e = experiment()
    e["cache_placement"]["network_cache"] = float("inf")
    with pytest.raises(SettingsError):
        plan(e)


@pytest.mark.parametrize("value", [np.zeros((3, 3)), [1] * 20_000], ids=["array", "long"])
def test_problems_are_short_single_lines(value):
    e = experiment()
    e["workload"]["alpha"] = value
    with pytest.raises(SettingsError) as info:
        plan(e)
    assert "\n" not in info.value.problems[0]
    assert len(info.value.problems[0]) < 500


def test_sections_that_print_alike_are_all_checked():
    def section(bad):
        weights = np.ones(5000)
        weights[2500] = bad
        return {"name": "MINE", "weights": weights}

    class Mine:
        def __init__(self, maxlen, weights=None):
            pass

    registries.CACHE_POLICY.add(
        "MINE", Mine, check=lambda s: ["bad"] if (s["weights"] < 0).any() else []
    )
    checker = SectionChecker()
    assert checker.check("cache_policy", section(1)).problems == []
    assert checker.check("cache_policy", section(-1)).problems != []


def test_components_without_a_qualified_name_are_described():
    registries.CACHE_POLICY["MINE"] = functools.partial(lambda maxlen: None)
    listing.component("cache-policies", "MINE")


@pytest.mark.parametrize("kind", ["", "-", " "])
def test_a_kind_without_letters_is_unknown(kind):
    with pytest.raises(ComponentError):
        listing.components(kind)


def test_numpy_integers_in_lists_count_as_integers():
    from icarus.core.values import check_value

    assert check_value(list[int], list(np.arange(3))) == []
