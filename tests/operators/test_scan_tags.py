"""
`scan_tags`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from jaystream import JaypieStream
from jaystream.formats import TagScanner
from jaystream.testing import Probe, check_operator
from jaystream.testing.strategies import text_cuts

THINK = ("<think>", "</think>")
TOOL = {"type": "tool_call"}


def text(content: str, **more: Any) -> dict[str, Any]:
    """
    A chunk of text.
    """
    return {"type": "text", "content": content, **more}


def thought(content: str, **more: Any) -> dict[str, Any]:
    """
    A chunk of reasoning.
    """
    return {"type": "reasoning", "content": content, **more}


@dataclass(frozen=True)
class Spoken:
    """
    A chunk as an object.
    """

    content: str
    voice: str
    type: Literal["text"] = "text"


class Model(BaseModel):
    """
    A chunk as a model.
    """

    type: Literal["text"] = "text"
    content: str


class TestScanTags:
    """
    Text between tags, told apart.
    """

    async def test_contract(self) -> None:
        """
        Text outside passes, text inside becomes reasoning, the tags are gone; what is held comes before an error.
        """
        items = ["Hm ", "<thi", "nk>a", "b</t", "hink>c<", "d<th"]
        expected = ["Hm ", thought("a"), thought("b"), "c", "<d", "<th"]
        await check_operator(lambda s: s.scan_tags(*THINK), items, expected)
        await check_operator(lambda s: s.scan_tags(*THINK), list[str](), [])

    @given(
        st.lists(st.sampled_from(["<think>", "</think>", "<", "</", "think>", "a", "b "]), max_size=9)
        .map("".join)
        .flatmap(lambda whole: st.tuples(st.just(whole), text_cuts(whole)))
    )
    async def test_any_cut(self, drawn: tuple[str, list[str]]) -> None:
        """
        Inside and outside are what a regular expression finds in the whole text, however it is cut.
        """
        whole, pieces = drawn
        between = re.compile(r"<think>(.*?)(?:</think>|\Z)")
        outside, inside = between.sub("", whole), "".join(between.findall(whole))
        got = await JaypieStream(pieces).scan_tags(*THINK).to_list()
        assert outside == "".join(item for item in got if isinstance(item, str))
        assert inside == "".join(item["content"] for item in got if not isinstance(item, str))
        assert all(got)

    async def test_drop(self) -> None:
        """
        With None nothing becomes of the text inside.
        """
        got = await JaypieStream.of("a<think>b", "c</think>", "d").scan_tags(*THINK, inside=None).to_list()
        assert got == ["a", "d"]

    async def test_own_type(self) -> None:
        """
        Chunks of any other type are made of it.
        """
        got = await JaypieStream.of("<q>b</q>").scan_tags("<q>", "</q>", inside="quote").to_list()
        assert got == [{"type": "quote", "content": "b"}]

    async def test_callable(self) -> None:
        """
        A callable, sync or async, makes anything of it; its error ends the stream after what came before.
        """

        async def count(inner: str) -> int:
            return len(inner)

        assert await JaypieStream.of("a<q>bc</q>").scan_tags("<q>", "</q>", inside=str.upper).to_list() == ["a", "BC"]
        assert await JaypieStream.of("a<q>bc</q>").scan_tags("<q>", "</q>", inside=count).to_list() == ["a", 2]
        got: list[Any] = []
        with pytest.raises(ValueError, match="invalid literal"):
            await JaypieStream.of("a<q>1</q>b<q>x</q>c").scan_tags("<q>", "</q>", inside=int).for_each(got.append)
        assert got == ["a", 1, "b"]

    async def test_several_pairs(self) -> None:
        """
        Each start has its own stop, and between them the others are text.
        """
        tags = {"<a>": "</a>", "{": "}"}
        got = await JaypieStream(list("1<a>2{3</a>4{5<a>}6}")).scan_tags(tags, inside=str.upper).to_list()
        assert "".join(got) == "12{345<A>6}"
        assert await JaypieStream.of("1<a>2{3</a>4{5<a>}6}").scan_tags(tags, inside=None).to_list() == ["1", "4", "6}"]

    async def test_one_behind_the_other(self) -> None:
        """
        Pairs that become different things are two operators: the second reads the text that is left.
        """
        made = JaypieStream.of("<t>a</t>b<q>c</q>").scan_tags("<t>", "</t>").scan_tags("<q>", "</q>", inside="quote")
        assert await made.to_list() == [thought("a"), "b", {"type": "quote", "content": "c"}]

    async def test_chunks(self) -> None:
        """
        Chunks of text keep their other fields, and other chunks pass in place, inside tags as well.
        """
        items: list[Any] = [
            text("a<thi", id=1),
            text("nk>b", id=1),
            TOOL,
            text("", id=1),
            text("c</think>d", id=1),
            TOOL,
        ]
        expected: list[Any] = [text("a", id=1), thought("b", id=1), TOOL, thought("c", id=1), text("d", id=1), TOOL]
        await check_operator(lambda s: s.scan_tags(*THINK), items, expected)

    async def test_chunk_within_a_tag(self) -> None:
        """
        Another chunk shows that what was held is no tag; an empty text shows nothing.
        """
        got = await JaypieStream([text("a<th", id=1), TOOL, text("ink>b")]).scan_tags(*THINK).to_list()
        assert got == [text("a", id=1), text("<th", id=1), TOOL, text("ink>b")]
        assert await JaypieStream[Any](["<th", text(""), "ink>b"]).scan_tags(*THINK).to_list() == [thought("b")]

    async def test_objects(self) -> None:
        """
        Objects with a type and a content are chunks too; what passes whole is the object itself.
        """
        whole = Spoken("whole", "alto")
        items: list[Any] = [Spoken("a<think>b</think>", "bass"), whole, Model(content="x<think>y")]
        got = await JaypieStream(items).scan_tags(*THINK).to_list()
        assert got == [Spoken("a", "bass"), thought("b"), whole, Model(content="x"), thought("y")]
        assert got[2] is whole

    async def test_no_read_ahead(self) -> None:
        """
        Text that cannot be a tag is given at once; half a tag needs one more item.
        """
        probe = Probe(["a", "b<", "c"])
        async with JaypieStream(probe).scan_tags(*THINK).open() as opened:
            assert [await anext(opened), await anext(opened)] == ["a", "b"]
            assert probe.reads == 2
            assert await anext(opened) == "<c"

    async def test_bytes(self) -> None:
        """
        Bytes are refused, with what makes text of them.
        """
        stream: Any = JaypieStream.of(b"<think>")
        with pytest.raises(TypeError, match=r"scan_tags\(\) takes text and chunks, not bytes .*\.decode_utf8\(\)"):
            await stream.scan_tags(*THINK).drain()

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            (("<a>",), TypeError, r"needs a stop for '<a>'"),
            (({"<a>": "b"}, "b"), TypeError, "or a mapping alone"),
            ((None, "b"), TypeError, "expects two str, or a mapping of start to stop, not None"),
            (("", "b"), ValueError, "a start tag must not be empty"),
            (("a", ""), ValueError, "a stop tag must not be empty"),
            (({1: "b"},), TypeError, "a start tag must be str, got 1"),
            (("a", 1), TypeError, "a stop tag must be str, got 1"),
            (({"<a": "b", "<ab": "b"},), ValueError, "'<a' would always hide '<ab'"),
        ],
    )
    def test_bad_arguments(self, arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
        """
        Each is refused where the pipeline is written.
        """
        with pytest.raises(error, match=message):
            JaypieStream(["a"]).scan_tags(*arguments)

    def test_bad_inside(self) -> None:
        """
        So are an *inside* that is neither, and a mapping of nothing.
        """
        with pytest.raises(ValueError, match="a start tag must be at least one str"):
            JaypieStream(["a"]).scan_tags({})
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"scan_tags\(inside=\)"):
            JaypieStream(["a"]).scan_tags(*THINK, inside=wrong)

    def test_scanner(self) -> None:
        """
        The scanner goes on after a flush, and refuses what is no mapping.
        """
        scanner = TagScanner({"<a>": "</a>"})
        assert [("x", False)] == scanner.feed("x<a>")
        assert [] == scanner.feed("</")
        assert [("</", True)] == scanner.flush()
        assert [("a>", True)] == scanner.feed("a></a>")
        assert [] == scanner.flush()
        wrong: Any = "<a>"
        with pytest.raises(TypeError, match="tags must be a mapping of start to stop, got '<a>'"):
            TagScanner(wrong)
