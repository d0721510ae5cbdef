"""
How the documentation is built. It is nitpicky, its warnings are errors, and it needs no network.
"""

from __future__ import annotations

import inspect
from typing import Any, get_overloads

import sphinx

from jaystream._version import __version__

project = "jaystream"
author = "jaystream contributors"
project_copyright = f"2026, {author}"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"jaystream {version}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# a name in single backticks becomes a link where the reference has it, and stays code where it has not
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r".*"),
    # types of other projects; looking them up would need the network at every build
    ("py:(class|exc|func|meth|mod|data)", r"(?!jaystream\b).*"),
    # type variables are no pages to go to
    ("py:class", r"jaystream\.(\w+\.)+[A-Z](_co)?"),
]

toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# inner names that stand in public signatures, by the names a reader knows
autodoc_type_aliases = {"Described": "JaypieStream", "ResponseWriter": "ResponseWriter"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Flow", "notes_style")]


def signature_of(function: Any) -> tuple[str, str]:
    """
    Give the parameters and the result of a function in the words of its source.
    """
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=parameter.empty if parameter.annotation is parameter.empty else Words(parameter))
        for number, (name, parameter) in enumerate(signature.parameters.items())
        if number or name not in {"self", "cls"}
    ]
    words = str(signature.replace(parameters=parameters, return_annotation=signature.empty))
    return words.replace("Described[", "JaypieStream["), str(signature.return_annotation)


class Words:
    """
    An annotation that is shown as it was written: `inspect` would put quotes round it.
    """

    def __init__(self, parameter: inspect.Parameter) -> None:
        self._words = str(parameter.annotation)

    def __repr__(self) -> str:
        return self._words


def as_written(app: Any, what: str, name: str, thing: Any, *rest: object) -> tuple[str, str] | None:
    """
    Show each overload on a line, and aliases by their names; autodoc finds no overloads of inherited methods.
    """
    del app, rest
    if what not in {"function", "method"}:
        return None
    function = getattr(thing, "__func__", thing)
    overloads = [getattr(each, "__func__", each) for each in get_overloads(function)]
    lines = [signature_of(each) for each in overloads or [function]]
    # Sphinx 9 puts the name in front of the first line only, those before it in front of all
    again = name.removeprefix("jaystream.") if sphinx.version_info >= (9,) else ""
    above = "".join(f"{parameters} -> {result}\n{again}" for parameters, result in lines[:-1])
    return above + lines[-1][0], lines[-1][1]


def setup(app: Any) -> None:
    """
    Called by Sphinx.
    """
    app.connect("autodoc-process-signature", as_written)
