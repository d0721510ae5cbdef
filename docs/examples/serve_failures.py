import asyncio
import logging
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.errors import TooManyRequestsError
from jaystream.testing import RecordingSend

logging.getLogger("jaystream").setLevel(logging.CRITICAL)  # failures are logged, with their traceback


async def model(*, fail_at: int, error: Exception) -> AsyncIterator[str]:
    for number in range(3):
        if number == fail_at:
            raise error
        yield f"word {number}"


async def ask(stream: JaypieStream[bytes]) -> None:
    send = RecordingSend()
    report = await stream.to_asgi({"type": "http", "method": "GET"}, send.receive, send)
    print(send.status, send.headers["content-type"], "ended by:", report.ended, repr(report.error))
    print(send.body.decode().strip(), end="\n\n")


async def main() -> None:
    await ask(JaypieStream(model(fail_at=0, error=TooManyRequestsError("Try again in a minute"))).format_sse())
    await ask(JaypieStream(model(fail_at=0, error=KeyError("api_key_7"))).format_sse())
    await ask(JaypieStream(model(fail_at=1, error=KeyError("api_key_7"))).format_sse())


asyncio.run(main())
