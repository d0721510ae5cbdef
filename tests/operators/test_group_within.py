"""
`group_within`. What it gives for any script is a law in test_laws_in_time.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator, run_virtually
from tests.operators.timed import Script, watch


class TestGroupWithin:
    """
    Groups by size or by time.
    """

    def test_by_time(self) -> None:
        """
        The time of a group begins with its first item; silence gives nothing.
        """
        seen = watch(lambda s: s.group_within(9, seconds=2), Script([5, 1, 0.5, 7, 1], last=0.5).probe())
        assert [(7.0, (0, 1, 2)), (15.0, (3, 4))] == seen.items

    def test_by_size(self) -> None:
        """
        A full group is given at once, and the time of the next begins with its own first item.
        """
        seen = watch(lambda s: s.group_within(2, seconds=5), Script([1, 1, 3, 9]).probe())
        assert [(2.0, (0, 1)), (10.0, (2,)), (14.0, (3,))] == seen.items

    async def test_contract(self) -> None:
        """
        Where time never counts it is `chunk`.
        """
        await check_operator(lambda s: s.group_within(2, seconds=60), [1, 2, 3], [(1, 2), (3,)])

    def test_fills_while_the_consumer_works(self) -> None:
        """
        The next group fills while the consumer works on the last, up to its size; what is old by then goes at once.
        """
        probe = Script([1] * 20).probe()

        async def main() -> list[Any]:
            async with JaypieStream(probe).group_within(3, seconds=2.5).open() as groups:
                first = await anext(groups)
                await asyncio.sleep(60)
                reads = probe.reads
                return [first, reads, await anext(groups), await anext(groups)]

        assert [(0, 1, 2), 6, (3, 4, 5), (6, 7, 8)] == run_virtually(main())
        old = watch(lambda s: s.group_within(3, seconds=2), Script([0, 1, 9]).probe(), (4,))
        assert [(2.0, (0, 1)), (10.0, (2,))] == old.items

    def test_weight(self) -> None:
        """
        With weights their sum has the limit; an item that is heavier by itself comes alone.
        """
        seen = watch(
            lambda s: s.group_within(4, seconds=60, weight=len), ["ab", "c", "de", "f", "g", "hijklm", "", "n", "opqr"]
        )
        assert [("ab", "c"), ("de", "f", "g"), ("hijklm",), ("", "n"), ("opqr",)] == seen.values

    def test_async_weight(self) -> None:
        """
        The weight may take its time.
        """

        async def weight(item: str) -> int:
            await asyncio.sleep(1)
            return len(item)

        seen = watch(lambda s: s.group_within(2, seconds=60, weight=weight), ["a", "b", "cd"])
        assert [(2.0, ("a", "b")), (3.0, ("cd",))] == seen.items

    @pytest.mark.parametrize(
        ("weight", "error", "message"),
        [
            (-1, ValueError, r"group_within\(weight=\) must give weights of at least 0, not -1"),
            (float("nan"), ValueError, "not nan"),
            (None, TypeError, r"group_within\(weight=\) must give numbers, not None"),
        ],
    )
    @pytest.mark.usefixtures("virtual_clock")
    async def test_bad_weights(self, weight: Any, error: type[Exception], message: str) -> None:
        """
        A weight that is none ends the run, after the items before it.
        """
        probe = Probe([1, 2])
        got: list[Any] = []
        with pytest.raises(error, match=message):
            stream = JaypieStream(probe).group_within(5, seconds=60, weight=lambda x: 1 if x == 1 else weight)
            await stream.for_each(got.append)
        probe.assert_released()
        assert got == [(1,)]

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"size": 0, "seconds": 1}, ValueError, r"group_within\(size=\) must be at least 1, not 0"),
            ({"size": 1, "seconds": 0}, ValueError, r"group_within\(seconds=\) must be above 0 seconds, not 0"),
            ({"size": "1", "seconds": 1}, TypeError, r"group_within\(size=\) expects a whole number, not '1'"),
            ({"size": 1, "seconds": 1, "weight": 3}, TypeError, r"group_within\(\) expects a callable"),
        ],
    )
    def test_bad_arguments(self, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
        """
        Arguments that mean nothing are refused at the call.
        """
        with pytest.raises(error, match=message):
            JaypieStream([1]).group_within(**arguments)
