"""
`borrow`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jaystream import JaypieStream, StreamConsumedError
from jaystream.testing import ManagedProbe, Probe
from tests.checks import WAYS, cancel_at_every_await, pause


async def count() -> AsyncIterator[int]:
    for n in range(6):
        yield n


class TestBorrow:
    """
    An iterator that stays its owner's.
    """

    async def test_goes_on(self) -> None:
        """
        Each run goes on where the one before stopped, of the same stream or of another, and closes nothing.
        """
        probe = Probe(range(7))
        stream = JaypieStream(probe).borrow()
        assert await stream.take(3).to_list() == [0, 1, 2]
        assert await stream.take(2).to_list() == [3, 4]
        assert await JaypieStream(probe).borrow().first() == 5
        assert probe.reads == 6
        assert await stream.to_list() == [6]
        assert await stream.to_list() == []
        assert not probe.closed

    @pytest.mark.parametrize("way", WAYS)
    async def test_kinds(self, way: Any) -> None:
        """
        Async generators, plain generators and iterators of classes, run in every way.
        """
        managed = ManagedProbe(range(6))
        async with managed:
            for source in (count(), (n for n in range(6)), iter(range(6)), Probe(range(6)), managed):
                stream = JaypieStream[int](source).borrow()
                assert await way(stream.take(2)) == [0, 1]
                assert await way(stream.map(str)) == ["2", "3", "4", "5"]
        assert managed.opens == managed.closes == 1
        managed.assert_released()

    async def test_anywhere_in_the_pipeline(self) -> None:
        """
        It is about the source, wherever it stands; other sources of the pipeline are closed as ever.
        """
        probe, other = Probe(range(5)), Probe(range(9))
        assert await JaypieStream(probe).map(str).borrow().take(1).to_list() == ["0"]
        assert await JaypieStream(probe).borrow().borrow().zip(other).take(1).to_list() == [(1, 0)]
        assert await JaypieStream([7]).concat(JaypieStream(probe).borrow()).take(2).to_list() == [7, 2]
        other.assert_released()
        assert other.closed
        assert not probe.closed

    async def test_last_run_without(self) -> None:
        """
        A run without it reads the rest and closes; after that a borrowed run is refused, and says why.
        """
        probe = Probe(range(4))
        whole = JaypieStream(probe)
        head = whole.borrow().take(1)
        assert await head.to_list() == [0]
        assert await whole.to_list() == [1, 2, 3]
        probe.assert_released()
        with pytest.raises(StreamConsumedError, match="has run already"):
            await head.to_list()

    async def test_error(self) -> None:
        """
        An error of a stage leaves the source open, and the next run goes on behind the item.
        """
        probe = Probe([1, 0, 2])
        stream = JaypieStream(probe).borrow()
        with pytest.raises(ZeroDivisionError):
            await stream.map(lambda n: 1 // n).drain()
        assert await stream.to_list() == [2]
        assert not probe.closed

    async def test_iterator_of_an_iterator(self) -> None:
        """
        An iterator that gives another one for each loop stays open, and that one is closed.
        """

        class Response:
            """The shape of some SDKs' streams: the object is an iterator, and loops run over a generator."""

            def __init__(self) -> None:
                self.items = iter(range(4))
                self.closed = 0
                self.left = 0

            async def __anext__(self) -> int:
                return next(self.items)

            async def __aiter__(self) -> AsyncIterator[int]:
                try:
                    for item in self.items:
                        yield item
                finally:
                    self.left += 1

            async def aclose(self) -> None:
                self.closed += 1

        response = Response()
        assert await JaypieStream[int](response).borrow().take(2).to_list() == [0, 1]
        assert await JaypieStream[int](response).borrow().take(1).to_list() == [2]
        assert [response.left, response.closed] == [2, 0]

    async def test_cancellation(self) -> None:
        """
        A cancelled run leaves it open too, and ends cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Any:
            probes.append(Probe(range(3), before=pause))
            return JaypieStream(probes[-1]).borrow().to_list()

        for how in ("scope", "native"):
            await cancel_at_every_await(run, how)
        assert not any(probe.closed for probe in probes)

    async def test_reads_nothing(self) -> None:
        """
        Borrowing is describing: nothing is read.
        """
        probe = Probe([1])
        JaypieStream(probe).borrow()
        assert probe.events == []

    @pytest.mark.parametrize("source", [[1], range(3), count, JaypieStream([1]), asyncio.sleep])
    def test_bad_source(self, source: Any) -> None:
        """
        What begins anew with each run cannot be borrowed, and this is said where it is written.
        """
        with pytest.raises(TypeError, match=r"borrow\(\) is for a stream over an iterator"):
            JaypieStream(source).borrow()
