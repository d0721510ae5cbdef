import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

from jaystream import AsgiRequest, ResponseStream, asgi_stream_handler
from jaystream.testing import StreamTestClient


def has_question(request: AsgiRequest) -> bool:
    return bool(request.query.get("q"))


def user_of(request: AsgiRequest) -> str:
    return request.cookies.get("user", "stranger")


@asgi_stream_handler(validate=has_question, locals={"user": user_of})
async def ask(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[dict[str, Any]]:
    response.headers["x-model"] = "none"
    response.set_cookie("asked", "yes", http_only=True)
    for word in ("Because,", request.locals["user"] + "."):
        yield {"type": "text", "content": word}


# --- that is the app; this asks it ---


async def main() -> None:
    logging.getLogger("jaystream").addHandler(logging.StreamHandler(sys.stdout))
    client = StreamTestClient(ask)
    for url in ("/?q=why", "/"):
        async with client.stream("GET", url, headers={"cookie": "user=Ada"}) as response:
            body = await response.read()
            print(response.status, response.headers.get("set-cookie"))
            print(body.decode().strip())


asyncio.run(main())
