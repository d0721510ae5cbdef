import asyncio
from collections.abc import AsyncIterator

import anyio
from aiostream import pipe, stream

from jaystream import JaypieStream, Operator


@Operator
def pairs(numbers: JaypieStream[int]) -> JaypieStream[tuple[int, ...]]:
    return numbers.filter(lambda n: n % 2 == 0).chunk(2)


async def session() -> AsyncIterator[int]:  # a source that holds a cancel scope, as clients of SDKs do
    with anyio.move_on_after(60):
        for n in range(3):
            yield n


async def main() -> None:
    # One of our streams through operators of aiostream, and on with our own.
    ours = JaypieStream(["a", "b", "c", "d", "e"]) | pipe.skip(1) | pipe.enumerate() | pipe.take(3)
    print(type(ours).__name__, await ours.chunk(2).to_list())

    # A stream of aiostream through operators of ours; the result is one of our streams.
    theirs = stream.range(8) | pipe.skip(1)
    print(await (theirs | pairs).to_list())

    # Each is a source for the other.
    print(await JaypieStream(theirs).chunk(4).to_list())
    both = stream.chain(JaypieStream([-1, 0]), theirs)
    print(await JaypieStream(both).to_list())

    # Where aiostream reads several sources at once, a buffer of ours keeps each in a task of its own.
    one, other = JaypieStream(session).buffer(1), JaypieStream(session).buffer(1)
    print(await JaypieStream(stream.merge(one, other)).to_list())


asyncio.run(main())
