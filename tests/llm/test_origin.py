"""
What the SDKs hand out, and how it is closed; the SDKs themselves are asked in `tests/contracts`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest

from jaystream import from_llm
from jaystream.llm.chains import Chained, chain_of
from jaystream.testing import Probe
from tests.llm.wires import ANTHROPIC, Event, text_of

OUTER = """
async def outer(depth):
    async for item in (outer(depth - 1) if depth else inner()):
        yield item
"""


class Closing:
    """
    An async iterable that is no context manager, but has to be closed.
    """

    def __init__(self) -> None:
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[Event]:
        for event in ANTHROPIC:
            yield event

    async def aclose(self) -> None:
        """
        Count.
        """
        self.closed += 1


class Managed:
    """
    A context manager that blocks, as the managers of SDKs without async.
    """

    def __init__(self) -> None:
        self.left: list[threading.Thread] = []

    def __enter__(self) -> Iterator[Event]:
        return iter(ANTHROPIC)

    def __exit__(self, *_: object) -> None:
        self.left.append(threading.current_thread())


class TestOrigin:
    """
    Every kind of thing that events come from.
    """

    @pytest.mark.parametrize("way", ["itself", "called", "awaited", "called and awaited"])
    @pytest.mark.parametrize("taken", [2, 99])
    async def test_closed_once(self, way: str, taken: int) -> None:
        """
        What is no context manager is closed all the same, however it was come by.
        """
        closing = Closing()

        async def later() -> Closing:
            return closing

        ways: dict[str, Any] = {"called": lambda: closing, "called and awaited": later}
        source: Any = later() if way == "awaited" else ways.get(way, closing)
        await from_llm(source).take(taken).drain()
        assert 1 == closing.closed

    async def test_blocking_manager(self) -> None:
        """
        A blocking context manager is left, in a thread.
        """
        managed = Managed()
        assert "Hello" == text_of(await from_llm(managed).to_list())
        assert 1 == len(managed.left)
        assert threading.current_thread() not in managed.left

    async def test_task(self) -> None:
        """
        A task that gives the stream is awaited.
        """

        async def ask() -> Probe[Event]:
            return Probe(ANTHROPIC)

        assert "Hello" == text_of(await from_llm(asyncio.ensure_future(ask())).to_list())

    def test_shown(self) -> None:
        """
        Messages show what was given, not what was made of it.
        """

        async def events() -> AsyncIterator[Event]:
            yield ANTHROPIC[0]

        closing = Closing()
        made: Any = cast("Any", from_llm(closing))
        assert "Closing object" in repr(made)
        assert "<function" in repr(from_llm(lambda: closing))
        chained = Chained(events())
        assert "async_generator" in repr(chained)

    async def test_chain(self) -> None:
        """
        The generators that one of an SDK reads from are found while they wait, and closed.
        """

        async def inner() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                closed.append("inner")

        names: dict[str, Any] = {"inner": inner}
        # its file is what makes it one of an SDK
        exec(compile(OUTER, "/site-packages/google/genai/models.py", "exec"), names)  # noqa: S102
        for depth in (0, 2, 40):
            closed: list[str] = []
            outer = names["outer"](depth)
            await anext(outer)
            assert depth + 2 == len(chain_of(outer))
            async with Chained(outer) as pulls:
                assert aiter(pulls) is pulls
            assert ["inner"] == closed
            assert [outer] == chain_of(outer)
