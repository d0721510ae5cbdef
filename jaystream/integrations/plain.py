"""
The base of `StreamResponse` where there is no Starlette, and what type checkers see of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaystream.sinks.asgi_options import RawHeaders


class PlainResponse:
    """
    The attributes that Starlette's `Response` has and frameworks look at.

    Attributes:
        status_code: The HTTP status.
        media_type: The content type.
        raw_headers: The headers as ASGI carries them.
        background: Awaited when the response has been sent.
    """

    status_code: int
    media_type: str | None
    raw_headers: RawHeaders
    background: Callable[[], Awaitable[None]] | None

    @property
    def headers(self) -> MutableMapping[str, str]:
        """
        The headers by name.
        """
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers}
