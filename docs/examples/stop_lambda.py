import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import RecordingResponseStream, run_virtually


class Context:  # as AWS Lambda gives one to a handler
    def get_remaining_time_in_millis(self) -> int:
        return 10_000


async def model() -> AsyncIterator[str]:
    try:
        for n in range(1_000):
            await asyncio.sleep(3)
            yield f"token {n}"
    finally:
        print(f"source closed at {asyncio.get_running_loop().time():g} s")


async def main() -> None:
    writer = RecordingResponseStream()
    answer = JaypieStream(model()).deadline_from(Context(), reserve=2).on_end(["[cut]"])
    await answer.format_sse().to_lambda(writer)
    print(writer.body.decode())


run_virtually(main())
