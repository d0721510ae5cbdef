"""
AWS's own SDK, where it is installed: what AWS's services are asked with. It blocks, so it runs in worker threads.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def client(service: str) -> Any:
    """
    Make a client in a session of its own, since sessions are not for several threads.

    Raises:
        ImportError: If boto3 is not installed.
    """
    return import_module("boto3.session").Session().client(service)
