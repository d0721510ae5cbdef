"""
The ASGI sink: one HTTP response from one stream.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from jaystream._core.ownership import discard
from jaystream._core.plan import Described, T_co
from jaystream.sinks.asgi_options import (
    DEFAULTS,
    PLAIN,
    AsgiOptions,
    Disconnect,
    Headers,
    RawHeaders,
    Receive,
    Scope,
    Send,
    Waitable,
)
from jaystream.sinks.exchange import Exchange
from jaystream.sinks.framing import framed, is_gone
from jaystream.sinks.head import Head
from jaystream.sinks.report import Ending, SinkReport

if TYPE_CHECKING:
    from collections.abc import Coroutine

ENCODER_EXTENSION = "jaystream.encoder"
"""
The extension of a scope by which a server is told the body's encoder, since it may have to end the body by itself: its
``set`` takes a function that gives the encoder.
"""


def serve(  # noqa: PLR0917 - the ASGI triple and what belongs to it
    stream: Described[Any], scope: Scope, receive: Receive, send: Send, headers: RawHeaders, options: AsgiOptions
) -> Coroutine[Any, Any, SinkReport]:
    """
    Answer one HTTP request with a stream; *headers* stand behind those of the format and win over them.
    """
    if scope["type"] != "http":
        raise ValueError(f"a stream answers requests of type 'http', not {scope['type']!r}")
    plan, wire = framed(stream)
    head = Head(wire, options.status, headers)
    if scope["method"] == "HEAD" or head.is_bodiless:
        discard(plan.source)
        return answer_without_body(head, send)
    exchange = Exchange(head, receive, send, options)
    extensions: dict[str, Any] = scope.get("extensions") or {}
    if ENCODER_EXTENSION in extensions:
        extensions[ENCODER_EXTENSION]["set"](lambda: exchange.pull.run.wire or head.wire)
    return exchange.serve(plan)


async def answer_without_body(head: Head, send: Send) -> SinkReport:
    """
    Answer with headers alone.
    """
    began = perf_counter()
    ended: Ending = "head"
    head.sent = True
    try:
        await send(head.message())
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except Exception as error:
        if not is_gone(error):
            raise
        ended = "disconnected"
    return SinkReport(ended, seconds=perf_counter() - began)


class AsgiMixin(Described[T_co]):
    """
    `to_asgi`.
    """

    __slots__ = ()

    async def to_asgi(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        status: int = 200,
        headers: Headers | None = None,
        keepalive: float | None = 15.0,
        eager_first: float | None = 5.0,
        on_disconnect: Disconnect = "cancel",
        send_timeout: float | None = 60.0,
        max_duration: float | None = None,
        shutdown: Waitable | None = None,
        throw: bool = False,
    ) -> SinkReport:
        """
        Answer one HTTP request with the stream.

        Items that are in no format are framed as server-sent events. Without *headers* of its own the response has the
        format's `content-type`, `cache-control: no-cache` and `x-accel-buffering: no`; there is no `connection`
        header, which HTTP/2 forbids.

        Args:
            scope: The ASGI scope, of type "http".
            receive: The ASGI receive; the rest of a request body is read and dropped.
            send: The ASGI send.
            status: The HTTP status, 200 to 599; 204 and 304 send no body and never open the source.
            headers: More headers, a mapping or pairs; they win over those of the format.
            keepalive: Seconds of silence after which a comment is sent, where the format has one; None for never.
            eager_first: Seconds to hold the headers back for the first item, so that a failure still gets a status of
                its own; then they go out, and keepalives run. None waits without limit.
            on_disconnect: "cancel" cancels the pull when the client leaves, "drain" runs the stream to its end for its
                side effects.
            send_timeout: Seconds that one write may take before the client counts as gone; None for any time.
            max_duration: Seconds after which the stream is ended well; None for never.
            shutdown: An event; when it is set, the stream is ended well.
            throw: Raise failures (after the error event where one can be written), so that the server cuts the
                connection or the framework answers.

        Returns:
            A `SinkReport`. Its `ended` is "end", "error", "disconnected", "send_timeout", "shutdown", "max_duration" or
            "head".

        Raises:
            ValueError: For a scope that is not HTTP, and arguments out of range.
            Exception: What the stream raised: with *throw*; HTTP exceptions of a web framework before the first byte;
                after it, where the format cannot say that the body is cut, as with text.

        Flow:
            Keeps order. Ready items are joined into one write of up to 64 KiB, a lone item goes at once, beside more
            than eight responses when the event loop turns; while a write waits for the client at most one more item is
            read. A failure before the first item becomes a status and a JSON:API body, with those *headers* that do not
            speak of the body; after it an error event and a clean end. When the client leaves, the pull is cancelled in
            the request's own task, and everything is closed before this returns. A cancellation from outside closes
            everything and goes on.
        """
        given = status, headers, keepalive, eager_first, on_disconnect, send_timeout, max_duration, shutdown, throw
        options = PLAIN
        if given != DEFAULTS or type(status) is not int:
            options = AsgiOptions(
                "to_asgi",
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
        serving = serve(self, scope, receive, send, options.headers, options)
        del self  # a run may last for hours, and there may be thousands: nothing is kept that it does not need
        return await serving
