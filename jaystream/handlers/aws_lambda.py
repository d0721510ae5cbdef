"""
`lambda_stream_handler`: a function that answers Lambda events with streams.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast, overload

from jaystream.handlers.buffered import Buffer, run, tell_once
from jaystream.handlers.calling import Callback, look_like
from jaystream.handlers.lambda_context import HandlerContext, response_stream_in
from jaystream.handlers.lambda_request import LambdaRequest
from jaystream.handlers.lifecycle import Invocation, live, log_answer
from jaystream.handlers.options import HandlerOptions, HandlerSettings, make_handler
from jaystream.handlers.response_stream import ResponseStream
from jaystream.handlers.results import plan_of_result
from jaystream.sinks.aws_lambda import Delivery, ResponseWriter
from jaystream.sinks.by_hand import ByHand
from jaystream.sinks.head import Head

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["LambdaStreamHandler", "lambda_stream_handler"]

_OPERATOR = "lambda_stream_handler"
_GIVEN = ("event", "context")


class LambdaStreamHandler:
    """
    What `lambda_stream_handler` makes.

    Attributes:
        streams_response: True: the runtime calls it with a `response_stream` in the context, and awaits it.
    """

    streams_response: bool = True

    def __init__(self, handler: Callable[..., Any], options: HandlerOptions) -> None:
        """
        `lambda_stream_handler` is the way to make one.
        """
        self._settings = HandlerSettings(_OPERATOR, handler, options, _GIVEN)
        self._handler = Callback(handler, f"{_OPERATOR}()'s function", _GIVEN)
        self.__name__: str = self._settings.name
        look_like(self, handler)

    def __repr__(self) -> str:
        return f"<{_OPERATOR} {self.__name__}>"

    def __call__(self, event: Any, context: Any = None) -> Any:
        """
        Answer one event.

        Args:
            event: The event.
            context: Lambda's context, an object or a mapping. Its `response_stream` is written to.

        Returns:
            A coroutine, where there is a response stream or a running event loop. Else the answer itself, which has
            been made on an event loop of this handler's own: that is how AWS's own runtime calls.
        """
        writer = response_stream_in(context)
        if writer is not None:
            return self._deliver(event, context, _request_in(event), writer)
        tell_once(
            self.__name__,
            "the context has no response_stream",
            "the runtime that streams is started with `python -m jaystream.aws.runtime module.handler`",
        )
        work = self._buffered(event, context)
        try:
            get_running_loop()
        except RuntimeError:
            return run(work)
        return work

    async def _buffered(self, event: Any, context: object) -> Any:
        request = _request_in(event)
        buffer = Buffer()
        await self._deliver(event, context, request, buffer)
        return buffer.answer(request)

    async def _deliver(
        self, event: Any, context: object, request: LambdaRequest | None, writer: ResponseWriter
    ) -> None:
        settings = self._settings
        heads = request is not None  # who is no front asks for no status, and would not understand one
        head = Head(settings.make_wire, settings.status, [*settings.headers])
        delivery = Delivery(writer, head, heads=heads, in_band=settings.in_band)
        response = ResponseStream.over(ByHand(delivery), head, jaypie_status=settings.in_band)
        ours = HandlerContext(context, response)
        invocation = Invocation(
            (event, ours),
            request.headers if request is not None else {},
            ours.locals,
            delivery.pull,
            hosted=False,
            event=lambda: {"event": event},
            invoke=getattr(ours, "aws_request_id", None),
        )

        async def call() -> None:
            plan = await plan_of_result(self._handler(event, ours), settings, head, response)
            if plan is not None:
                await delivery.pull.into(plan)
            await response.settle()

        try:
            report = await delivery.deliver_work(live(settings, invocation, call), settings.throw)
        finally:
            response.expire()
        log_answer(settings, invocation, head.status, report)
        if (head.status != 200 or head.cookies) and not (heads and hasattr(writer, "start")):
            tell_once(
                settings.name,
                f"status {head.status} and {len(head.cookies)} cookies were left out",
                "they need an HTTP event and a response stream with start(status, headers, cookies)",
                problem="something of the answer is lost",
            )


def _request_in(event: object) -> LambdaRequest | None:
    """The HTTP request that an event stands for, if it does."""
    if isinstance(event, Mapping):
        request = LambdaRequest(cast("Mapping[str, Any]", event))
        if request.kind is not None:
            return request
    return None


@overload
def lambda_stream_handler(handler: Callable[..., Any], /, **options: Unpack[HandlerOptions]) -> LambdaStreamHandler: ...
@overload
def lambda_stream_handler(handler: Callable[..., Any], options: HandlerOptions, /) -> LambdaStreamHandler: ...
@overload
def lambda_stream_handler(options: HandlerOptions, handler: Callable[..., Any], /) -> LambdaStreamHandler: ...
@overload
def lambda_stream_handler(
    **options: Unpack[HandlerOptions],
) -> Callable[[Callable[..., Any]], LambdaStreamHandler]: ...
@overload
def lambda_stream_handler(options: HandlerOptions, /) -> Callable[[Callable[..., Any]], LambdaStreamHandler]: ...
def lambda_stream_handler(*args: Any, **options: Any) -> Any:
    r"""
    Make a Lambda handler of a function that answers an event with a stream: Jaypie's `lambdaStreamHandler`.

    The function is called with the event and the context, which has a `response_stream` to write to. It is an async
    generator of chunks; or it returns a stream, another async iterable, or a `JaypieStream` in a format; or it is a
    coroutine that writes to the response stream.

    Use it as a decorator, with parentheses or without, or call it with the function and the options, in either order.

    Args:
        args: The function, and the options as a mapping.
        options: See `HandlerOptions`.

    Returns:
        A Lambda handler. In a test, await it with any object or mapping that has a `response_stream`.

    Raises:
        ConfigurationError: At this call, for an option that is wrong and a handler that is no function.

    Flow:
        unavailable, chaos, validate, setup, the handler and its stream, teardown; see `HandlerOptions`. A failure is
        told once, in the stream's format, or as an HTTP status where nothing has been sent and the front knows
        statuses; with *throw* it is raised afterwards. The response stream is ended on every way out.

    >>> from jaystream.testing import RecordingResponseStream
    >>> @lambda_stream_handler(format="ndjson")
    ... async def hello(event, context):
    ...     yield {"type": "text", "content": f"Hello {event['name']}"}
    >>> async def main():
    ...     writer = RecordingResponseStream()
    ...     await hello({"name": "Ada"}, {"response_stream": writer})
    ...     return writer.body
    >>> asyncio.run(main())
    b'{"type":"text","content":"Hello Ada"}\n'
    """
    return make_handler(_OPERATOR, LambdaStreamHandler, HandlerOptions, args, options)
