"""
`smooth`, in virtual time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from jaystream import JaypieStream
from jaystream.testing import Probe, cancel_at_every_await, check_operator, run_virtually
from tests.checks import pause
from tests.operators.timed import watch

PER, LAG = 0.02, 0.4


def text(content: str, **more: Any) -> dict[str, Any]:
    """
    A chunk of text.
    """
    return {"type": "text", "content": content, **more}


async def script(*parts: Any) -> AsyncIterator[Any]:
    """
    Gives the items in their order; numbers are seconds of waiting, and an error is raised.
    """
    for part in parts:
        if isinstance(part, (int, float)):
            await asyncio.sleep(part)
        elif isinstance(part, Exception):
            raise part
        else:
            yield part


def smoothed(*parts: Any, **options: Any) -> list[tuple[float, Any]]:
    """
    What comes of such a source, with the times.
    """
    return watch(lambda s: s.smooth(**options), script(*parts)).items


class TestSmooth:
    """
    Steady pieces.
    """

    async def test_contract(self) -> None:
        """
        Everything that holds for an operator holds.
        """
        await check_operator(lambda s: s.smooth(per=0.0001, max_lag=3600), ["a b ", "c"], ["a ", "b ", "c"])
        await check_operator(lambda s: s.smooth(), list[str](), list[str]())

    def test_words(self) -> None:
        """
        A lump is given word by word, each with the space behind it, at a steady pace.
        """
        seen = smoothed("one two  three\n", "four")
        assert seen == [(0, "one "), (0.02, "two  "), (0.04, "three\n"), (0.06, "four")]

    def test_lines(self) -> None:
        """
        Line by line, each with its end.
        """
        assert smoothed("a b\n\nc", " d\n", by="line", per=1, max_lag=9) == [(0, "a b\n"), (1, "\n"), (2, "c d\n")]

    def test_characters(self) -> None:
        """
        Character by character.
        """
        assert smoothed("a\n", "b", by="char", per=1, max_lag=9) == [(0, "a"), (1, "\n"), (2, "b")]

    def test_callable(self) -> None:
        """
        By the pieces that a function finds.
        """

        def sentence(so_far: str) -> str | None:
            found = re.match(r"[^.]*\.", so_far)
            return found and found.group()

        assert smoothed("A b", " C", by=str, per=1, max_lag=9) == [(0, "A b"), (1, " C")]
        assert smoothed("A b. C", " d. E", by=sentence, per=1, max_lag=9) == [(0, "A b."), (1, " C d."), (2, " E")]

    def test_slow_source(self) -> None:
        """
        What comes slower than the pace passes as it comes, pieces that are whole at once.
        """
        assert smoothed("a ", 1, "b ", 1, "c ") == [(0, "a "), (1, "b "), (2, "c ")]

    def test_part_of_a_word(self) -> None:
        """
        A word that is not whole waits for its rest, for so long only.
        """
        assert smoothed("hel", 0.1, "lo wor", 1, "ld") == [(0.1, "hello "), (0.5, "wor"), (1.1, "ld")]

    def test_catches_up(self) -> None:
        """
        Where more comes than the pace gives in time, each step gives more: the lump is out when it is due.
        """
        seen = smoothed("w " * 100)
        assert all(round(later - earlier, 6) == PER for (earlier, _), (later, _) in pairwise(seen))
        assert "".join(piece for _, piece in seen) == "w " * 100
        assert LAG - 2 * PER <= seen[-1][0] <= LAG
        sizes = [len(piece) for _, piece in seen]
        assert max(sizes) - min(sizes[:-1]) <= 4

    def test_no_lag(self) -> None:
        """
        With no lag allowed everything passes at once.
        """
        assert smoothed("one two", 1, " three", max_lag=0) == [(0, "one "), (0, "two"), (1, " three")]

    def test_slow_consumer(self) -> None:
        """
        What is due while the consumer is busy comes at its next pull.
        """
        seen = watch(lambda s: s.smooth(), script("a b c d "), [5]).items
        assert seen == [(0, "a "), (5, "b c d ")]

    def test_long_word(self) -> None:
        """
        Text without an end of its piece is not kept without bound.
        """
        seen = smoothed("x" * 1001, "y" * 10, max_lag=5)
        assert seen == [(0, "x" * 1001), (0.02, "y" * 10)]

    def test_reads_ahead_within_bounds(self) -> None:
        """
        A source that is always ready is read ahead so far, and no farther.
        """
        probe = Probe(["a "] * 5000)

        async def main() -> None:
            async with JaypieStream(probe).smooth(per=1, max_lag=10_000).open() as items:
                for _ in range(3):
                    assert await anext(items) == "a "
                await asyncio.sleep(100)
                assert 1000 <= probe.reads <= 1004

        run_virtually(main())
        probe.assert_released()


class TestSmoothChunks:
    """
    Streams of chunks.
    """

    def test_chunks(self) -> None:
        """
        Text chunks are cut, and keep their other fields; others pass in their place, after the text before them.
        """
        tool = {"type": "tool_call"}
        seen = smoothed(text("a b", id=1), tool, text("c d ", id=2), {"type": "done"}, per=1, max_lag=9)
        assert seen == [
            (0, text("a ", id=1)),
            (1, text("b", id=1)),
            (1, tool),
            (2, text("c ", id=2)),
            (3, text("d ", id=2)),
            (3, {"type": "done"}),
        ]

    def test_joined(self) -> None:
        """
        Text is put together across chunks that differ in nothing else, and not across others.
        """
        seen = smoothed(
            text("a", id=1), text("b ", id=1), text("c", id=1), text("d ", id=2), "e", "f", per=1, max_lag=9
        )
        expected = [text("ab ", id=1), text("c", id=1), text("d ", id=2), "ef"]
        assert [item for _, item in seen] == expected

    def test_joined_when_late(self) -> None:
        """
        Where it catches up, pieces of different chunks stay apart.
        """
        seen = smoothed(text("a b ", id=1), text("c d ", id=2), {"n": 1}, "e f", max_lag=0, per=1)
        assert [item for _, item in seen] == [text("a b ", id=1), text("c d ", id=2), {"n": 1}, "e ", "f"]

    def test_objects(self) -> None:
        """
        Objects with the same fields are copied.
        """

        @dataclass
        class Chunk:
            content: str
            type: str = "text"

        class Frozen(NamedTuple):
            n: int

        source = Chunk("a b ")
        seen = smoothed(source, Frozen(1), per=1, max_lag=9)
        assert [item for _, item in seen] == [Chunk("a "), Chunk("b "), Frozen(1)]
        assert source.content == "a b "

    def test_models(self) -> None:
        """
        So are pydantic models, frozen ones too.
        """

        class Model(BaseModel, frozen=True):
            type: str = "text"
            content: str

        seen = smoothed(Model(content="a b "), per=1, max_lag=9)
        assert [item for _, item in seen] == [Model(content="a "), Model(content="b ")]

    def test_empty_text(self) -> None:
        """
        Text that is empty is dropped, but for what else its chunk says.
        """
        assert smoothed("", "a ", "", per=1) == [(0, "a ")]
        chunks = [text("", id=1), text("a", id=1), text("", id=1), text("b ", id=1), text("", id=2)]
        seen = smoothed(*chunks, per=1, max_lag=9)
        assert [item for _, item in seen] == [text("", id=1), text("ab ", id=1), text("", id=2)]


class TestSmoothEnds:
    """
    The end, errors and cancellation.
    """

    def test_error(self) -> None:
        """
        Before an error everything that has come is given at once.
        """
        seen = watch(lambda s: s.smooth(), script("a b c", OSError("gone")))
        assert (seen.items, str(seen.error)) == ([(0, "a "), (0, "b "), (0, "c")], "gone")

    def test_bytes(self) -> None:
        """
        Bytes are refused, after the text before them.
        """
        seen = watch(lambda s: s.smooth(), script("a ", b"framed"))
        assert seen.values == ["a "]
        assert isinstance(seen.error, TypeError)
        assert "smooth() takes text and chunks, not bytes (b'framed')" in str(seen.error)

    def test_bad_piece(self) -> None:
        """
        A function that finds what is not there is refused.
        """
        for wrong in ("", "x", 5):
            by: Any = {"a ": wrong}.get
            with pytest.raises(ValueError, match=r"smooth\(by=\) gives the first piece of the text it is called with"):
                run_virtually(JaypieStream(["a "]).smooth(by).to_list())

    def test_cancellation(self) -> None:
        """
        A run that is cancelled at any await ends cancelled, with its source closed.
        """
        probes: list[Probe[str]] = []

        async def run() -> None:
            probes.append(Probe(["a b", "c d"], before=lambda _: pause(), on_close=pause))
            await JaypieStream(probes[-1]).smooth().drain()

        async def main() -> None:
            for way in ("native", "scope", "twice"):
                assert await cancel_at_every_await(run, way) > 2

        run_virtually(main())
        assert all(probe.opens == probe.closes for probe in probes)

    def test_bad_argument(self) -> None:
        """
        Arguments are checked where the pipeline is written.
        """

        async def later(so_far: str) -> str:
            return so_far

        stream: JaypieStream[Any] = JaypieStream(["a"])
        for wrong in ("words", ""):
            by: Any = wrong
            with pytest.raises(
                ValueError, match=f'smooth\\(by=\\) is "word", "char", "line" or a callable, not {wrong!r}'
            ):
                stream.smooth(by)
        for wrong_type in (5, later):
            by = wrong_type
            with pytest.raises(TypeError, match=r"smooth\(by=\).* expects a .*callable"):
                stream.smooth(by)
        with pytest.raises(ValueError, match=r"smooth\(per=\) must be above 0 seconds, not 0"):
            stream.smooth(per=0)
        with pytest.raises(ValueError, match=r"smooth\(max_lag=\) must be at least 0 seconds, not -1"):
            stream.smooth(max_lag=-1)


class TestSmoothLaws:
    """
    What holds for every text and every timing.
    """

    @given(
        st.lists(st.tuples(st.sampled_from([0, 0.001, 0.03, 0.5]), st.text("ab \n", max_size=30)), max_size=12),
        st.sampled_from(["word", "char", "line"]),
        st.sampled_from([0.01, 0.02, 0.3]),
        st.sampled_from([0, 0.05, 0.4]),
    )
    def test_nothing_lost_nothing_late(
        self, parts: list[tuple[float, str]], by: Any, per: float, max_lag: float
    ) -> None:
        """
        Joined, the output is the input; each character comes after its arrival, by no more than the lag; steps are a
        pace apart, but for what is due.
        """
        arrived: list[float] = []
        now = 0.0
        for gap, piece in parts:
            now += gap
            arrived += [now] * len(piece)
        source: list[Any] = [each for part in parts for each in part]
        seen = smoothed(*source, by=by, per=per, max_lag=max_lag)
        assert "".join(piece for _, piece in seen) == "".join(piece for _, piece in parts)
        given: list[float] = []
        for at, piece in seen:
            given += [at] * len(piece)
        for came, went in zip(arrived, given, strict=True):
            assert came - 1e-5 <= went <= came + max_lag + 1e-5

    @given(st.lists(st.text("ab ", min_size=1, max_size=6), max_size=8), st.integers(0, 20))
    def test_cut(self, pieces: list[str], at: int) -> None:
        """
        However text that is there at once is cut, joined it is the same, as strings and as chunks.
        """
        whole = "".join(pieces)
        for cut in (pieces, [whole[:at], whole[at:]]):
            assert "".join(item for _, item in smoothed(*cut)) == whole
            assert "".join(item["content"] for _, item in smoothed(*map(text, cut)) if item["content"]) == whole
