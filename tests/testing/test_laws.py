"""
Every public operator goes through the laws that concern it, with arguments drawn by strategies. Sinks do in
test_laws_sinks.py, equations and cuts in test_laws_equations.py.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import laws
from jaystream.testing.strategies import ENTRIES, Pipeline, Step, arguments, items, pipelines, sources


def public_methods(room: str) -> list[str]:
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
        assert sorted(ENTRIES) == sorted(public_methods("operators"))

    def test_every_cut(self) -> None:
        """
        Each operator that is given a body in pieces says how it keeps L11; so does the bound that counts bytes.
        """
        expected: dict[str, str] = dict.fromkeys(("lines", "split"), "same")
        expected |= dict.fromkeys((name for name in ENTRIES if name.startswith("parse_")), "same")
        expected |= dict.fromkeys(("decode_utf8", "encode", "scan_tags", "smooth", "stop_at"), "joined")
        expected["limit"] = "counted"
        assert {name: entry.cut for name, entry in ENTRIES.items() if entry.cut} == expected

    def test_every_pipeline(self) -> None:
        """
        Random pipelines hold every operator but those of text and formats, which are given bodies and chunks.
        """
        apart = {name for name, entry in ENTRIES.items() if not entry.takes_anything}
        formats = {"json_deltas", "text", *(name for name in ENTRIES if name.startswith("format_"))}
        assert apart == formats | {name for name, entry in ENTRIES.items() if entry.cut in {"same", "joined"}}


@st.composite
def steps_over_items(draw: st.DrawFn, name: str) -> tuple[Step, list[Any]]:
    """
    An operator with arguments, and what it is given; where it may fail by itself, that is caught.
    """
    return draw(arguments(name)).caught(), draw(ENTRIES[name].items)


any_operator = pytest.mark.parametrize("name", sorted(ENTRIES))
few = settings(max_examples=20)
# stepping through every await takes a while
fewer = settings(max_examples=8)


class TestTable:
    """
    The table of laws in the reference.
    """

    def test_every_law(self) -> None:
        """
        Each law of the room is in it, and each number of this suite.
        """
        page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "testing.md").read_text()
        rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| Law |")]
        tools = {"PlantedError", "every_single_cut", "with_checkpoints"}
        assert sorted(set(laws.__all__) - tools) == sorted(
            name for name in laws.__all__ if any(f"`{name}`" in row for row in rows)
        )
        numbers = [*range(1, 30), *range(31, 35)]
        assert {f"L{number}" for number in numbers} == {row.split()[1] for row in rows} - {"Contract", "Time"}


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
        L16, L17: building reads nothing, and running reads what it needs; no scope is held while an item is out.
        """
        step, given_items = data.draw(steps_over_items(name))
        await laws.building_reads_nothing(step.operate, given_items)
        await laws.holds_no_scope_across_a_yield(step.operate, given_items)
        assume(len(set(map(repr, given_items))) == len(given_items))
        await laws.reads_what_it_needs(step.operate, given_items, step.model, so_far=step.so_far, ahead=step.ahead)

    @any_operator
    @given(data=st.data())
    @fewer
    async def test_closing(self, name: str, data: st.DataObject) -> None:
        """
        L18, L19: it closes its source on every way out, once.
        """
        drawn, given_items = data.draw(arguments(name)), data.draw(ENTRIES[name].items)
        step, expected = drawn.caught(), drawn.model(given_items)
        await laws.closes_on_every_way_out(step.operate, given_items, expected)
        await laws.closing_again_is_harmless(step.operate, given_items, expected)
        await laws.closing_during_a_pull_is_refused(step.operate, given_items)
        if step.passes_errors and not drawn.fails(given_items):
            await laws.closing_errors_are_told(step.operate, given_items)
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

    @any_operator
    @given(data=st.data())
    @fewer
    async def test_turns(self, name: str, data: st.DataObject) -> None:
        """
        L21: the event loop gets its turns.
        """
        step, given_items = data.draw(steps_over_items(name))
        assume(given_items)
        # a body is given again and again, so its last line has to end
        again = [*given_items, b"\n"] if name == "parse_ndjson" else given_items
        # and of JSON only blanks can be
        again = [" "] if name == "json_deltas" else again
        await laws.lets_others_run(step.operate, again)

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

    @pytest.mark.parametrize("name", ["dematerialize", "json_deltas", "limit", "parse_ndjson", "zip"])
    @given(data=st.data())
    async def test_own_errors(self, name: str, data: st.DataObject) -> None:
        """
        L1, L22: what fails by itself does so over the items that its model names, after the items before.
        """
        step, given_items = data.draw(arguments(name)), data.draw(ENTRIES[name].items)
        if step.error is not None and step.fails(given_items):
            await laws.fails_as_its_model_fails(step.operate, given_items, step.model(given_items), step.error)
        else:
            await laws.gives_what_its_model_gives(step.operate, given_items, step.model(given_items))

    @pytest.mark.parametrize("name", sorted(name for name, entry in ENTRIES.items() if entry.cut in {"same", "joined"}))
    @given(data=st.data())
    @few
    async def test_cuts(self, name: str, data: st.DataObject) -> None:
        """
        L11: what it gives, or fails with, is the same however the body is cut.
        """
        step, pieces = data.draw(arguments(name)), data.draw(ENTRIES[name].items)
        assume(pieces)
        whole = pieces[0][:0].join(pieces)
        cuts = [*laws.every_single_cut(whole), pieces]
        await laws.ignores_how_it_is_cut(step.operate, whole, cuts, joined=ENTRIES[name].cut == "joined")

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
