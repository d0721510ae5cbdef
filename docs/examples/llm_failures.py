import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from jaystream import JaypieError, from_llm


async def overloaded() -> AsyncIterator[dict[str, Any]]:  # a provider that gives up in the middle
    yield {"choices": [{"index": 0, "delta": {"content": "Ray"}}]}
    yield {"error": {"type": "overloaded_error", "message": "shard 7 of cluster-eu is out of memory"}}


async def cut() -> AsyncIterator[dict[str, Any]]:  # a connection that ends before the answer does
    yield {"choices": [{"index": 0, "delta": {"content": "Ray"}}]}


async def main() -> None:
    for failing in (overloaded, cut):
        try:
            await from_llm(failing()).drain()
        except JaypieError as error:
            print(error.status, error.detail, "| the log has:", error.__cause__)

    logging.disable()  # here the log has the cause, with its traceback
    async for chunk in from_llm(cut(), on_error="chunk"):
        print(chunk)


asyncio.run(main())
