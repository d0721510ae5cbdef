"""
How the documentation is built. It is nitpicky, its warnings are errors, and it needs no network.
"""

from __future__ import annotations

from jaystream._version import __version__

project = "jaystream"
author = "jaystream contributors"
project_copyright = f"2026, {author}"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"jaystream {version}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# a name in single backticks becomes a link where the reference has it, and stays code where it has not
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r".*"),
    # types of other projects; looking them up would need the network at every build
    ("py:(class|exc|func|meth|mod|data)", r"(?!jaystream\b).*"),
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Flow", "notes_style")]
