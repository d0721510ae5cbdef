import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar

import anyio

from jaystream import JaypieStream, merge

request: ContextVar[str] = ContextVar("request", default="none")


# A source that holds a cancel scope and a context variable while it yields, as clients of SDKs do.
async def session(name: str) -> AsyncIterator[str]:
    before = request.set(name)
    opened_in = asyncio.current_task()
    try:
        with anyio.move_on_after(60):
            for n in range(2):
                yield f"{request.get()} {n}"
    finally:
        print("closed", name, "in the task that opened it:", asyncio.current_task() is opened_in)
        request.reset(before)


async def main() -> None:
    print(await merge(session("one"), session("two")).to_list())
    print(await JaypieStream(session("three")).timeout(idle=5).take(1).to_list())
    print("here:", request.get())


asyncio.run(main())
