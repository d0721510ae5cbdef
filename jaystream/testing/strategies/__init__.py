"""
Hypothesis strategies for streams: items, sources, cuts, functions, every operator with its arguments, whole pipelines.

Names only. Importing this needs Hypothesis, which comes with ``pip install jaystream[testing]``.
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "jaystream.testing.strategies needs Hypothesis; install it with: pip install 'jaystream[testing]'",
        name=_missing.name,
    ) from _missing

from jaystream.testing.strategies.by_time import __all__ as _by_time
from jaystream.testing.strategies.chat import any_chunks, llm_chunks
from jaystream.testing.strategies.data import byte_cuts, callables, items, sources, text_cuts
from jaystream.testing.strategies.formats import chunks, sse_bodies
from jaystream.testing.strategies.mixing import __all__ as _mixing
from jaystream.testing.strategies.pipelines import Pipeline, pipelines
from jaystream.testing.strategies.recovery import __all__ as _recovery
from jaystream.testing.strategies.scanning import __all__ as _scanning
from jaystream.testing.strategies.several import __all__ as _several
from jaystream.testing.strategies.sharing import __all__ as _sharing
from jaystream.testing.strategies.simple import __all__ as _simple
from jaystream.testing.strategies.steps import ENTRIES, Entry, Step, arguments, register, weigh

__all__ = [
    "ENTRIES",
    "Entry",
    "Pipeline",
    "Step",
    "any_chunks",
    "arguments",
    "byte_cuts",
    "callables",
    "chunks",
    "items",
    "llm_chunks",
    "pipelines",
    "register",
    "sources",
    "sse_bodies",
    "text_cuts",
    "weigh",
]

# these are imported for what they register, or to see that it is there
del _by_time, _hypothesis, _mixing, _recovery, _scanning, _several, _sharing, _simple
