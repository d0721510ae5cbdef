"""
Proof that a probe gives its script, writes down what happened, and refuses what it should.
"""

from __future__ import annotations

import asyncio
import contextvars
from itertools import count

import pytest

from jaystream.testing import ManagedProbe, Probe, ProbeError


async def hold(_: int) -> None:
    """
    A pause that never ends.
    """
    await asyncio.Event().wait()


class TestProbe:
    """
    The plain probe, an iterator for one run.
    """

    async def test_gives_items(self) -> None:
        """
        It gives its items, and each thing that happens is one event.
        """
        probe = Probe("ab")
        assert ["a", "b"] == [item async for item in probe]
        await probe.aclose()
        assert ["open", "pull", "item", "pull", "item", "pull", "end", "close", "closed"] == probe.kinds
        assert (2, 2, 1, 1) == (probe.reads, probe.given, probe.opens, probe.closes)
        assert probe.ended
        assert probe.closed
        assert {asyncio.current_task()} == probe.tasks
        assert [0, 0, 1, 1, 2, 2] == [event.number for event in probe.events if event.number is not None]
        probe.assert_released()

    async def test_reads_items_one_by_one(self) -> None:
        """
        An endless script is read no further than it is pulled.
        """
        numbers = count()
        probe = Probe(numbers)
        assert 0 == await anext(probe)
        assert 1 == await anext(probe)
        assert 2 == next(numbers)
        await probe.aclose()

    async def test_fails_where_told(self) -> None:
        """
        The error comes in the item's place, and after it the end, as in a generator.
        """
        error = LookupError("planted")
        probe = Probe("ab", fail_at=1, error=error)
        assert "a" == await anext(probe)
        with pytest.raises(LookupError, match="planted") as caught:
            await anext(probe)
        assert error is caught.value
        with pytest.raises(StopAsyncIteration):
            await anext(probe)
        assert (2, 1) == (probe.reads, probe.given)

    async def test_fails_at_the_end(self) -> None:
        """
        The number of items is the place behind the last.
        """
        probe = Probe("a", fail_at=1, error=LookupError("planted"))
        assert "a" == await anext(probe)
        with pytest.raises(LookupError, match="planted"):
            await anext(probe)

    @pytest.mark.parametrize("everywhere", [True, False])
    async def test_pause(self, everywhere: bool) -> None:
        """
        A pull waits where the script says, and a cancellation there ends the source and is written down.
        """
        probe = Probe("ab", before=hold if everywhere else {0: hold})
        task = asyncio.ensure_future(anext(probe))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ["open", "pull"] == probe.kinds
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ["open", "pull", "cancelled"] == probe.kinds
        assert [] == [item async for item in probe]

    async def test_no_pause_elsewhere(self) -> None:
        """
        A mapping pauses at its numbers only.
        """
        probe = Probe("ab", before={1: hold})
        assert "a" == await anext(probe)

    async def test_second_pull_refused(self) -> None:
        """
        Two pulls at once are an error, at the second, and so is closing under a pull.
        """
        probe = Probe("ab", before=hold)
        task = asyncio.ensure_future(anext(probe))
        await asyncio.sleep(0)
        with pytest.raises(ProbeError, match="pulled while another pull is under way"):
            await anext(probe)
        with pytest.raises(ProbeError, match="closed while a pull is under way"):
            await probe.aclose()
        task.cancel()
        await asyncio.wait([task])
        assert 2 == len(probe.violations)
        with pytest.raises(AssertionError, match="misused"):
            probe.assert_released()

    async def test_pull_after_close_refused(self) -> None:
        """
        After the closing nothing may be asked of it.
        """
        probe = Probe("ab")
        await anext(probe)
        await probe.aclose()
        with pytest.raises(ProbeError, match="pulled after it was closed"):
            await anext(probe)
        with pytest.raises(ProbeError, match="closed twice"):
            await probe.aclose()

    async def test_pull_after_end(self) -> None:
        """
        Python's protocol allows a pull after the end; the strict probe does not.
        """
        lenient: Probe[int] = Probe()
        strict: Probe[int] = Probe(strict_end=True)
        for probe in (lenient, strict):
            assert [] == [item async for item in probe]
        assert [] == [item async for item in lenient]
        with pytest.raises(ProbeError, match="pulled after its end"):
            await anext(strict)

    async def test_closing_waits_and_fails(self) -> None:
        """
        The closing awaits what the script says, and its error is the closing's.
        """

        async def fail() -> None:
            await asyncio.sleep(0)
            raise OSError("planted")

        probe = Probe("a", on_close=fail)
        await anext(probe)
        with pytest.raises(OSError, match="planted"):
            await probe.aclose()
        assert 1 == probe.closes
        assert not probe.closed
        with pytest.raises(AssertionError, match="one finished closing"):
            probe.assert_released()

    async def test_not_closed(self) -> None:
        """
        A probe that was opened and never closed was not released; one that nobody opened was.
        """
        probe = Probe("a")
        probe.assert_released()
        await anext(probe)
        with pytest.raises(AssertionError, match="one finished closing"):
            probe.assert_released()

    async def test_other_task(self) -> None:
        """
        Closing from another task is seen.
        """
        probe = Probe("a")
        await anext(probe)
        await asyncio.create_task(probe.aclose())
        assert 2 == len(probe.tasks)
        with pytest.raises(AssertionError, match="by several tasks"):
            probe.assert_released()

    async def test_other_context(self) -> None:
        """
        Closing in a context that does not descend from the opening's is seen.
        """
        probe = Probe("a")

        async def read() -> None:
            await anext(probe)

        await asyncio.create_task(read())
        assert None is probe.context_kept
        await probe.aclose()
        assert False is probe.context_kept

    async def test_same_task_other_context(self) -> None:
        """
        The context counts by itself: a context variable set at the opening must hold at the closing.
        """
        probe = Probe("a")
        context = contextvars.copy_context()
        pull = anext(probe).__await__()
        with pytest.raises(StopIteration, match="a"):
            context.run(next, pull)
        await probe.aclose()
        assert 1 == len(probe.tasks)
        with pytest.raises(AssertionError, match="in another context"):
            probe.assert_released()

    @pytest.mark.parametrize("inner_first", [True, False])
    async def test_contexts_of_several(self, inner_first: bool) -> None:
        """
        Probes that are open at the same time are told apart, whichever is closed first.
        """
        outer, inner = Probe("a"), Probe("b")
        await anext(outer)
        await anext(inner)
        for probe in (inner, outer) if inner_first else (outer, inner):
            await probe.aclose()
            assert True is probe.context_kept
            probe.assert_released()

    async def test_contexts_of_several_apart(self) -> None:
        """
        A probe opened elsewhere is seen beside one opened here.
        """
        here, elsewhere = Probe("a"), Probe("b")
        await anext(here)
        context = contextvars.copy_context()
        with pytest.raises(StopIteration, match="b"):
            context.run(next, anext(elsewhere).__await__())
        await elsewhere.aclose()
        await here.aclose()
        assert False is elsewhere.context_kept
        assert True is here.context_kept

    async def test_closed_unopened(self) -> None:
        """
        A probe that was never opened may be closed once; there is no context to compare.
        """
        probe = Probe("a")
        await probe.aclose()
        assert None is probe.context_kept
        probe.assert_released()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"fail_at": -1, "error": OSError()}, "fail_at must be 0 or more, not -1"),
            ({"fail_at": 1}, "belong together"),
            ({"error": OSError()}, "belong together"),
        ],
    )
    def test_bad_script(self, options: dict[str, object], message: str) -> None:
        """
        A script that cannot be meant is refused at once.
        """
        with pytest.raises(ValueError, match=message):
            Probe("a", **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the fault


class TestManagedProbe:
    """
    The probe that must be entered.
    """

    async def test_enter_and_exit(self) -> None:
        """
        It opens and closes with its block.
        """
        async with ManagedProbe("a") as probe:
            assert "a" == await anext(probe)
        assert ["open", "pull", "item", "close", "closed"] == probe.kinds
        assert True is probe.context_kept
        probe.assert_released()

    async def test_pull_outside_refused(self) -> None:
        """
        A pull before it was entered is an error.
        """
        with pytest.raises(ProbeError, match="pulled before it was entered"):
            await anext(ManagedProbe("a"))

    async def test_second_entry_refused(self) -> None:
        """
        It is entered once.
        """
        async with ManagedProbe("a") as probe:
            with pytest.raises(ProbeError, match="opened twice"):
                await probe.__aenter__()
