import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from jaystream import JaypieStream, lambda_stream_handler
from jaystream.testing import emulator


async def answer(what: str) -> AsyncGenerator[str, None]:
    yield "one"
    if what == "raise":
        raise LookupError("nothing more")
    if what == "hang":
        await asyncio.sleep(60)


@lambda_stream_handler(throw=True)
async def handler(event: str, context: object) -> JaypieStream[str]:
    return JaypieStream(answer(event))


async def plain(event: str, context: object) -> str:
    return "".join([piece async for piece in answer(event)])


async def main() -> None:
    for name in ("handler", "plain"):
        async with emulator(f"lambda_deadline.{name}", folder=Path(__file__).parent, timeout=2) as function:
            for what in ("end", "raise", "hang"):
                result = await function.invoke(what)
                print(f"{name}, {what}: {result.error}")
                print("   ", result.payload.decode().split("data: ")[-1].strip()[:56])


if __name__ == "__main__":
    asyncio.run(main())
