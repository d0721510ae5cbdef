"""
Calling a Lambda handler in a test, in the test's own event loop: no runtime, no AWS.
"""

from __future__ import annotations

import inspect
import json
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from jaystream.formats.sse_decoder import SseDecoder
from jaystream.testing.writers import RecordingResponseStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream.formats.sse_event import SseEvent

__all__ = ["LambdaResult", "LambdaTestContext", "invoke"]

_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


class LambdaTestContext:
    """
    What Lambda's context has, with a response stream that records.

    Args:
        seconds: What `get_remaining_time_in_millis` counts down from.
        changes: Other values for the attributes.

    Attributes:
        response_stream: The response, as the handler wrote it.
        aws_request_id: The invocation's id.
        function_name: The function's name.
        function_version: Its version.
        invoked_function_arn: What was invoked.
        memory_limit_in_mb: Its memory, as text.
        log_group_name: The log group.
        log_stream_name: The log stream.
        client_context: None.
        identity: None.
        tenant_id: None.
        deadline_ms: When the time is over, in milliseconds since the epoch.

    Raises:
        TypeError: If Lambda's context has no attribute of that name.
    """

    def __init__(self, *, seconds: float = 30.0, **changes: Any) -> None:
        """
        Make a context like Lambda's.
        """
        self.response_stream: Any = RecordingResponseStream()
        self.aws_request_id: str = _ID
        self.function_name: str = "function"
        self.function_version: str = "$LATEST"
        self.invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
        self.memory_limit_in_mb: str = "128"
        self.log_group_name: str = "/aws/lambda/function"
        self.log_stream_name: str = "2026/01/01/[$LATEST]58419525dade4d17a495dceeeed44708"
        self.client_context: Any = None
        self.identity: Any = None
        self.tenant_id: str | None = None
        self.deadline_ms: int = int((time.time() + seconds) * 1000)
        for name, value in changes.items():
            if name not in vars(self):
                raise TypeError(f"Lambda's context has no {name!r}; it has {', '.join(sorted(vars(self)))}")
            setattr(self, name, value)

    def get_remaining_time_in_millis(self) -> int:
        """
        Tell the time that is left.
        """
        return max(0, self.deadline_ms - int(time.time() * 1000))


class LambdaResult:
    """
    What came of an invocation.

    Attributes:
        status: The HTTP status, None where the handler gave none.
        headers: The headers by name, in lower case.
        cookies: The values of ``set-cookie``.
        body: The whole body.
        pieces: The body as it was written.
        ended: Whether the response was ended, well or by a failure.
        error: What the handler raised, or what it failed its response with; None if neither.
        result: What the handler returned, if it does not stream.
    """

    def __init__(
        self,
        status: int | None,
        headers: Mapping[str, str],
        cookies: list[str],
        pieces: list[bytes],
        *,
        ended: bool,
        error: BaseException | None,
        result: Any = None,
    ) -> None:
        """
        `invoke` is the way to get one.
        """
        self.status: int | None = status
        self.headers: dict[str, str] = {name.lower(): value for name, value in headers.items()}
        self.cookies: list[str] = cookies
        self.pieces: list[bytes] = pieces
        self.body: bytes = b"".join(pieces)
        self.ended: bool = ended
        self.error: BaseException | None = error
        self.result: Any = result

    def __repr__(self) -> str:
        error = "" if self.error is None else f", error={self.error!r}"
        return f"LambdaResult(status={self.status}, body={self.body[:200]!r}{error})"

    @property
    def media_type(self) -> str:
        """
        The content type without its parameters.
        """
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def events(self) -> list[SseEvent]:
        """
        The server-sent events in the body.
        """
        return SseDecoder(max_event=None).feed(self.body)

    @property
    def chunks(self) -> list[Any]:
        """
        What the events or the lines of the body hold, read as JSON.

        Raises:
            ValueError: If one is not JSON.
        """
        if "ndjson" in self.media_type:
            return [json.loads(line) for line in self.body.splitlines()]
        return [json.loads(str(event.data)) for event in self.events]

    def text(self) -> str:
        """
        Give the body as text.
        """
        return self.body.decode()

    def json(self) -> Any:
        """
        Give the body as JSON.
        """
        return json.loads(self.body)


async def invoke(handler: Callable[[Any, Any], Any], event: Any = None, context: Any = None) -> LambdaResult:
    """
    Call a handler as a runtime would: one that streams with a response stream, any other for its result.

    Args:
        handler: What `lambda_stream_handler` or `create_lambda_stream_handler` gave, or any other Lambda handler.
        event: The event, by default an empty one.
        context: Lambda's context, by default a `LambdaTestContext`. Its `response_stream`, where it is a
            `RecordingResponseStream`, is written to; a context without one gets one.

    Returns:
        What came of it; an error of the handler is in it, and not raised.

    Raises:
        TypeError: If *handler* cannot be called.
        WriterError: If the response stream was used as none can be.

    >>> @lambda_stream_handler
    ... async def hello(event, context):
    ...     yield {"type": "text", "content": f"Hello {event['name']}"}
    >>> from jaystream.testing import invoke
    >>> asyncio.run(invoke(hello, {"name": "Ada"})).chunks
    [{'type': 'text', 'content': 'Hello Ada'}]
    """
    if not callable(handler):
        raise TypeError(f"invoke() expects a Lambda handler, not {handler!r}")
    context = LambdaTestContext() if context is None else context
    writer = RecordingResponseStream()
    given = _response_stream_in(context)
    if isinstance(given, RecordingResponseStream):
        writer = given
    elif isinstance(context, Mapping):
        context = {**cast("Mapping[str, Any]", context), "response_stream": writer}
    else:
        context.response_stream = writer
    error: BaseException | None = None
    result: Any = None
    try:
        result = handler({} if event is None else event, context)
        if inspect.isawaitable(result):
            result = await result
    except Exception as raised:  # noqa: BLE001 - told
        error = raised
    if writer.violations:
        raise writer.violations[0]
    if not writer.ended and error is None and result is not None:
        return _from_result(result)
    headers = dict(writer.headers) or ({"content-type": writer.content_type} if writer.content_type else {})
    return LambdaResult(
        writer.status, headers, writer.cookies, writer.chunks, ended=writer.ended, error=error or writer.error
    )


def _response_stream_in(context: object) -> object:
    if isinstance(context, Mapping):
        return cast("Mapping[str, Any]", context).get("response_stream")
    return getattr(context, "response_stream", None)


def _from_result(result: Any) -> LambdaResult:
    """What a handler returned: a proxy result, or anything else, which is JSON."""
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else json.dumps(result)
        return LambdaResult(None, {}, [], [body.encode()], ended=True, error=None, result=cast("Any", result))
    answer = cast("dict[str, Any]", result)
    body = answer.get("body") or ""
    content = b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    many: dict[str, list[str]] = answer.get("multiValueHeaders") or {}
    headers: dict[str, str] = answer.get("headers") or {}
    headers = {**headers, **{name: ", ".join(values) for name, values in many.items()}}
    cookies = answer.get("cookies") or [
        value for name, values in many.items() if name.lower() == "set-cookie" for value in values
    ]
    return LambdaResult(answer["statusCode"], headers, cookies, [content], ended=True, error=None, result=answer)
