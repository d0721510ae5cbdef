"""
Shelters: a scope is put up where there is one to keep away, and closing is seen either way.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from jaystream._core.shelter import Around, closings_of, in_scope, is_shielded, scope_of, shield
from tests.checks import pause


def here() -> asyncio.Task[Any]:
    """
    The task of the test.
    """
    task = asyncio.current_task()
    assert task is not None
    return task


class TestInScope:
    """
    Knowing of scopes.
    """

    async def test_in_and_out(self) -> None:
        """
        It is known whether one stands around the task.
        """
        assert not in_scope()
        with anyio.CancelScope():
            await pause()
            assert in_scope()
        assert not in_scope()

    async def test_child_of_a_group(self) -> None:
        """
        The tasks of a group are in its scope.
        """
        seen: list[bool] = []

        async def look() -> None:
            seen.append(in_scope())

        async with anyio.create_task_group() as group:
            group.start_soon(look)
        assert [True] == seen

    async def test_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Should anyio cease to tell, there may be one.
        """
        await anyio.lowlevel.checkpoint()
        monkeypatch.delattr(sys.modules["anyio._backends._asyncio"], "_task_states")
        assert in_scope()


class TestAround:
    """
    A shelter round a run.
    """

    @pytest.mark.parametrize("scoped", [False, True])
    async def test_closing_is_seen(self, scoped: bool) -> None:
        """
        While something is closed, by runs inside one another too, the task may not be cut.
        """
        with anyio.CancelScope() if scoped else shield(), Around() as outer, Around() as inner:
            assert scoped == (scope_of(here()) is not None)
            assert not is_shielded(here())
            inner.up()
            outer.up()
            outer.up()
            assert is_shielded(here())
            assert (0 if scoped else 2) == closings_of(here())
            outer.down()
            outer.down()
            assert is_shielded(here())
            inner.down()
            assert not is_shielded(here())
        assert 0 == closings_of(here())

    async def test_closing_in_a_cancelled_scope(self) -> None:
        """
        What is closed inside a cancelled scope is closed to its end.
        """
        closed = False
        with anyio.CancelScope() as scope, Around() as shelter:
            scope.cancel()
            shelter.up()
            try:
                await anyio.lowlevel.checkpoint()
                closed = True
            finally:
                shelter.down()
        assert closed


def test_closing_outside_an_event_loop() -> None:
    """
    A coroutine that is closed when its event loop is gone closes what it holds.
    """
    shelter = Around()
    shelter.up()
    assert shelter.closing
    shelter.down()
    assert not shelter.closing
