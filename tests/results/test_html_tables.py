"""Results, experiments and topologies as notebooks show them."""

from icarus.registry import TOPOLOGY_FACTORY
from icarus.results import ResultSet
from icarus.util import Tree


def test_a_result_set_is_a_table_whose_text_is_escaped() -> None:
    results = ResultSet()
    for strategy in ("LCE", "<script>"):
        for value in (0.1, 0.3):
            results.add({"strategy": {"name": strategy}}, {"CACHE_HIT_RATIO": {"MEAN": value}})
    shown = results._repr_html_()
    assert "4 simulations" in shown
    # Student's t with one degree of freedom: 12.706 * 0.1.
    assert shown.count("<td>2</td><td>0.2 ± 1.3</td>") == 2
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_an_empty_result_set_is_shown_too() -> None:
    assert ResultSet()._repr_html_() == "<p>0 simulations</p>"


def test_an_experiment_is_a_row_per_parameter() -> None:
    shown = Tree({"workload": {"name": "STATIONARY", "alpha": 0.8}, "note": "<b>"})._repr_html_()
    assert "<td>workload.alpha</td><td>0.8</td>" in shown
    assert "<td>note</td><td>&lt;b&gt;</td>" in shown
    assert shown.count("<tr>") == 1 + 3


def test_of_a_large_tree_there_are_the_first_rows_and_that_there_are_more() -> None:
    shown = Tree({"LINK_LOAD": {"PER_LINK": dict.fromkeys(range(100), 0.5)}})._repr_html_()
    assert "LINK_LOAD.PER_LINK.59<" in shown
    assert "LINK_LOAD.PER_LINK.60<" not in shown
    assert "and more" in shown


def test_a_topology_is_what_there_is_of_it() -> None:
    topology = TOPOLOGY_FACTORY["GEANT"]()
    shown = topology._repr_html_()
    told = {"receivers": 8, "routers": 32, "sources": 13, "nodes in all": 53, "links": 74}
    for name, number in told.items():
        assert f"<td>{name}</td><td>{number}</td>" in shown
    assert "<td>2 to 34 ms</td>" in shown
    assert "caches" not in shown
    topology.nodes[next(iter(topology.graph["icr_candidates"]))]["stack"][1]["cache_size"] = 12
    assert "<td>1, of 12 contents in all</td>" in topology._repr_html_()
