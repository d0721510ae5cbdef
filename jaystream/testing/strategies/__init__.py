"""
Hypothesis strategies for streams: items, sources, cuts, functions, every operator with its arguments, whole pipelines.

Names only. Importing this needs Hypothesis, which comes with ``pip install jaystream[testing]``.
"""

from __future__ import annotations

from jaystream.testing.strategies.data import byte_cuts, callables, items, sources, text_cuts
from jaystream.testing.strategies.formats import chunks, sse_bodies
from jaystream.testing.strategies.pipelines import Pipeline, pipelines
from jaystream.testing.strategies.several import __all__ as _several
from jaystream.testing.strategies.simple import __all__ as _simple
from jaystream.testing.strategies.steps import ENTRIES, Entry, Step, arguments, register, weigh

__all__ = [
    "ENTRIES",
    "Entry",
    "Pipeline",
    "Step",
    "arguments",
    "byte_cuts",
    "callables",
    "chunks",
    "items",
    "pipelines",
    "register",
    "sources",
    "sse_bodies",
    "text_cuts",
    "weigh",
]

# these two are imported for what they register
del _several, _simple
