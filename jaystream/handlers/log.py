"""
The log of handlers.
"""

from __future__ import annotations

import logging

log: logging.Logger = logging.getLogger("jaystream.handlers")
