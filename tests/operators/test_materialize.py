"""
`materialize`.
"""

from __future__ import annotations

import asyncio
import gc
import pickle
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from jaystream import End, Failure, Item, JaypieStream
from jaystream.testing import Probe, laws
from tests.checks import cancel_at_every_await, pause


class TestMaterialize:
    """
    The end as an item.
    """

    async def test_good_end(self) -> None:
        """
        Each item as a note, and a note of the end.
        """
        expected = [Item(1), Item(2), End()]
        await laws.building_reads_nothing(lambda s: s.materialize(), [1, 2])
        await laws.gives_what_its_model_gives(lambda s: s.materialize(), [1, 2], expected)
        await laws.closes_on_every_way_out(lambda s: s.materialize(), [1, 2], expected)
        await laws.cancelled_runs_end_cancelled(lambda s: s.materialize(), [1, 2])
        assert await JaypieStream(list[int]()).materialize().to_list() == [End()]

    async def test_error(self) -> None:
        """
        An error is the last note, the very object, and the stream ends well; all is closed before it is given.
        """
        error = ArithmeticError("planted")
        probe = Probe([1, 2], fail_at=1, error=error)
        async with JaypieStream(probe).materialize().open() as notes:
            assert await anext(notes) == Item(1)
            note = await anext(notes)
            assert isinstance(note, Failure)
            assert note.error is error
            probe.assert_released()
            with pytest.raises(StopAsyncIteration):
                await anext(notes)

    async def test_error_of_closing(self) -> None:
        """
        A source that fails to close after its end has not ended well.
        """
        error = OSError("cannot close")

        @asynccontextmanager
        async def source() -> AsyncGenerator[list[int], None]:
            yield [1]
            raise error

        assert await JaypieStream(source).materialize().to_list() == [Item(1), Failure(error)]

    async def test_error_of_closing_when_left(self) -> None:
        """
        Where nobody reads on, an error of closing is the run's own, and no note is given.
        """

        async def fails() -> None:
            raise ValueError("in the closing")

        probe = Probe([1, 2], on_close=fails)
        with pytest.raises(ValueError, match="in the closing"):
            await JaypieStream(probe).materialize().first()
        assert (probe.opens, probe.closes) == (1, 1)

    async def test_errors_below(self) -> None:
        """
        Errors of the stages below and of the consumer are none of its business.
        """
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).materialize().map(lambda _: 1 // 0).to_list()
        probe = Probe([1, 2])
        with pytest.raises(KeyError):
            async with JaypieStream(probe).materialize().open() as notes:
                async for _ in notes:
                    raise KeyError
        probe.assert_released()

    async def test_cancellation(self) -> None:
        """
        A cancellation is no note, also where the source makes an error of it.
        """
        seen: list[object] = []

        async def stubborn() -> AsyncIterator[int]:
            yield 1
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                raise OSError("turned into an error") from None

        async def run() -> None:
            async for note in JaypieStream(stubborn()).materialize():
                seen.append(note)
                started.set()

        started = asyncio.Event()
        task = asyncio.ensure_future(run())
        await started.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert seen == [Item(1)]
        assert task.cancelled() or isinstance(task.exception(), OSError)

    async def test_a_failing_source_under_cancellation(self) -> None:
        """
        Cancelled at any await, a stream that fails by itself still ends cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Any:
            probes.append(Probe([1], fail_at=1, error=ArithmeticError(), before=pause, on_close=pause))
            return JaypieStream(probes[-1]).materialize().to_list()

        assert await cancel_at_every_await(run, "scope")
        for probe in probes:
            probe.assert_released()
        await cancel_at_every_await(run, "native")

    async def test_nothing_is_kept(self) -> None:
        """
        The error is gone with its note; its traceback does not keep it in a circle.
        """

        class PlannedError(Exception):
            pass

        async def source() -> AsyncIterator[int]:
            yield 1
            raise PlannedError

        gc.collect()
        gc.disable()
        try:
            notes = await JaypieStream(source).materialize().to_list()
            assert isinstance(notes[-1], Failure)
            gone = weakref.ref(notes[-1].error)
            notes.clear()
            assert gone() is None
        finally:
            gc.enable()

    def test_notes(self) -> None:
        """
        Notes compare by what they are about, show it, can be matched, hashed and pickled.
        """
        error = ValueError("no")
        notes = [Item(1), Item("1"), Failure(error), End()]
        assert [repr(note) for note in notes] == ["Item(1)", "Item('1')", "Failure(ValueError('no'))", "End()"]
        assert len({*notes, Item(1), Failure(error), End()}) == 4
        assert Item(1) == Item(1.0)
        assert Item(1) != Item(2)
        assert Failure(error) != Failure(ValueError("no"))
        assert End() == End()
        for one, other in ((Item(None), End()), (Failure(error), Item(error)), (End(), Failure(error))):
            assert one != other
        for note in (Item([1]), End()):
            assert pickle.loads(pickle.dumps(note)) == note  # noqa: S301 - our own bytes
        match notes[0]:
            case Item(value):
                assert value == 1
            case _:
                raise AssertionError(notes[0])
        match notes[2]:
            case Failure(found):
                assert found is error
            case _:
                raise AssertionError(notes[2])

    def test_bad_argument(self) -> None:
        """
        A cancellation, and what is no error at all, is never a note.
        """
        for wrong in (asyncio.CancelledError(), KeyboardInterrupt(), "boom"):
            value: Any = wrong
            with pytest.raises(TypeError, match=r"Failure\(\) expects an exception below Exception, not "):
                Failure(value)

    def test_media_type(self) -> None:
        """
        Notes are in no format.
        """
        assert JaypieStream([{"n": 1}]).format_ndjson().materialize().media_type is None
