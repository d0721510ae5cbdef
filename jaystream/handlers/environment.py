"""
Reading the environment.
"""

from __future__ import annotations

import os
from typing import TypeVar

__all__ = ["env_boolean"]

D = TypeVar("D")

_WORDS = {"true": True, "1": True, "false": False, "0": False}


def env_boolean(key: str, default: D) -> bool | D:
    """
    Read a switch: *key* in any case, with a value of true, false, 1 or 0 in any case.

    Args:
        key: The variable's name.
        default: What there is without one, or with another value.
    """
    value = os.environ.get(key)
    if value is None:
        wanted = key.lower()
        value = next((found for name, found in os.environ.items() if name.lower() == wanted), "")
    return _WORDS.get(value.strip().lower(), default)
