"""
The strategies: what they draw is what they say, and users can add to them.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import laws
from jaystream.testing.strategies import (
    ENTRIES,
    Pipeline,
    Step,
    arguments,
    byte_cuts,
    callables,
    items,
    pipelines,
    register,
    sources,
    text_cuts,
    weigh,
)


def one_more(number: int) -> int:
    """
    A function.
    """
    return number + 1


class TestCuts:
    """
    Cuts of bytes and of text.
    """

    @given(st.binary(max_size=20).flatmap(lambda data: st.tuples(st.just(data), byte_cuts(data))))
    def test_bytes(self, drawn: tuple[bytes, list[bytes]]) -> None:
        """
        Joined they are the whole.
        """
        assert drawn[0] == b"".join(drawn[1])

    @given(st.text(max_size=20).flatmap(lambda text: st.tuples(st.just(text), text_cuts(text))))
    def test_text(self, drawn: tuple[str, list[str]]) -> None:
        """
        So are those of text.
        """
        assert drawn[0] == "".join(drawn[1])

    def test_every_kind(self) -> None:
        """
        There are single ones, empty ones, and the whole.
        """
        for wanted in (["a", "b", "c"], ["abc"], ["", "abc"], ["ab", "", "c"]):
            assert wanted == find(text_cuts("abc"), wanted.__eq__)


class TestSources:
    """
    Sources of every kind.
    """

    @given(sources(items(st.text(max_size=2))))
    async def test_items(self, source: tuple[Any, list[str]]) -> None:
        """
        They give the list that is drawn with them.
        """
        assert source[1] == await JaypieStream[str](source[0]).to_list()


class TestCallables:
    """
    Functions with random waits.
    """

    @given(callables(one_more), items())
    async def test_same(self, f: Callable[[int], Any], given_items: list[int]) -> None:
        """
        They do the same, sync or async.
        """
        assert [n + 1 for n in given_items] == await JaypieStream(given_items).map(f).to_list()

    def test_both(self) -> None:
        """
        Both kinds are drawn.
        """
        assert inspect.iscoroutinefunction(find(callables(one_more), inspect.iscoroutinefunction))
        assert one_more is find(callables(one_more), lambda f: f is one_more)


class TestRegistry:
    """
    Operators with their arguments.
    """

    def test_unknown(self) -> None:
        """
        A name that is not there is refused, with those that are.
        """
        with pytest.raises(KeyError, match=r"no strategy for 'nothing'; there are .*chunk, .*concat"):
            arguments("nothing")

    def test_own_operator(self) -> None:
        """
        A user's operator is drawn into pipelines once it is registered, and can be left out.
        """
        step = Step("negated", lambda s: s.map(lambda x: -x), lambda xs: [-x for x in xs])
        register("negated", st.just(step))
        try:
            assert step in find(pipelines(), lambda pipeline: step in pipeline.steps).steps
            assert [-1, -2] == Pipeline((step,)).model([1, 2])
            assert "negated" == repr(step)
        finally:
            del ENTRIES["negated"]

    @given(pipelines(max_size=3, without=["take"]))
    def test_without(self, pipeline: Pipeline) -> None:
        """
        A name that was left out is not drawn.
        """
        assert [] == [step for step in pipeline.steps if step.label.startswith("take(")]


class TestModels:
    """
    The operators with the same on lists.
    """

    @pytest.mark.parametrize("name", sorted(ENTRIES))
    @given(data=st.data())
    async def test_every_operator(self, name: str, data: st.DataObject) -> None:
        """
        What a step says comes of its items does, before an error of its own, of the source, and without one.
        """
        step, given_items = data.draw(arguments(name)), data.draw(ENTRIES[name].items)
        expected = list(step.model(given_items))
        assert expected == await step.caught().operate(JaypieStream(given_items)).to_list()
        if step.f is not None and step.operate_with is not None:
            assert expected == await step.operate_with(step.f)(JaypieStream(given_items)).to_list()
        if step.sources is not None:
            await laws.closes_last_opened_first(step.caught().sources or step.sources)
        if step.passes_errors:
            await laws.fails_once_after_the_items_before(
                step.caught().operate, given_items, step.before_error(given_items)
            )
        if step.error is not None and step.fails(given_items):
            await laws.fails_as_its_model_fails(step.operate, given_items, expected, step.error)

    def test_weigh(self) -> None:
        """
        Any item has a weight, equal ones the same.
        """
        for one, other in ((1, True), ("ab", b"ab"), ((1, ["a"]), [1, ("a",)]), ({"a": 1}, {"a": 1}), (None, None)):
            assert weigh(one) == weigh(other)
        assert weigh((1, 5)) != weigh((5, 1))

    def test_own_errors(self) -> None:
        """
        Arguments that make an operator fail are among those drawn.
        """
        for name in ("dematerialize", "limit", "parse_ndjson", "zip"):
            step, given_items = find(
                st.tuples(arguments(name), ENTRIES[name].items), lambda drawn: drawn[0].fails(drawn[1])
            )
            assert step.error is not None
            assert step.fails(given_items)
            assert step.caught().error is None

    def test_function_of_one_that_fails(self) -> None:
        """
        A step with a function and an error of its own is caught with any function.
        """

        def wrong(_: int) -> int:
            raise ArithmeticError

        step = Step.calling(
            "map(wrong)", lambda f: lambda s: s.map(f), wrong, lambda _: [], error=ArithmeticError, fails=bool
        )
        assert step.fails([1])
        caught = step.caught()
        assert "map(wrong).catch(ArithmeticError, [])" == repr(caught)
        assert caught.f is wrong
        assert caught.operate_with is not None

    @given(pipelines(), items())
    async def test_pipelines(self, pipeline: Pipeline, given_items: list[int]) -> None:
        """
        A whole pipeline gives what its model gives.
        """
        assert pipeline.model(given_items) == await pipeline.operate(JaypieStream(given_items)).to_list()


class TestMissing:
    """
    Hypothesis is an extra.
    """

    def test_names_the_extra(self) -> None:
        """
        Without it the import says how to get it, and the rest of the room is there.
        """
        code = "import sys; sys.modules['hypothesis'] = None; from jaystream.testing import laws, strategies"
        root = Path(__file__).resolve().parents[2]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        result = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=50
        )
        assert "install it with: pip install 'jaystream[testing]'" in result.stderr
