"""How Sphinx builds the manual: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from icarus.release import version as release

project = "Icarus"
author = "The Icarus developers"
copyright = "The Icarus developers, Apache-2.0"  # noqa: A001 - what Sphinx calls it
version = release

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_nb",
    "api_pages",
    "component_pages",
    "flow_drawing",
    "native_math",
    "program_output",
]
exclude_patterns = ["_build", "generated", "components/intro"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# The notebook is run when it has changed; its outputs are kept in docs/_build.
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parent / "_build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_show_tb = True

# Types stand in the docstrings, with shapes and units, so signatures need not repeat them.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"Icarus {release}"
html_math_renderer = "native"
html_copy_source = False
html_show_sourcelink = False
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["code.css"]
html_sidebars = {"**": ["contents.html"]}
html_theme_options = {
    "navbar_center": [],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
