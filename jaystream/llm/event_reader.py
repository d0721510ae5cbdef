"""
What every adapter is: a sans-IO machine that takes the events of a provider and gives chunks.

Lives here: what they all do with text, tool calls, sources and usage. What an event means is each provider's file's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic_core import from_json

from jaystream._core.inspecting import describe
from jaystream.errors import ProviderError
from jaystream.formats.sse_event import SseEvent
from jaystream.llm.fields import DONE, minted, parsed, payload

__all__ = ["EventReader"]


class Call:
    """
    A tool call that is being written.
    """

    __slots__ = ("given", "id", "metadata", "name", "pieces", "shown")

    def __init__(self, id: str, name: str) -> None:
        self.id: str = id
        self.name: str = name
        self.pieces: list[str] = []
        self.metadata: dict[str, Any] = {}
        self.shown: bool = False  # whether its name has been given
        self.given: bool = False  # whether all of it has been given


class EventReader:
    """
    Base of the adapters' machines: `feed` takes an event and gives the chunks it brings, `flush` gives the last ones.

    Args:
        provider: The provider's name for `start` and the usage; by default the adapter's own.
        model: The model's name, where the events do not say it.
    """

    __slots__ = (
        "_calls",
        "_done",
        "_ids",
        "_known",
        "_message_id",
        "_model",
        "_open",
        "_plain",
        "_provider",
        "_sources",
        "_started",
        "_stop",
        "_usages",
    )

    name: ClassVar[str] = ""
    """The provider, where nobody said otherwise."""
    expects: ClassVar[str] = "events of a language model"
    marks_end: ClassVar[bool] = True
    """Whether the provider says when an answer is complete, so that one that is cut can be told."""

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        self._provider: str = self.name if provider is None else provider
        self._model: str = model or ""
        self._message_id: str = ""
        self._started: bool = False
        self._known: bool = False
        self._done: bool = False
        self._stop: str = ""
        self._plain: type | None = None  # the kind of events that came last and were their own payload
        self._calls: list[Call] = []
        self._ids: dict[str, str] = {}  # as the provider has them, and as they are given
        self._open: dict[Any, Call] = {}
        self._sources: set[Any] = set()
        self._usages: list[dict[str, Any]] = []

    # what adapters call from outside -------------------------------------------------------------------------------

    def feed(self, event: Any) -> list[Any]:
        """
        Take an event: an object of the SDK, a dict of the same shape, or a server-sent event with JSON.

        Raises:
            ProviderError: If the event says that the provider has failed.
            TypeError: If the first event is of another kind than this machine reads.
        """
        kind: Any = event.__class__
        if kind is self._plain:
            carried = event
        elif kind is SseEvent and type(event.data) is str and event.data[:1] == "{":
            carried = parsed(event.data)
        else:
            carried = self._unwrapped(event)
        if carried is None:
            return []
        if carried is DONE:
            self._done = True
            return []
        if self._started:
            text = self.glance(carried)
            if text:
                return [{"type": "text", "content": text}]
        chunks: list[Any] = []
        if self.read(carried, chunks):
            self._known = True
        elif not self._known:
            raise TypeError(f"{self.expects} are expected, not {type(carried).__name__} ({describe(carried)})")
        return chunks

    def _unwrapped(self, event: Any) -> Any:
        carried = payload(event)
        if carried is event:
            self._plain = type(event)
        return carried

    def flush(self) -> list[Any]:
        """
        Give what the end of the events brings: `done` is the last.

        Raises:
            ProviderError: If the answer was cut off, as far as the provider marks its end.
        """
        if self.marks_end and not self._done:
            raise ProviderError("the stream ended before the answer did", code="cut_off")
        chunks: list[Any] = []
        self.begin(chunks)
        self.finish_calls(chunks)
        chunks.append(self.done(self._stop))
        return chunks

    def done(self, stop: str) -> dict[str, Any]:
        """
        The `done` chunk, with the usage that is known so far.
        """
        usages = [one for one in self._usages if one]
        done: dict[str, Any] = {"type": "done", "usage": [self.named(one) for one in usages]}
        if stop:
            done["stopReason"] = stop
        return done

    # what a provider's machine fills in ----------------------------------------------------------------------------

    def glance(self, event: Any) -> str | None:
        """
        The text of an event that has nothing else, as most have; None for any other, which is then read.
        """
        return None

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event to *chunks*; whether it is an event of this kind.
        """
        raise NotImplementedError

    # what it builds on ---------------------------------------------------------------------------------------------

    def named(self, usage: dict[str, Any]) -> dict[str, Any]:
        """
        A usage with the names of provider and model.
        """
        if self._provider:
            usage.setdefault("provider", self._provider)
        if self._model:
            usage.setdefault("model", self._model)
        return usage

    def begin(self, chunks: list[Any]) -> None:
        """
        Give `start`, which is held back until there is something to show.
        """
        if self._started:
            return
        self._started = True
        start: dict[str, Any] = {"type": "start"}
        if self._message_id:
            start["messageId"] = self._message_id
        if self._model:
            start["model"] = self._model
        if self._provider:
            start["provider"] = self._provider
        chunks.append(start)

    def text(self, content: Any, chunks: list[Any]) -> None:
        """
        Give text, if there is any.
        """
        if content and isinstance(content, str):
            self.begin(chunks)
            chunks.append({"type": "text", "content": content})

    def reasoning(self, content: Any, chunks: list[Any], signature: Any = None) -> None:
        """
        Give a thought or its signature, if there is any.
        """
        if content or signature:
            self.begin(chunks)
            chunk: dict[str, Any] = {"type": "reasoning", "content": content or ""}
            if signature:
                chunk["signature"] = str(signature)
            chunks.append(chunk)

    def source(self, chunks: list[Any], **about: Any) -> None:
        """
        Give a source, once: *about* is its url, title, mediaType and filename, as far as they are known.
        """
        about = {key: value for key, value in about.items() if value}
        key = about.get("url") or tuple(sorted(about.items()))
        if key and key not in self._sources:
            self._sources.add(key)
            self.begin(chunks)
            chunks.append({"type": "source", "source": {"id": f"source-{len(self._sources)}", **about}})

    def call(self, key: Any, id: Any, name: Any, chunks: list[Any]) -> Call:
        """
        Open the tool call that further pieces come for under *key*. An id that another call has, or none, is made anew.
        """
        made = minted("call") if not id or id in self._ids else str(id)
        self._ids[str(id)] = made
        call = self._open[key] = Call(made, name or "")
        self._calls.append(call)
        self.arguments(call, "", chunks)
        return call

    def result(self, id: Any, name: Any, result: Any, chunks: list[Any], *, failed: bool = False) -> None:
        """
        Give what a tool gave.
        """
        self.begin(chunks)
        made: dict[str, Any] = {"id": self._ids.get(id, id), "name": name or "", "result": result}
        if failed:
            made["isError"] = True
        chunks.append({"type": "tool_result", "toolResult": made})

    def arguments(self, call: Call, piece: Any, chunks: list[Any]) -> None:
        """
        Give a piece of a tool call's arguments; what comes before its name waits for it.
        """
        if piece:
            call.pieces.append(piece)
        if not call.name or (call.shown and not piece):
            return
        self.begin(chunks)
        if call.shown:
            chunks.append({"type": "tool_call_delta", "toolCallDelta": {"id": call.id, "delta": piece}})
        else:
            call.shown = True
            delta = {"id": call.id, "name": call.name, "delta": "".join(call.pieces)}
            chunks.append({"type": "tool_call_delta", "toolCallDelta": delta})

    def finish_call(self, call: Call, chunks: list[Any], *, whole: bool = False) -> None:
        """
        Give a tool call whose arguments have come; what is no JSON waits for the reason why the model stopped.

        Args:
            whole: Give it as it is.
        """
        arguments = "".join(call.pieces)
        if not arguments or arguments.isspace():
            arguments = "{}"
        if call.given or not call.name or not (whole or is_json(arguments)):
            return
        call.given = True
        made: dict[str, Any] = {"id": call.id, "name": call.name, "arguments": arguments}
        if call.metadata:
            made["metadata"] = call.metadata
        self.begin(chunks)
        chunks.append({"type": "tool_call", "toolCall": made})

    def finish_calls(self, chunks: list[Any]) -> None:
        """
        Give the tool calls that are left, in their order; those that the model did not write to their end are dropped.
        """
        for call in self._calls:
            self.finish_call(call, chunks, whole=self._stop in {"tool_calls", "end", ""})
        self._calls.clear()
        self._open.clear()


def is_json(text: str) -> bool:
    """
    Whether *text* is JSON to its end.
    """
    if text == "{}":
        return True
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def usage(
    input: int, output: int, *, total: int = 0, reasoning: int = 0, read: int = 0, write: int = 0
) -> dict[str, Any]:
    """
    Tokens in one count for all providers: those that were cached are part of *input*, reasoning is part of *output*.

    Args:
        total: What the provider says it is; where that is more, the rest was output that the provider counts apart.
        read: Tokens that came from the cache.
        write: Tokens that were put into it.
    """
    output = max(output, total - input, reasoning)
    made: dict[str, Any] = {"input": input, "output": output, "reasoning": reasoning, "total": input + output}
    if read:
        made["cacheRead"] = read
    if write:
        made["cacheWrite"] = write
    return made
