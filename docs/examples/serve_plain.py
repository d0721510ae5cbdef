import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from jaystream import JaypieStream
from jaystream.testing import RecordingSend

Message = MutableMapping[str, Any]


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    stream = JaypieStream(range(2)).map(lambda n: {"n": n}).format_ndjson()
    report = await stream.to_asgi(scope, receive, send, headers={"cache-control": "no-store"})
    print("sent", report.items, "items,", report.bytes, "bytes, ended by:", report.ended)


# --- that is the app; this asks it ---


async def main() -> None:
    send = RecordingSend()
    await app({"type": "http", "method": "GET"}, send.receive, send)
    print(send.status, send.headers)
    print(send.body.decode(), end="")


asyncio.run(main())
