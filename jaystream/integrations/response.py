"""
`to_response`: the operator's end that web frameworks take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaystream._core.plan import Described, T_co
from jaystream.sinks.asgi_options import AsgiOptions

if TYPE_CHECKING:
    from jaystream.integrations.stream_response import StreamResponse
    from jaystream.sinks.asgi_options import Disconnect, Headers, Waitable


class ResponseMixin(Described[T_co]):
    """
    `to_response`.
    """

    __slots__ = ()

    def to_response(
        self,
        status: int = 200,
        *,
        headers: Headers | None = None,
        keepalive: float | None = 15.0,
        eager_first: float | None = 5.0,
        on_disconnect: Disconnect = "cancel",
        send_timeout: float | None = 60.0,
        max_duration: float | None = None,
        shutdown: Waitable | None = None,
        throw: bool = False,
    ) -> StreamResponse:
        """
        Make the response that an endpoint returns: in Starlette, FastAPI and Litestar, or as a plain ASGI app.

        Args:
            status: The HTTP status.
            headers: As in `to_asgi`, and so are all the others.
            keepalive: Seconds of silence until a comment is sent.
            eager_first: Seconds to wait for the first item before the headers go out.
            on_disconnect: "cancel" or "drain".
            send_timeout: Seconds that one write may take.
            max_duration: Seconds until the stream is ended well.
            shutdown: An event that ends the stream well.
            throw: Raise failures.

        Raises:
            ValueError: At this call, for arguments out of range.

        Flow:
            As `to_asgi`, when the framework sends the response.

        >>> JaypieStream.of("Hi").to_response().media_type
        'text/event-stream'
        """
        from jaystream.integrations.stream_response import StreamResponse  # noqa: PLC0415 - it imports Starlette

        options = AsgiOptions(
            "to_response",
            status=status,
            headers=headers,
            keepalive=keepalive,
            eager_first=eager_first,
            on_disconnect=on_disconnect,
            send_timeout=send_timeout,
            max_duration=max_duration,
            shutdown=shutdown,
            throw=throw,
        )
        return StreamResponse(self, options)
