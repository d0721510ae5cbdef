"""
`fallback`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import Emitted, JaypieStream, StreamConsumedError
from jaystream.testing import Probe, cancel_at_every_await, check_operator
from tests.checks import pause


def failing(*items: Any, error: Exception | None = None) -> Probe[Any]:
    """
    A source that fails behind these items.
    """
    return Probe(items, fail_at=len(items), error=error or OSError("down"))


class TestFallback:
    """
    Going on with another source.
    """

    async def test_not_needed(self) -> None:
        """
        Without an error items pass unchanged, and no other source is opened.
        """
        other = Probe([9])
        await check_operator(lambda s: s.fallback([9], on=KeyError), [1, 2], [1, 2], reads_ahead=0)
        assert await JaypieStream([1]).fallback(other).to_list() == [1]
        assert other.opens == 0

    async def test_next_ones(self) -> None:
        """
        The first that does not fail gives the items; what failed is closed before the next is opened.
        """
        first, second = failing(), failing()
        seen: list[bool] = []

        def third() -> list[int]:
            seen.append(first.closed and second.closed)
            return [3]

        assert await JaypieStream(first).fallback(second, third, [4]).to_list() == [3]
        assert seen == [True]
        for probe in (first, second):
            probe.assert_released()

    async def test_none_is_left(self) -> None:
        """
        The last error goes on as it is, with those before as notes.
        """
        last = ValueError("third")
        stream = JaypieStream(failing(error=OSError("first"))).fallback(failing(error=KeyError(2)), failing(error=last))
        with pytest.raises(ValueError, match="third") as caught:
            await stream.drain()
        assert caught.value is last
        assert last.__notes__ == [
            "fallback(): source 1 failed with OSError: first",
            "fallback(): source 2 failed with KeyError: 2",
        ]

    async def test_no_other(self) -> None:
        """
        With no other source the error goes on.
        """
        with pytest.raises(OSError, match="down"):
            await JaypieStream(failing()).fallback().drain()

    async def test_other_errors(self) -> None:
        """
        What is not named goes on, from the other sources too; a callable may be asked.
        """
        with pytest.raises(OSError, match="down"):
            await JaypieStream(failing()).fallback([9], on=(KeyError, ValueError)).drain()
        with pytest.raises(OSError, match="down") as caught:
            await (
                JaypieStream(failing(error=KeyError(1)))
                .fallback(failing(), [9], on=lambda e: type(e) is KeyError)
                .drain()
            )
        assert caught.value.__notes__ == ["fallback(): source 1 failed with KeyError: 1"]

    async def test_stages_below(self) -> None:
        """
        Errors of the stages below and of the consumer never come here.
        """
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).fallback([9]).map(lambda n: 1 // n).drain()

    async def test_consumed(self) -> None:
        """
        A source that was run already is a fault in the program, and not one to go on after.
        """
        stream = JaypieStream(iter([1]))
        await stream.drain()
        with pytest.raises(StreamConsumedError):
            await stream.fallback([9]).drain()

    async def test_cancellation(self) -> None:
        """
        A run that is cancelled, in whichever source, ends cancelled.
        """

        async def before(_: int) -> None:
            await pause()

        async def run() -> None:
            first = Probe[int]([], before=before, fail_at=0, error=OSError(), on_close=pause)
            await JaypieStream(first).fallback(Probe([1], before=before, on_close=pause)).drain()

        for way in ("native", "scope", "twice"):
            assert await cancel_at_every_await(run, way) > 2

    async def test_dressed_up_cancellation(self) -> None:
        """
        A cancellation that the source turned into an error is one all the same.
        """

        async def source() -> Any:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise OSError("dressed up") from None

        task = asyncio.ensure_future(JaypieStream[int](source).fallback([9]).drain())
        await pause()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    def test_media_type(self) -> None:
        """
        A wire format passes where all sources are in it.
        """
        assert repr(JaypieStream([1]).fallback([2])).endswith(".fallback(1 more, partial='raise')")
        events, lines = JaypieStream(["a"]).format_sse(), JaypieStream(["b"]).format_ndjson()
        assert events.fallback(events).media_type == events.media_type
        assert events.fallback(lines).media_type is None


class TestFallbackPartial:
    """
    When items have been given.
    """

    async def test_raise(self) -> None:
        """
        No other source is opened, and a note names what else there is.
        """
        got: list[int] = []
        with pytest.raises(OSError, match="down") as caught:
            await JaypieStream(failing(1)).fallback([9]).for_each(got.append)
        assert got == [1]
        (note,) = caught.value.__notes__
        assert note.startswith("fallback(): 1 item had been given, so no other source was tried")

    async def test_restart(self) -> None:
        """
        The other source gives its items from the first on.
        """
        assert await JaypieStream(failing(1)).fallback([1, 2], partial="restart").to_list() == [1, 1, 2]

    async def test_resume(self) -> None:
        """
        The other source is called with what was given.
        """
        seen: list[tuple[int, Any, str]] = []

        def second(emitted: Emitted) -> Any:
            seen.append((emitted.items, emitted.last, emitted.text))
            return failing("c")

        async def third(emitted: Emitted) -> list[str]:
            seen.append((emitted.items, emitted.last, emitted.text))
            return ["d"]

        stream = JaypieStream(failing("a", "b")).fallback(second, third, partial="resume")
        assert await stream.to_list() == ["a", "b", "c", "d"]
        assert seen == [(2, "b", "ab"), (3, "c", "abc")]

    def test_bad_argument(self) -> None:
        """
        Sources, classes of errors and words are checked where the pipeline is written.
        """
        number: Any = 5
        with pytest.raises(TypeError, match=r"not int \(5\)"):
            JaypieStream([1]).fallback(number)
        with pytest.raises(TypeError, match=r"fallback\(on=\) expects exception classes below Exception"):
            JaypieStream([1]).fallback([2], on=number)
        word: Any = "again"
        with pytest.raises(ValueError, match=r'fallback\(partial=\) is "raise", "restart" or "resume"'):
            JaypieStream([1]).fallback([2], partial=word)
        for other in ([2], lambda: [2]):
            wrong: Any = other
            with pytest.raises(TypeError, match=r'fallback\(partial="resume"\) .*one argument'):
                JaypieStream([1]).fallback(wrong, partial="resume")
