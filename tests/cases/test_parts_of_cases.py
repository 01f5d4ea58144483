"""Placeholders, the representative run, and what tells cases apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.cases.tables import lower_median
from icarus.design.case_reading import pointer, read_case
from icarus.design.placeholders import filled, unknown_placeholders
from icarus.planning.case_settings import CaseFolder, case_settings, is_text_of_cases

VALUES = {"size": 0.5, "run": 3, "data": "/d"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{size}", 0.5),
        ("{run}", 3),
        ("{data}/x-{run}.txt", "/d/x-3.txt"),
        ("{{size}} {size}", "{size} 0.5"),
        ("{{{run}}}", "{3}"),
        (["{run}", {"a": "{size}"}], [3, {"a": 0.5}]),
        (7, 7),
    ],
)
def test_placeholders(text, value):
    assert filled(text, VALUES) == value
    assert not list(unknown_placeholders(text, VALUES, "p"))


@given(st.text())
def test_a_text_with_its_braces_doubled_is_itself(text):
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert filled(doubled, VALUES) == text
    assert not list(unknown_placeholders(doubled, VALUES, "p"))


@given(
    st.recursive(
        st.text(alphabet="{}ab "), lambda one: st.lists(one) | st.dictionaries(st.just("k"), one)
    )
)
def test_what_is_found_to_be_right_can_be_filled(value):
    if not list(unknown_placeholders(value, VALUES, "p")):
        filled(value, VALUES)


def test_unknown_placeholders_have_places():
    found = list(unknown_placeholders({"a": ["x", "{sise}", "}"]}, ["size"], "steps[2]"))
    assert [place for place, _ in found] == ["steps[2].a[1]", "steps[2].a[2]"]
    assert "did you mean 'size'?" in found[0][1]
    assert pointer(found[0][0]) == "/steps/2/a/1"


def test_the_representative_run():
    """Durations 5, 3 and 4 in the runs 2, 3 and 4: run 4, be there a first run or not."""
    assert lower_median({2: 5.0, 3: 3.0, 4: 4.0}) == 4
    assert lower_median({2: 5.0, 3: 3.0, 4: 4.0, 5: 9.0}) == 4
    assert lower_median({1: 2.0, 2: 2.0}) == 1
    assert lower_median({}) is None


@given(st.dictionaries(st.integers(1, 50), st.floats(0, 10), min_size=1))
def test_a_representative_run_has_as_many_above_as_below(values):
    chosen = values[lower_median(values)]
    n = len(values)
    assert sum(one < chosen for one in values.values()) <= (n - 1) // 2
    assert sum(one > chosen for one in values.values()) <= n // 2


def case(**more):
    step = {"id": "s", "resource": "Process", "command": "run", "parameters": {"command": ["true"]}}
    content = {"schema": "icarus-case/1", "id": "c", "steps": [step], **more}
    found, problems = read_case("x/case.json", content, {})
    assert not problems, problems
    return found


def queue(one):
    return case_settings(CaseFolder([one]), {}, {})["EXPERIMENT_QUEUE"]


def test_parameters_vary_as_in_sweep_files():
    points = queue(
        case(
            axes={"a": [1, 2], "b": {"linspace": [0, 1], "n": 3}},
            derive={"twice": "2 * a"},
            where={"not both": "not (a == 2 and b == 1)"},
        )
    )
    told = [dict(point["case"].items()) for point in points]
    assert told == [
        {"name": "c", "a": a, "b": b, "twice": 2 * a} for a in (1, 2) for b in (0, 0.5, 1)
    ]
    assert [point.excluded for point in points] == [*5 * [None], "not both"]


def test_what_was_recorded_is_read_again():
    folder = CaseFolder([case(axes={"a": [1, 2]}, runs=4)], {"SEED": 3})
    text = folder.text()
    assert is_text_of_cases(text)
    again = CaseFolder.from_text(text)
    settings = case_settings(again, {}, {})
    assert settings["EXPERIMENT_QUEUE"] == queue(folder.cases[0])
    assert (settings["SEED"], settings["N_REPLICATIONS"]) == (3, 4)
    assert case_settings(again, {"N_REPLICATIONS": 2}, {})["N_REPLICATIONS"] == 2


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"axes": {"run": [1]}}, "/axes/run: 'run' cannot be the name of a parameter"),
        ({"axes": {"a b": [1]}}, "/axes/a b: 'a b' cannot be"),
        ({"axes": {"a": {"linspce": [0, 1]}}}, "/axes/a: unknown axis 'linspce'; did you mean"),
        ({"id": "a/b"}, "/id: should be a name of letters, digits"),
        ({"version": 2}, "/: unknown key 'version'"),
        ({"schema": "icarus-case/9"}, "/schema: "),
        ({"steps": []}, "/steps: "),
    ],
)
def test_what_is_wrong_with_a_file(more, problem):
    step = {"id": "s", "resource": "Process", "command": "run"}
    content = {"schema": "icarus-case/1", "id": "c", "steps": [step], **more}
    found, problems = read_case("x/case.json", content, {})
    assert found is None
    assert any(one.startswith(f"x/case.json: {problem}") for one in problems), problems


def test_steps_have_names_of_their_own_and_leave_files_in_their_folder():
    step = {"id": "s", "resource": "Process", "command": "run"}
    content = {
        "schema": "icarus-case/1",
        "id": "c",
        "steps": [step, {**step, "outputs": [{"path": "../x"}]}],
    }
    _, problems = read_case("case.json", content, {})
    assert problems == [
        "case.json: /steps/1/id: step 0 has the id 's', too",
        "case.json: /steps/1/outputs/0/path: should be a path within the data folder, found '../x'",
    ]
