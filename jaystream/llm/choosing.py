"""
A machine that finds out at the first event which machine reads the events.
"""

from __future__ import annotations

from typing import Any

from jaystream._core.inspecting import describe
from jaystream.errors import ProviderError
from jaystream.llm.event_reader import EventReader
from jaystream.llm.fields import DONE, field, payload
from jaystream.llm.openai_chat import failed

__all__ = ["ChoosingReader"]


class ChoosingReader(EventReader):
    """
    Base of the machines that read more than one kind of events. The first event decides for all.
    """

    __slots__ = ("_chosen", "_given", "feed")

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._given = (provider, model)
        self._chosen: EventReader | None = None
        self.feed: Any = self._first  # replaced by that of the machine that was chosen

    def choose(self, event: Any) -> type[EventReader] | None:
        """
        Which machine reads such an event, None for none.
        """
        raise NotImplementedError

    def _first(self, event: Any) -> list[Any]:
        carried = payload(event)
        if carried is None or carried is DONE:
            return []
        kind = self.choose(carried)
        if kind is None:
            error = field(carried, "error")
            if error is not None:
                raise failed(error)
            raise TypeError(f"{self.expects} are expected, not {type(carried).__name__} ({describe(carried)})")
        provider, model = self._given
        self._chosen = kind(self._provider or None if provider is None and self.name else provider, model)
        self.feed = self._chosen.feed
        chunks: list[Any] = self._chosen.feed(carried)
        return chunks

    def flush(self) -> list[Any]:
        """
        Give what the end of the events brings.
        """
        if self._chosen is None:
            raise ProviderError("the stream ended before its first event", code="cut_off")
        return self._chosen.flush()

    def done(self, stop: str) -> dict[str, Any]:
        """
        The `done` chunk, with the usage that is known so far.
        """
        return super().done(stop) if self._chosen is None else self._chosen.done(stop)
