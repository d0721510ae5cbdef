import asyncio
from typing import Any

from jaystream.testing import RecordingSend

# isort: split
from litestar import Litestar, get

from jaystream import JaypieStream, StreamResponse


@get("/count")
async def count() -> StreamResponse:
    return JaypieStream(range(2)).map(lambda n: {"n": n}).format_ndjson().to_response()


app = Litestar([count], openapi_config=None)


# --- that is the app; this asks it ---


async def main() -> None:
    send: Any = RecordingSend()
    scope: Any = {"type": "http", "method": "GET", "path": "/count", "query_string": b"", "headers": []}
    await app(scope, send.receive, send)
    print(send.status, send.headers["content-type"])
    print(send.body.decode(), end="")


asyncio.run(main())
