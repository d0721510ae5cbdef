import asyncio
from typing import Any

from jaystream.testing import RecordingSend

# isort: split
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse


async def count(request: Request) -> StreamResponse:
    to = int(request.query_params.get("to", "3"))
    return JaypieStream(range(to)).map(lambda n: {"n": n}).format_ndjson().to_response()


app = Starlette(routes=[Route("/count", count)])


# --- that is the app; this asks it ---


async def main() -> None:
    send = RecordingSend()
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/count", "query_string": b"to=2", "headers": []}
    await app(scope, send.receive, send)
    print(send.status, send.headers["content-type"])
    print(send.body.decode(), end="")


asyncio.run(main())
