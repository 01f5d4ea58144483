"""Results as notebooks show them."""

from icarus.results import ResultSet


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
