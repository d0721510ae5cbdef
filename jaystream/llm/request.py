"""
One request to a model, as chunks; and how what speaks to a provider is left.

Lives here: what pydantic-ai's events become, and the closing of a provider's stream on every way out. The conversation
that the request belongs to is the tool loop's business.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

import anyio
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    ModelResponsePart,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    WebCitationSource,
)

from jaystream._core.closing import GRACE, Closer, bounded, close_each
from jaystream.llm.chains import chain_of, is_chain
from jaystream.llm.failures import provider_failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic_ai.messages import Citation
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings

    from jaystream.formats.chunks import LlmChunk, SourceReference, StopReason, Usage

__all__ = ["Request", "Sheltered", "stop_reason_of", "usage_of"]

R = TypeVar("R")

_REASONS: Final[dict[str | None, StopReason]] = {
    "stop": "end",
    "length": "length",
    "content_filter": "content_filter",
    "tool_call": "tool_calls",
    "error": "error",
}
# What providers say in words of their own and pydantic-ai has none for.
_OWN_REASONS: Final[dict[object, StopReason]] = {
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
}


class Sheltered(Generic[R]):
    """
    An async context manager whose leaving no cancel scope interrupts, and that takes `GRACE` seconds at most.

    An early stop is a clean exit for it, as everywhere.
    """

    __slots__ = ("_inner",)

    def __init__(self, inner: AbstractAsyncContextManager[R]) -> None:
        self._inner = inner

    async def __aenter__(self) -> R:
        return await self._inner.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, GeneratorExit):
            kind = error = trace = None
        with anyio.CancelScope(shield=True):
            await bounded(lambda: self._inner.__aexit__(kind, error, trace), self._inner, GRACE)


class Request:
    """
    One request to a model: an async context manager to be pulled from.

    Args:
        model: Whom to ask.
        messages: The conversation.
        settings: pydantic-ai's settings of models.
        parameters: The tools.
        hidden: Names of tools that no chunk tells of.

    Raises:
        JaypieError: On entering and at a pull, for what the provider answers in place of an answer.
    """

    __slots__ = ("_calls", "_events", "_hidden", "_opened", "_running", "_sources", "_stream")

    def __init__(
        self,
        model: Model,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        hidden: frozenset[str],
    ) -> None:
        self._opened = Sheltered(
            model_request_stream(
                model, messages, model_settings=settings, model_request_parameters=parameters, instrument=False
            )
        )
        self._hidden = hidden
        self._calls: dict[int, str | None] = {}
        self._sources: set[str] = set()
        self._stream: StreamedResponse | None = None
        self._events: AsyncIterator[Any] | None = None
        self._running = False

    async def __aenter__(self) -> Self:
        try:
            self._stream = await self._opened.__aenter__()
        except Exception as error:
            failure = provider_failure(error)
            if failure is None or failure is error:
                raise
            raise failure from error
        self._events = aiter(self._stream)
        self._running = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Left between two pulls. The generators over the provider's stream are suspended, and each would be left to the
        # garbage collector; with the stream closed below them, they come to their end when they are asked on.
        stream, events = self._stream, self._events
        assert stream is not None  # noqa: S101 - for type checkers
        assert events is not None  # noqa: S101 - see above
        below = _chain_below(stream)
        with anyio.CancelScope(shield=True):
            try:
                if self._running:
                    with suppress(Exception):  # it is being left: whether that can be told is not what matters
                        await bounded(stream.cancel, stream, GRACE)
            finally:
                await self._opened.__aexit__(kind, error, trace)
            with suppress(Exception):  # what the closed stream says is of no interest
                await close_each([Closer(generator) for generator in below], None)
                if self._running:
                    await bounded(lambda: _drain(events), stream, GRACE)

    async def pull(self) -> list[LlmChunk] | None:
        """
        What came next, at times nothing; None at the end.
        """
        assert self._events is not None  # noqa: S101 - for type checkers
        self._running = False  # if the pull fails, or is cancelled, all of it has ended
        try:
            event = await anext(self._events)
        except StopAsyncIteration:
            return None
        except Exception as error:
            failure = provider_failure(error)
            if failure is None or failure is error:
                raise
            raise failure from error
        self._running = True
        if isinstance(event, PartStartEvent):
            return self._started(event.index, event.part)
        if isinstance(event, PartDeltaEvent):
            return self._continued(event)
        return []

    @property
    def response(self) -> ModelResponse:
        """
        All of it, when it has ended.
        """
        assert self._stream is not None  # noqa: S101 - for type checkers
        return self._stream.get()

    def _started(self, index: int, part: ModelResponsePart) -> list[LlmChunk]:
        if isinstance(part, TextPart):
            text: list[LlmChunk] = [{"type": "text", "content": part.content}] if part.content else []
            return text + self._cited(part.citations)
        if isinstance(part, ThinkingPart):
            return _thought(part.content, part.signature)
        if isinstance(part, ToolCallPart):
            hidden = part.tool_name in self._hidden
            self._calls[index] = None if hidden else part.tool_call_id
            args = part.args if isinstance(part.args, str) else ""
            delta: LlmChunk = {
                "type": "tool_call_delta",
                "toolCallDelta": {"id": part.tool_call_id, "name": part.tool_name, "delta": args},
            }
            return [] if hidden else [delta]
        return []

    def _continued(self, event: PartDeltaEvent) -> list[LlmChunk]:
        delta = event.delta
        if isinstance(delta, TextPartDelta):
            text: list[LlmChunk] = [{"type": "text", "content": delta.content_delta}] if delta.content_delta else []
            return text + self._cited(delta.citations_delta)
        if isinstance(delta, ThinkingPartDelta):
            return _thought(delta.content_delta, delta.signature_delta)
        if isinstance(delta, ToolCallPartDelta) and isinstance(delta.args_delta, str) and delta.args_delta:
            call = self._calls.get(event.index)
            if call is not None:
                return [{"type": "tool_call_delta", "toolCallDelta": {"id": call, "delta": delta.args_delta}}]
        return []

    def _cited(self, citations: list[Citation] | None) -> list[LlmChunk]:
        found: list[LlmChunk] = []
        for citation in citations or ():
            for each in citation.sources:
                if isinstance(each, WebCitationSource):
                    source: SourceReference = {"id": each.url, "url": each.url}
                else:
                    source = {"id": each.document_id or each.title or f"source-{len(self._sources) + 1}"}
                if each.title:
                    source["title"] = each.title
                if source["id"] not in self._sources:
                    self._sources.add(source["id"])
                    found.append({"type": "source", "source": source})
        return found


def _thought(content: str | None, signature: str | None) -> list[LlmChunk]:
    if signature:
        return [{"type": "reasoning", "content": content or "", "signature": signature}]
    return [{"type": "reasoning", "content": content}] if content else []


def _chain_below(stream: StreamedResponse) -> list[Any]:
    """The generators of an SDK that closes the outermost of them alone, the innermost first."""
    source: Any = getattr(getattr(stream, "_response", None), "source", None)
    return chain_of(source)[::-1] if is_chain(source) else []


async def _drain(events: AsyncIterator[Any]) -> None:
    async for _ in events:
        pass


def usage_of(response: ModelResponse, provider: str, model: str) -> Usage:
    """
    The tokens that an answer took.
    """
    counted = response.usage
    usage: Usage = {
        "input": counted.input_tokens,
        "output": counted.output_tokens,
        "reasoning": counted.output_reasoning_tokens or counted.details.get("reasoning_tokens", 0),
        "total": counted.input_tokens + counted.output_tokens,
        "provider": response.provider_name or provider,
        "model": response.model_name or model,
    }
    if counted.cache_read_tokens:
        usage["cacheRead"] = counted.cache_read_tokens
    if counted.cache_write_tokens:
        usage["cacheWrite"] = counted.cache_write_tokens
    return usage


def stop_reason_of(response: ModelResponse) -> StopReason:
    """
    Why a model stopped.
    """
    own = (response.provider_details or {}).get("finish_reason")
    if own in _OWN_REASONS:
        return _OWN_REASONS[own]
    if response.finish_reason is None:
        return "tool_calls" if any(isinstance(part, ToolCallPart) for part in response.parts) else "end"
    return _REASONS.get(response.finish_reason, "other")
