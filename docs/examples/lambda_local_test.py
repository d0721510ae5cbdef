import asyncio
from pathlib import Path

from jaystream import JaypieStream, lambda_stream_handler
from jaystream.testing import emulator


@lambda_stream_handler
async def handler(event: dict[str, float], context: object) -> JaypieStream[str]:
    await asyncio.sleep(event["seconds"])
    return JaypieStream(["one", "two"])


async def main() -> None:
    async with emulator("lambda_local_test.handler", folder=Path(__file__).parent, timeout=2) as function:
        for seconds in (0, 0, 60):
            result = await function.invoke({"seconds": seconds})
            print(result.error, "cold" if result.cold else "warm", result.pieces)


if __name__ == "__main__":
    asyncio.run(main())
