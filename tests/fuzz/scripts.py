"""
Random sources: what they give, how long each item takes, whether they fail, hold a scope, or are slow to close.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
from hypothesis import strategies as st

if TYPE_CHECKING:
    from jaystream.testing import Probe, Witness

__all__ = ["FuzzError", "Script", "scripts"]

_held: contextvars.ContextVar[object] = contextvars.ContextVar("held by a source")

NO_WAIT = -1.0
"""
The gap before an item that is there at once, without a turn of the loop.
"""


class FuzzError(Exception):
    """
    What a source, a function or a consumer is planned to fail with.
    """


class Script(NamedTuple):
    """
    One source.

    Attributes:
        items: What it gives.
        gaps: Seconds before each item and the end, over and over: -1 is no wait at all, 0 a turn of the loop.
        fails: Whether it fails at its end.
        closing: Seconds that its closing takes; None closes at once.
        kind: "probe", "managed" (a context manager), or "holding": a generator that keeps a cancel scope and a context
            variable while an item is out.
    """

    items: list[int]
    gaps: list[float]
    fails: bool = False
    closing: float | None = None
    kind: str = "probe"

    def source(self, witness: Witness) -> Any:
        """
        Make it, watched.
        """
        closing = self.closing
        script: dict[str, Any] = {"before": self._before}
        if self.fails:
            script |= {"fail_at": len(self.items), "error": FuzzError(f"planned: {self.items}")}
        if self.kind == "holding":
            return holding(witness.source(self.items, **script), closing)
        if closing is not None:
            script["on_close"] = lambda: asyncio.sleep(closing)
        return witness.source(self.items, managed=self.kind == "managed", **script)

    async def _before(self, number: int) -> None:
        gap = self.gaps[number % len(self.gaps)]
        if gap >= 0:
            await asyncio.sleep(gap)


async def holding(probe: Probe[Any], closing: float | None) -> AsyncGenerator[Any, None]:
    """
    Give what *probe* gives inside a cancel scope, as clients of some protocols do.

    A generator closes what it holds as soon as that ends, within the pull, which a cancellation may interrupt; so the
    probe itself is closed at once, and what takes its time comes behind.
    """
    token = _held.set(probe)
    try:
        with anyio.CancelScope():
            try:
                async for item in probe:
                    yield item
            finally:
                with anyio.CancelScope(shield=True):
                    await probe.aclose()
                    if closing is not None:
                        await asyncio.sleep(closing)
    finally:
        _held.reset(token)


def scripts(*, may_fail: bool = True) -> st.SearchStrategy[Script]:
    """
    Sources of every kind.
    """
    return st.builds(
        Script,
        st.lists(st.integers(0, 30), max_size=5),
        st.lists(st.sampled_from((NO_WAIT, 0.0, 1.0, 2.5)), min_size=1, max_size=4),
        st.sampled_from((False, False, False, may_fail)),
        st.sampled_from((None, None, 0.0, 1.0)),
        st.sampled_from(("probe", "managed", "holding")),
    )
