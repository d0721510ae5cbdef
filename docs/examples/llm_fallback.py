import asyncio
from collections.abc import AsyncIterator
from typing import Any

from jaystream import Llm, StreamTimeoutError
from jaystream.errors import JaypieError
from jaystream.testing import run_virtually


async def slow(_messages: list[Any]) -> AsyncIterator[str]:  # stands for a model that is busy today
    await asyncio.sleep(9)
    yield "Here I am."


async def main() -> None:
    messages = "Are you there?"
    first, second = Llm("test", script=slow), Llm("test", script="Yes, at once.")
    answer = (
        first.stream(messages)
        .timeout(first=2)  # next to its model: it is that one's time that is measured
        .fallback(second.stream(messages).timeout(first=10), on=(StreamTimeoutError, JaypieError))
    )
    begin = asyncio.get_running_loop().time()
    async for chunk in answer:
        if chunk["type"] == "text":
            print(f"{asyncio.get_running_loop().time() - begin:.0f} s  {chunk['content']!r}")


run_virtually(main())
