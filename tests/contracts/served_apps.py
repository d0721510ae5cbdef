"""
The apps that the contract tests serve with real servers: plain ASGI, Starlette, FastAPI, Litestar.

Run in a process of its own by a server; what happened to a source is told at `/log`. Not a test.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, cast

if os.environ.get("BLOCK_STARLETTE"):
    sys.modules["starlette"] = cast("Any", None)  # what makes every import of it fail

from jaystream import JaypieStream, StreamResponse
from jaystream.errors import NotFoundError

if TYPE_CHECKING:
    from starlette.requests import Request

LOG: list[str] = []


async def forever() -> AsyncIterator[str]:
    """
    An item every few milliseconds, until it is closed.
    """
    LOG.append("opened")
    try:
        number = 0
        while True:
            yield f"item {number}"
            number += 1
            await asyncio.sleep(0.005)
    finally:
        LOG.append("closed")


async def failing(count: int) -> AsyncIterator[str]:
    """
    Some items, and then a failure.
    """
    for number in range(count):
        yield f"item {number}"
        await asyncio.sleep(0.005)
    raise NotFoundError("nothing more")


def streams(path: str) -> StreamResponse:
    """
    The response that each path has.
    """
    match path:
        case "/five":
            return JaypieStream(forever).take(5).to_response(headers={"x-own": "yes"})
        case "/forever":
            return JaypieStream(forever).to_response()
        case "/missing":
            return JaypieStream(lambda: failing(0)).to_response()
        case "/cut-text":
            return JaypieStream(lambda: failing(2)).format_text().to_response()
        case "/cut-sse":
            return JaypieStream(lambda: failing(2)).to_response()
        case _:
            return JaypieStream.of(",".join(LOG)).format_text().to_response()


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """
    Everything by path, without any framework.
    """
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await streams(scope["path"])(scope, receive, send)


def make_starlette(*, layered: bool) -> Any:
    """
    The same in Starlette, with *layered* behind its own middleware.
    """
    from starlette.applications import Starlette  # noqa: PLC0415 - imported when it is needed, since it may not be there
    from starlette.middleware import Middleware  # noqa: PLC0415 - imported when it is needed, since it may not be there
    from starlette.middleware.base import BaseHTTPMiddleware  # noqa: PLC0415 - imported when it is needed, since it may not be there
    from starlette.middleware.gzip import GZipMiddleware  # noqa: PLC0415 - imported when it is needed, since it may not be there
    from starlette.routing import Route  # noqa: PLC0415 - imported when it is needed, since it may not be there

    async def endpoint(request: Request) -> StreamResponse:
        return streams(request.url.path)

    async def dispatch(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-middleware"] = "yes"
        return response

    layers = [Middleware(BaseHTTPMiddleware, dispatch=dispatch), Middleware(GZipMiddleware, minimum_size=1)]
    return Starlette(routes=[Route("/{path:path}", endpoint)], middleware=layers if layered else [])


def make_fastapi() -> Any:
    """
    The same in FastAPI, with dependencies and an annotation.
    """
    from fastapi import Depends, FastAPI, HTTPException  # noqa: PLC0415 - imported when it is needed, since it may not be there

    async def teapot() -> AsyncIterator[str]:
        raise HTTPException(418, "short and stout")
        yield ""  # pragma: no cover - what makes it a generator

    async def dependency() -> str:
        return "/five"

    app = FastAPI()

    async def five(path: str = Depends(dependency)) -> StreamResponse:
        return streams(path)

    async def pot() -> StreamResponse:
        return JaypieStream(teapot).to_response()

    async def other(path: str) -> StreamResponse:
        return streams(f"/{path}")

    app.get("/five")(five)
    app.get("/teapot")(pot)
    app.get("/{path}")(other)
    return app


def make_litestar() -> Any:
    """
    The same in Litestar, where a response is a plain ASGI app.
    """
    from litestar import Litestar, get  # noqa: PLC0415 - imported when it is needed, since it may not be there

    async def endpoint(path: str) -> StreamResponse:
        return streams(f"/{path}")

    endpoint.__annotations__ = {"path": str, "return": StreamResponse}
    return Litestar(route_handlers=[get("/{path:str}")(endpoint)], openapi_config=None)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """
    The app that the environment names.
    """
    await APP(scope, receive, send)


APPS: dict[str, Callable[[], Any]] = {
    "plain": lambda: plain,
    "starlette": lambda: make_starlette(layered=False),
    "starlette-middleware": lambda: make_starlette(layered=True),
    "fastapi": make_fastapi,
    "litestar": make_litestar,
}
APP: Any = APPS[os.environ.get("SERVED_APP", "plain")]()
