import asyncio
import logging

from jaystream import JaypieStream
from jaystream.testing import AsyncRecordingResponseStream

logging.getLogger("jaystream").setLevel(logging.CRITICAL)  # the failure below is logged


class Body:
    """
    The least that a response stream has: `write` takes effect at the call, `end` is called once.
    """

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def end(self) -> None:
        print(self.data.decode(), end="")


async def main() -> None:
    numbers = JaypieStream(["1", "2", "x"]).map(int)

    report = await numbers.take(2).map(lambda n: {"n": n}).format_ndjson().to_lambda(Body())
    print(report.ended, report.items)

    writer = AsyncRecordingResponseStream()  # one that gives something to await, for back-pressure
    report = await numbers.map(lambda n: {"type": "number", "n": n}).format_sse().to_lambda(writer)
    print(report.ended, repr(report.error))
    print(writer.content_type, writer.ended)
    print(writer.body.decode().strip())


asyncio.run(main())
