"""
`fail`.
"""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest

from jaystream import JaypieStream
from tests.checks import WAYS


class NeedsArgumentError(Exception):
    """
    An error that says what of.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)


class TestFail:
    """
    A planned failure.
    """

    async def test_raises_the_instance(self) -> None:
        """
        The very instance is raised, by each run.
        """
        error = ValueError("planted")
        stream = JaypieStream.fail(error)
        for gather in WAYS:
            with pytest.raises(ValueError, match="planted") as raised:
                await gather(stream)
            assert raised.value is error

    async def test_makes_one_of_a_class(self) -> None:
        """
        A class is called anew for each run.
        """
        stream = JaypieStream.fail(KeyError)
        seen: list[KeyError] = []
        for _ in range(2):
            with pytest.raises(KeyError) as raised:
                await stream.to_list()
            seen.append(raised.value)
        assert seen[0] is not seen[1]

    async def test_traceback_does_not_grow(self) -> None:
        """
        An instance does not gather the tracebacks of all runs.
        """
        error = ValueError("planted")
        lengths: list[int] = []
        for _ in range(3):
            with pytest.raises(ValueError, match="planted"):
                await JaypieStream.fail(error).to_list()
            lengths.append(len(traceback.extract_tb(error.__traceback__)))
        assert 1 == len(set(lengths))

    async def test_items_before(self) -> None:
        """
        What comes before it is given first.
        """
        got: list[int] = []
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream.of(1, 2).concat(JaypieStream.fail(ValueError("planted"))).for_each(got.append)
        assert [1, 2] == got

    async def test_stop_iteration_is_no_end(self) -> None:
        """
        An error that means the end to Python does not become one.
        """
        for error in (StopIteration, StopAsyncIteration):
            with pytest.raises((RuntimeError, StopAsyncIteration)):
                await JaypieStream.fail(error).to_list()

    async def test_unread(self) -> None:
        """
        It fails when it is asked, not before.
        """
        assert [] == await JaypieStream.fail(ValueError).take(0).to_list()

    @pytest.mark.parametrize("wrong", ["text", None, int, KeyboardInterrupt, asyncio.CancelledError()])
    def test_bad_argument(self, wrong: Any) -> None:
        """
        What is no exception below `Exception` is refused where the stream is written.
        """
        with pytest.raises(TypeError, match=r"fail\(\) expects an exception below Exception"):
            JaypieStream.fail(wrong)

    def test_class_that_wants_arguments(self) -> None:
        """
        A class that cannot be called without arguments is refused as well.
        """
        with pytest.raises(TypeError, match="what"):
            JaypieStream.fail(NeedsArgumentError)
