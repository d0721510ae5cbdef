"""
`parse_ndjson`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from jaystream import JaypieStream
from jaystream.errors import FrameTooLargeError, InvalidJsonError
from jaystream.testing import check_operator


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

    async def test_on_error(self) -> None:
        """
        What the callable gives takes a bad line's place; it gets the line's bytes and the error with its cause.
        """
        seen: list[tuple[int, type | None]] = []

        def mend(line: bytes, error: InvalidJsonError) -> Any:
            seen.append((error.line, type(error.__cause__)))
            return line

        async def mend_later(line: bytes, error: InvalidJsonError) -> Any:
            await asyncio.sleep(0)
            return mend(line, error)

        for f in (mend, mend_later):
            await check_operator(
                lambda s, f=f: s.parse_ndjson(on_error=f),  # type: ignore[misc]  # mypy infers nothing of a default
                [b"1\n{", b"\n3\n!"],
                [1, b"{", 3, b"!"],
                before_error=[1, b"{", 3],
            )
        lines = [b'{"x": 1}\n{"x": "a"}\n']
        assert await JaypieStream(lines).parse_ndjson(Point, on_error=mend).to_list() == [Point(x=1), b'{"x": "a"}']
        assert seen[-1] == (2, ValidationError)
        assert await JaypieStream(lines).parse_ndjson(Point, on_error=mend).of_type(Point).to_list() == [Point(x=1)]

    async def test_error_of_on_error(self) -> None:
        """
        Its own error ends the stream after the values before it, also those of the same piece.
        """

        def fail(line: bytes, error: InvalidJsonError) -> Any:
            raise KeyError(line)

        got: list[Any] = []
        with pytest.raises(KeyError, match="!"):
            await JaypieStream([b"1\n!\n3\n"]).parse_ndjson(on_error=fail).for_each(got.append)
        assert got == [1]

    async def test_too_long_for_on_error(self) -> None:
        """
        A line that is too long is no bad line: it is an error all the same.
        """
        with pytest.raises(FrameTooLargeError):
            await JaypieStream([b"123456"]).parse_ndjson(max_line=4, on_error=lambda line, error: None).drain()

    def test_bad_argument(self) -> None:
        """
        What is no model, and a bound below 1, are refused where the pipeline is written.
        """
        wrong: Any = dict
        with pytest.raises(TypeError, match=r"parse_ndjson\(model=\) expects a pydantic model, not <class 'dict'>"):
            JaypieStream([b""]).parse_ndjson(wrong)
        with pytest.raises(ValueError, match="max_line"):
            JaypieStream([b""]).parse_ndjson(max_line=0)
