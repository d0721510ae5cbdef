"""
When things are closed: as soon as nobody needs them any more, by the one who owns them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing

from jaystream import JaypieStream
from jaystream.testing import Probe


class TestTimely:
    """
    Closing early, and closing once.
    """

    async def test_ended_early_before_the_end_items(self) -> None:
        """
        A source that `take` has ended is closed before `on_end` gives its items.
        """
        probe = Probe(range(9))
        states: list[bool] = []

        def last() -> list[int]:
            states.append(probe.closed)
            return [99]

        assert [0, 1, 99] == await JaypieStream(probe).take(2).on_end(last).to_list()
        assert [True] == states
        probe.assert_released()

    async def test_manager_of_an_iterator(self) -> None:
        """
        An iterator that a context manager gave is closed by that manager alone.
        """
        probe = Probe(range(9))
        assert [0] == await JaypieStream(aclosing(probe)).take(1).to_list()
        probe.assert_released()

    async def test_manager_of_a_generator(self) -> None:
        """
        A generator that a context manager gave is closed, whether the manager does it or not.
        """
        closed: list[str] = []

        async def numbers() -> AsyncGenerator[int, None]:
            try:
                yield 1
                yield 2
            finally:
                closed.append("generator")

        class Manager(AbstractAsyncContextManager[AsyncGenerator[int, None]]):
            async def __aenter__(self) -> AsyncGenerator[int, None]:
                return numbers()

            async def __aexit__(self, *_: object) -> None:
                closed.append("manager")

        assert [1] == await JaypieStream(Manager()).take(1).to_list()
        assert ["generator", "manager"] == closed
