"""
The offline model: it says what a script says, as a real one would stream it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from pydantic_ai.messages import ModelResponse, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import DeltaThinkingPart, DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel

from jaystream._core.inspecting import describe, is_a
from jaystream.llm.history import written

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model
    from pydantic_ai.models.function import AgentInfo

__all__ = ["Script", "offline"]

NAME: Final = "test"

Script: TypeAlias = "str | Sequence[Any] | Callable[..., Any]"
"""
What the offline model says: its turns, or a function of the messages that gives a turn.
"""

_WORD: Final = re.compile(r"\s*\S+\s*?|\s+")
_PIECE: Final = 12


def offline(script: Script | None) -> Model:
    """
    A model without a provider.

    Args:
        script: As `Llm` takes it; None for pydantic-ai's test model, which calls every tool once.
    """
    if script is None:
        return TestModel()
    if isinstance(script, str):
        script = [script]
    if not callable(script) and (not isinstance(cast("object", script), Sequence) or not script):
        raise TypeError(f"script= expects text, a list of turns or a function of the messages, not {describe(script)}")
    return FunctionModel(stream_function=_Teller(script).stream, model_name=NAME)


class _Teller:
    def __init__(self, script: Sequence[Any] | Callable[..., Any]) -> None:
        self._script = script

    async def stream(self, messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[Any]:
        """The turn that is due, in pydantic-ai's pieces."""
        at = turns_since_prompt(messages)
        turn: Any
        if callable(self._script):
            turn = self._script(written(messages))
            if isawaitable(turn):
                turn = await turn
        else:
            turn = self._script[min(at, len(self._script) - 1)]
        telling = _Telling(at)
        if hasattr(turn, "__aiter__"):
            try:
                async for piece in turn:
                    for delta in telling.tell(piece):
                        yield delta
            finally:
                close = getattr(turn, "aclose", None)
                if close is not None:
                    await close()
        else:
            pieces: list[Any] = [turn] if is_a(turn, (str, Mapping)) else turn
            if not is_a(pieces, Iterable):
                raise TypeError(f"a turn of a script is text, a chunk or a list of these, not {describe(turn)}")
            for piece in pieces:
                for delta in telling.tell(piece):
                    yield delta
        if not telling.told:
            yield ""  # a model may say nothing at all


def turns_since_prompt(messages: list[ModelMessage]) -> int:
    """
    How many turns the model has had since somebody last said something.
    """
    turns = 0
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            turns += 1
        elif any(isinstance(part, UserPromptPart) for part in message.parts) or not any(
            isinstance(part, ToolReturnPart) for part in message.parts
        ):
            break
    return turns


class _Telling:
    """One turn: which part a piece belongs to, and what a call's id is where the script names none."""

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._part = 0
        self._kind = ""
        self._calls = 0

    @property
    def told(self) -> bool:
        return bool(self._kind)

    def tell(self, piece: object) -> Iterable[Any]:
        if isinstance(piece, str):
            self._kind = "text"
            return _WORD.findall(piece)
        chunk = cast("Any", piece)
        kind = chunk.get("type") if is_a(chunk, Mapping) else None
        if kind == "text":
            return self.tell(chunk["content"])
        if kind not in {"reasoning", "tool_call"}:
            raise ValueError(
                f"a piece of a script is text, or a chunk with text, reasoning or a tool_call; not {describe(piece)}"
            )
        if kind == "tool_call" or self._kind != kind:
            self._part += 1
        self._kind = kind
        if kind == "reasoning":
            words: list[Any] = [
                {self._part: DeltaThinkingPart(content=word)} for word in _WORD.findall(chunk["content"])
            ]
            if chunk.get("signature"):
                words.append({self._part: DeltaThinkingPart(signature=chunk["signature"])})
            return words
        self._calls += 1
        call = chunk["toolCall"]
        name = call.get("id") or f"call_{self._turn + 1}_{self._calls}"
        arguments = call.get("arguments") or "{}"
        first = DeltaToolCall(name=call["name"], json_args=arguments[:_PIECE], tool_call_id=name)
        rest = [arguments[start : start + _PIECE] for start in range(_PIECE, len(arguments), _PIECE)]
        return [{self._part: first}, *({self._part: DeltaToolCall(json_args=piece)} for piece in rest)]
