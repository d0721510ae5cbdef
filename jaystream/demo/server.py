"""
The demo's web server: a small Starlette app, on a real uvicorn, inside the event loop that is running already.
"""

from __future__ import annotations

import socket
from asyncio import CancelledError, Event, create_task
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from html import escape
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

    from jaystream import JaypieStream, Llm, StreamResponse

HOST = "127.0.0.1"

# The pages bring all they need, and the browser holds them to that.
POLICY = (
    "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'self' 'unsafe-inline'"
)

NO_STORE = {"cache-control": "no-store"}


class MissingServerError(RuntimeError):
    """
    The web server is not installed.
    """


class NoModelError(RuntimeError):
    """
    The model that was named is none, or what it needs is not installed.
    """


def import_server() -> None:
    """
    Import the web server now, so that no stream's time to first byte has that in it.

    Raises:
        MissingServerError: If uvicorn or Starlette is missing; it says how to install them.
    """
    missing = [name for name in ("uvicorn", "starlette") if find_spec(name) is None]
    if missing:
        raise MissingServerError(
            f"the web server needs {' and '.join(missing)}; install with: pip install 'jaystream[serve]'"
        )
    for name in ("starlette.applications", "starlette.responses", "starlette.routing", "uvicorn"):
        import_module(name)


def make_app(name: str, make: Callable[[], JaypieStream[bytes]], shutdown: Event, llm: Llm | None = None) -> Starlette:
    """
    An app with a text, live, under "/live" and its stream under "/stream"; and with a chat under "/", whose messages go
    to "/api/chat".

    Args:
        name: What the page calls the text.
        make: Makes the stream of one request.
        shutdown: When it is set, open streams end well.
        llm: Who is talked to; without, there is no chat.
    """
    from starlette.applications import Starlette  # noqa: PLC0415 - an extra, checked before
    from starlette.responses import HTMLResponse, Response  # noqa: PLC0415 - see above
    from starlette.routing import Route  # noqa: PLC0415 - see above

    def page(path: str, text: str) -> Route:
        async def show(_: object) -> HTMLResponse:
            return HTMLResponse(text, headers={"content-security-policy": POLICY, **NO_STORE})

        return Route(path, show)

    async def stream(_: object) -> StreamResponse:
        return make().to_response(shutdown=shutdown)

    routes = [page("/live", read("page.html", name=name)), Route("/stream", stream)]
    if llm is not None:
        from jaystream import UiRequest  # noqa: PLC0415 - the chat needs more than the text
        from jaystream.demo.chat import HINT, HINTS  # noqa: PLC0415 - see above

        speaker = llm

        async def script(_: object) -> Response:
            return Response(read("chat.js"), media_type="text/javascript", headers=NO_STORE)

        async def chat(request: Request) -> StreamResponse:
            asked = UiRequest.parse(await request.body())
            answer = speaker.stream(asked.to_messages())
            return answer.format_ai_sdk(include_usage=True).to_response(shutdown=shutdown)

        hints = Markup("".join(f'<button type="button">{escape(hint)}</button>' for hint in HINTS))
        title = f"{llm.provider}:{llm.model}" if llm.provider != "test" else "a script"
        routes += [
            page("/", read("chat.html", model=title, hint=HINT, hints=hints)),
            Route("/chat.js", script),
            Route("/api/chat", chat, methods=["POST"]),
        ]
    return Starlette(routes=routes)


class Markup(str):
    """
    Text that is HTML already.
    """

    __slots__ = ()


def read(file: str, /, **fields: str) -> str:
    """
    A file beside this one, with its fields filled in.
    """
    text = files("jaystream.demo").joinpath(file).read_text(encoding="utf-8")
    for field, value in fields.items():
        text = text.replace(f"{{{{{field}}}}}", value if isinstance(value, Markup) else escape(value))
    return text


def listen(port: int = 0) -> socket.socket:
    """
    A socket that listens on *port*, on any free one for 0.

    Raises:
        OSError: If the port is taken.
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


@asynccontextmanager
async def serving(app: Any, listener: socket.socket, shutdown: Event) -> AsyncGenerator[str, None]:
    """
    Serve *app* while the block runs, and give the address.

    On the way out, open streams are ended, and the port is free when the block is left.
    """
    import uvicorn  # noqa: PLC0415 - an extra, checked before

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield  # signals are the program's: an interrupt cancels what runs, and that stops the server

    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    server = Server(config)
    with listener:
        task = create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            shutdown.set()
            server.should_exit = True
            with suppress(CancelledError):  # this task's own one goes on; the server's is of no interest
                await task
