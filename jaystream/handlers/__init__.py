"""
What stands round a stream when it answers a request: the request itself, the lifecycle, secrets, the log.
"""

from __future__ import annotations

from jaystream.handlers.shutdown import shutdown_on

__all__ = ["shutdown_on"]
