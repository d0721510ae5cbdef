import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def model(name: str, first: float) -> AsyncIterator[str]:
    try:
        await asyncio.sleep(first)
        yield f"{name} "
        yield "answers"
    finally:
        print("closed", name)


async def typed() -> AsyncIterator[str]:  # what somebody types into a search box, a word a second
    for text in ("sea", "sea shell"):
        yield text
        await asyncio.sleep(1)


async def search(text: str) -> AsyncIterator[str]:
    for n in range(2):
        await asyncio.sleep(0.7)
        yield f"hit {n} for {text}"


async def main() -> None:
    # The same question to two models: the one that begins first answers, the other is closed.
    print(await JaypieStream(model("slow", 3)).race(model("quick", 1)).to_list())

    # Only the newest search goes on; the one before is cancelled.
    print(await JaypieStream(typed).switch_map(search).to_list())


run_virtually(main())
