"""
What the tests of work beside a task share: somebody who has things run aside, and notes how they ended.

Nothing here is a test, and nothing here stands in for a part of the library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from jaystream._core.waiting import over
from jaystream.sinks import rounds
from jaystream.sinks.aside import Aside
from tests.sinks.exchange import turns

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Runs(Aside):
    """
    Runs one thing after another aside, each in a round of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waited = False
        self.ended: list[BaseException | None] = []
        self._goes_on = False
        self._work: Any = None

    def begin(self, work: Awaitable[object]) -> bool:
        """
        Run *work*; whether it goes on.
        """
        self._work = work
        self.rounds.write(self)
        return self._goes_on

    def send(self, now: float) -> None:
        """
        What the round calls.
        """
        self._goes_on = self.run(self._work)

    def _ended(self, error: BaseException | None) -> None:
        self.ended.append(error)

    async def settle(self) -> None:
        """
        Have a task come.
        """
        self.ended.clear()
        assert self.begin(turns(1))
        await turns(3)
        assert [None] == self.ended
        self.ended.clear()

    async def __aenter__(self) -> Self:
        """
        Begin, with the task there.
        """
        await self.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        """
        Leave, and see that no task is left.
        """
        self.leave()
        await over(self.tasks(), within=None)
        assert {} == rounds._of
