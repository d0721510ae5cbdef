"""
`of_type`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


class TestOfType:
    """
    The items of one type.
    """

    async def test_keeps_instances(self) -> None:
        """
        Instances of the class pass, and of each class of a tuple.
        """
        mixed: list[object] = [1, "a", 2.5, True]
        await check_operator(lambda s: s.of_type(int), mixed, [1, True], reads_ahead=2)
        await check_operator(lambda s: s.of_type((str, float)), mixed, ["a", 2.5], reads_ahead=1)
        await check_operator(lambda s: s.of_type(bytes), mixed, list[bytes]())

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out.
        """
        await check_operator(lambda s: s.of_type(int), list[int](), list[int]())

    def test_bad_argument(self) -> None:
        """
        What is no class is refused where the pipeline is written.
        """
        wrong: Any = "int"
        with pytest.raises(TypeError, match=r"of_type\(\) expects a class or a tuple of classes, not 'int'"):
            JaypieStream([1]).of_type(wrong)
