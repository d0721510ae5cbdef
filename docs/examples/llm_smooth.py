import asyncio
from collections.abc import AsyncIterator
from typing import Any

from jaystream import Llm
from jaystream.testing import run_virtually


async def in_lumps(_messages: list[Any]) -> AsyncIterator[str]:  # as models give it, behind a busy network
    for lump in ("Light is scattered ", "by the air, blue ", "more than red."):
        yield lump
        await asyncio.sleep(0.4)


async def main() -> None:
    begin = asyncio.get_running_loop().time()
    answer = Llm("test", script=in_lumps).stream("Why is the sky blue?")
    async for chunk in answer.smooth(by="word", per=0.1):
        if chunk["type"] == "text":
            print(f"{asyncio.get_running_loop().time() - begin:.1f} s  {chunk['content']!r}")


run_virtually(main())
