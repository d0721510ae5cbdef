"""
An ASGI application as a Lambda handler: Mangum's place, with answers that stream.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Collection, Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from jaystream._core.inspecting import describe
from jaystream.aws.asgi_exchange import Buffered
from jaystream.aws.asgi_lifespan import Lifespan
from jaystream.aws.asgi_scope import http_scope
from jaystream.aws.asgi_streamed import Streamed
from jaystream.aws.outlet import Outlet
from jaystream.aws.own_loop import OwnLoop
from jaystream.handlers.lambda_request import LambdaRequest
from jaystream.sinks.asgi import ENCODER_EXTENSION
from jaystream.sinks.asgi_options import seconds_or_never

if TYPE_CHECKING:
    from jaystream.aws.asgi_lifespan import AsgiApp, LifespanMode
    from jaystream.aws.asgi_streamed import EmptyBody
    from jaystream.handlers.lambda_request import RequestKind

__all__ = ["LambdaAsgiHandler", "create_lambda_stream_handler"]

log: logging.Logger = logging.getLogger("jaystream.aws")

_STOCK_RUNTIME = (
    "answers are buffered, since AWS's own Python runtime cannot stream; to stream, run the function with "
    "`python -m jaystream.aws.runtime`, by the environment variable AWS_LAMBDA_EXEC_WRAPPER or as the image's entry "
    "point, and set the Function URL's invoke mode to RESPONSE_STREAM or the REST API's transfer mode to STREAM"
)


class LambdaAsgiHandler:
    """
    What `create_lambda_stream_handler` makes. It serves any number of invocations at once on one event loop.

    Attributes:
        streams_response: Tells a runtime that streams to call it with a context whose ``response_stream`` takes the
            answer, and to await what the call gives.
    """

    streams_response = True

    def __init__(
        self,
        app: AsgiApp,
        *,
        lifespan: LifespanMode,
        strip_stage: bool,
        base_path: str,
        empty_body: EmptyBody,
        eager_first: float | None,
        streams: Collection[RequestKind],
        text_types: Collection[str],
        exclude_headers: Collection[str],
        other: Callable[[Any, Any], Any] | None,
    ) -> None:
        """
        `create_lambda_stream_handler` is the way to make one.
        """
        self._app = app
        self._mode: LifespanMode = lifespan
        self._strip_stage = strip_stage
        self._base_path = base_path
        self._empty_body: EmptyBody = empty_body
        self._eager_first = seconds_or_never(eager_first, "create_lambda_stream_handler", "eager_first")
        self._streams = frozenset(streams)
        self._text_types = frozenset(one.lower() for one in text_types)
        self._exclude_headers = frozenset(one.lower() for one in exclude_headers)
        self._other = other
        self._context = copy_context()
        self._lifespans: WeakKeyDictionary[asyncio.AbstractEventLoop, Lifespan] = WeakKeyDictionary()
        self._own_loop = OwnLoop(self.aclose)
        self._warned = False

    def __call__(self, event: Any, context: Any = None) -> Any:
        """
        Answer one invocation.

        Args:
            event: Lambda's.
            context: Lambda's. With a ``response_stream`` the answer goes there.

        Returns:
            With a ``response_stream``, and wherever an event loop runs, something to await. Without either, as under
            AWS's own runtime, the buffered answer.

        Raises:
            TypeError: If the event is no HTTP request, and there is no handler for others.
            RuntimeError: If the application's lifespan fails to start.
        """
        writer = getattr(context, "response_stream", None)
        if writer is not None:
            return self._stream(event, context, writer)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._own_loop.run(self._answer(event, context))
        return self._answer(event, context)

    async def startup(self) -> None:
        """
        Start the application's lifespan now, as a runtime may before the first invocation. The first request does it
        otherwise.

        Raises:
            RuntimeError: If it fails. The next call, or the next request, tries again.
        """
        await self._state()

    async def aclose(self) -> None:
        """
        End the application's lifespan on the running loop: for the runtime to call when it is told to stop, and for
        tests. A request that comes later starts it anew.
        """
        lifespan = self._lifespans.pop(asyncio.get_running_loop(), None)
        if lifespan is not None:
            await lifespan.stop(SHUTDOWN)

    def close(self) -> None:
        """
        End the lifespan that calls without an event loop have started, and their loop. Happens by itself when the
        process ends.
        """
        self._own_loop.close()

    async def _state(self) -> dict[str, Any] | None:
        """The lifespan's state, when it has started; None without one."""
        if self._mode == "off":
            return None
        loop = asyncio.get_running_loop()
        lifespan = self._lifespans.get(loop)
        if lifespan is None:
            lifespan = self._lifespans[loop] = Lifespan(self._app, self._mode, self._context.copy())
        try:
            await lifespan.started()
        except RuntimeError:
            if self._lifespans.get(loop) is lifespan:
                del self._lifespans[loop]
                await lifespan.stop(SHUTDOWN)
            raise
        return lifespan.state

    async def _stream(self, event: Any, context: Any, writer: Any) -> None:
        request = _request(event)
        if request is None and getattr(self._other, "streams_response", False):
            await self._ask_other(event, context)
            return
        async with Outlet(writer) as outlet:
            if request is not None and request.can_stream and request.kind in self._streams:
                scope = self._scope(request, context, await self._state())
                set_encoder = getattr(writer, "set_encoder", None)
                if set_encoder is not None:
                    scope["extensions"][ENCODER_EXTENSION] = {"set": set_encoder}
                exchange = Streamed(request, outlet, self._exclude_headers, self._empty_body, self._eager_first)
                await exchange.run(self._app, scope)
            elif request is not None:
                await outlet.write_result(await self._buffer(request, context))
            else:
                await outlet.write_result(await self._ask_other(event, context))

    async def _answer(self, event: Any, context: Any) -> Any:
        request = _request(event)
        if request is None:
            return await self._ask_other(event, context)
        if request.can_stream and not self._warned:
            self._warned = True
            log.warning(_STOCK_RUNTIME)
        return await self._buffer(request, context)

    async def _buffer(self, request: LambdaRequest, context: Any) -> dict[str, Any]:
        exchange = Buffered(request, self._exclude_headers, self._text_types)
        await exchange.run(self._app, self._scope(request, context, await self._state()))
        return exchange.answer

    def _scope(self, request: LambdaRequest, context: Any, state: dict[str, Any] | None) -> dict[str, Any]:
        return http_scope(request, context, state, strip_stage=self._strip_stage, base_path=self._base_path)

    async def _ask_other(self, event: Any, context: Any) -> Any:
        if self._other is None:
            if isinstance(event, Mapping):
                what = f"one with the keys {', '.join(cast('Mapping[str, Any]', event)) or '(none)'}"
            else:
                what = describe(cast("object", event))
            raise TypeError(
                "create_lambda_stream_handler() expects events of a Function URL, an API Gateway or a load balancer, "
                f"not {what}; give it other=, a handler for all other events"
            )
        result = self._other(event, context)
        return await result if inspect.isawaitable(result) else result


SHUTDOWN = 2.0
"""Seconds that an application has for its shutdown: what Lambda leaves before it kills the process."""


def create_lambda_stream_handler(
    app: AsgiApp,
    lifespan: LifespanMode = "auto",
    *,
    strip_stage: bool = True,
    base_path: str = "",
    empty_body: EmptyBody = "none",
    eager_first: float | None = 5.0,
    streams: Collection[RequestKind] = ("function-url", "rest"),
    text_types: Collection[str] = (),
    exclude_headers: Collection[str] = (),
    other: Callable[[Any, Any], Any] | None = None,
) -> LambdaAsgiHandler:
    """
    Make a Lambda handler of an ASGI application, such as a FastAPI, Starlette, Litestar, Quart or Django one.

    It serves Function URLs, HTTP APIs (payload 2.0 and 1.0), REST APIs and Application Load Balancers. Under
    jaystream's runtime the answer streams where the front can; elsewhere, and under AWS's own runtime, the same handler
    gives the whole answer at the end.

    Args:
        app: The application.
        lifespan: "auto" runs the application's lifespan if it has one, once per process; "on" takes it as a failure if
            there is none; "off" runs none.
        strip_stage: Put the API's stage, where the client's address has it, into the scope's ``root_path``, so that
            routes are found without it.
        base_path: A prefix, such as a custom domain's mapping, that goes into ``root_path`` too.
        empty_body: What a streamed answer without a body sends: "none"; "newline", a body of one line feed; "json204",
            which makes of a 204 a 200 with ``{}``, as Jaypie does.
        eager_first: Seconds that a streamed answer's status waits for the first piece of body, so that a failure
            meanwhile has a status of its own; None for as long as it takes.
        streams: The fronts whose answers are streamed. Leave out "rest" for a REST API whose transfer mode is not
            STREAM, and "function-url" for a URL whose invoke mode is BUFFERED: an event does not tell.
        text_types: Content types that a buffered answer gives as text, besides the usual.
        exclude_headers: Names of headers that do not leave.
        other: What is called with ``(event, context)`` when an event is no HTTP request; it may be async.

    Raises:
        TypeError: At this call, if *app* or *other* cannot be called.
        ValueError: At this call, for an option that is not there.

    >>> async def app(scope, receive, send):
    ...     await send({"type": "http.response.start", "status": 200, "headers": []})
    ...     await send({"type": "http.response.body", "body": scope["path"].encode()})
    >>> handler = create_lambda_stream_handler(app, lifespan="off")
    >>> context = {"http": {"method": "GET", "path": "/hi"}}
    >>> handler({"version": "2.0", "requestContext": context})["body"]
    '/hi'
    >>> handler.close()
    """
    name = "create_lambda_stream_handler"
    if not callable(app):
        raise TypeError(f"{name}() expects an ASGI application, not {describe(app)}")
    if other is not None and not callable(other):
        raise TypeError(f"{name}(other=) expects a function of (event, context), not {describe(other)}")
    if not isinstance(base_path, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{name}(base_path=) expects a path, not {describe(base_path)}")
    for argument, value, choices in (
        ("lifespan", lifespan, {"auto", "on", "off"}),
        ("empty_body", empty_body, {"none", "newline", "json204"}),
    ):
        if value not in choices:
            raise ValueError(f"{name}({argument}=) must be one of {', '.join(sorted(choices))}, not {value!r}")
    for argument, several in (("streams", streams), ("text_types", text_types), ("exclude_headers", exclude_headers)):
        if isinstance(several, str):
            raise TypeError(f"{name}({argument}=) expects several names, not the text {several!r}")
    if unknown := sorted({*streams} - {"function-url", "rest"}):
        raise ValueError(f"{name}(streams=) takes function-url and rest, the fronts that can stream, not {unknown}")
    return LambdaAsgiHandler(
        app,
        lifespan=lifespan,
        strip_stage=strip_stage,
        base_path=base_path,
        empty_body=empty_body,
        eager_first=eager_first,
        streams=streams,
        text_types=text_types,
        exclude_headers=exclude_headers,
        other=other,
    )


def _request(event: Any) -> LambdaRequest | None:
    """The HTTP request in an event, None if it is another."""
    if not isinstance(event, Mapping):
        return None
    request = LambdaRequest(cast("Mapping[str, Any]", event))
    return None if request.kind is None else request
