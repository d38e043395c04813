"""Sphinx: MyST pages, the Furo theme, and the API reference from the docstrings."""

from importlib.metadata import version as installed_version

project = "legation"
author = "The legation authors"
copyright = "The legation authors"  # noqa: A001 (Sphinx's name)
release = version = installed_version("legation")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "legation"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# Every reference into legation must resolve. What belongs to others has its pages elsewhere.
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!legation\b).*")]

# Examples in docstrings are run; those on a page when they stand in a `doctest` directive.
doctest_test_doctest_blocks = "default"
