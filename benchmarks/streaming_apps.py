"""
The ASGI apps that the throughput and idle benchmarks serve: ours, hand-written ones, and other libraries'.

Only apps live here, chosen by path; measuring is done by whoever starts the server. Run by uvicorn in a process of its
own, as `benchmarks.streaming_apps:app`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from jaystream import JaypieStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

CHUNK = {"type": "text", "content": "Hello"}
READY = b'event: text\ndata: {"type":"text","content":"Hello"}\n\n'
BURST = 16
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]


async def singly(count: int) -> AsyncIterator[dict[str, str]]:
    """
    Items that come one by one: the loop turns before each.
    """
    for _ in range(count):
        await asyncio.sleep(0)
        yield CHUNK


async def bursts(count: int) -> AsyncIterator[dict[str, str]]:
    """
    Items that come in bursts: the loop turns before each.
    """
    for number in range(count):
        if number % BURST == 0:
            await asyncio.sleep(0)
        yield CHUNK


async def hand_singly(count: int, _receive: Receive, send: Send) -> None:
    """
    What one would write: send ready-made bytes, one by one.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    async for _ in singly(count):
        await send({"type": "http.response.body", "body": READY, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def hand_bursts(count: int, _receive: Receive, send: Send) -> None:
    """
    What one would write with care: format each item, and join sixteen into one send.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    parts: list[bytes] = []
    async for item in bursts(count):
        parts.append(b"event: text\ndata: " + to_json(item) + b"\n\n")
        if len(parts) == BURST:
            await send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})
            parts.clear()
    await send({"type": "http.response.body", "body": b"".join(parts), "more_body": False})


async def hand_idle(_count: int, receive: Receive, send: Send) -> None:
    """
    The least that an idle stream can be: one event, then waiting for the client to leave.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": READY, "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def ours_singly(count: int, receive: Receive, send: Send) -> None:
    """
    The same with jaystream, formatting too.
    """
    await JaypieStream(singly(count)).format_sse().to_asgi(SCOPE, receive, send)


async def ours_bursts(count: int, receive: Receive, send: Send) -> None:
    """
    The same with jaystream.
    """
    await JaypieStream(bursts(count)).format_sse().to_asgi(SCOPE, receive, send)


async def silence() -> AsyncIterator[dict[str, str]]:
    """
    One item, and then none for ever.
    """
    yield CHUNK
    await asyncio.get_running_loop().create_future()


async def ours_idle(_count: int, receive: Receive, send: Send) -> None:
    """
    One event, and then silence.
    """
    await JaypieStream(silence()).format_sse().to_asgi(SCOPE, receive, send)


def others() -> dict[str, App]:
    """
    The same streams by other libraries, each where it is installed.
    """
    apps: dict[str, App] = {}
    try:
        from sse_starlette import EventSourceResponse, JSONServerSentEvent  # noqa: PLC0415 - imported when it is needed, since it may not be there
    except ImportError:
        pass
    else:

        def of(source: Callable[[int], AsyncIterator[dict[str, str]]]) -> App:
            async def events(count: int) -> AsyncIterator[JSONServerSentEvent]:
                async for item in source(count):
                    yield JSONServerSentEvent(data=item, event="text")

            async def answer(scope: Scope, receive: Receive, send: Send) -> None:
                await EventSourceResponse(events(int(scope["query_string"])))(scope, receive, send)

            return answer

        apps["/sse_starlette/singly"], apps["/sse_starlette/bursts"] = of(singly), of(bursts)
    try:
        from fastapi import FastAPI  # noqa: PLC0415 - imported when it is needed, since it may not be there
        from fastapi.sse import EventSourceResponse as FastAPIEvents  # noqa: PLC0415 - imported when it is needed, since it may not be there
        from fastapi.sse import ServerSentEvent  # noqa: PLC0415 - imported when it is needed, since it may not be there
    except ImportError:
        return apps
    api = FastAPI()

    def route(path: str, source: Callable[[int], AsyncIterator[dict[str, str]]]) -> None:
        async def endpoint(n: int) -> AsyncIterator[ServerSentEvent]:
            async for item in source(n):
                yield ServerSentEvent(data=item, event="text")

        api.get(path, response_class=FastAPIEvents)(endpoint)
        apps[path] = with_query

    async def with_query(scope: Scope, receive: Receive, send: Send) -> None:
        await api({**scope, "query_string": b"n=" + scope["query_string"]}, receive, send)

    route("/fastapi/singly", singly)
    route("/fastapi/bursts", bursts)
    return apps


SCOPE = {"type": "http", "method": "GET"}
PLAIN = {
    "/hand/singly": hand_singly,
    "/hand/bursts": hand_bursts,
    "/hand/idle": hand_idle,
    "/ours/singly": ours_singly,
    "/ours/bursts": ours_bursts,
    "/ours/idle": ours_idle,
}
OTHERS: dict[str, App] | None = None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """
    Serve `/<who>/<what>?<number of items>`; what nobody serves here is 404.
    """
    global OTHERS  # noqa: PLW0603 - other libraries are imported when one is first asked for
    path = scope["path"]
    if path in PLAIN:
        await PLAIN[path](int(scope["query_string"] or b"0"), receive, send)
        return
    if OTHERS is None:
        OTHERS = others()
    if path in OTHERS:
        await OTHERS[path](scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
