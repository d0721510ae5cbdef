"""
The witness: makes probes, and sees in which order they are opened and closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

from jaystream.testing.probes import ManagedProbe, Probe
from jaystream.testing.saying import expect

__all__ = ["Witness"]


class Witness:
    """
    Makes the sources of one run, and tells whether each was released, the last opened first.

    Attributes:
        probes: The sources that were made, in order.
        disorder: One line per closing that was out of turn.
    """

    def __init__(self) -> None:
        """
        Start with no source.
        """
        self.probes: list[Probe[Any]] = []
        self.disorder: list[str] = []
        self._open: dict[asyncio.Task[Any] | None, list[_Seen]] = {}

    def source(self, items: Iterable[Any] = (), *, managed: bool = False, **script: Any) -> Probe[Any]:
        """
        A probe that this witness watches.

        Args:
            items: What it gives.
            managed: Whether it is a context manager that must be entered.
            script: What else a `Probe` takes.
        """
        kind = _SeenManaged if managed else _Seen
        probe = kind(items, **script)
        probe.witness = self
        self.probes.append(probe)
        return probe

    def assert_released(self) -> None:
        """
        State contract 2 of all of them.

        Raises:
            AssertionError: If one was not closed, was closed twice, by another task, or before one that was opened
                after it, unless it had ended already.
        """
        for probe in self.probes:
            probe.assert_released()
        expect(not self.disorder, "not closed in the reverse order of opening: " + "; ".join(self.disorder))

    def saw(self, kind: Literal["open", "close"], probe: _Seen) -> None:
        """
        Note an opening or a closing.
        """
        # each task has an order of its own: what runs side by side is closed side by side
        still_open = self._open.setdefault(asyncio.current_task(), [])
        if kind == "open":
            still_open.append(probe)
        elif probe in still_open:
            # a source that ended by itself holds nothing any more, and may be closed at once
            over = {"end", "error", "cancelled"} & set(probe.kinds)
            if still_open[-1] is not probe and not over:
                later = self.probes.index(still_open[-1])
                self.disorder.append(f"source {self.probes.index(probe)} was closed while source {later} was open")
            still_open.remove(probe)


class _Seen(Probe[Any]):
    """
    A probe with a witness.
    """

    witness: Witness

    def _note(self, kind: Any, index: int | None = None) -> None:
        super()._note(kind, index)
        if kind in {"open", "close"}:
            self.witness.saw(kind, self)


class _SeenManaged(_Seen, ManagedProbe[Any]):
    """
    The same, as a context manager.
    """
