"""
What a handler gives to a web framework that has called it as an endpoint.

Importing this module imports Starlette where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from jaystream.integrations.stream_response import StreamResponse

if TYPE_CHECKING:
    from jaystream.sinks.asgi_options import RawHeaders, Receive, Scope, Send
    from jaystream.sinks.report import SinkReport


class HandlerResponse(StreamResponse):
    """
    A response whose handler runs when the framework sends it.

    Headers that the framework puts on it go out with those of the handler.
    """

    def __init__(self, serve: Callable[..., Coroutine[Any, Any, SinkReport]], found: Mapping[str, Any]) -> None:
        self._serve = serve
        self._found = found
        self.status_code: int = 200
        self.media_type: str = ""
        self.raw_headers: RawHeaders = []
        self.background: Any = None
        self.body = b""
        self.report: SinkReport | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer the request.
        """
        self.report = await self._serve(scope, receive, send, self._found, self.raw_headers)
        if self.background is not None:
            await self.background()
