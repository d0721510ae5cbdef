"""
`retry`: what is refused where the pipeline is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jaystream import JaypieStream


async def one_shot() -> AsyncIterator[int]:
    """
    A source that runs once.
    """
    yield 1


class TestRetryArguments:
    """
    What is refused where the pipeline is written.
    """

    def test_source_that_runs_once(self) -> None:
        """
        A source that can be seen to run only once needs a callable.
        """
        for source in (iter([1]), one_shot(), JaypieStream.from_blocking(iter([1]))):
            with pytest.raises(TypeError, match="can run only once: give the stream a callable that makes the source"):
                JaypieStream[Any](source).map(str).retry()

    def test_borrowed(self) -> None:
        """
        A borrowed iterator goes on where it stopped, so it may be run again.
        """
        assert repr(JaypieStream(iter([1])).borrow().retry()).endswith("retry(3, partial='raise')")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"attempts": 0}, r"retry\(attempts=\) must be at least 1, not 0"),
            ({"wait": -1}, r"retry\(wait=\) must be at least 0 seconds, not -1"),
            ({"factor": 0.5}, r"retry\(factor=\) must be at least 1, not 0.5"),
            ({"max_wait": -1}, r"retry\(max_wait=\) must be at least 0 seconds, not -1"),
            ({"jitter": 1.5}, r"retry\(jitter=\) must be from 0 to 1, not 1.5"),
            ({"partial": "again"}, r'retry\(partial=\) is "raise", "restart" or "resume", not \'again\''),
        ],
    )
    def test_values(self, options: dict[str, Any], message: str) -> None:
        """
        Arguments out of range.
        """
        with pytest.raises(ValueError, match=message):
            JaypieStream([1]).retry(**options)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"attempts": 1.5}, r"retry\(attempts=\) expects a whole number, not 1.5"),
            ({"jitter": "1"}, r"retry\(jitter=\) expects a number, not '1'"),
            ({"factor": True}, r"retry\(factor=\) expects a number, not True"),
            ({"on": BaseException}, r"retry\(on=\) expects exception classes below Exception, or a callable"),
            ({"on": asyncio.CancelledError}, "there is no going on after a cancellation"),
            ({"on": (OSError, "x")}, "not 'x'"),
            ({"on": 5}, "not 5"),
        ],
    )
    def test_types(self, options: dict[str, Any], message: str) -> None:
        """
        Arguments of a wrong type.
        """
        with pytest.raises(TypeError, match=message):
            JaypieStream([1]).retry(**options)

    def test_resume(self) -> None:
        """
        To go on, the source must be a callable that takes what was given, and there is one such retry.
        """
        with pytest.raises(
            TypeError, match=r'retry\(partial="resume"\) needs the source to be a callable that takes one'
        ):
            JaypieStream([1]).retry(partial="resume")
        with pytest.raises(TypeError, match=r"with one argument, what was given so far, which .* does not take"):
            JaypieStream(lambda: [1]).retry(partial="resume")

        def ask(emitted: Any = None) -> list[int]:
            return [1]

        untold: Any = type  # does not tell what it takes
        assert "resume" in repr(JaypieStream(untold).retry(partial="resume"))
        with pytest.raises(TypeError, match=r'a stream can have one retry\(partial="resume"\)'):
            JaypieStream(ask).retry(partial="resume").retry(partial="resume")
