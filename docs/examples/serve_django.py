import asyncio

from jaystream.testing import StreamTestClient

# isort: split
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from jaystream import AsgiRequest, JaypieStream, asgi_stream_handler
from jaystream.errors import BadRequestError

# what a project has in its settings.py
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="invented", ALLOWED_HOSTS=["testserver"])  # noqa: S106


# a view: Django's own, with its middleware and sessions
async def view(_: HttpRequest) -> StreamingHttpResponse:
    events = JaypieStream(range(2)).map(lambda n: {"n": n}).format_sse()
    return StreamingHttpResponse(events, content_type=events.media_type, headers={"x-accel-buffering": "no"})


# a handler beside Django: real statuses, keepalives, and all else of this library
@asgi_stream_handler
async def count(request: AsgiRequest) -> AsyncIterator[dict[str, int]]:
    if (to := int(request.query["to"])) > 5:
        raise BadRequestError("at most 5")
    for n in range(to):
        yield {"n": n}


urlpatterns = [path("view", view)]
site: Any = get_asgi_application()


async def app(scope: Any, receive: Any, send: Any) -> None:
    answer = count if scope["type"] == "http" and scope["path"] == "/count" else site
    await answer(scope, receive, send)


# --- that is the app, in asgi.py; this asks it ---


async def main() -> None:
    client = StreamTestClient(app)
    for url in ("/view", "/count?to=2", "/count?to=9"):
        response = await client.get(url)
        print(url, response.status, response.headers["content-type"])
        print(response.text().strip())


asyncio.run(main())
