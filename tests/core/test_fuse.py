"""
The loop compiler: one code object per shape, nothing of the user in the text, any length, and a text to look at.
"""

from __future__ import annotations

import asyncio
import linecache
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream._core import fuse
from jaystream._core.fuse import Segment, segments
from jaystream.testing import Probe


def first_code(stream: JaypieStream[Any]) -> Any:
    part = segments(stream._plan)[0]
    assert isinstance(part, Segment)
    return part.code(plain=True)[0].__code__


class TestCompiling:
    """
    What is compiled, and how often.
    """

    def test_same_shape_same_code(self) -> None:
        """
        Pipelines that differ in their values alone share a code object.
        """
        one = JaypieStream([1]).map(lambda n: n).take(3).chunk(2)
        other = JaypieStream([2]).map(lambda n: n * 2).take(5).chunk(7)
        assert first_code(one) is first_code(other)

    def test_another_shape_another_code(self) -> None:
        """
        Async callables, `take(0)` and another order are other shapes.
        """

        async def wait(n: int) -> int:
            return n

        def plain(n: int) -> int:
            return n

        source = JaypieStream([1])
        streams: list[JaypieStream[Any]] = [
            source.map(plain),
            source.map(wait),
            source.map(abs),
            source.take(1),
            source.take(0),
            source.take(1).map(plain),
            source.map(plain).take(1),
        ]
        codes = {first_code(stream) for stream in streams}
        assert len(codes) == len(streams)

    def test_values_stay_out_of_the_text(self) -> None:
        """
        No name, number or text of the user's stands in the generated source.
        """
        hostile = "x = 1 # \n import os"

        def very_secret_name(n: object) -> object:
            return n

        stream = JaypieStream([1]).map(very_secret_name).take(31337).scan(lambda a, b: a, hostile).enumerate(4711)
        part = segments(stream._plan)[0]
        assert isinstance(part, Segment)
        text = part.code(plain=True)[1]
        for word in ("very_secret_name", "31337", "import os", "4711"):
            assert word not in text

    async def test_the_cache_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        More shapes than fit drop the oldest, with their lines; a dropped shape is compiled again and runs.
        """
        monkeypatch.setattr(fuse, "CACHE", 4)
        for _ in range(2):
            for number in range(9):
                assert await _times(JaypieStream([1, 2]).map(abs), number).to_list() == [1, 2]
                while len(fuse._compiled) > 5:  # what earlier tests have left
                    fuse._compiled.popitem(last=False)
        assert len(fuse._compiled) <= 5
        name = next(iter(fuse._compiled.values()))[0].__code__.co_filename
        assert linecache.getlines(name)

    async def test_dropped_loops_leave_no_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What the traceback shows of a loop goes with the loop.
        """
        monkeypatch.setattr(fuse, "_compiled", type(fuse._compiled)())
        monkeypatch.setattr(fuse, "CACHE", 1)
        await JaypieStream([1]).skip(1).enumerate().drain()
        old = next(iter(fuse._compiled.values()))[0].__code__.co_filename
        await JaypieStream([1]).enumerate().skip(1).drain()
        assert len(fuse._compiled) == 1
        assert old not in linecache.cache


def _times(stream: JaypieStream[int], n: int) -> JaypieStream[int]:
    for _ in range(n):
        stream = stream.skip(0)
    return stream


STRAIGHT: dict[str, Callable[[JaypieStream[Any]], JaypieStream[Any]]] = {
    "map": lambda s: s.map(lambda n: n),
    "filter": lambda s: s.filter(lambda n: True),
    "take": lambda s: s.take(2),
    "chunk": lambda s: s.chunk(1),
    "on_end": lambda s: s.on_end([]),
}


class TestLength:
    """
    Long and deep pipelines run.
    """

    @pytest.mark.parametrize("name", STRAIGHT)
    async def test_five_thousand_stages(self, name: str) -> None:
        """
        5,000 straight stages run, to the end and left early.
        """
        probe = Probe(range(3))
        stream: JaypieStream[Any] = JaypieStream(probe)
        for _ in range(5000 if name != "on_end" else 1000):
            stream = STRAIGHT[name](stream)
        assert await stream.first() is not None
        probe.assert_released()
        repr(stream)

    async def test_two_hundred_flat_maps(self) -> None:
        """
        Deep nesting is cut into segments, and every level is closed.
        """
        opened: list[Probe[int]] = []

        def one(n: int) -> Probe[int]:
            opened.append(Probe([n + 1]))
            return opened[-1]

        stream = JaypieStream([0])
        for _ in range(200):
            stream = stream.flat_map(one)
        assert await stream.to_list() == [200]
        assert len(opened) == 200
        assert {(probe.opens, probe.closes) for probe in opened} == {(1, 1)}

    async def test_shared_beginnings(self) -> None:
        """
        Streams derived from one another do not change each other, and may run side by side.
        """
        base = JaypieStream(range(6)).map(lambda n: n + 1)
        evens, odds = base.filter(lambda n: n % 2 == 0), base.filter(lambda n: n % 2)
        side_by_side: list[object] = [*await asyncio.gather(evens.to_list(), odds.to_list(), base.count())]
        assert side_by_side == [[2, 4, 6], [1, 3, 5], 6]


class TestLooking:
    """
    What people see of the loop.
    """

    def test_explain(self) -> None:
        """
        The stages, then the source text of each loop in the order of the flow.
        """
        text = JaypieStream([1, 2]).map(abs).catch(OSError, []).chunk(2).explain()
        assert text.startswith("# source: [1, 2]\n# 1: map(abs)\n# 2: catch\n# 3: chunk(2)\n")
        assert text.index("x = f1(x)  # map") < text.index("# catch: an async generator of its own")
        assert text.count("async def fused(loop, values):") == 2
        compile(text, "explained", "exec")

    def test_explain_reads_nothing(self) -> None:
        """
        Explaining and showing a stream does not touch its source.
        """
        probe = Probe([1])
        stream = JaypieStream(probe).map(abs)
        stream.explain()
        repr(stream)
        assert probe.events == []

    async def test_traceback_shows_the_generated_line(self) -> None:
        """
        The traceback of a callable's error leads through the line of the loop that called it.
        """
        with pytest.raises(ValueError, match="invalid literal") as caught:
            await JaypieStream(["x"]).map(lambda text: int(text)).to_list()  # noqa: PLW0108 - a frame of its own
        shown = "".join(traceback.format_exception(caught.value))
        assert "x = f1(x)  # map" in shown
        assert "<jaystream loop" in shown
