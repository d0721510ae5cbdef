"""
One request to a model, as chunks; and how what speaks to a provider is left.

Lives here: the closing of a provider's stream on every way out. What pydantic-ai's events become is its reader's, and
the conversation that the request belongs to the tool loop's business.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast

import anyio
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart

from jaystream._core.closing import GRACE, Closer, bounded, close_each
from jaystream.llm.chains import chain_of, is_chain
from jaystream.llm.failures import provider_failure
from jaystream.llm.pydantic_ai import STOPS, PydanticAiReader, count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings

    from jaystream.formats.chunks import LlmChunk, StopReason, Usage

__all__ = ["Request", "Sheltered", "stop_reason_of", "usage_of"]

R = TypeVar("R")

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

    __slots__ = ("_events", "_hidden", "_opened", "_reader", "_running", "_stream", "_unseen")

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
        self._unseen: set[str] = set()
        self._reader = PydanticAiReader()
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
        return [chunk for chunk in self._reader.feed(event) if self._is_shown(chunk)]

    @property
    def response(self) -> ModelResponse:
        """
        All of it, when it has ended.
        """
        assert self._stream is not None  # noqa: S101 - for type checkers
        return self._stream.get()

    def _is_shown(self, chunk: LlmChunk) -> bool:
        """Of a start and of whole tool calls the conversation tells; of hidden tools nobody does."""
        if chunk["type"] != "tool_call_delta":
            return chunk["type"] not in {"start", "tool_call"}
        delta = chunk["toolCallDelta"]
        if delta.get("name") in self._hidden:
            self._unseen.add(delta["id"])
        return delta["id"] not in self._unseen


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
    usage = count(response.usage)
    usage["provider"] = response.provider_name or provider
    usage["model"] = response.model_name or model
    return cast("Usage", usage)


def stop_reason_of(response: ModelResponse) -> StopReason:
    """
    Why a model stopped.
    """
    own = (response.provider_details or {}).get("finish_reason")
    if own in _OWN_REASONS:
        return _OWN_REASONS[own]
    if response.finish_reason is None:
        return "tool_calls" if any(isinstance(part, ToolCallPart) for part in response.parts) else "end"
    return cast("StopReason", STOPS.get(response.finish_reason, "other"))
