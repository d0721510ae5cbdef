"""
`dematerialize`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import End, Failure, Item, JaypieStream
from jaystream.testing import Probe, check_operator


class TestDematerialize:
    """
    Notes back to a stream.
    """

    async def test_undoes_materialize(self) -> None:
        """
        With `materialize` above it nothing is changed: items, error, demand and closing.
        """
        await check_operator(lambda s: s.materialize().dematerialize(), [1, 2, 3], [1, 2, 3], reads_ahead=0)

    @given(st.lists(st.integers(), max_size=6), st.none() | st.integers(0, 6))
    async def test_law(self, items: list[int], fail_at: int | None) -> None:
        """
        Any stream comes back as it was, with the very error.
        """
        error = ArithmeticError("planted")
        at = None if fail_at is None else min(fail_at, len(items))
        got: list[int] = []
        failure: Exception | None = None
        probe = Probe(items) if at is None else Probe(items, fail_at=at, error=error)
        try:
            await JaypieStream(probe).materialize().dematerialize().for_each(got.append)
        except ArithmeticError as caught:
            failure = caught
        assert got == items[:at]
        assert failure is (None if at is None else error)

    async def test_end_note(self) -> None:
        """
        The stream ends at the note, and reads nothing behind it; without one it ends with its source.
        """
        probe: Probe[Item[int] | Failure | End] = Probe([Item(1), End(), Item(2)])
        assert await JaypieStream(probe).dematerialize().on_end([9]).to_list() == [1, 9]
        assert probe.reads == 2
        probe.assert_released()
        assert await JaypieStream([Item(1), Item(2)]).dematerialize().to_list() == [1, 2]

    async def test_error_note(self) -> None:
        """
        The error is raised after the items before it, and nothing behind the note is read.
        """
        error = ArithmeticError("planted")
        probe: Probe[Item[int] | Failure | End] = Probe([Item(1), Failure(error), Item(2)])
        got: list[Any] = []
        with pytest.raises(ArithmeticError) as caught:
            await JaypieStream(probe).dematerialize().chunk(5).for_each(got.append)
        assert caught.value is error
        assert got == [(1,)]
        assert probe.reads == 2
        probe.assert_released()

    async def test_no_note(self) -> None:
        """
        Anything else is refused, with the value in the message.
        """
        stream: Any = JaypieStream([Item(1), 2])
        with pytest.raises(TypeError, match=r"dematerialize\(\) expects Item, Failure and End, .*, not 2"):
            await stream.dematerialize().to_list()
