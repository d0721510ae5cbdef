"""
`stop_at`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.formats import StopScanner
from jaystream.testing import Probe, check_operator
from jaystream.testing.strategies import text_cuts

TOOL = {"type": "tool_call"}


def text(content: str, **more: Any) -> dict[str, Any]:
    """
    A chunk of text.
    """
    return {"type": "text", "content": content, **more}


class TestStopAt:
    """
    The text before the first stop sequence.
    """

    async def test_contract(self) -> None:
        """
        What comes before the sequence is given; without one all is, also what is held when an error comes.
        """
        await check_operator(lambda s: s.stop_at("END"), ["a ", "bE", "Nc", "dEN"], ["a ", "b", "ENc", "d", "EN"])
        await check_operator(lambda s: s.stop_at("END"), list[str](), list[str]())
        assert await JaypieStream.of("a ", "bE", "ND", "c").stop_at("END").to_list() == ["a ", "b"]

    @given(
        st.text("ab<", max_size=14).flatmap(lambda whole: st.tuples(st.just(whole), text_cuts(whole))),
        st.lists(st.text("ab<", min_size=1, max_size=4), min_size=1, max_size=3),
    )
    async def test_any_cut(self, drawn: tuple[str, list[str]], sequences: list[str]) -> None:
        """
        However the text is cut it ends at the first place where `str.find` finds one of them.
        """
        whole, pieces = drawn
        places = [whole.find(sequence) for sequence in sequences]
        expected = whole[: min((place for place in places if place >= 0), default=len(whole))]
        got = await JaypieStream(pieces).stop_at(sequences).to_list()
        assert expected == "".join(got)
        assert all(got)

    async def test_closes(self) -> None:
        """
        The source is closed at the sequence, and nothing behind is read.
        """
        probe = Probe(["a", "EN", "D b", "never read"])
        assert await JaypieStream(probe).stop_at(["x", "END"]).to_list() == ["a"]
        assert probe.reads == 3
        probe.assert_released()

    async def test_gives_at_once(self) -> None:
        """
        Only what may be the beginning of a sequence waits.
        """
        probe = Probe(["abE", "c"])
        async with JaypieStream(probe).stop_at("END").open() as opened:
            assert await anext(opened) == "ab"
            assert probe.reads == 1

    async def test_chunks(self) -> None:
        """
        Chunks of text keep their other fields, other chunks pass in place, and what was held comes before them.
        """
        items = [text("a\n", id=1), TOOL, text("", id=1), text("b\n", id=1), text("\nc", id=1), TOOL]
        got = await JaypieStream(items).stop_at("\n\n").to_list()
        assert got == [text("a", id=1), text("\n", id=1), TOOL, text("b", id=1)]

    async def test_chunk_that_settles(self) -> None:
        """
        A sequence that lies within the beginning of another counts once that other is out of the question.
        """
        sequences = ["abcd", "bc"]
        assert await JaypieStream.of("ab", "c", "d").stop_at(sequences).to_list() == []
        assert await JaypieStream.of("ab", "c", "e").stop_at(sequences).to_list() == ["a"]
        assert await JaypieStream.of("ab", "c").stop_at(sequences).to_list() == ["a"]
        probe = Probe(["abc", TOOL, "d"])
        assert await JaypieStream[Any](probe).stop_at(sequences).to_list() == ["a"]
        assert probe.reads == 2

    async def test_with_others(self) -> None:
        """
        It ends what stands above it and lets what stands below have its end.
        """
        made = JaypieStream.of("a-", "b.", "c").stop_at(".").split("-").on_end(["!"])
        assert await made.to_list() == ["a", "b", "!"]
        assert await JaypieStream.of("a", "b<").lines().stop_at("<").stop_at("b").to_list() == ["a"]
        assert await JaypieStream.of("a", "b", "c.").stop_at(".").take(2).to_list() == ["a", "b"]

    async def test_bytes(self) -> None:
        """
        Bytes are refused, with what makes text of them.
        """
        stream: Any = JaypieStream.of(b"END")
        with pytest.raises(TypeError, match=r"stop_at\(\) takes text and chunks, not bytes .*\.decode_utf8\(\)"):
            await stream.stop_at("END").drain()

    @pytest.mark.parametrize(
        ("sequences", "error", "message"),
        [
            ("", ValueError, "a stop sequence must not be empty"),
            (["a", ""], ValueError, "a stop sequence must not be empty"),
            ([], ValueError, "a stop sequence must be at least one str"),
            ([1], TypeError, "a stop sequence must be str, got 1"),
            (5, TypeError, "expects one str or several, not 5"),
        ],
    )
    def test_bad_arguments(self, sequences: Any, error: type[Exception], message: str) -> None:
        """
        Each is refused where the pipeline is written.
        """
        with pytest.raises(error, match=message):
            JaypieStream(["a"]).stop_at(sequences)

    def test_scanner(self) -> None:
        """
        A scanner that has stopped gives nothing more.
        """
        scanner = StopScanner(["x"])
        assert "a" == scanner.feed("axb")
        assert scanner.stopped
        assert ["", "", ""] == [scanner.feed("c"), scanner.feed("x"), scanner.flush()]
