"""
ASGI handlers inside web frameworks, as they are.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from litestar import Litestar, asgi, get
from litestar import post as litestar_post
from litestar.params import JSONBody, QueryParameter
from pydantic import BaseModel
from quart import Quart
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route

from jaystream import AsgiRequest, JaypieStream, ResponseStream, StreamResponse, asgi_stream_handler
from jaystream.errors import NotFoundError
from tests.handlers.asking import ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Question(BaseModel):
    """
    A body that FastAPI reads.
    """

    text: str


async def user(request: Request, authorization: Annotated[str, Header()] = "nobody") -> AsyncIterator[str]:
    """
    A dependency that has to be closed.
    """
    yield authorization
    request.app.state.closed.append("dependency")


async def parsed(request: Request) -> Any:
    """
    A dependency that reads the body.
    """
    return await request.json()


class TestFastApi:
    """
    A path operation like any other.
    """

    @pytest.fixture
    def closed(self) -> list[str]:
        """
        What was closed, in order.
        """
        return []

    @pytest.fixture
    def app(self, closed: list[str]) -> FastAPI:
        """
        An app with a few of them.
        """
        app = FastAPI()

        app.state.closed = closed

        @app.get("/ask/{topic}")
        @asgi_stream_handler(teardown=lambda: closed.append("teardown"))
        async def answer(
            topic: str,
            request: AsgiRequest,
            response: ResponseStream,
            user: Annotated[str, Depends(user)],
            q: int = 3,
        ) -> AsyncIterator[Any]:
            """Answer at length."""
            response.headers["x-user"] = user
            yield {"topic": topic, "q": q, "path": request.path}

        @app.post("/ask")
        @asgi_stream_handler(format="ndjson")
        def post(question: Question) -> JaypieStream[Any]:
            return JaypieStream.of({"text": question.text})

        @app.get("/fail")
        @asgi_stream_handler
        async def fail(kind: str) -> AsyncIterator[str]:
            raise HTTPException(402, "pay") if kind == "theirs" else NotFoundError("no fox")
            yield ""

        return app

    async def test_parameters(self, app: FastAPI, closed: list[str]) -> None:
        """
        Its own parameters and dependencies; those are closed after the stream.
        """
        answer = await ask(app, "/ask/foxes?q=4", headers={"authorization": "ada"})
        assert (200, "ada") == (answer.status, answer.headers["x-user"])
        assert b'data: {"topic":"foxes","q":4,"path":"/ask/foxes"}\n\n' == answer.body
        assert ["teardown", "dependency"] == closed

    async def test_validation(self, app: FastAPI) -> None:
        """
        What does not fit is FastAPI's 422.
        """
        answer = await ask(app, "/ask/foxes?q=x")
        assert (422, True) == (answer.status, b"int_parsing" in answer.body)

    async def test_body(self, app: FastAPI) -> None:
        """
        A body model.
        """
        answer = await ask(app, "/ask", "POST", json={"text": "why?"})
        assert (200, b'{"text":"why?"}\n') == (answer.status, answer.body)

    async def test_failures(self, app: FastAPI) -> None:
        """
        FastAPI's exceptions are FastAPI's; ours have a JSON:API body.
        """
        assert (402, b'{"detail":"pay"}') == ((theirs := await ask(app, "/fail?kind=theirs")).status, theirs.body)
        assert (404, "no fox") == ((ours := await ask(app, "/fail?kind=ours")).status, ours.errors[0]["detail"])

    async def test_openapi(self, app: FastAPI) -> None:
        """
        The description has the handler's parameters alone, its name and its docstring.
        """
        operation = app.openapi()["paths"]["/ask/{topic}"]["get"]
        assert ("Answer", "Answer at length.") == (operation["summary"], operation["description"])
        assert {"topic", "q", "authorization"} == {each["name"] for each in operation["parameters"]}

    async def test_how_it_looks(self, app: FastAPI) -> None:
        """
        It looks like an async function that gives a response, and hides the generator.
        """
        route: Any = app.routes[-1]
        handler: Any = route.endpoint
        assert StreamResponse is inspect.signature(handler).return_annotation
        assert not hasattr(handler, "__wrapped__")
        assert not inspect.isasyncgenfunction(handler)


class TestBodyThatIsRead:
    """
    A body that the framework has read before the handler does.
    """

    @staticmethod
    async def _echo(request: AsgiRequest) -> AsyncIterator[str]:
        yield (await request.text())

    async def test_fastapi(self) -> None:
        """
        It is kept for the handler, whoever has read it: a parameter, or a dependency; no more of it than max_body.
        """
        app = FastAPI()

        async def question(question: Question, request: AsgiRequest) -> AsyncIterator[str]:
            yield (await request.text())

        async def dependent(request: AsgiRequest, found: Annotated[Any, Depends(parsed)]) -> AsyncIterator[str]:
            yield f"{await request.json() == found}"

        app.post("/parameter")(asgi_stream_handler(question))
        app.post("/dependency")(asgi_stream_handler(dependent))
        app.post("/nobody")(asgi_stream_handler(self._echo))
        app.post("/large")(asgi_stream_handler(question, max_body=3))
        body = b'data: {"text": "why?"}\n\n'
        bodies = {
            path: (await ask(app, path, "POST", json={"text": "why?"})).body for path in ("/parameter", "/nobody")
        }
        assert {"/parameter": body, "/nobody": body} == bodies
        assert b"data: True\n\n" == (await ask(app, "/dependency", "POST", json={"text": "why?"})).body
        assert 400 == (await ask(app, "/large", "POST", json={"text": "why?"})).status
        assert ["requestBody" in each["post"] for each in app.openapi()["paths"].values()] == [True, False, False, True]

    async def test_lost(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        What was read and not kept is an error that says so.
        """
        app = FastAPI()

        async def swallow(request: Request) -> None:
            async for _ in request.stream():
                pass

        app.post("/", dependencies=[Depends(swallow)])(asgi_stream_handler(self._echo))
        assert 500 == (await ask(app, "/", "POST", content="x")).status
        assert "the web framework has read the body" in caplog.text

    async def test_litestar(self) -> None:
        """
        Litestar keeps it, too.
        """

        @litestar_post("/")
        @asgi_stream_handler
        async def answer(data: JSONBody[dict[str, str]], request: AsgiRequest) -> AsyncIterator[str]:
            yield f"{data == await request.json()}"

        app = Litestar([answer])
        assert b"data: True\n\n" == (await ask(app, "/", "POST", json={"text": "why?"})).body
        assert b'"parameters"' not in (await ask(app, "/schema/openapi.json")).body


class TestStarlette:
    """
    A route's endpoint, and a mounted app.
    """

    async def test_route_and_mount(self) -> None:
        """
        Both as they are, behind middleware too.
        """

        async def where(request: Any, response: Any) -> AsyncIterator[str]:
            yield f"{request.path} {dict(request.path_params)}"

        handler = asgi_stream_handler(where)
        cors = Middleware(CORSMiddleware, allow_origins=["*"])
        app = Starlette(
            routes=[Route("/route/{name}", handler, methods=["GET"]), Mount("/mount", app=handler)], middleware=[cors]
        )
        answer = await ask(app, "/route/fox", headers={"origin": "http://x"})
        assert (b"data: /route/fox {'name': 'fox'}\n\n", "*") == (
            answer.body,
            answer.headers["access-control-allow-origin"],
        )
        assert (await ask(app, "/mount/a")).body.startswith(b"data: /mount/a ")
        assert 405 == (await ask(app, "/route/fox", "POST")).status


class TestLitestar:
    """
    A handler, and a mounted app.
    """

    async def test_handler(self) -> None:
        """
        Its own parameters, the response's head, and failures.
        """

        @get("/ask")
        @asgi_stream_handler
        async def answer(response: ResponseStream, q: Annotated[int, QueryParameter()]) -> AsyncIterator[Any]:
            response.status = 203
            if q == 0:
                raise NotFoundError
            yield {"q": q}

        async def plain(request: AsgiRequest) -> AsyncIterator[str]:
            yield request.path

        app = Litestar([answer, asgi("/plain", copy_scope=True)(asgi_stream_handler(plain).app)], openapi_config=None)
        assert (203, b'data: {"q":3}\n\n') == ((found := await ask(app, "/ask?q=3")).status, found.body)
        assert (400, 404) == ((await ask(app, "/ask?q=x")).status, (await ask(app, "/ask?q=0")).status)
        assert b"data: /plain\n\n" == (await ask(app, "/plain")).body


class TestBesideOthers:
    """
    Frameworks that have no place for an ASGI app stand beside it.
    """

    async def test_quart(self) -> None:
        """
        Quart's app for everything else.
        """
        quart = Quart(__name__)

        @quart.get("/other")
        async def other() -> str:
            return "other"

        async def answer(request: AsgiRequest) -> AsyncIterator[str]:
            yield request.path

        handler = asgi_stream_handler(answer)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await (handler if scope["path"] == "/ask" else quart)(scope, receive, send)

        assert (b"data: /ask\n\n", b"other") == ((await ask(app, "/ask")).body, (await ask(app, "/other")).body)
