"""
The short form of `make fuzz`, and the fuzzer itself: it knows a fault when it sees one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, note, settings

from jaystream import JaypieStream
from tests.fuzz.case import CANCELLED, ENDS, Case, cases, check_all
from tests.fuzz.scripts import Script
from tests.fuzz.steps import Drawn, Put

if TYPE_CHECKING:
    from jaystream.testing import Witness

SOURCE = Script([1, 2, 3], [0.0], closing=1.0)


class TestFuzz:
    """
    Random pipelines, stopped in random ways.
    """

    @given(cases())
    @settings(max_examples=400)
    @pytest.mark.timeout(240)
    def test_short(self, case: Case) -> None:
        """
        Some hundred cases; `make fuzz` tries 20,000.
        """
        note(case.describe())
        check_all(case)


def drawn(label: str, put: Put, **known: Any) -> Drawn:
    """
    A step with a fault.
    """
    return Drawn(label, put, **known)


async def swallowing(stream: JaypieStream[Any]) -> list[Any]:
    """
    A sink that takes a cancellation for the end.
    """
    try:
        return await stream.to_list()
    except asyncio.CancelledError:
        return []


def leaking(stream: JaypieStream[Any], witness: Witness) -> JaypieStream[Any]:
    """
    Reads a source of its own, and never closes it.
    """
    probe = witness.source([1])

    async def read(x: Any) -> Any:
        await anext(probe, None)
        return x

    return stream.map(read)


class TestFaults:
    """
    What the fuzzer must notice.
    """

    def test_items(self) -> None:
        """
        Items that are not those of the model, in order or as a bag.
        """
        with pytest.raises(AssertionError, match="items: expected"):
            check_all(Case(SOURCE, [drawn("lost", lambda s, _: s.skip(1))]))
        with pytest.raises(AssertionError, match="in any order"):
            check_all(Case(SOURCE, [drawn("lost", lambda s, _: s.skip(1), knows="bag")]))
        with pytest.raises(AssertionError, match="the first 2 items"):
            check_all(Case(SOURCE, [drawn("lost", lambda s, _: s.skip(1))], way="take", at=2))

    def test_leak(self) -> None:
        """
        A source that stays open.
        """
        with pytest.raises(AssertionError, match="one finished closing"):
            check_all(Case(SOURCE, [drawn("leak", leaking)]))

    # a scope cancels again at the next await, so nobody can swallow it
    @pytest.mark.parametrize("way", sorted(way for way in CANCELLED if not way.startswith("scope")))
    def test_lost_cancellation(self, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A cancellation that is swallowed.
        """
        case = Case(Script([1, 2, 3], [1.0]), [], way=way, at=2)
        check_all(case)
        monkeypatch.setitem(ENDS, "terminal", swallowing)
        with pytest.raises(AssertionError, match=r"cancellation|cancelled|the timeout"):
            check_all(case)

    def test_own_error(self) -> None:
        """
        An error that nobody planned.
        """
        with pytest.raises(AssertionError, match="what nobody planned: ZeroDivisionError"):
            check_all(Case(SOURCE, [drawn("fails", lambda s, _: s.map(lambda x: x / 0))]))

    def test_stuck(self) -> None:
        """
        A run that never ends: one that waits for ever, one that runs for ever.
        """
        with pytest.raises(AssertionError, match="nothing is left that could wake the loop"):
            check_all(Case(SOURCE, [drawn("waits", lambda s, _: s.concat(JaypieStream.never()))]))
        with pytest.raises(AssertionError, match="still running after 20000 turns"):
            check_all(Case(SOURCE, [drawn("runs", lambda s, _: s.concat(JaypieStream[Any].tick(1)))]))
