"""
The same handlers in every framework, for the tests that ask them through real servers.

Run by a server in a process of its own; which framework, the environment says. `/told` tells what has happened. Not a
test.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from jaystream import AsgiRequest, JaypieStream, ResponseStream, asgi_stream_handler
from jaystream.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    Asgi = Callable[[Any, Any, Any], Awaitable[None]]

SECRET = "postgres://user:hunter2@db"  # noqa: S105 - what must never reach a client
COUNTS: Counter[str] = Counter()
SAVED: list[list[str]] = []
LOGGED: list[str] = []


class Keeping(logging.Handler):
    """
    Keeps warnings and errors, by whomever.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """
        Keep one record.
        """
        LOGGED.append(f"{record.levelname} {record.name}: {record.getMessage()}")


def counted(name: str) -> Callable[[Any, Any], None]:
    """
    A teardown that counts.
    """

    def count(request: Any, response: Any) -> None:
        COUNTS[name] += 1

    return count


async def ticking() -> AsyncIterator[dict[str, int]]:
    """
    Numbers without an end.
    """
    COUNTS["opened"] += 1
    try:
        number = 0
        while True:
            yield {"n": number}
            number += 1
            await asyncio.sleep(0.005)
    finally:
        COUNTS["closed"] += 1


async def save(words: JaypieStream[str]) -> None:
    """
    A side sink: the transcript.
    """
    SAVED.append(await words.to_list())


async def ten_words() -> AsyncIterator[str]:
    """
    An answer worth saving.
    """
    for number in range(10):
        yield f"word {number}"
        await asyncio.sleep(0.02)


@asgi_stream_handler(teardown=counted("teardown words"))
async def words(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[dict[str, int]]:
    """
    So many events as are asked for, with a header and a cookie.
    """
    response.headers["x-own"] = "yes"
    response.set_cookie("seen", "1")
    for number in range(int(request.query.get("count", "3"))):
        yield {"n": number}
        await asyncio.sleep(0.01)


@asgi_stream_handler(teardown=[counted("teardown forever"), counted("teardown forever")])
def forever(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[dict[str, int]]:
    """
    A stream that only its client ends.
    """
    return ticking()


@asgi_stream_handler(on_disconnect="drain", teardown=counted("teardown saved"))
def saved(request: AsgiRequest, response: ResponseStream) -> JaypieStream[str]:
    """
    A stream that is saved, whether its client stays or not.
    """
    return JaypieStream(ten_words).also_to(save)


@asgi_stream_handler
async def by_hand(request: AsgiRequest, response: ResponseStream) -> None:
    """
    A body written piece by piece, in a content type of its own.
    """
    response.status = 201
    response.set_content_type("text/csv")
    for row in ("a,b\n", "1,2\n"):
        await response.write(row)
        await asyncio.sleep(0.02)


@asgi_stream_handler
async def missing(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[str]:
    """
    A failure that the client may read, before the first byte.
    """
    raise NotFoundError("no such stream")
    yield ""


@asgi_stream_handler(teardown=counted("teardown broken"))
async def broken(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[dict[str, int]]:
    """
    A failure that nobody foresaw, after so many events.
    """
    for number in range(int(request.query["after"])):
        yield {"n": number}
        await asyncio.sleep(0.01)
    raise RuntimeError(SECRET)


def refuse(request: Any, response: Any) -> bool:
    """
    A validator that says no.
    """
    return False


@asgi_stream_handler(validate=refuse)
async def refused(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[str]:
    """
    A handler that is never called.
    """
    COUNTS["called though refused"] += 1
    yield ""


@asgi_stream_handler(format="ndjson")
async def echo(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[Any]:
    """
    The body that came, as JSON.
    """
    yield await request.json()


async def told(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """
    What has happened.
    """
    text = json.dumps({"counts": COUNTS, "saved": SAVED, "logged": LOGGED})
    await JaypieStream.of(text).format_text().to_asgi(scope, receive, send)


PATHS: dict[str, Any] = {
    "/words": words,
    "/forever": forever,
    "/saved": saved,
    "/by-hand": by_hand,
    "/missing": missing,
    "/broken": broken,
    "/refused": refused,
    "/told": told,
    "/echo": echo,
}


async def plain(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """
    Without any framework.
    """
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await PATHS[scope["path"]](scope, receive, send)


def beside(other: Asgi) -> Asgi:
    """
    The handlers in front of an app that has no place for them.
    """

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            await PATHS[scope["path"]](scope, receive, send)
        else:
            await other(scope, receive, send)

    return app


def make_starlette() -> Asgi:
    """
    Routes of Starlette, behind middleware.
    """
    from starlette.applications import Starlette  # noqa: PLC0415 - the environment names one framework
    from starlette.middleware import Middleware  # noqa: PLC0415 - the same
    from starlette.middleware.cors import CORSMiddleware  # noqa: PLC0415 - the same
    from starlette.routing import Mount, Route  # noqa: PLC0415 - the same

    routes = [Route(path, handler) for path, handler in PATHS.items() if handler not in {told, echo}]
    mounts = [Mount("/told", told), Mount("/echo", echo)]
    return Starlette(routes=[*routes, *mounts], middleware=[Middleware(CORSMiddleware, allow_origins=["*"])])


def make_fastapi() -> Asgi:
    """
    Path operations of FastAPI, one of them with parameters and a dependency of its own.
    """
    from fastapi import Depends, FastAPI, Query  # noqa: PLC0415 - the environment names one framework

    app = FastAPI()

    async def dependency() -> AsyncIterator[str]:
        yield "yes"
        COUNTS["dependency closed"] += 1

    async def ask(
        response: ResponseStream, own: Annotated[str, Depends(dependency)], count: Annotated[int, Query(le=100)] = 3
    ) -> AsyncIterator[dict[str, int]]:
        response.headers["x-own"] = own
        response.set_cookie("seen", "1")
        for number in range(count):
            yield {"n": number}
            await asyncio.sleep(0.01)

    ask.__annotations__["own"] = Annotated[str, Depends(dependency)]
    ask.__annotations__["count"] = Annotated[int, Query(le=100)]
    app.get("/words")(asgi_stream_handler(ask, teardown=counted("teardown words")))
    for path, handler in PATHS.items():
        if handler not in {words, told, echo}:
            app.get(path)(handler)
    app.post("/echo")(echo)
    app.mount("/told", told)
    return app


def make_litestar() -> Asgi:
    """
    Handlers of Litestar.
    """
    from litestar import Litestar, asgi, get, post  # noqa: PLC0415 - the environment names one framework

    handlers: list[Any] = [get(path)(handler) for path, handler in PATHS.items() if handler not in {told, echo}]
    return Litestar([*handlers, post("/echo")(echo), asgi("/told", copy_scope=True)(told)], openapi_config=None)


def make_quart() -> Asgi:
    """
    Beside an app of Quart.
    """
    from quart import Quart  # noqa: PLC0415 - the environment names one framework

    return beside(Quart(__name__))


def make_django() -> Asgi:
    """
    Beside an app of Django.
    """
    django, conf, asgi = map(import_module, ("django", "django.conf", "django.core.asgi"))  # it has no types
    conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")  # noqa: S106 - signs nothing
    django.setup()
    return beside(asgi.get_asgi_application())


urlpatterns: list[Any] = []
"""What Django is to serve by itself: nothing."""

APPS: dict[str, Callable[[], Asgi]] = {
    "plain": lambda: plain,
    "starlette": make_starlette,
    "fastapi": make_fastapi,
    "litestar": make_litestar,
    "quart": make_quart,
    "django": make_django,
}
FRAMEWORK: Asgi = APPS[os.environ.get("HANDLER_FRAMEWORK", "plain")]()
logging.getLogger().addHandler(Keeping(logging.WARNING))  # only now: some frameworks set up the log by themselves


async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """
    The app that the environment names.
    """
    await FRAMEWORK(scope, receive, send)
