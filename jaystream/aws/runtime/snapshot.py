"""
SnapStart: a function that is started once, and goes on from copies of what it was then.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

VARIABLE = "AWS_LAMBDA_INITIALIZATION_TYPE"


def wanted(environ: Mapping[str, str]) -> bool:
    """
    Whether a snapshot will be taken.
    """
    return environ.get(VARIABLE) == "snap-start"


def before_snapshot() -> None:
    """
    Call what was registered with `snapshot_restore_py.register_before_snapshot`, the last first.
    """
    hooks: Any = sys.modules.get("snapshot_restore_py")
    if hooks is not None:
        registered = hooks.get_before_snapshot()
        while registered:
            function, args, kwargs = registered.pop()
            function(*args, **kwargs)


def after_restore() -> None:
    """
    Make random numbers that no other copy makes, and call what was registered with `register_after_restore`.
    """
    random: Any = sys.modules.get("random")
    if random is not None:
        random.seed()
    hooks: Any = sys.modules.get("snapshot_restore_py")
    if hooks is not None:
        for function, args, kwargs in hooks.get_after_restore():
            function(*args, **kwargs)
