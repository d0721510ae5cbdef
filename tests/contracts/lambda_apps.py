"""
The same small application in each framework, for `test_apps_on_lambda`. Not a test.

    GET  /hello/{name}?q=   JSON of what was asked, and a cookie
    POST /echo              the body, as it came
    GET  /pieces            "one ", "two ", "three" as they come
    GET  /cut               "one ", and then a failure
    GET  /ours              a stream of jaystream's
"""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from litestar import Litestar, get, post
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery  # noqa: TC002 - Litestar reads them
from litestar.response import Stream
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest  # noqa: TC002 - Starlette reads it
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

PIECES = ("one ", "two ", "three")


async def pieces() -> AsyncIterator[str]:
    """
    The pieces, one by one.
    """
    for piece in PIECES:
        yield piece


async def cut() -> AsyncIterator[str]:
    """
    One piece, and a failure.
    """
    yield PIECES[0]
    raise ValueError("planted: cut")


def ours() -> JaypieStream[bytes]:
    """
    The pieces as server-sent events.
    """
    return JaypieStream(PIECES).format_sse()


def make_starlette() -> Any:
    """
    Starlette, with a lifespan whose state each request has.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, str], None]:
        yield {"greeting": "hello"}

    async def hello(request: StarletteRequest) -> Response:
        response = JSONResponse(
            {
                "greeting": request.state.greeting,
                "name": request.path_params["name"],
                "q": request.query_params.get("q"),
                "cookie": request.cookies.get("a"),
                "url": str(request.url_for("pieces")),
            }
        )
        response.set_cookie("seen", "1")
        return response

    async def echo(request: StarletteRequest) -> Response:
        return Response(await request.body(), media_type=request.headers["content-type"])

    async def all_pieces(request: StarletteRequest) -> Response:
        return StreamingResponse(pieces(), media_type="text/plain")

    async def cut_off(request: StarletteRequest) -> Response:
        return StreamingResponse(cut(), media_type="text/plain")

    async def all_ours(request: StarletteRequest) -> Response:
        return ours().to_response()

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/hello/{name}", hello),
            Route("/echo", echo, methods=["POST"]),
            Route("/pieces", all_pieces, name="pieces"),
            Route("/cut", cut_off),
            Route("/ours", all_ours),
        ],
    )


def make_fastapi() -> Any:
    """
    FastAPI.
    """
    app = FastAPI()

    @app.get("/hello/{name}")
    async def hello(request: Request, response: Response, name: str, q: str | None = None) -> dict[str, Any]:
        response.set_cookie("seen", "1")
        url = str(request.url_for("all_pieces"))
        return {"greeting": "hello", "name": name, "q": q, "cookie": request.cookies.get("a"), "url": url}

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type=request.headers["content-type"])

    @app.get("/pieces")
    async def all_pieces() -> Response:
        return StreamingResponse(pieces(), media_type="text/plain")

    @app.get("/cut")
    async def cut_off() -> Response:
        return StreamingResponse(cut(), media_type="text/plain")

    @app.get("/ours")
    async def all_ours() -> StreamResponse:
        return ours().to_response()

    _ = (hello, echo, all_pieces, cut_off, all_ours)
    return app


def make_litestar() -> Any:
    """
    Litestar.
    """

    @get("/hello/{name:str}")
    async def hello(
        request: LitestarRequest[Any, Any, Any], name: FromPath[str], q: FromQuery[str | None] = None
    ) -> LitestarResponse[Any]:
        answer = {
            "greeting": "hello",
            "name": name,
            "q": q,
            "cookie": request.cookies.get("a"),
            "url": request.url_for("pieces"),
        }
        return LitestarResponse(answer, cookies=[Cookie(key="seen", value="1")])

    @post("/echo", status_code=200)
    async def echo(request: LitestarRequest[Any, Any, Any]) -> LitestarResponse[bytes]:
        return LitestarResponse(await request.body(), media_type=request.headers["content-type"])

    @get("/pieces", name="pieces")
    async def all_pieces() -> Stream:
        return Stream(pieces(), media_type="text/plain")

    @get("/cut")
    async def cut_off() -> Stream:
        return Stream(cut(), media_type="text/plain")

    @get("/ours")
    async def all_ours() -> StreamResponse:
        return ours().to_response()

    return Litestar([hello, echo, all_pieces, cut_off, all_ours])


def make_quart() -> Any:
    """
    Quart, whose views may give async generators.
    """
    quart: Any = importlib.import_module("quart")
    app = quart.Quart("quart_on_lambda")

    async def hello(name: str) -> Any:
        request = quart.request
        url = quart.url_for("all_pieces", _external=True)
        answer = {
            "greeting": "hello",
            "name": name,
            "q": request.args.get("q"),
            "cookie": request.cookies.get("a"),
            "url": url,
        }
        response = quart.jsonify(answer)
        response.set_cookie("seen", "1")
        return response

    async def echo() -> Any:
        return quart.Response(await quart.request.get_data(), content_type=quart.request.headers["content-type"])

    async def all_pieces() -> Any:
        return pieces(), 200, {"content-type": "text/plain"}

    async def cut_off() -> Any:
        return cut(), 200, {"content-type": "text/plain"}

    async def all_ours() -> Any:
        stream = ours()
        return quart.Response(stream, headers=stream.headers, content_type=stream.media_type)

    app.get("/hello/<name>")(hello)
    app.post("/echo")(echo)
    app.get("/pieces")(all_pieces)
    app.get("/cut")(cut_off)
    app.get("/ours")(all_ours)
    return app


def make_django() -> Any:
    """
    Django, by its ASGI application.
    """
    conf: Any = importlib.import_module("django.conf")
    http: Any = importlib.import_module("django.http")
    urls: Any = importlib.import_module("django.urls")
    csrf: Any = importlib.import_module("django.views.decorators.csrf")

    async def hello(request: Any, name: str) -> Any:
        url = request.build_absolute_uri(urls.reverse("pieces"))
        answer = {
            "greeting": "hello",
            "name": name,
            "q": request.GET.get("q"),
            "cookie": request.COOKIES.get("a"),
            "url": url,
        }
        response = http.JsonResponse(answer)
        response.set_cookie("seen", "1")
        return response

    async def echo(request: Any) -> Any:
        return http.HttpResponse(request.body, content_type=request.headers["content-type"])

    async def all_pieces(request: Any) -> Any:
        return http.StreamingHttpResponse(pieces(), content_type="text/plain")

    async def cut_off(request: Any) -> Any:
        return http.StreamingHttpResponse(cut(), content_type="text/plain")

    async def all_ours(request: Any) -> Any:
        stream = ours()
        return http.StreamingHttpResponse(stream, content_type=stream.media_type)

    patterns = [
        urls.path("hello/<str:name>", hello),
        urls.path("echo", csrf.csrf_exempt(echo)),
        urls.path("pieces", all_pieces, name="pieces"),
        urls.path("cut", cut_off),
        urls.path("ours", all_ours),
    ]
    if not conf.settings.configured:
        conf.settings.configure(
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="only for tests",  # noqa: S106 - see there
            ROOT_URLCONF=type("Urls", (), {"urlpatterns": patterns}),
            SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
        )
    return importlib.import_module("django.core.asgi").get_asgi_application()


MAKE: dict[str, Callable[[], Any]] = {
    "fastapi": make_fastapi,
    "starlette": make_starlette,
    "litestar": make_litestar,
    "quart": make_quart,
    "django": make_django,
}

__all__ = ["MAKE", "PIECES"]
