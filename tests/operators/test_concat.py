"""
`concat`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestConcat:
    """
    Streams behind one another.
    """

    async def test_goes_on_with_others(self) -> None:
        """
        The others follow in order, by method and by `+`.
        """
        await check_operator(lambda s: s.concat([8], (9,)), [1, 2], [1, 2, 8, 9], before_error=[1, 2], reads_ahead=0)
        await check_operator(lambda s: s + [9], [1], [1, 9], before_error=[1], reads_ahead=0)
        await check_operator(lambda s: s.concat(), [1, 2], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s + [7], list[int](), [7], before_error=list[int]())

    async def test_opened_when_needed(self) -> None:
        """
        Another source is opened when the one before it is closed, and never after an error.
        """
        first, second = Probe([1]), Probe([2])
        assert await JaypieStream(first).concat(second).take(1).to_list() == [1]
        assert second.events == []
        failing = Probe([1], fail_at=1, error=OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(failing).concat(second).drain()
        assert second.events == []

    async def test_closes_the_other(self) -> None:
        """
        Another source that is left early is closed.
        """
        second = Probe([2, 3])
        assert await JaypieStream([1]).concat(second).take(2).to_list() == [1, 2]
        second.assert_released()

    def test_bad_argument(self) -> None:
        """
        What is no source is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).concat(wrong)
