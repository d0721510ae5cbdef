"""
Every public operator, terminal and sink goes through the laws that concern it, with arguments drawn by strategies.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import check_sink, check_terminal, laws
from jaystream.testing.strategies import (
    ENTRIES,
    Pipeline,
    Step,
    arguments,
    byte_cuts,
    chunks,
    items,
    pipelines,
    sources,
    sse_bodies,
    text_cuts,
    weigh,
)

Sink = Callable[..., Coroutine[Any, Any, Any]]

TERMINALS: dict[str, Callable[[JaypieStream[Any]], Coroutine[Any, Any, Any]]] = {
    "to_list": lambda s: s.to_list(),
    "reduce": lambda s: s.reduce(lambda total, x: x, 0),
    "count": lambda s: s.count(),
    "last": lambda s: s.last(),
    "for_each": lambda s: s.for_each(weigh),
    "drain": lambda s: s.drain(),
    "tee": lambda s: s.tee(JaypieStream[Any].drain, JaypieStream[Any].count),
}
"""
What reads the whole stream.
"""

SINKS: dict[str, tuple[Any, Sink]] = {
    "to_asgi": ("asgi", JaypieStream[Any].to_asgi),
    "to_lambda": ("lambda", JaypieStream[Any].to_lambda),
    "to_file": ("file", partial(JaypieStream[Any].to_file, atomic=True)),
}
"""
What writes to a peer, and that peer's kind.
"""

OPERATORS_ELSEWHERE = {"borrow": "leaves its source open, other than all others; held to that in its own test"}
SINKS_ELSEWHERE = {
    "first": "reads one item; held to the contracts in TestFirst",
    "to_response": "makes a response, which runs through to_asgi; held to it in tests/sinks/test_response.py",
}
"""
What goes through the laws in another way.
"""


def public(room: str) -> list[str]:
    """
    The stream's public methods, and operators of Python, that a room defines.
    """
    found: list[str] = []
    for name in dir(JaypieStream):
        member = inspect.getattr_static(JaypieStream, name)
        ours = inspect.isfunction(member) and member.__module__.startswith(f"jaystream.{room}")
        if ours and (not name.startswith("_") or name in {"__add__", "__getitem__"}):
            found.append(name)
    return found


class TestRegistry:
    """
    Nothing public is left out.
    """

    def test_every_operator(self) -> None:
        """
        Each operator has a strategy for its arguments, and there is none for what is no operator.
        """
        assert sorted([*ENTRIES, *OPERATORS_ELSEWHERE]) == sorted(public("operators"))

    def test_every_sink(self) -> None:
        """
        Each terminal and each sink goes through the laws.
        """
        assert sorted([*TERMINALS, *SINKS, *SINKS_ELSEWHERE]) == sorted(public("sinks") + public("integrations"))


@st.composite
def steps_over_items(draw: st.DrawFn, name: str) -> tuple[Step, list[Any]]:
    """
    An operator with arguments, and what it is given.
    """
    return draw(arguments(name)), draw(ENTRIES[name].items)


any_operator = pytest.mark.parametrize("name", sorted(ENTRIES))
few = settings(max_examples=12)
# stepping through every await takes a while
fewer = settings(max_examples=4)


class TestOperators:
    """
    The laws that every operator keeps.
    """

    @any_operator
    @given(data=st.data())
    @few
    async def test_model(self, name: str, data: st.DataObject) -> None:
        """
        L1: it gives what its model gives, from every kind of source.
        """
        step, given_items = data.draw(steps_over_items(name))
        await laws.gives_what_its_model_gives(step.operate, given_items, step.model(given_items))
        await laws.runs_again_over_what_can(step.operate, given_items, step.model(given_items))

    @any_operator
    @given(data=st.data())
    @few
    async def test_demand(self, name: str, data: st.DataObject) -> None:
        """
        L16, L17: building reads nothing, and running reads what it needs.
        """
        step, given_items = data.draw(steps_over_items(name))
        await laws.building_reads_nothing(step.operate, given_items)
        assume(len(set(map(repr, given_items))) == len(given_items))
        await laws.reads_what_it_needs(step.operate, given_items, step.model, so_far=step.so_far, ahead=step.ahead)

    @any_operator
    @given(data=st.data())
    @fewer
    async def test_closing(self, name: str, data: st.DataObject) -> None:
        """
        L18, L19: it closes its source on every way out, once.
        """
        step, given_items = data.draw(steps_over_items(name))
        expected = step.model(given_items)
        await laws.closes_on_every_way_out(step.operate, given_items, expected)
        await laws.closing_again_is_harmless(step.operate, given_items, expected)
        await laws.closing_during_a_pull_is_refused(step.operate, given_items)
        if step.sources is not None:
            await laws.closes_last_opened_first(step.sources)

    @any_operator
    @given(data=st.data())
    @fewer
    async def test_cancellation(self, name: str, data: st.DataObject) -> None:
        """
        L20: a run that is cancelled at any await ends cancelled.
        """
        step, given_items = data.draw(steps_over_items(name))
        # of a body the beginning alone may be none
        whole = not ENTRIES[name].takes_anything
        await laws.cancelled_runs_end_cancelled(step.operate, given_items if whole else given_items[:3])

    # those that are left out fail over an input without end, or end at once
    @pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"dematerialize", "limit", "parse_ndjson"}))
    @given(data=st.data())
    @fewer
    async def test_turns(self, name: str, data: st.DataObject) -> None:
        """
        L21: the event loop gets its turns.
        """
        step, given_items = data.draw(steps_over_items(name))
        assume(given_items)
        await laws.lets_others_run(step.operate, given_items)

    @any_operator
    @given(data=st.data())
    @few
    async def test_errors(self, name: str, data: st.DataObject) -> None:
        """
        L22: an error of the source comes once, after the items before it.
        """
        step, given_items = data.draw(steps_over_items(name))
        if step.passes_errors:
            await laws.fails_once_after_the_items_before(step.operate, given_items, step.before_error(given_items))

    @any_operator
    @given(data=st.data())
    @few
    async def test_functions(self, name: str, data: st.DataObject) -> None:
        """
        L3, L22: sync and async functions do the same, and their errors end the run.
        """
        step, given_items = data.draw(steps_over_items(name))
        if step.operate_with is not None and step.f is not None:
            waits = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
            await laws.takes_async_functions(step.operate_with, step.f, given_items, waits)
            await laws.failing_callbacks_end_the_run(step.operate_with, step.f, given_items)


class TestPipelines:
    """
    Several operators, one after the other.
    """

    @given(pipelines(), items())
    async def test_model(self, pipeline: Pipeline, given_items: list[int]) -> None:
        """
        L1, L2: a whole pipeline gives what its model gives, and fused the same as apart.
        """
        assert pipeline.model(given_items) == await pipeline.operate(JaypieStream(given_items)).to_list()
        await laws.fuses_faithfully([step.operate for step in pipeline.steps], given_items)

    @given(pipelines(), sources())
    async def test_sources(self, pipeline: Pipeline, source: tuple[Any, list[int]]) -> None:
        """
        L1: from any kind of source.
        """
        assert pipeline.model(source[1]) == await pipeline.operate(JaypieStream(source[0])).to_list()

    @given(pipelines(max_size=4), items(max_size=3))
    @settings(max_examples=8)
    async def test_running(self, pipeline: Pipeline, given_items: list[int]) -> None:
        """
        L18, L20: it closes its source on every way out, and stays cancelled.
        """
        await laws.closes_on_every_way_out(pipeline.operate, given_items, pipeline.model(given_items))
        await laws.cancelled_runs_end_cancelled(pipeline.operate, given_items[:2])


small = st.integers(0, 6)


class TestAlgebra:
    """
    The equations between operators.
    """

    @given(items(), small, small)
    async def test_map_and_flat_map(self, given_items: list[int], a: int, b: int) -> None:
        """
        L4, L5.
        """
        await laws.map_keeps_identity(given_items)
        await laws.map_composes(given_items, lambda x: x * 2 + a, lambda x: x - b)
        await laws.flat_map_is_a_monad(given_items, lambda x: [x] * (x % 3), lambda x: [x + a] * (x % 2))

    @given(items(), items(), items())
    async def test_concat(self, one: list[int], two: list[int], three: list[int]) -> None:
        """
        L6.
        """
        await laws.concat_with_nothing_is_identity(one)
        await laws.concat_is_associative(one, two, three)

    @given(items(), small, small)
    async def test_take_and_skip(self, given_items: list[int], m: int, n: int) -> None:
        """
        L7.
        """
        await laws.takes_nest(given_items, m, n)
        await laws.take_and_skip_are_the_whole(given_items, n)

    @given(items(), st.integers(1, 7))
    async def test_scan_and_chunk(self, given_items: list[int], size: int) -> None:
        """
        L9, L10.
        """
        await laws.scan_ends_as_the_fold(given_items, lambda total, x: total * 2 + x, size)
        await laws.chunks_flatten_to_the_items(given_items, size)

    @given(items(max_size=4), small)
    async def test_catch(self, given_items: list[int], at: int) -> None:
        """
        L22.
        """
        await laws.catch_sees_what_is_above(given_items, at)


def decoding(errors: Any) -> Callable[[JaypieStream[Any]], JaypieStream[str]]:
    """
    `decode_utf8` with its argument.
    """
    return lambda stream: stream.decode_utf8(errors)


def cut_text(draw: Callable[[Any], Any], text: str) -> list[Sequence[Any]]:
    """
    *text* cut in every single place, and at random.
    """
    return [*laws.every_single_cut(text), draw(text_cuts(text))]


class TestWire:
    """
    Formats and parsers.
    """

    @given(st.text("ab\r\n\u00e9\u2028-", max_size=12), st.data())
    async def test_text(self, text: str, data: st.DataObject) -> None:
        """
        L11: lines and pieces are the same however the text is cut, and so are the lines of bytes.
        """
        await laws.ignores_how_it_is_cut(lambda s: s.lines(), text, cut_text(data.draw, text))
        await laws.ignores_how_it_is_cut(lambda s: s.split("--"), text, cut_text(data.draw, text))
        raw = text.encode()
        await laws.ignores_how_it_is_cut(lambda s: s.lines(), raw, laws.every_single_cut(raw))

    @given(st.binary(max_size=12), st.data())
    async def test_characters(self, raw: bytes, data: st.DataObject) -> None:
        """
        L11: so are characters, bytes that are none included.
        """
        for errors in ("strict", "replace"):
            cuts = [*laws.every_single_cut(raw), data.draw(byte_cuts(raw))]
            await laws.ignores_how_it_is_cut(decoding(errors), raw, cuts, joined=True)

    @given(sse_bodies() | st.text("dat: id\r\n\u00e9\ufeff", max_size=24).map(str.encode), st.data())
    async def test_events(self, body: bytes, data: st.DataObject) -> None:
        """
        L11: so are events.
        """
        cuts = [*laws.every_single_cut(body), data.draw(byte_cuts(body))]
        await laws.ignores_how_it_is_cut(lambda s: s.parse_sse(), body, cuts)

    @given(st.text('1[]{"a":},\r\n ', max_size=16).map(str.encode), st.data())
    async def test_values(self, body: bytes, data: st.DataObject) -> None:
        """
        L11: so are values in lines, and the errors of what is none.
        """
        cuts = [*laws.every_single_cut(body), data.draw(byte_cuts(body))]
        await laws.ignores_how_it_is_cut(lambda s: s.parse_ndjson(), body, cuts)

    @given(st.lists(chunks(), max_size=4), st.data())
    async def test_ndjson_round_trip(self, given_items: list[Any], data: st.DataObject) -> None:
        """
        L12: what was written as NDJSON is read as it was.
        """
        wrapped = [{"value": item} for item in given_items]
        await laws.parses_what_it_formats(
            lambda s: s.format_ndjson(),
            lambda s: s.parse_ndjson(),
            wrapped,
            wrapped,
            lambda wire: data.draw(byte_cuts(wire)),
        )

    @given(st.lists(st.text("a :\r\n\u00e9\x00\ufeff\u2028", min_size=1, max_size=6), max_size=4), st.data())
    async def test_sse_round_trip(self, given_items: list[str], data: st.DataObject) -> None:
        """
        L12: text that was framed as events is read as it was, its line ends as LF.
        """
        expected = [item.replace("\r\n", "\n").replace("\r", "\n") for item in given_items]
        await laws.parses_what_it_formats(
            lambda s: s.format_sse(),
            lambda s: s.parse_sse().map(lambda event: event.data),
            given_items,
            expected,
            lambda wire: data.draw(byte_cuts(wire)),
        )


@pytest.fixture
def quiet() -> Iterator[None]:
    """
    Keep the failures that are planted here out of the log.
    """
    logger = logging.getLogger("jaystream")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


class TestSinks:
    """
    The other end.
    """

    @pytest.mark.parametrize("name", sorted(TERMINALS))
    async def test_terminals(self, name: str) -> None:
        """
        L18, L20, L22 for what reads the whole stream.
        """
        await check_terminal(TERMINALS[name], [1, 2, 3])

    @pytest.mark.parametrize("name", sorted(SINKS))
    @pytest.mark.usefixtures("quiet")
    async def test_sinks(self, name: str) -> None:
        """
        L18, L20, L22 and L31, L32 or L33 for what has a peer.
        """
        peer, sink = SINKS[name]
        await check_sink(sink, peer=peer)
