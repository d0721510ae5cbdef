"""
Random pipelines, fused and as plain generators: the same items, errors, calls, demand and closing, however they run.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipelines import EXPECTED, Description, Watched, descriptions
from tests.worlds import Fused, Reference


class Ran(NamedTuple):
    """
    What a run came to. Finalizers are compared by `matches`.
    """

    items: list[Any]
    error: str | None
    calls: list[tuple[str, Any]]
    asked: dict[str, int]
    opened: list[str]
    closed: list[str]
    finalized: set[str]

    def matches(self, other: Ran) -> bool:
        """
        Whether *other* is the same. The reference's finalizers must have run in it; the kernel calls those too whose
        generator a plain chain never starts.
        """
        assert self[:-1] == other[:-1]
        return self.finalized <= other.finalized


def ran(items: list[Any], error: BaseException | None, watched: Watched) -> Ran:
    """
    Put together what is compared, after looking at what must hold by itself.
    """
    assert watched.disorder == []
    assert watched.left_open == []
    assert len(watched.finalized) == len(set(watched.finalized))
    return Ran(
        items,
        None if error is None else f"{type(error).__name__}: {error}",
        [(name, repr(args)) for name, args in watched.calls if name != "finalize"],
        watched.asked,
        watched.opened,
        sorted(watched.closed),
        set(watched.finalized),
    )


async def run_reference(description: Description, stop_after: int | None = None) -> Ran:
    world = Reference()
    stream = world.build(description)
    items: list[Any] = []
    failure: BaseException | None = None
    try:
        if stop_after != 0:
            async for item in stream:
                items.append(item)
                if len(items) == stop_after:
                    break
    except EXPECTED as error:
        failure = error
    finally:
        try:
            await stream.aclose()
        except EXPECTED as error:  # a failing finalize
            failure = failure or error
    return ran(items, failure, world.watched)


def without_finalizers(description: Description) -> Description:
    """
    The same, with no `finalize` that fails: an error of closing goes up in one way here and another there.
    """
    return description._replace(
        steps=tuple(
            step._replace(
                fail_at=None if step.name == "finalize" else step.fail_at,
                inner=tuple(without_finalizers(each) for each in step.inner),
            )
            for step in description.steps
        )
    )


any_pipeline = descriptions().map(without_finalizers)


class TestFusedAgainstReference:
    """
    The kernel says the same as the plain generators.
    """

    @given(any_pipeline)
    async def test_under_async_for(self, description: Description) -> None:
        """
        A bare `async for` gives the same to the end.
        """
        expected = await run_reference(description)
        world = Fused()
        items: list[Any] = []
        failure: BaseException | None = None
        try:
            async for item in world.build(description):
                items.append(item)  # noqa: PERF401 - what came before an error is wanted
        except EXPECTED as error:
            failure = error
        assert expected.matches(ran(items, failure, world.watched))

    @given(any_pipeline)
    async def test_into_a_terminal(self, description: Description) -> None:
        """
        `for_each` sees the same items, the loop being one with the terminal.
        """
        expected = await run_reference(description)
        world = Fused()
        items: list[Any] = []
        failure: BaseException | None = None
        try:
            await world.build(description).for_each(items.append)
        except EXPECTED as error:
            failure = error
        assert expected.matches(ran(items, failure, world.watched))

    @given(any_pipeline)
    async def test_to_list(self, description: Description) -> None:
        """
        `to_list` gives the items, or the error.
        """
        expected = await run_reference(description)
        world = Fused()
        items: list[Any] = expected.items
        failure: BaseException | None = None
        try:
            items = await world.build(description).to_list()
        except EXPECTED as error:
            failure = error
        assert expected.matches(ran(items, failure, world.watched))

    @given(any_pipeline, st.integers(0, 6))
    async def test_open_with_break(self, description: Description, stop_after: int) -> None:
        """
        `open()` left after a few items has read and closed what the generators have.
        """
        expected = await run_reference(description, stop_after)
        world = Fused()
        items: list[Any] = []
        failure: BaseException | None = None
        try:
            async with world.build(description).open() as opened:
                if stop_after:
                    async for item in opened:
                        items.append(item)
                        if len(items) == stop_after:
                            break
        except EXPECTED as error:
            failure = error
        assert expected.matches(ran(items, failure, world.watched))

    @given(any_pipeline, st.integers(1, 6))
    @pytest.mark.leaks(allow_finalized=True, reason="a bare async for left early is closed by the loop's hook")
    async def test_async_for_with_break(self, description: Description, stop_after: int) -> None:
        """
        A bare `async for` left early is closed by the event loop, and has read no more.
        """
        expected = await run_reference(description, stop_after)
        world = Fused()
        items: list[Any] = []
        failure: BaseException | None = None

        async def leave_early() -> None:
            async for item in world.build(description):
                items.append(item)
                if len(items) == stop_after:
                    break

        try:
            await leave_early()
        except EXPECTED as error:
            failure = error
            error.__traceback__ = None
        gc.collect(0)
        for _ in range(200):
            if not world.watched.left_open and len(world.watched.finalized) >= len(expected.finalized):
                break
            await asyncio.sleep(0)
        assert expected.matches(ran(items, failure, world.watched))
