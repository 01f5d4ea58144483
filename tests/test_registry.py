from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import icarus.registry as registry_module
from icarus.errors import ComponentError
from icarus.registry import (
    CACHE_POLICY,
    NETWORK_EVENT,
    REGISTRIES,
    RESOURCE,
    STRATEGY,
    TOPOLOGY_FACTORY,
    Registry,
    register_decorator,
    register_strategy,
)

KINDS = (
    "cache_policy",
    "strategy",
    "topology_factory",
    "cache_placement",
    "content_placement",
    "workload",
    "data_collector",
    "results_reader",
    "results_writer",
)


@pytest.fixture
def registry():
    return Registry("gadget", "gadgets")


class One:
    """First of two."""


class Two:
    """Second of two."""


def python(code, *, path=(), flags=()):
    """Run code in a fresh interpreter, where no component is loaded yet."""
    folders = [*map(str, path), str(Path(registry_module.__file__).parents[1])]
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestDecorators:
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_has_one_that_fills_its_registry(self, kind):
        def component():
            pass

        decorate = getattr(registry_module, f"register_{kind}")
        entries = getattr(registry_module, kind.upper())
        assert decorate("NEW_ONE")(component) is component
        assert entries["NEW_ONE"] is component
        assert component.name == "NEW_ONE"

    def test_a_plain_dict_can_be_a_registry_too(self):
        mine = {}
        register = register_decorator(mine)
        assert register("ONE")(One) is One
        assert mine == {"ONE": One}
        assert One.name == "ONE"

    def test_a_taken_name_is_refused_and_its_holder_named(self):
        register_strategy("MINE")(One)
        with pytest.raises(
            ComponentError, match=r"'MINE' is taken by .*test_registry\.One"
        ) as info:
            register_strategy("MINE")(Two)
        assert "override=True" in str(info.value)
        assert STRATEGY["MINE"] is One
        with pytest.raises(ComponentError, match="'LCE' is taken"):
            register_strategy("LCE")(One)

    def test_a_refused_component_keeps_its_name(self):
        One.name = "ONE"
        with pytest.raises(ComponentError):
            register_strategy("LCE")(One)
        assert One.name == "ONE"

    def test_override_replaces_on_purpose(self):
        register_strategy("LCE", override=True)(One)
        assert STRATEGY["LCE"] is One

    def test_one_component_may_have_two_names(self):
        register_strategy("A1")(One)
        register_strategy("A2")(One)
        assert STRATEGY["A1"] is STRATEGY["A2"] is One

    def test_a_component_may_have_its_name_in_another_registry(self):
        register_strategy("SAME")(One)
        registry_module.register_workload("SAME")(Two)
        assert STRATEGY["SAME"] is One


class TestRegistry:
    def test_the_same_definition_may_come_again(self, registry):
        first = type("Again", (), {"__module__": "somewhere", "__qualname__": "Again"})
        second = type("Again", (), {"__module__": "somewhere", "__qualname__": "Again"})
        registry.add("X", first)
        registry.add("X", second)
        assert registry["X"] is second

    def test_the_same_name_in_another_module_is_another_definition(self, registry):
        registry.add("X", type("Again", (), {"__module__": "somewhere"}))
        with pytest.raises(ComponentError):
            registry.add("X", type("Again", (), {"__module__": "elsewhere"}))

    @pytest.mark.parametrize("name", [None, 5, ("a",), One])
    def test_names_are_strings(self, registry, name):
        with pytest.raises(ComponentError, match="string"):
            registry.add(name, One)

    def test_plain_assignment_works_and_replaces(self, registry):
        registry["X"] = One
        registry["X"] = Two
        assert registry["X"] is Two
        assert dict(registry) == {"X": Two}

    def test_a_check_goes_with_its_component(self, registry):
        registry.add("X", One, check=lambda section: ["bad"])
        assert registry.checks["X"]({}) == ["bad"]
        registry["X"] = Two
        assert registry.checks == {}

    def test_resolve_names_place_and_nearest(self, registry):
        registry["LRU"] = One
        assert registry.resolve("LRU") is One
        with pytest.raises(
            ComponentError, match=r"^here\.name: unknown gadget 'lruu'; did you mean 'LRU'\?$"
        ):
            registry.resolve("lruu", "here.name")
        with pytest.raises(ComponentError, match=r"^unknown gadget 'qqqqq'; known: LRU$"):
            registry.resolve("qqqqq")

    @pytest.mark.parametrize("name", [None, 5, ["LRU"], {}, One])
    def test_resolve_refuses_what_is_no_name(self, registry, name):
        with pytest.raises(ComponentError):
            registry.resolve(name)

    def test_a_component_error_is_a_value_error(self):
        assert issubclass(ComponentError, ValueError)

    def test_missing_names_are_those_of_a_dict(self, registry):
        with pytest.raises(KeyError):
            registry["X"]
        assert registry.get("X") is None
        assert registry.get("X", One) is One
        assert "X" not in registry
        assert ["X"] not in list(registry)
        assert not registry

    def test_every_built_in_component_is_described_and_knows_its_name(self):
        for one in REGISTRIES:
            assert one
            for name, component in one.items():
                assert component.__doc__, name
                assert name.isupper() == (one is not NETWORK_EVENT and one is not RESOURCE)
                assert getattr(component, "name", None) in one


class TestFirstUse:
    """What a fresh interpreter sees, where components are loaded on demand."""

    def test_every_way_of_reading_finds_the_built_in_components(self):
        reads = (
            "'LRU' in R.CACHE_POLICY",
            "R.CACHE_POLICY['LRU']",
            "R.CACHE_POLICY.get('LRU')",
            "R.CACHE_POLICY.resolve('LRU')",
            "dict(R.CACHE_POLICY)['LRU']",
            "{**R.CACHE_POLICY}['LRU']",
            "'LRU' in list(R.CACHE_POLICY)",
            "'LRU' in R.CACHE_POLICY.keys()",
            "len(R.CACHE_POLICY) > 1",
            "len(R.CACHE_POLICY.values()) > 1",
            "len(R.CACHE_POLICY.items()) > 1",
        )
        # The flag is reset and the entries emptied before each, as in a new process.
        code = "import sys, icarus.registry as R\nassert 'icarus.policies' not in sys.modules\n"
        for read in reads:
            code += (
                f"assert {read}, {read!r}\n"
                "dict.clear(R.CACHE_POLICY); R._loaded = False\n"
                "own = 'icarus.policies', 'icarus.strategies'\n"
                "[sys.modules.pop(m) for m in list(sys.modules) if m.startswith(own)]\n"
            )
        process = python(code)
        assert process.returncode == 0, process.stderr

    def test_importing_the_package_alone_fills_all_registries(self):
        process = python("import icarus; print(*map(len, icarus.registry.REGISTRIES))")
        assert process.returncode == 0, process.stderr
        assert all(int(count) > 0 for count in process.stdout.split())

    def test_a_component_named_before_anything_is_read_meets_the_built_in_ones(self):
        process = python(
            "from icarus.registry import register_strategy, STRATEGY\n"
            "class Mine: pass\n"
            "try: register_strategy('LCE')(Mine)\n"
            "except Exception as error: print(type(error).__name__)\n"
            "STRATEGY['LCE'] = Mine\n"
            "assert STRATEGY['LCE'] is Mine and len(STRATEGY) > 1\n"
        )
        assert (process.returncode, process.stdout) == (0, "ComponentError\n"), process.stderr

    def test_a_strategy_module_can_be_imported_by_itself(self):
        process = python("import icarus.models.strategy, icarus.scenarios.topology")
        assert process.returncode == 0, process.stderr


GOOD = '''
from icarus.registry import register_strategy

@register_strategy("{name}")
class Plugin:
    """Keep copies where the plugin {name} says."""

    def __init__(self, view, controller, p: float = 0.5) -> None:
        pass
'''


def install(folder, name, source):
    """Lay out a package as an installer would: a module and its metadata."""
    (folder / f"plugin_{name}.py").write_text(source)
    info = folder / f"icarus_{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: icarus-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[icarus.plugins]\n{name} = plugin_{name}\n")


class TestPlugins:
    def run_list(self, folder, flags=()):
        code = "from icarus.main import main; main(['list', 'strategies'])"
        return python(code, path=[folder], flags=flags)

    def test_an_installed_plugin_is_listed(self, tmp_path):
        install(tmp_path, "good", GOOD.format(name="FROM_A_PLUGIN"))
        process = self.run_list(tmp_path, flags=["-W", "error"])
        assert process.returncode == 0, process.stderr
        assert "FROM_A_PLUGIN" in process.stdout
        assert "Keep copies where the plugin FROM_A_PLUGIN says." in process.stdout
        assert "LCE" in process.stdout

    def test_broken_plugins_are_left_out_with_a_warning_each(self, tmp_path):
        install(tmp_path, "absent", "import no_such_module_anywhere")
        install(tmp_path, "raising", "1 / 0")
        install(tmp_path, "syntax", "x = = 1")
        install(tmp_path, "taken", GOOD.format(name="LCE"))
        install(tmp_path, "zgood", GOOD.format(name="FROM_A_PLUGIN"))
        process = self.run_list(tmp_path)
        assert process.returncode == 0, process.stderr
        assert "FROM_A_PLUGIN" in process.stdout
        assert "Leave Copy Everywhere" in process.stdout
        for name, error in {
            "absent": "ModuleNotFoundError",
            "raising": "ZeroDivisionError",
            "syntax": "SyntaxError",
            "taken": "ComponentError",
        }.items():
            warnings = [line for line in process.stderr.splitlines() if f"'{name}'" in line]
            assert any(error in line for line in warnings), process.stderr
        assert "Traceback" not in process.stderr
        assert "'zgood'" not in process.stderr


def test_the_built_in_names_of_icarus_0_8_that_this_release_has():
    assert {"LRU", "FIFO"} <= set(CACHE_POLICY)
    assert {"NO_CACHE", "LCE", "LCD", "PROB_CACHE", "EDGE", "HR_SYMM"} <= set(STRATEGY)
    assert {"GEANT", "WIDE", "GARR", "ROCKET_FUEL", "TREE", "PATH"} <= set(TOPOLOGY_FACTORY)


def test_a_name_that_came_later_may_be_a_users_own():
    """Settings for Icarus 0.8 may have a policy of their own that is called as a new one is."""
    built_in = CACHE_POLICY["SIEVE"]

    class Sieve:
        """A user's."""

    CACHE_POLICY.add("SIEVE", Sieve)
    try:
        assert CACHE_POLICY["SIEVE"] is Sieve
    finally:
        CACHE_POLICY["SIEVE"] = built_in
    with pytest.raises(ComponentError, match="'LRU' is taken"):
        CACHE_POLICY.add("LRU", Sieve)
    assert CACHE_POLICY["LRU"].__module__.startswith("icarus.")
