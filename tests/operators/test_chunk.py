"""
`chunk`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestChunk:
    """
    Tuples of a size.
    """

    @pytest.mark.parametrize(
        ("size", "items", "expected"),
        [
            (2, [1, 2, 3], [(1, 2), (3,)]),
            (2, [1, 2, 3, 4], [(1, 2), (3, 4)]),
            (1, [1, 2], [(1,), (2,)]),
            (10, [1, 2], [(1, 2)]),
        ],
    )
    async def test_groups_items(self, size: int, items: list[int], expected: list[tuple[int, ...]]) -> None:
        """
        Items come in tuples of the size, the last one shorter.
        """
        await check_operator(lambda s: s.chunk(size), items, expected)

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out: no tuple is empty.
        """
        await check_operator(lambda s: s.chunk(2), list[int](), list[tuple[int, ...]]())

    async def test_demand(self) -> None:
        """
        It reads the items of the tuple that is asked for, and none more.
        """
        probe = Probe(range(9))
        assert await JaypieStream(probe).chunk(3).take(2).to_list() == [(0, 1, 2), (3, 4, 5)]
        assert probe.reads == 6

    async def test_held_items_before_an_error(self) -> None:
        """
        What it holds goes out before an error from above, not after one from below.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([1, 1, 0]).map(lambda n: 1 // n).chunk(3).for_each(got.append)
        assert got == [(1, 1)]
        names: dict[tuple[int, ...], str] = {}
        with pytest.raises(KeyError):
            await JaypieStream([1, 2, 3]).chunk(2).map(lambda pair: names[pair]).for_each(got.append)
        assert got == [(1, 1)]

    async def test_enough_below_before_the_error(self) -> None:
        """
        An error behind the last item that is wanted below is not raised, though it has been met.
        """

        def rest() -> JaypieStream[tuple[int, ...]]:
            probes.append(Probe([1, 1], fail_at=2, error=OSError("behind")))
            return JaypieStream(probes[-1]).chunk(3)

        probes: list[Probe[int]] = []
        assert await rest().take(1).to_list() == [(1, 1)]
        assert await rest().take(1).chunk(2).on_end([()]).to_list() == [((1, 1),), ()]
        assert await rest().take_while(lambda _: False, inclusive=True).to_list() == [(1, 1)]
        assert await rest().take_while(lambda _: False).to_list() == []
        assert await rest().flat_map(lambda group: group).take(2).to_list() == [1, 1]
        assert await rest().zip().take(1).to_list() == [((1, 1),)]
        assert await rest().first() == (1, 1)
        async with rest().open() as groups:
            assert await anext(groups) == (1, 1)
        assert [3] * len(probes) == [probe.reads for probe in probes]
        for probe in probes:
            probe.assert_released()

    async def test_more_wanted_than_there_is_before_the_error(self) -> None:
        """
        Where the stages below want an item more, the error is raised, after what came before it.
        """

        def rest() -> JaypieStream[tuple[int, ...]]:
            return JaypieStream(Probe([1, 1], fail_at=2, error=OSError("behind"))).chunk(3)

        streams: list[JaypieStream[Any]] = [
            rest().take(2),
            rest().zip().take(2),
            rest().take_while(bool, inclusive=True),
            rest().flat_map(lambda group: group).skip(1).take(2),
        ]
        for stream in streams:
            got: list[Any] = []
            with pytest.raises(OSError, match="behind"):
                await stream.for_each(got.append)
            assert len(got) == 1

    async def test_end_below_and_an_error_below_that(self) -> None:
        """
        An error below the stage that ended the stream is not lost.
        """
        names: dict[tuple[int, ...], str] = {}
        for items in ([1], [1, 2, 3]):
            with pytest.raises(KeyError):
                await JaypieStream(items).chunk(2).take(1).map(lambda group: names[group]).chunk(2).to_list()

    def test_bad_argument(self) -> None:
        """
        A size below 1 is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"chunk\(size=\) must be at least 1, not 0"):
            JaypieStream([1]).chunk(0)
        wrong: Any = 2.0
        with pytest.raises(TypeError, match=r"chunk\(size=\) expects a whole number, not 2\.0"):
            JaypieStream([1]).chunk(wrong)
