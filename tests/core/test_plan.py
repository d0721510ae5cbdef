"""
Plans: immutable, shared, and aware of the format that their items are in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jaystream import JaypieStream

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"

KEEPING: dict[str, Callable[[JaypieStream[Any]], JaypieStream[Any]]] = {
    "filter": lambda s: s.filter(bool),
    "of_type": lambda s: s.of_type(bytes),
    "take": lambda s: s.take(1),
    "skip": lambda s: s.skip(1),
    "slice": lambda s: s[1:9:2],
    "take_while": lambda s: s.take_while(bool),
    "skip_while": lambda s: s.skip_while(bool),
    "tap": lambda s: s.tap(print, on_error=print, on_end=print),
    "finalize": lambda s: s.finalize(print),
    "stats": lambda s: s.stats(print),
    "catch": lambda s: s.catch(OSError, []),
    "on_end": lambda s: s.on_end([b""]),
    "concat of the same": lambda s: s.concat(JaypieStream([1]).format_sse()),
}
DROPPING: dict[str, Callable[[JaypieStream[Any]], JaypieStream[Any]]] = {
    "map": lambda s: s.map(bytes.decode),
    "chunk": lambda s: s.chunk(2),
    "enumerate": lambda s: s.enumerate(),
    "scan": lambda s: s.scan(lambda a, b: a + b, b""),
    "flat_map": lambda s: s.flat_map(lambda b: [b]),
    "decode_utf8": lambda s: s.decode_utf8(),
    "parse_sse": lambda s: s.parse_sse(),
    "concat of another": lambda s: s.concat(JaypieStream([1]).format_ndjson()),
    "concat of none": lambda s: s.concat([b""]),
}


class TestPlan:
    """
    The description itself.
    """

    async def test_operators_change_nothing(self) -> None:
        """
        An operator gives a new stream and leaves the one it is called on as it was.
        """
        base = JaypieStream([1, 2, 3])
        before = (base._plan, base._plan.stages, repr(base))
        for operate in (*KEEPING.values(), *DROPPING.values()):
            assert operate(base) is not base
        assert (base._plan, base._plan.stages, repr(base)) == before
        assert await base.to_list() == [1, 2, 3]

    async def test_concat_grows_without_touching_its_parts(self) -> None:
        """
        A sum shared by two longer sums stays what it is.
        """
        both = JaypieStream([1]).concat([2])
        longer, other = both.concat([3]), both.concat([4])
        assert await longer.to_list() == [1, 2, 3]
        assert await other.to_list() == [1, 2, 4]
        assert await both.to_list() == [1, 2]

    def test_media_type_of_formats(self) -> None:
        """
        A format gives its content type, and plain items have none.
        """
        assert JaypieStream([1]).media_type is None
        assert JaypieStream([1]).headers == {}
        assert JaypieStream([1]).format_sse().media_type == SSE
        assert JaypieStream([1]).format_ndjson().media_type == NDJSON
        assert JaypieStream(["a"]).encode("latin-1").media_type == "text/plain; charset=latin-1"

    @pytest.mark.parametrize("name", KEEPING)
    def test_kept(self, name: str) -> None:
        """
        Stages that keep items keep the content type.
        """
        assert KEEPING[name](JaypieStream([1]).format_sse()).media_type == SSE

    @pytest.mark.parametrize("name", DROPPING)
    def test_dropped(self, name: str) -> None:
        """
        Stages that make other items drop it.
        """
        assert DROPPING[name](JaypieStream([1]).format_sse()).media_type is None

    def test_wrapping_a_stream_keeps_its_plan(self) -> None:
        """
        `JaypieStream(stream)` is that stream again, format and all.
        """
        assert JaypieStream(JaypieStream([1]).format_sse()).media_type == SSE
