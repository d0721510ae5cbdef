import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator

from jaystream import AsgiRequest, asgi_stream_handler
from jaystream.handlers import configure_logging
from jaystream.testing import StreamTestClient

lines = io.StringIO()
configure_logging("info", lines)  # by default to standard error


@asgi_stream_handler(name="ask")
async def ask(request: AsgiRequest) -> AsyncIterator[str]:
    logging.getLogger("app").info("asked with %s", request.headers["authorization"])
    yield "Because"
    raise ValueError("no more words")


async def main() -> None:
    headers = {"authorization": "Bearer 0123456789abcdef", "x-request-id": "r-1"}
    async with StreamTestClient(ask).stream("GET", "/?q=why", headers=headers) as response:
        await response.read()


asyncio.run(main())
for line in lines.getvalue().splitlines():
    record = json.loads(line)
    if "handler" in record:
        print(record["level"], record["handler"], record["invoke"], "|", record["message"])
