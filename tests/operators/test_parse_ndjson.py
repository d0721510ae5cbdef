"""
`parse_ndjson`.
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from jaystream import JaypieStream
from jaystream.errors import InvalidJsonError
from tests.checks import check_operator


class Point(BaseModel):
    x: int


class TestParseNdjson:
    """
    Values from lines of JSON.
    """

    async def test_reads_values(self) -> None:
        """
        Values come whole however the input is cut; the last line may have no end.
        """
        await check_operator(
            lambda s: s.parse_ndjson(), [b'{"n": 1}\n{"n"', b": 2}"], [{"n": 1}, {"n": 2}], before_error=[{"n": 1}]
        )
        await check_operator(lambda s: s.parse_ndjson(), list[bytes](), list[Any]())

    async def test_model(self) -> None:
        """
        A pydantic model validates each line.
        """
        assert await JaypieStream([b'{"x": 1}\n']).parse_ndjson(Point).to_list() == [Point(x=1)]
        with pytest.raises(InvalidJsonError, match="line 1 is not JSON"):
            await JaypieStream([b'{"x": "a"}\n']).parse_ndjson(Point).drain()

    async def test_bad_line(self) -> None:
        """
        A bad line is an error after the values before it, also of the same piece.
        """
        got: list[Any] = []
        with pytest.raises(InvalidJsonError, match="line 2 is not JSON"):
            await JaypieStream([b"1\n{\n3\n"]).parse_ndjson().for_each(got.append)
        assert got == [1]

    def test_bad_argument(self) -> None:
        """
        What is no model, and a bound below 1, are refused where the pipeline is written.
        """
        wrong: Any = dict
        with pytest.raises(TypeError, match=r"parse_ndjson\(model=\) expects a pydantic model, not <class 'dict'>"):
            JaypieStream([b""]).parse_ndjson(wrong)
        with pytest.raises(ValueError, match="max_line"):
            JaypieStream([b""]).parse_ndjson(max_line=0)
