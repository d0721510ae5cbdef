"""
`skip`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


class TestSkip:
    """
    All but the first items.
    """

    async def test_leaves_out_the_first(self) -> None:
        """
        As many items as asked for are left out.
        """
        await check_operator(lambda s: s.skip(2), [1, 2, 3, 4], [3, 4], reads_ahead=2)
        await check_operator(lambda s: s.skip(0), [1, 2], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s.skip(5), [1, 2], list[int]())
        await check_operator(lambda s: s.skip(1), list[int](), list[int]())

    def test_bad_argument(self) -> None:
        """
        A negative number, and what is none, is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"skip\(size=\) must be at least 0, not -1"):
            JaypieStream([1]).skip(-1)
        for wrong in ("1", 1.0, True, None):
            value: Any = wrong
            with pytest.raises(TypeError, match=r"skip\(size=\) expects a whole number"):
                JaypieStream([1]).skip(value)
