"""
aiostream on either side of `|`. It is not needed: whoever writes the pipe brings it along.
"""

from __future__ import annotations

import asyncio
from asyncio import sleep
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

import anyio
import pytest

from jaystream import JaypieStream, Operator

aiostream: Any = pytest.importorskip("aiostream", reason="needs aiostream")

name: ContextVar[str] = ContextVar("name", default="")

Pipe: TypeAlias = Callable[[JaypieStream[int]], JaypieStream[int]]


def zipped(stream: JaypieStream[int]) -> JaypieStream[int]:
    pairs: JaypieStream[tuple[int, int]] = stream | aiostream.pipe.zip(aiostream.stream.count())
    return pairs.map(lambda pair: pair[0])


HOPPING: dict[str, Pipe] = {
    "merge": aiostream.pipe.merge(aiostream.stream.empty()),
    "timeout": aiostream.pipe.timeout(60),
    "flatmap": aiostream.pipe.flatmap(aiostream.stream.just),
    "concatmap": aiostream.pipe.concatmap(aiostream.stream.just),
    "zip": zipped,
}


class TestAiostream:
    """
    Both ways, without an import.
    """

    async def test_into(self) -> None:
        """
        Its operators take our streams, and what comes is a stream of ours.
        """
        stream: JaypieStream[str] = JaypieStream(range(5)) | aiostream.pipe.map(str) | aiostream.pipe.take(3)
        assert type(stream) is JaypieStream
        assert await stream.map(str.upper).to_list() == ["0", "1", "2"]

    async def test_out_of(self) -> None:
        """
        Its streams are sources, and our operators stand behind its pipes.
        """

        @Operator
        def doubled(stream: JaypieStream[int]) -> JaypieStream[int]:
            return stream.map(lambda n: n * 2)

        assert await (aiostream.stream.range(3) | aiostream.pipe.take(2) | doubled).to_list() == [0, 2]
        assert await JaypieStream(aiostream.stream.range(3)).to_list() == [0, 1, 2]

    @pytest.mark.parametrize("operator", HOPPING)
    async def test_hopping(self, operator: str) -> None:
        """
        Its operators that ask from one task after the other leave our sources in one: scopes and variables hold.
        """
        tasks: set[object] = set()
        closed: list[str] = []

        async def source() -> AsyncGenerator[int, None]:
            with anyio.fail_after(60):
                token = name.set("source")
                for n in range(3):
                    tasks.add(asyncio.current_task())
                    await sleep(0)
                    assert name.get() == "source"
                    yield n
                name.reset(token)
            closed.append("source")

        stream = JaypieStream(source) | HOPPING[operator]
        assert await stream.to_list() == [0, 1, 2]
        assert (len(tasks), closed) == (1, ["source"])
        assert await stream.take(1).to_list() == [0]
