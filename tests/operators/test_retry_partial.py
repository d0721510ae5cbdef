"""
`retry` when items have been given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jaystream import Emitted, JaypieStream, StreamConsumedError
from jaystream.testing import Probe
from tests.operators.runs import failing


class TestRetryPartial:
    """
    When items have been given.
    """

    async def test_raise(self) -> None:
        """
        Nothing is run again, and a note names what else there is.
        """
        make, probes = failing([1, 2], [3])
        got: list[int] = []
        with pytest.raises(OSError) as caught:
            await JaypieStream(make).retry(wait=0).for_each(got.append)
        assert (got, len(probes)) == ([1, 2], 1)
        (note,) = caught.value.__notes__
        assert note.startswith("retry(): 2 items had been given, so the source was not run again")
        for word in ('partial="resume"', 'partial="restart"', "catch()"):
            assert word in note

    async def test_restart(self) -> None:
        """
        The items come again from the first on.
        """
        make, _ = failing([1, 2], [1, 2, 3])
        assert await JaypieStream(make).retry(wait=0, partial="restart").to_list() == [1, 2, 1, 2, 3]

    async def test_resume(self) -> None:
        """
        Each run is called with what was given so far, so nothing comes twice.
        """
        calls: list[tuple[int, Any, str]] = []
        words = ["one ", "two ", "three ", "four"]

        async def ask(emitted: Emitted = Emitted()) -> AsyncIterator[str]:  # noqa: B008 - never changed
            calls.append((emitted.items, emitted.last, emitted.text))
            for word in words[emitted.items :][:2]:
                yield word
            if emitted.items < 2:
                raise OSError

        assert await JaypieStream(ask).retry(wait=0, partial="resume").to_list() == words
        assert calls == [(0, None, ""), (2, "two ", "one two ")]

    async def test_resume_chunks(self) -> None:
        """
        The text of chunks counts as text, and what has none only as the last item.
        """
        seen: list[str] = []

        def ask(emitted: Any = None) -> Any:
            seen.append(repr(emitted))
            if emitted.items:
                return [{"type": "done"}]
            chunks: list[Any] = [{"type": "text", "content": "Hi"}, {"type": "tool_call"}]
            return Probe(chunks, fail_at=2, error=OSError())

        assert await JaypieStream(ask).retry(wait=0, partial="resume").count() == 3
        assert seen == ["Emitted(0, None, '')", "Emitted(2, {'type': 'tool_call'}, 'Hi')"]

    async def test_resume_from_the_same(self) -> None:
        """
        A callable that gives the same iterator again is found out here too.
        """
        probe = Probe([1], fail_at=0, error=OSError())

        def ask(emitted: Any = None) -> Any:
            return probe

        with pytest.raises(StreamConsumedError, match="can run only once"):
            await JaypieStream(ask).retry(wait=0, partial="resume").drain()

    async def test_reset_resume(self) -> None:
        """
        The count begins anew after each run that gave something, if so wanted.
        """

        def ask(emitted: Any = None) -> Any:
            return Probe([emitted.items], fail_at=1, error=OSError()) if emitted.items < 5 else []

        stream = JaypieStream(ask)
        assert await stream.retry(2, wait=0, partial="resume").to_list() == [0, 1, 2, 3, 4]
        got: list[int] = []
        with pytest.raises(OSError):
            await stream.retry(2, wait=0, partial="resume", reset=False).for_each(got.append)
        assert got == [0, 1]

    async def test_reset_restart(self) -> None:
        """
        Where the items come again from the first on, only a run that gets further begins the count anew: a source that
        always fails at the same place ends.
        """
        make, probes = failing([1], [1], [1, 2], [1, 2], [1, 2, 3])
        assert (await JaypieStream(make).retry(3, wait=0, partial="restart").to_list())[-3:] == [1, 2, 3]
        assert len(probes) == 5
        make, probes = failing(*([[1, 2]] * 10))
        with pytest.raises(OSError):
            await JaypieStream(make).retry(3, wait=0, partial="restart").drain()
        assert len(probes) == 3
