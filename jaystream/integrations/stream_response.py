"""
`StreamResponse`: a stream as the thing that a web framework's endpoint returns.

Importing this module imports Starlette where it is installed, so it is imported only when a response is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream.sinks.asgi import serve
from jaystream.sinks.asgi_options import AsgiOptions, response_headers
from jaystream.sinks.framing import framed

if TYPE_CHECKING:
    from starlette.responses import Response as Base

    from jaystream._core.plan import Described
    from jaystream.sinks.asgi_options import RawHeaders, Receive, Scope, Send
    from jaystream.sinks.report import SinkReport
else:
    try:
        from starlette.responses import Response as Base
    except ImportError:
        from jaystream.integrations.plain import PlainResponse as Base


class StreamResponse(Base):
    """
    The response that `JaypieStream.to_response` makes: an ASGI app, and a Starlette `Response` where Starlette is.

    Return it from a Starlette or FastAPI endpoint, or from a Litestar handler; anywhere else it is a plain ASGI app.
    As a return annotation it keeps FastAPI from looking for a response model.

    Attributes:
        status_code: The HTTP status.
        media_type: The stream's content type.
        background: A Starlette background task, awaited when the stream has ended.
        report: The sink's report, once the response has been sent.
    """

    def __init__(self, stream: Described[Any], options: AsgiOptions) -> None:
        """
        `JaypieStream.to_response` is the way to make one.
        """
        wire = framed(stream)[1]()
        self.status_code: int = options.status
        self.media_type: str = wire.media_type
        self.raw_headers: RawHeaders = response_headers(wire, options.headers)
        self.background: Any = None
        self.body = b""  # what Starlette's own middleware may look at
        self.report: SinkReport | None = None
        self._stream = stream
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request, as `JaypieStream.to_asgi` does.
        """
        self._options.status = self.status_code
        self.report = await serve(self._stream, scope, receive, send, self.raw_headers, self._options)
        if self.background is not None:
            await self.background()
