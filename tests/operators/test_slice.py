"""
`slice`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestSlice:
    """
    Slicing, as lists are sliced.
    """

    async def test_as_a_list(self) -> None:
        """
        Every slice gives what it gives of a list.
        """
        items = list(range(7))
        for start in (None, 0, 2, 9, -1, -3, -9):
            for stop in (None, 0, 1, 5, 9, -1, -3, -9):
                if start is not None and start < 0 and stop is not None and stop >= 0:
                    continue
                for step in (None, 1, 2, 3):
                    assert await JaypieStream(items)[start:stop:step].to_list() == items[start:stop:step]

    def test_is_no_sequence(self) -> None:
        """
        That it can be sliced makes no iterable of it: frameworks look for one before they look for an async one.
        """
        stream: Any = JaypieStream([1, 2])
        with pytest.raises(TypeError, match="'JaypieStream' object is not iterable"):
            iter(stream)
        assert not isinstance(stream, Iterable)
        assert isinstance(stream, AsyncIterable)

    async def test_contracts(self) -> None:
        """
        It keeps the contracts.
        """
        await check_operator(lambda s: s[1:6:2], list(range(9)), [1, 3, 5])
        await check_operator(lambda s: s[1:-2:2], list(range(9)), [1, 3, 5], reads_ahead=5)
        await check_operator(lambda s: s[-3:-1], list(range(9)), [6, 7], before_error=[])

    async def test_demand(self) -> None:
        """
        It reads nothing behind the last item that it gives.
        """
        probe = Probe(range(20))
        assert await JaypieStream(probe)[1:9:3].to_list() == [1, 4, 7]
        assert probe.reads == 8

    def test_bad_argument(self) -> None:
        """
        Steps below 1, parts that only a list can compare, and single numbers are refused where the pipeline is written.
        """
        stream = JaypieStream([1])
        for wrong in (slice(None, None, -1), slice(None, None, 0), slice(-1, -2, -1)):
            with pytest.raises(ValueError, match=r"slice\(step=\) must be at least 1"):
                stream[wrong]
        with pytest.raises(ValueError, match=r"slice \[-2:3\] begins at a place counted from the end and stops at"):
            stream[-2:3]
        one: Any = 1
        with pytest.raises(TypeError, match=r"a stream takes a slice \[a:b:c\], not 1"):
            stream[one]
