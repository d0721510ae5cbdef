"""
The apps that the chat benchmark serves: the same chat by jaystream, by hand, and by other libraries.

A chat is 200 tokens at 50 per second, as a UI message stream of the AI SDK. Each token is the time at which it was due,
so that whoever reads it knows how late it is. Run by uvicorn, as `benchmarks.chat_apps:app`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from time import monotonic
from typing import TYPE_CHECKING, Any

from jaystream import JaypieStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKENS = int(os.environ.get("CHAT_TOKENS", "200"))
PER_SECOND = 50
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
BEGIN = b'data: {"type":"start"}\n\ndata: {"type":"start-step"}\n\ndata: {"type":"text-start","id":"1"}\n\n'
END = (
    b'data: {"type":"text-end","id":"1"}\n\ndata: {"type":"finish-step"}\n\n'
    b'data: {"type":"finish","finishReason":"stop"}\n\ndata: [DONE]\n\n'
)


async def tokens() -> AsyncIterator[str]:
    """
    What a model writes: each token at its time, and no sooner.
    """
    begun = monotonic()
    for number in range(TOKENS):
        due = begun + number / PER_SECOND
        wait = due - monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        yield f" {due:.6f}"


async def chunks() -> AsyncIterator[dict[str, Any]]:
    """
    The same as chunks; written out, so that it costs what `tokens` costs.
    """
    begun = monotonic()
    for number in range(TOKENS):
        due = begun + number / PER_SECOND
        wait = due - monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        yield {"type": "text", "content": f" {due:.6f}"}
    yield {"type": "done", "usage": [], "stopReason": "end"}


async def raw(_scope: Scope, _receive: Receive, send: Send) -> None:
    """
    What one would write by hand, for this chat alone: nobody looks whether the client is still there.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BEGIN, "more_body": True})
    async for token in tokens():
        body = b'data: {"type":"text-delta","id":"1","delta":"%b"}\n\n' % token.encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": END, "more_body": False})


async def ours(scope: Scope, receive: Receive, send: Send) -> None:
    """
    The same with jaystream.
    """
    await JaypieStream(chunks).format_ai_sdk().to_asgi(scope, receive, send)


async def parts() -> AsyncIterator[dict[str, Any]]:
    """
    The parts of the stream, for libraries that frame what they are given.
    """
    yield {"type": "start"}
    yield {"type": "start-step"}
    yield {"type": "text-start", "id": "1"}
    async for token in tokens():
        yield {"type": "text-delta", "id": "1", "delta": token}
    yield {"type": "text-end", "id": "1"}
    yield {"type": "finish-step"}
    yield {"type": "finish", "finishReason": "stop"}


def by_sse_starlette() -> App:
    """
    With sse-starlette.
    """
    from sse_starlette import EventSourceResponse, JSONServerSentEvent  # noqa: PLC0415 - may not be there

    async def events() -> AsyncIterator[JSONServerSentEvent]:
        async for part in parts():
            yield JSONServerSentEvent(data=part)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await EventSourceResponse(events())(scope, receive, send)

    return answer


def by_fastapi() -> App:
    """
    With FastAPI's own server-sent events.
    """
    from fastapi import FastAPI  # noqa: PLC0415 - may not be there
    from fastapi.sse import EventSourceResponse, ServerSentEvent  # noqa: PLC0415 - may not be there

    api = FastAPI()

    async def endpoint() -> AsyncIterator[ServerSentEvent]:
        async for part in parts():
            yield ServerSentEvent(data=part)

    api.post("/fastapi", response_class=EventSourceResponse)(endpoint)
    return api


def by_pydantic_ai() -> App:
    """
    With pydantic-ai's adapter, over a model of its own that is offline.
    """
    from pydantic_ai import Agent  # noqa: PLC0415 - may not be there
    from pydantic_ai.models.function import FunctionModel  # noqa: PLC0415 - may not be there
    from pydantic_ai.ui.vercel_ai import VercelAIAdapter  # noqa: PLC0415 - may not be there
    from starlette.applications import Starlette  # noqa: PLC0415 - may not be there
    from starlette.requests import Request  # noqa: PLC0415, TC002 - may not be there
    from starlette.responses import Response  # noqa: PLC0415, TC002 - may not be there
    from starlette.routing import Route  # noqa: PLC0415 - may not be there

    async def told(_messages: Any, _info: Any) -> AsyncIterator[str]:
        async for token in tokens():
            yield token

    agent = Agent(FunctionModel(stream_function=told))

    async def endpoint(request: Request) -> Response:
        return await VercelAIAdapter.dispatch_request(request, agent=agent)

    return Starlette(routes=[Route("/pydantic_ai", endpoint, methods=["POST"])])


PEERS = {"/sse_starlette": by_sse_starlette, "/fastapi": by_fastapi, "/pydantic_ai": by_pydantic_ai}
"""The other libraries; one that is not installed answers 404."""

_APPS: dict[str, App] = {"/raw": raw, "/jaystream": ours}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """
    The chat by the path's name.
    """
    path = scope["path"]
    found = _APPS.get(path)
    if found is None and path in PEERS:
        with contextlib.suppress(ImportError):
            found = _APPS[path] = PEERS[path]()
    if found is not None:
        await found(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
