"""
`limit`.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import LimitExceededError
from jaystream.testing import Probe, check_operator


class TestLimit:
    """
    A bound on what may come.
    """

    async def test_below_the_bound(self) -> None:
        """
        What keeps the bound, up to the last item, passes unchanged.
        """
        await check_operator(lambda s: s.limit(items=3), [1, 2, 3], [1, 2, 3], reads_ahead=0)
        await check_operator(lambda s: s.limit(bytes=3), ["a", "bc"], ["a", "bc"], reads_ahead=0)
        await check_operator(lambda s: s.limit(items=2, bytes=3), [b"a", b"bc"], [b"a", b"bc"], reads_ahead=0)
        await check_operator(lambda s: s.limit(items=0), list[int](), list[int]())

    async def test_too_many_items(self) -> None:
        """
        The first item too many is an error; those before it have been given, and nothing more is read.
        """
        got: list[int] = []
        probe = Probe(range(9))
        with pytest.raises(LimitExceededError, match="stream of more than 2 items; items= allows no more") as caught:
            await JaypieStream(probe).limit(items=2).for_each(got.append)
        assert got == [0, 1]
        assert probe.reads == 3
        probe.assert_released()
        assert (caught.value.what, caught.value.limit, caught.value.unit) == ("stream", 2, "items")

    async def test_too_many_bytes(self) -> None:
        """
        The item that passes the bound is given neither whole nor in part.
        """
        got: list[bytes] = []
        with pytest.raises(LimitExceededError, match="stream of more than 4 bytes; bytes= allows no more"):
            await JaypieStream([b"ab", b"cde"]).limit(bytes=4).for_each(got.append)
        assert got == [b"ab"]

    @pytest.mark.parametrize(
        ("item", "size"),
        [
            ("abc", 3),
            ("\u00e9", 2),
            ("\U0001f600", 4),
            ("\ud83d\ude00", 4),
            ("\ud83d", 3),
            (b"\x00", 1),
            (bytearray(b"ab"), 2),
            (memoryview(b"abcd").cast("h"), 4),
            ("", 0),
        ],
    )
    async def test_size(self, item: Any, size: int) -> None:
        """
        Text counts as the UTF-8 it is sent as, bytes as they are.
        """
        assert await JaypieStream([item]).limit(bytes=size).count() == 1
        if size:
            with pytest.raises(LimitExceededError):
                await JaypieStream([item]).limit(bytes=size - 1).count()

    async def test_the_smaller_bound(self) -> None:
        """
        Of two bounds the one that is passed first says so.
        """
        with pytest.raises(LimitExceededError, match="1 items"):
            await JaypieStream(["a", "b"]).limit(items=1, bytes=9).drain()
        with pytest.raises(LimitExceededError, match="1 bytes"):
            await JaypieStream(["a", "b"]).limit(items=9, bytes=1).drain()

    async def test_catch(self) -> None:
        """
        The error can be caught below like any other, and what gathers below gives what it holds first.
        """
        stream = JaypieStream(range(9)).limit(items=3).chunk(2).catch(LimitExceededError, lambda _: [()])
        assert await stream.to_list() == [(0, 1), (2,), ()]

    async def test_other_items(self) -> None:
        """
        Bytes are counted of text and bytes alone.
        """
        stream: Any = JaypieStream([{"n": 1}])
        with pytest.raises(TypeError, match=r"limit\(bytes=\) counts text and bytes, not .*; format or encode"):
            await stream.limit(bytes=9).to_list()

    def test_shown(self) -> None:
        """
        The bounds stand in the stream's description; items stay in their format; the error can be pickled.
        """
        stream = JaypieStream([{"n": 1}]).format_ndjson()
        assert repr(stream.limit(items=3)).endswith(".limit(items=3)")
        assert repr(stream.limit(items=3, bytes=9)).endswith(".limit(items=3, bytes=9)")
        assert stream.limit(bytes=9).media_type == "application/x-ndjson"
        error = LimitExceededError("stream", 2, "items", "items")
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes

    def test_bad_argument(self) -> None:
        """
        No bound and a negative one are refused where the pipeline is written.
        """
        stream: Any = JaypieStream([b"a"])
        with pytest.raises(TypeError, match=r"limit\(\) expects a bound: limit\(items=n\)"):
            stream.limit()
        with pytest.raises(ValueError, match=r"limit\(items=\) must be at least 0, not -1"):
            stream.limit(items=-1)
        with pytest.raises(TypeError, match=r"limit\(bytes=\) expects a whole number, not '1 MB'"):
            stream.limit(bytes="1 MB")
