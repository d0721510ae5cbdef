import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jaystream import JaypieStream
from jaystream.testing import RecordingSend


async def count(request: Request) -> Response:
    to = int(request.query_params.get("to", "3"))
    return JaypieStream(range(to)).map(lambda n: {"n": n}).format_ndjson().to_response()


app = Starlette(routes=[Route("/count", count)])


# --- that is the app; this asks it ---


async def main() -> None:
    send = RecordingSend()
    scope = {"type": "http", "method": "GET", "path": "/count", "query_string": b"to=2", "headers": []}
    await app(scope, send.receive, send)
    print(send.status, send.headers["content-type"])
    print(send.body.decode(), end="")


asyncio.run(main())
