"""
`asgi_stream_handler`: a function that answers requests with streams, as an ASGI app and as a framework's endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, cast, overload

from jaystream._core.inspecting import describe
from jaystream._core.stages import check_int
from jaystream.errors import ConfigurationError
from jaystream.handlers.asgi_request import MAX_BODY, AsgiRequest
from jaystream.handlers.calling import look_like, origin_of
from jaystream.handlers.lifecycle import Invocation, invocation_id, live, log_answer
from jaystream.handlers.options import AsgiHandlerOptions, HandlerSettings, make_handler
from jaystream.handlers.response_stream import ResponseStream
from jaystream.handlers.results import plan_of_result
from jaystream.handlers.signature import HandlerSignature
from jaystream.sinks.asgi_options import AsgiOptions, RawHeaders, Receive, Scope, Send
from jaystream.sinks.by_hand import ByHand
from jaystream.sinks.exchange import Exchange
from jaystream.sinks.head import Head
from jaystream.sinks.report import SinkReport

if TYPE_CHECKING:
    from typing import Unpack

    from jaystream.integrations.stream_response import StreamResponse

__all__ = ["AsgiStreamHandler", "asgi_stream_handler"]

_OPERATOR = "asgi_stream_handler"
_GIVEN = ("request", "response")
_SINK_OPTIONS = ("keepalive", "eager_first", "on_disconnect", "send_timeout", "max_duration", "shutdown")


class AsgiStreamHandler:
    """
    What `asgi_stream_handler` makes: an ASGI app, and an endpoint for FastAPI and Litestar.

    Attributes:
        streams_response: True, for whoever looks for handlers that stream.
    """

    streams_response: bool = True

    def __init__(self, handler: Callable[..., Any], options: AsgiHandlerOptions) -> None:
        """
        `asgi_stream_handler` is the way to make one.
        """
        self._handler = handler
        self._settings = HandlerSettings(_OPERATOR, handler, options, _GIVEN)
        given = cast("Mapping[str, Any]", options)
        try:
            self._options = AsgiOptions(
                _OPERATOR,
                throw=self._settings.throw,
                **{name: given[name] for name in _SINK_OPTIONS if name in given},
            )
            self._max_body: int = check_int(given.get("max_body", MAX_BODY), _OPERATOR, "max_body", 0)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        self._options.in_band = self._settings.in_band
        self._signature = HandlerSignature(handler)
        self.__name__: str = self._settings.name
        look_like(self, handler)
        self._show()

    def _show(self) -> None:
        """
        Be what frameworks look at, an async function with the parameters that they find.

        There is no `__wrapped__`: they would go round this handler and see the function.
        """
        from jaystream.handlers.endpoint import HandlerResponse  # noqa: PLC0415 - it imports Starlette
        from jaystream.integrations.stream_response import StreamResponse  # noqa: PLC0415 - the same

        async def respond(**found: Any) -> StreamResponse:
            return HandlerResponse(self._serve, found)

        signature = self._signature.for_framework(StreamResponse)
        hints = {each.name: each.annotation for each in self._signature.foreign if each.annotation is not each.empty}
        self._respond: Callable[..., Coroutine[Any, Any, StreamResponse]] = respond
        vars(self).update(
            __call__=respond,
            __signature__=signature,
            # Litestar reads these, and wants its own class for the request: a name in its own namespace
            __annotations__={"request": "ASGIConnection", **hints, "return": StreamResponse},
            __globals__=getattr(origin_of(self._handler), "__globals__", {}),
        )

    def __repr__(self) -> str:
        return f"<{_OPERATOR} {self.__name__}>"

    @overload
    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None: ...
    @overload
    async def __call__(self, **found: Any) -> StreamResponse: ...
    async def __call__(self, *triple: Any, **found: Any) -> StreamResponse | None:
        """
        Answer one request as an ASGI app; or, called with what a framework has found in a request, give the response
        that does so.
        """
        if len(triple) == 3 and not found:
            await self._serve(*triple)
            return None
        if triple:
            raise TypeError(
                f"{self!r} is called with (scope, receive, send), or with the keyword arguments that a framework "
                f"finds, not with {describe(triple)}"
            )
        return await self._respond(**found)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request: this handler as a plain function, for frameworks that look for one, as Litestar's `asgi`.
        """
        await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> SinkReport:
        """Say yes to a server that starts and ends the app, though there is nothing to be done."""
        while True:
            event = str((await receive())["type"])
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return SinkReport()

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        found: Mapping[str, Any] | None = None,
        headers: RawHeaders | None = None,
    ) -> SinkReport:
        settings = self._settings
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"{self!r} answers requests of type 'http', not {scope['type']!r}")
        request = AsgiRequest(scope, receive, max_body=self._max_body)
        if found is not None:
            request.follow(found.get("request"))
        head = Head(settings.make_wire, settings.status, [*(headers or []), *settings.headers])
        exchange = Exchange(head, request.watch(), send, self._options)
        response = ResponseStream.over(ByHand(exchange), head, jaypie_status=settings.in_band)
        invocation = Invocation(
            (request, response),
            request.headers,
            request.locals,
            exchange.pull,
            hosted="app" in scope,
            event=lambda: {"req": request.summary()},
            invoke=invocation_id(request.headers.get("x-request-id")),
        )

        async def call() -> None:
            if request.method == "HEAD":
                return  # it may be refused like any other, but there is no body to make
            args, kwargs = self._signature.arguments(request, response, found or {}, settings.name)
            plan = await plan_of_result(self._handler(*args, **kwargs), settings, head, response)
            if plan is not None:
                exchange.begin()
                await exchange.pull.into(plan)
            await response.settle()

        try:
            report = await exchange.serve_work(live(settings, invocation, call))
        finally:
            response.expire()
        log_answer(settings, invocation, head.status, report)
        return report


@overload
def asgi_stream_handler(handler: Callable[..., Any], /, **options: Unpack[AsgiHandlerOptions]) -> AsgiStreamHandler: ...
@overload
def asgi_stream_handler(handler: Callable[..., Any], options: AsgiHandlerOptions, /) -> AsgiStreamHandler: ...
@overload
def asgi_stream_handler(options: AsgiHandlerOptions, handler: Callable[..., Any], /) -> AsgiStreamHandler: ...
@overload
def asgi_stream_handler(
    **options: Unpack[AsgiHandlerOptions],
) -> Callable[[Callable[..., Any]], AsgiStreamHandler]: ...
@overload
def asgi_stream_handler(options: AsgiHandlerOptions, /) -> Callable[[Callable[..., Any]], AsgiStreamHandler]: ...
def asgi_stream_handler(*args: Any, **options: Any) -> Any:
    """
    Make an ASGI app of a function that answers a request with a stream: Jaypie's `expressStreamHandler`.

    The function is called with an `AsgiRequest` and a `ResponseStream`, or with what its parameters ask for. It is an
    async generator of chunks; or it returns a stream, another async iterable, or a `JaypieStream` in a format; or it is
    a coroutine that writes to the response.

    Use it as a decorator, with parentheses or without, or call it with the function and the options, in either order.

    Args:
        args: The function, and the options as a mapping.
        options: See `HandlerOptions` and `AsgiHandlerOptions`.

    Returns:
        An ASGI app. It can be a Starlette `Route` or `Mount`, a path operation of FastAPI with parameters of its own, a
        handler of Litestar, or stand beside any other ASGI app.

    Raises:
        ConfigurationError: At this call, for an option that is wrong and a handler that is no function.

    Flow:
        unavailable, chaos, validate, setup, the handler and its stream, teardown; see `HandlerOptions`. A failure
        before the first byte is an HTTP status with a JSON:API body, one after it an error event of the format. When
        the client leaves, whatever is under way is cancelled, and teardown still runs.

    >>> from jaystream.testing import StreamTestClient
    >>> @asgi_stream_handler
    ... async def hello(request, response):
    ...     yield {"type": "text", "content": f"Hello {request.query['name']}"}
    >>> async def main():
    ...     async with StreamTestClient(hello).stream("GET", "/?name=Ada") as response:
    ...         return (await response.next_event()).data
    >>> asyncio.run(main())
    '{"type":"text","content":"Hello Ada"}'
    """
    return make_handler(_OPERATOR, AsgiStreamHandler, AsgiHandlerOptions, args, options)
