"""
The log of handlers: a logger of the standard library, and tags that each of its records has, one set per request.

Nothing is configured here; `configure_logging` is in `log_format.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

__all__ = ["current_tags", "log", "tagged"]

log: logging.Logger = logging.getLogger("jaystream.handlers")
"""
What handlers log to: failures as errors, refusals as warnings, events and answers as info.
"""

_NONE: Mapping[str, object] = MappingProxyType({})
_tags: ContextVar[Mapping[str, object]] = ContextVar("jaystream_log_tags", default=_NONE)


def current_tags() -> Mapping[str, object]:
    """
    The tags of the request that is being answered here.
    """
    return _tags.get()


@contextmanager
def tagged(**tags: object) -> Generator[None, None, None]:
    """
    Tag each record that is logged in the block, and in tasks that begin there.

    Args:
        tags: Added to those that there are.

    >>> with tagged(user="ada"):
    ...     dict(current_tags())
    {'user': 'ada'}
    """
    before = _tags.set({**_tags.get(), **tags})
    try:
        yield
    finally:
        _tags.reset(before)
